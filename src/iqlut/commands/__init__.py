"""The commands of `iqlut`, a file each: a frozen dataclass (its fields are the arguments) with `run() -> exit code`.

Together with `cli.py` the only place that prints. Results go to stdout, all else to stderr.
"""
