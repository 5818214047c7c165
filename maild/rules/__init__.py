"""The desk's policy: rules that listen to events, read from the profile's files."""
