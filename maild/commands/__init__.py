"""What a technician asks for in his mail, and doing it."""
