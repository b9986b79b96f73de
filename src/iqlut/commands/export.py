"""`iqlut export`: a model as data for firmware, hardware and test benches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from iqlut import targets
from iqlut.command_line import arguments, output_files
from iqlut.command_line.exit_codes import FAILED, OK, Stop, stop_on
from iqlut.command_line.output import narrate
from iqlut.errors import MissingPackage, UnsupportedModel
from iqlut.tables import shipped_models
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import RestorationTables
from iqlut.targets import c, folder

_TARGETS = ", ".join(targets.TARGETS)


@dataclass(frozen=True)
class Export:
    """Export a model for firmware, hardware, a test bench or a runtime of neural networks.

    c: the C runtime for microcontrollers and a table file for it

    arduino: the same as an Arduino library with an example

    zephyr: the same as a Zephyr module

    rtl: the SystemVerilog of a video pipeline, the tables as a package, and a test bench

    onnx: an ONNX graph for runtimes of neural networks and browsers

    tables: the tables as C arrays, .mem, .hex, .coe, .npz and .bin

    vectors: inputs, outputs and the signals after every layer, to check an implementation

    The folder is written whole or not at all; equal models give equal bytes.
    """

    target: Annotated[Positional[str], arg(metavar="TARGET", help=f"one of {_TARGETS}")]
    model: Annotated[
        Positional[str],
        arg(metavar="MODEL", help="name of a model that `iqlut models` lists, or a *.iqlut file"),
    ]
    output: Annotated[
        Path, arg(aliases=("-o",), metavar="DIR", help="a new folder, or one that is empty")
    ]
    restore: Annotated[
        str | None,
        arg(
            metavar="S|S,T|all",
            help="restoration strength, 0 to 3; c also takes neighbouring stored strengths, or "
            "all of them, and the device blends between them in RAM",
            help_behavior_hint="(default: 0)",
        ),
    ] = None
    debug: arguments.Debug = False

    def run(self) -> int:
        with stop_on(ValueError, MissingPackage):
            target = targets.get(self.target)
        output_files.check_folder(self.output)
        with stop_on(FileExistsError, code=FAILED):
            folder.check_new(self.output)
        sets = _sets(arguments.model(self.model), self.restore)
        first = next(iter(sets.values()))
        with stop_on(UnsupportedModel, OSError, code=FAILED):
            if len(sets) == 1:
                files = target.emit(first)
            elif self.target == "c":
                files = c.emit_strengths(sets)
            else:
                raise Stop(
                    f"--restore is {self.restore}, expected one strength for the target "
                    f"{self.target}; name one, because only the target c takes several"
                )
            folder.write(self.output, files)
        size, count = sum(map(len, files.values())), len(files)
        files_text = "1 file" if count == 1 else f"{count} files"
        narrate(f"{self.output}: {first.name} for {self.target}, {files_text}, {size} bytes")
        return OK


def _sets(model: shipped_models.Model, restore: str | None) -> dict[float, Tables]:
    """The tables of the strength asked for, or neighbouring sets; Stop if there are none."""
    if isinstance(model, Tables):
        if restore is not None:
            raise Stop(shipped_models.no_strengths(model))
        return {0.0: model}
    if restore == "all":
        return dict(zip(model.strengths, model.sets, strict=True))
    strengths = tuple(
        _strength(word, restore) for word in ("0" if restore is None else restore).split(",")
    )
    with stop_on(ValueError):
        if len(strengths) == 1:
            return {strengths[0]: _named(model, strengths[0])}
        stored = model.strengths
        first = stored.index(strengths[0]) if strengths[0] in stored else len(stored)
        if strengths != stored[first : first + len(strengths)]:
            raise Stop(
                f"--restore is {restore}, expected one strength, all, or neighbours among "
                + ", ".join(f"{one:g}" for one in stored)
            )
        return {strength: model.at(strength) for strength in strengths}


def _strength(word: str, restore: str | None) -> float:
    try:
        return float(word)
    except ValueError:
        raise Stop(
            f"--restore is {restore!r}, expected a number from 0 to 3, several with commas "
            "between, or all"
        ) from None


def _named(model: RestorationTables, strength: float) -> Tables:
    """The tables of a strength, under a name that says which."""
    tables = model.at(strength)
    return replace(tables, name=f"{tables.name}-restore-{strength:g}") if strength else tables
