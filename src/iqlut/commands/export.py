"""`iqlut export`: a model as data for firmware, hardware and test benches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from iqlut import targets
from iqlut.command_line import arguments
from iqlut.command_line.exit_codes import FAILED, OK, Stop, stop_on
from iqlut.command_line.output import narrate
from iqlut.errors import UnsupportedModel
from iqlut.tables import shipped_models
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import RestorationTables
from iqlut.targets import c, folder

_TARGETS = ", ".join(targets.TARGETS)


@dataclass(frozen=True)
class Export:
    """Export a model for firmware, hardware or a test bench.

    c        the C runtime for microcontrollers and a table file for it
    rtl      the SystemVerilog of a video pipeline, the tables as a package, and a test bench
    tables   the tables as C arrays, .mem, .hex, .coe, .npz and .bin
    vectors  inputs, outputs and the signals after every layer, to check an implementation

    The folder is written whole or not at all; equal models give equal bytes.
    """

    target: Annotated[Positional[str], arg(metavar="TARGET", help=f"one of {_TARGETS}")]
    model: Annotated[
        Positional[str], arg(metavar="MODEL", help="a model of `iqlut models`, or a *.iqlut file")
    ]
    output: Annotated[
        Path, arg(aliases=("-o",), metavar="DIR", help="a new folder, or one that is empty")
    ]
    restore: Annotated[
        str | None,
        arg(
            metavar="S|S,T",
            help="restoration strength, 0 to 3; c also takes two neighbouring stored strengths "
            "and blends between them in RAM",
            help_behavior_hint="(default: 0)",
        ),
    ] = None
    debug: arguments.Debug = False

    def run(self) -> int:
        with stop_on(ValueError):
            target = targets.get(self.target)
        arguments.check_folder(self.output)
        with stop_on(FileExistsError, code=FAILED):
            folder.check_new(self.output)
        sets = _sets(arguments.model(self.model), self.restore)
        with stop_on(UnsupportedModel, OSError, code=FAILED):
            if len(sets) == 1:
                files = target.emit(sets[0])
            elif self.target == "c":
                files = c.emit_two_sets(*sets)
            else:
                raise Stop(
                    f"--restore is {self.restore}, expected one strength for the target "
                    f"{self.target}; only c takes two"
                )
            folder.write(self.output, files)
        size = sum(map(len, files.values()))
        narrate(
            f"{self.output}: {sets[0].name} for {self.target}, {len(files)} files, {size} bytes"
        )
        return OK


def _sets(model: shipped_models.Model, restore: str | None) -> tuple[Tables, ...]:
    """The tables of the strength asked for, or two neighbouring sets; Stop if there are none."""
    if isinstance(model, Tables):
        if restore is not None:
            raise Stop(shipped_models.no_strengths(model))
        return (model,)
    strengths = [_strength(word, restore) for word in (restore or "0").split(",")]
    with stop_on(ValueError):
        if len(strengths) == 1:
            return (_named(model, strengths[0]),)
        if tuple(strengths) not in set(pairwise(model.strengths)):
            stored = ", ".join(f"{one:g}" for one in model.strengths)
            raise Stop(
                f"--restore is {restore}, expected one strength or two neighbours among {stored}"
            )
        return tuple(map(model.at, strengths))


def _strength(word: str, restore: str | None) -> float:
    try:
        return float(word)
    except ValueError:
        raise Stop(
            f"--restore is {restore}, expected a number from 0 to 3, or two with a comma between"
        ) from None


def _named(model: RestorationTables, strength: float) -> Tables:
    """The tables of a strength, under a name that says which."""
    tables = model.at(strength)
    return replace(tables, name=f"{tables.name}-restore-{strength:g}") if strength else tables
