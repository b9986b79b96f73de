"""How far a command is: a bar with the time left on a terminal, elsewhere a line at least every ten
seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from iqlut.command_line.output import narrate
from iqlut.printable_names import escaped

SILENCE_S = 10  # the longest time without a line, while there is progress
ReportProgress = Callable[[str, int, int], None]  # what is done, how much of it, of how much


class Progress:
    """The progress of one task. Calling it counts one more; `update` says what is done, how much,
    and of how much.

    `bars` is the `rich` display of a terminal; without it, lines are printed on stderr. A line is
    printed when the words of `update` change, and after SILENCE_S without one. The time left is
    that at the pace since the total last changed.
    """

    def __init__(self, what: str = "", total: int | None = None, bars: Any = None) -> None:
        self._what, self._done, self._total = what, 0, total
        self._bars = bars
        self._task = bars.add_task(escaped(what), total=total) if bars else None
        self._start_s = self._said_s = time.monotonic()
        self._start_done = 0

    def __call__(self) -> None:
        assert self._total is not None, "a count needs a total"
        self.update(self._what, self._done + 1, self._total)

    def update(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` are done of what `what` names."""
        is_new, is_other = total != self._total or done < self._done, what != self._what
        self._what, self._done, self._total = what, done, total
        if self._bars:
            if is_new:
                self._bars.reset(self._task)
            self._bars.update(self._task, description=escaped(what), completed=done, total=total)
            return
        now_s = time.monotonic()
        if is_new:
            self._start_s, self._start_done = now_s, done
        if is_other or (now_s - self._said_s >= SILENCE_S and done < total):
            self._said_s = now_s
            narrate(f"{done}/{total} {what}{self._time_left(now_s)}")

    def _time_left(self, now_s: float) -> str:
        counted, remaining = self._done - self._start_done, (self._total or 0) - self._done
        if not counted or not remaining:
            return ""
        return f", {duration((now_s - self._start_s) / counted * remaining)} left"

    @contextmanager
    def within(self, total: int, what: str) -> Iterator[Progress]:
        """The progress of a task that is one step of this one: a second bar; lines of its own
        elsewhere.
        """
        inner = Progress(what, total, self._bars)
        yield inner
        if self._bars:
            self._bars.remove_task(inner._task)


@contextmanager
def progress(
    total: int, what: str, quiet: bool = False, outer: Any = None
) -> Iterator[Callable[[], None]]:
    """Yields a function to call when one more of `total` is done; it shows nothing for one, or if
    `quiet`.

    `outer` is what the surrounding `progress` yielded, if this task is one step of another.
    """
    if total < 2 or quiet:
        yield lambda: None
    elif isinstance(outer, Progress):
        with outer.within(total, what) as inner:
            yield inner
    else:
        with _display() as bars:
            yield Progress(what, total, bars)


@contextmanager
def reporting() -> Iterator[ReportProgress]:
    """Yields `Progress.update` for a task whose phases and totals are known only as it goes."""
    with _display() as bars:
        yield Progress(bars=bars).update


@contextmanager
def _display() -> Iterator[Any]:
    """The display of `rich` on a terminal, None elsewhere."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    description, remaining = TextColumn("{task.description}", markup=False), TimeRemainingColumn()
    columns = (description, BarColumn(), MofNCompleteColumn(), remaining)
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield bars


def duration(seconds: float) -> str:
    """A duration in hours, minutes and seconds: 0:07, 1:02:03."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
