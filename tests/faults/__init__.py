"""Commands that are killed, or find the disk full or broken, at each call that changes a file."""
