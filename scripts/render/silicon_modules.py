"""What all modules of a model take, where only some of them were measured."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean

import iqlut
from scripts.render.silicon_forms import Form
from scripts.shared import synthesis
from scripts.shared.result_files import Row


@dataclass(frozen=True)
class ModuleSizes:
    """The sizes of the modules of a model, in the order of `synthesis.modules`.

    A module that was not measured is estimated where others of its shape were: it takes their mean.
    Only the tables differ between modules of one shape.
    """

    measured: dict[str, tuple[float, ...]]
    estimated: dict[str, tuple[float, ...]]
    unknown: tuple[str, ...]

    def together(self) -> list[float]:
        """The sum of all sizes; ask for it only if none is unknown."""
        every = [*self.measured.values(), *self.estimated.values()]
        return [sum(sizes) for sizes in zip(*every, strict=True)]


def module_sizes(tables: iqlut.Tables, rows: list[Row], form: Form) -> ModuleSizes:
    """The sizes of a model's modules, of which `rows` of results/silicon.json measured some."""
    found = {row["module"]: form.sizes(row) for row in rows}
    shapes = {name: _shape(tables, name) for name in synthesis.modules(tables)}
    measured = {name: found[name] for name in shapes if name in found}
    estimated = {}
    for name, shape in shapes.items():
        alike = [sizes for other, sizes in measured.items() if shapes[other] == shape]
        if alike and name not in measured:
            estimated[name] = tuple(map(mean, zip(*alike, strict=True)))
    unknown = tuple(name for name in shapes if name not in measured | estimated)
    return ModuleSizes(measured, estimated, unknown)


def _shape(tables: iqlut.Tables, module: str) -> tuple[object, ...]:
    top, parameters = synthesis.modules(tables)[module]
    if "LAYER" not in parameters:
        return (top,)
    layer = tables.layers[parameters["LAYER"]]
    return top, layer.kernel, layer.levels, layer.channels_in, layer.channels_out
