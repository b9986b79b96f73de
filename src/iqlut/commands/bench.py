"""`iqlut bench`: measure how long engines take on this machine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from iqlut.command_line import arguments
from iqlut.command_line.exit_codes import OK, Stop
from iqlut.command_line.output import narrate, print_json, print_table, rows_of
from iqlut.command_line.progress import progress
from iqlut.engines import ENGINES
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import tables_at
from iqlut.tables.shipped_models import DEFAULT_FAMILY, DEFAULT_SCALE

if TYPE_CHECKING:
    from iqlut.timing.interleaved import TimedUpscaler

_HIDDEN = ("commit", "cpu", "rounds")  # columns that the title of the table states
_RGB = "native-rgb"


@dataclass(frozen=True)
class Bench:
    """Measure how long engines take, relative to bicubic upscaling by Pillow.

    All combinations of models, engines, threads and sizes are timed in alternation, so that a load
    on the machine affects all of them. `iqlut bench train` measures training steps instead.
    """

    model: Annotated[
        tuple[str, ...],
        arg(
            aliases=("-m",),
            metavar="MODEL...",
            help="models that `iqlut models` lists, or *.iqlut files",
            help_behavior_hint=f"(default: {DEFAULT_FAMILY}-x{DEFAULT_SCALE})",
        ),
    ] = ()
    engines: Annotated[
        tuple[str, ...],
        arg(
            aliases=("--engine",),
            metavar="ENGINE...",
            help=f"engines to measure: {', '.join(ENGINES)} on a luma plane, and {_RGB} on a "
            "picture in "
            "colour",
        ),
    ] = ("native", _RGB)
    isa: Annotated[
        tuple[str, ...],
        arg(
            metavar="ISA...",
            help="instruction sets to measure the native engine with, or `all` for all that this "
            "machine has",
            help_behavior_hint="(default: the fastest)",
        ),
    ] = ()
    threads: Annotated[
        tuple[int, ...],
        arg(aliases=("-t",), metavar="THREADS...", help="numbers of threads to measure with"),
    ] = (1,)
    size: Annotated[
        tuple[str, ...],
        arg(metavar="WIDTHxHEIGHT...", help="sizes of the input in pixels"),
    ] = ("480x270",)
    peers: Annotated[
        bool,
        arg(
            help="also measure OpenCV and small networks under onnxruntime, if these packages are "
            "installed (pip install 'iqlut[bench]')",
            help_behavior_hint="",
        ),
    ] = False
    repeats: Annotated[
        int, arg(metavar="ROUNDS", help="number of rounds, of which the median is reported")
    ] = 9
    json: arguments.Json = False
    debug: arguments.Debug = False

    def run(self) -> int:
        from iqlut.timing import interleaved

        if self.repeats < 1:
            raise Stop(f"--repeats is {self.repeats}, expected 1 or more; leave it out for 9")
        contenders = self._contenders()
        with progress(self.repeats + 1, "rounds") as advance:
            timings = interleaved.time_interleaved(contenders, self.repeats, advance)
        rows = rows_of(timings)
        if self.json:
            print_json(rows)
        else:
            first = timings[0]
            title = f"median of {first.rounds} rounds, {first.cpu}, {first.commit}"
            print_table(
                title, [{name: row[name] for name in row if name not in _HIDDEN} for row in rows]
            )
        return OK

    def _contenders(self) -> list[TimedUpscaler]:
        from iqlut.timing.other_upscalers import peers
        from iqlut.timing.timed_upscalers import ours

        sizes = [_size(size) for size in self.size]
        models = [
            tables_at(arguments.model(name)) for name in self.model or (None,)
        ]  # all strengths take the same time
        threads = tuple(arguments.threads(count) for count in self.threads)
        names = self._names(models[0], threads[0])
        found: list[TimedUpscaler] = []
        for size in sizes:
            found += ours(models, names, threads, size)
            for scale in dict.fromkeys(one.scale for one in models if self.peers):
                others = peers(scale, size, threads)
                found += others
                if not others:
                    narrate(
                        "--peers measures nothing because no other upscaler is installed: "
                        "pip install 'iqlut[bench]'"
                    )
        return found

    def _names(self, tables: Tables, threads: int) -> Sequence[str]:
        for engine in self.engines:
            arguments.check_engine("native" if engine == _RGB else engine, tables, threads)
        return (*self.engines, *(f"native-{isa}" for isa in _instruction_sets(self.isa)))


def _size(text: str) -> tuple[int, int]:
    size = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)
    if size is None:
        raise Stop(f"--size is {text}, expected WIDTHxHEIGHT; write it as in 480x270")
    return int(size[1]), int(size[2])


def _instruction_sets(names: Sequence[str]) -> Sequence[str]:
    if not names:
        return ()
    from iqlut.engines.native import instruction_sets

    known = instruction_sets()
    wrong = [name for name in names if name not in (*known, "all")]
    if wrong:
        raise Stop(
            f"--isa is {wrong[0]}, expected `all` or some of {', '.join(known)}; name those of "
            "this "
            "machine"
        )
    return known if "all" in names else names
