"""What each command does: one small function each, by actions of the desk.

A function takes the job and the argument, and gives one sentence about what was done; it raises
Refused with the reason and the way out where it may not be done.
"""
