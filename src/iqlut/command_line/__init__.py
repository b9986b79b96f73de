"""The command line: arguments, messages, progress and exit codes that the commands share, and the entry point."""
