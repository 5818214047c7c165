"""From a source of octets to what became of a mail: accept, sender, proof, which ticket, act."""
