"""`iqlut bench`: how long engines take on this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from tyro.conf import arg

from iqlut.commands import options
from iqlut.commands.console import OK, Stop, print_json, print_table, progress, rows_of
from iqlut.engines import ENGINES

_HIDDEN = ("commit", "cpu", "scale", "model", "rounds")  # in the title of the table


@dataclass(frozen=True)
class Bench:
    """Time engines against Pillow's bicubic, in turns, on one gray plane."""

    model: options.Model = None
    engines: Annotated[
        tuple[str, ...],
        arg(aliases=("--engine",), metavar="ENGINE...", help=f"what to time, of {', '.join(ENGINES)}"),
    ] = ("native",)
    threads: Annotated[
        tuple[int, ...], arg(aliases=("-t",), metavar="THREADS...", help="numbers of threads to time each engine with")
    ] = (1,)
    size: Annotated[str, arg(metavar="WIDTHxHEIGHT", help="size of the plane that is enlarged")] = "480x270"
    repeats: Annotated[int, arg(metavar="ROUNDS", help="rounds; the median counts")] = 9
    json: options.Json = False
    debug: options.Debug = False

    def run(self) -> int:
        from iqlut import bench

        size = re.fullmatch(r"(\d{1,5})x(\d{1,5})", self.size)
        if size is None or "0" in size.groups():
            raise Stop(f"--size is {self.size}, wanted two numbers as in 480x270")
        if self.repeats < 1:
            raise Stop(f"--repeats is {self.repeats}, wanted 1 or more")
        tables = options.model(self.model)
        contenders = [(engine, options.threads(count)) for engine in self.engines for count in self.threads]
        for contender in contenders:
            options.check_engine(contender[0], tables, contender[1])
        with progress(self.repeats + 1, "rounds") as advance:
            timings = bench.bench(tables, contenders, (int(size[1]), int(size[2])), self.repeats, advance)
        rows = rows_of(timings)
        if self.json:
            print_json(rows)
        else:
            first = timings[0]
            title = f"{first.model}, x{first.scale}, median of {first.rounds} rounds, {first.cpu}, {first.commit}"
            print_table(title, [{name: row[name] for name in row if name not in _HIDDEN} for row in rows])
        return OK
