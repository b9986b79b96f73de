"""`iqlut train`: a configuration in, a checkpoint out."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from iqlut.command_line import arguments
from iqlut.command_line.console import SILENCE_S, duration
from iqlut.command_line.exit_codes import FAILED, INTERRUPTED, OK, stop_on
from iqlut.command_line.output import complain, narrate

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Train:
    """Train a model as a TOML file says; go on later with --resume.

    Needs PyTorch: pip install 'iqlut[train]'. The folder OUT receives the newest checkpoint, which
    `iqlut convert` makes into tables, and a log. Processes started by torchrun share every batch.
    `iqlut train search` finds where the levels of each layer should lie.
    """

    config: Annotated[
        Positional[Path], arg(metavar="CONFIG", help="what to train, as in configs/l8c8-x4.toml")
    ]
    out: Annotated[
        Path | None,
        arg(
            metavar="DIR",
            help="folder of the run",
            help_behavior_hint="(default: runs/ and the model's name)",
        ),
    ] = None
    resume: Annotated[bool, arg(help="go on from the checkpoint in DIR", help_behavior_hint="")] = (
        False
    )
    minutes: Annotated[
        float | None,
        arg(
            metavar="MINUTES", help="stop after so long", help_behavior_hint="(default: when done)"
        ),
    ] = None
    threads: arguments.Threads = None
    device: arguments.Device = "cpu"
    debug: arguments.Debug = False

    def run(self) -> int:
        threads = arguments.threads(self.threads)
        from iqlut.training import loop

        settings = arguments.configuration(self.config)
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:  # started by torchrun
            from iqlut.training import distributed

            distributed.join()
        out = self.out or Path("runs") / settings.name
        place = loop.Place(threads, self.device)
        minutes = math.inf if self.minutes is None else self.minutes
        try:
            with stop_on(ValueError, RuntimeError, OSError, code=FAILED), reporting() as report:
                checkpoint = loop.train(settings, out, self.resume, place, minutes, report)
        except KeyboardInterrupt:
            saved = (out / "checkpoint.pt").exists()
            complain(
                f"interrupted; {f'go on from {out} with --resume' if saved else 'nothing was saved yet'}"
            )
            return INTERRUPTED
        narrate(f"{checkpoint} is ready: iqlut convert {checkpoint} -o {settings.name}.iqlut")
        return OK


@contextmanager
def reporting() -> Iterator[Report]:
    """Yields what training calls with (what, done, total): a bar on a terminal, else a line each time."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=None)

        def report(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        yield report


class Lines:
    """Progress as lines, each with the time that is left at the pace so far; one that says nothing new waits."""

    def __init__(self) -> None:
        self._task = ("", -1)  # what, total
        self._start = (0.0, 0)  # when, how much was done
        self._said_at = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if total != self._task[1] or done < self._start[1]:
            self._start = (now, done)
        elif what == self._task[0] and now - self._said_at < SILENCE_S and done < total:
            return
        self._task, self._said_at = (what, total), now
        pace = (now - self._start[0]) / max(done - self._start[1], 1)
        left = f", {duration(pace * (total - done))} left" if self._start[1] < done < total else ""
        narrate(f"{done}/{total} {what}{left}")
