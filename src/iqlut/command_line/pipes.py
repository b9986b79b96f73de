"""Pipes and devices that are named like files: they are read as stdin and written as stdout."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from iqlut import atomic_files
from iqlut.batch.path_states import exists
from iqlut.batch.planning import STREAM
from iqlut.command_line.exit_codes import FAILED, Stop
from iqlut.printable_names import shown

_STDOUT = tuple(map(Path, ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")))


@contextmanager
def read_as_stdin(inputs: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    """Open a pipe or device that is the only input, once, in place of stdin.

    Yields the inputs, in which `STREAM` stands for it. It cannot be opened a second time, as files
    are to see what they hold.
    """
    if len(inputs) != 1 or inputs[0] == STREAM or not atomic_files.is_device(inputs[0]):
        yield tuple(inputs)
        return
    try:
        pipe = inputs[0].open("rb")
    except OSError as error:
        raise Stop(
            f"{shown(inputs[0])} cannot be read ({error.strerror}), expected a pipe with a picture "
            "or video; check its permissions",
            FAILED,
        ) from None
    before = sys.stdin
    with io.TextIOWrapper(pipe) as sys.stdin:
        try:
            yield (STREAM,)
        finally:
            sys.stdin = before


def written_as_stdout(output: Path | None) -> Path | None:
    """The output, in which `STREAM` stands for the names that systems give to stdout."""
    is_stdout = output in _STDOUT and exists(output)
    return STREAM if is_stdout else output
