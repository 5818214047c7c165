"""From bytes to an understood mail: sources, parsing, kind, new text, sender, ticket."""
