"""The result of a file, and the interface that follows the progress of a video."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

# Called with the number of steps and their name. Returns a context manager that yields the function
# to call after each step.
Watch = Callable[[int, str], AbstractContextManager[Callable[[], None]]]


EXISTS, IN_USE = "it exists", "another run is working on it"  # the reasons to skip a file


@dataclass(frozen=True)
class Result:
    """The result of one file.

    status          "done", "skipped", "failed" or "planned"
    reason          the explanation of the status, a sentence or phrase
    bits            bits per sample
    restore         the restoration strength; None for a model without strengths
    restore_reason  why this strength was chosen, a phrase
    notes           remarks for the user, in sentences
    """

    source: str
    target: str
    status: str
    reason: str | None = None
    width: int | None = None
    height: int | None = None
    target_width: int | None = None
    target_height: int | None = None
    format: str | None = None
    frames: int | None = None
    bits: int | None = None
    elapsed_ms: float | None = None
    restore: float | None = None
    restore_reason: str | None = None
    notes: tuple[str, ...] = ()


def unwatched(total: int, what: str) -> AbstractContextManager[Callable[[], None]]:
    """The `Watch` that does nothing."""
    return nullcontext(lambda: None)


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error says that the disk or the quota of the user is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
