"""Progress of what takes long, on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from iqlut.command_line.output import narrate

SILENCE_S = 10  # between two lines of progress


@contextmanager
def progress(total: int, what: str, quiet: bool = False, outer: Any = None) -> Iterator[Any]:
    """Show progress and the remaining time: a bar on a terminal, elsewhere a line now and then.

    Yields a function to call when one more of `total` is done. Nothing is shown for a total below
    two, or if `quiet`. `outer` is the function of the progress that this one is a part of.
    """
    if total < 2 or quiet:
        yield lambda: None
    elif not sys.stderr.isatty():
        yield Pace(total, what)
    elif isinstance(outer, Bar):
        with outer.within(total, what) as bar:
            yield bar
    else:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            yield Bar(bars, bars.add_task(what, total=total))


class Bar:
    """Progress as a bar of `rich`."""

    def __init__(self, bars: Any, task: Any) -> None:
        self._bars, self._task = bars, task

    def __call__(self) -> None:
        self._bars.advance(self._task)

    @contextmanager
    def within(self, total: int, what: str) -> Iterator[Bar]:
        """Show another bar below this one within the block."""
        task = self._bars.add_task(what, total=total)
        yield Bar(self._bars, task)
        self._bars.remove_task(task)


class Pace:
    """Progress as lines, at least SILENCE_S apart, with the remaining time at the pace so far."""

    def __init__(self, total: int, what: str) -> None:
        self._total, self._what, self._done = total, what, 0
        self._start = self._said_at = time.monotonic()

    def __call__(self) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._said_at < SILENCE_S or self._done == self._total:
            return
        self._said_at = now
        left_s = (now - self._start) / self._done * (self._total - self._done)
        narrate(f"{self._done}/{self._total} {self._what}, {duration(left_s)} left")


def duration(seconds: float) -> str:
    """A duration in hours, minutes and seconds: 0:07, 1:02:03."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
