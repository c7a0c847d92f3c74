"""The command line: each command is a thin call of one library function, and only this package prints."""
