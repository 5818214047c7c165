"""What the desk is: tickets, people, statuses, and the actions that change them."""
