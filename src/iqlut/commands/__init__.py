"""The commands of `iqlut`, one file each: a frozen dataclass whose fields are the arguments and
whose `run()` returns the exit code.

Only this package, `command_line` and `cli.py` print. Results go to stdout, everything else to
stderr.
"""
