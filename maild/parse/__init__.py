"""From octets to a Mail: what it says, what kind it is, what its sender wrote now.

Knows no desk, no store, no configuration: the same octets always give the same Mail.
"""
