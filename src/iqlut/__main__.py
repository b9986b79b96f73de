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
    if code == INTERRUPTED:
        _end_at_once()
    return code


def _end_at_once() -> None:
    """End this process with the exit code of an interrupt, unless it has processes to end first.

    Python would take its time to release what is in memory, and it would end by the signal itself
    if that had arrived in code that `exec` runs, as the decorator of dataclasses does.
    """
    processes = sys.modules.get("multiprocessing")
    if processes is not None and processes.active_children():
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or nobody reads it
            stream.flush()
    os._exit(INTERRUPTED)


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
