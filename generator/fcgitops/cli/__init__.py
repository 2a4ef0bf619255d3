"""The command line: options and arguments, one function a command, each handed to its module."""
