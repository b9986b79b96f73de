"""How a command ends: exit codes, and the exception that ends it with one of them."""

from __future__ import annotations

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
    """Turn exceptions of these kinds into `Stop`; their message is a sentence already."""
    try:
        yield
    except kinds as error:
        raise Stop(error, code) from error
