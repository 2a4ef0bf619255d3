"""One module a command: what the command line hands over, done."""
