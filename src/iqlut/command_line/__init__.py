"""What the commands share: arguments, output, progress and exit codes."""
