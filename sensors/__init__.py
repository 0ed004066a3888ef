"""What exists on the rivers and what a number means; imports nothing of ours and does no I/O at run time."""
