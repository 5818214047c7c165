"""Backup and what belongs to it: one file that holds a desk, put back, checked.

archive ──── the file: its members, and the hash of each
databases ── a consistent copy of SQLite or PostgreSQL, and back
take ─────── backup: copy, write, read again, say so
restore ──── put back: nothing that people were told before is told again
verify ───── every hash, thread, counter and reference of a desk
"""
