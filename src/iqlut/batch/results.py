"""What became of a file, and how the progress of a video is watched."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

# Called with how many steps there are and what they are; gives the function to call after each.
Watch = Callable[[int, str], AbstractContextManager[Callable[[], None]]]


@dataclass(frozen=True)
class Result:
    """What became of one file.

    status          "done", "skipped", "failed" or "planned"; `reason` is a sentence
    bits            bits per sample
    restore         the restoration strength; None for a model without strengths
    restore_reason  why it was taken, in a phrase
    notes           what the user should know about it, in sentences
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
    """Whether an error says that there is no room on the disk."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
