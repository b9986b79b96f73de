"""How a command ends: exit codes, and the exception that ends it with one of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from iqlut.errors import IqlutError

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


class Stop(IqlutError):
    """End the command with one sentence on stderr and with an exit code.

    The sentence says what was found, what was expected and what to do.
    """

    def __init__(self, sentence: object, code: int = USAGE) -> None:
        super().__init__(str(sentence))
        self.code = code


@contextmanager
def stop_on(*kinds: type[Exception], code: int = USAGE) -> Iterator[None]:
    """Turn exceptions of these kinds into `Stop`.

    The message is a sentence already, except that of an error of the operating system.
    """
    try:
        yield
    except kinds as error:
        raise Stop(_sentence(error), code) from error


def _sentence(error: Exception) -> str:
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    name = "a file" if error.filename is None else os.fsdecode(error.filename)
    return (
        f"{name} cannot be read or written ({error.strerror}), expected a file with the necessary "
        "permissions and room on the disk; check both"
    )
