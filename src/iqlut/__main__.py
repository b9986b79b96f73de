"""The program `iqlut`, which `python -m iqlut` runs too: start the command and end it in order.

An interrupt ends the program with one sentence and an exit code, whatever it was doing. Therefore
nothing that takes long is imported before `main`.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

from iqlut.command_line.exit_codes import INTERRUPTED

_STANDARD_FILES = range(3)  # stdin, stdout and stderr


def main() -> int:
    """Run the command that the arguments of this process name, and return its exit code."""
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        _keep_standard_files_open()
        from iqlut import cli

        code = cli.main()
    except KeyboardInterrupt:
        with suppress(OSError):  # nobody reads stderr
            os.write(2, b"iqlut: interrupted\n")
        code = INTERRUPTED
    for number in (signal.SIGINT, signal.SIGTERM):  # the command is over
        signal.signal(number, signal.SIG_IGN)
    return code


def _keep_standard_files_open() -> None:
    """Open the null device in place of each standard file that is closed.

    The next file to be opened would otherwise get its number, and receive what libraries print.
    """
    for number in _STANDARD_FILES:
        if not _is_open(number):
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
