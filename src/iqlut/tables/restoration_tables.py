"""A dial of restoration strengths: table sets of one lineage, and their blends for the strengths between.

The sets share knots, gains, skips and shifts, and differ in entries and biases only. So a blend of two neighbours is an
integer operation on tables (`arithmetic.blend_sets`), done once before any pixel, and its result is `Tables` like any
other: engines know nothing of strengths.
"""

from __future__ import annotations

import copy
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from iqlut import arithmetic as ar
from iqlut.tables import strengths as strengths_of
from iqlut.tables import symmetry
from iqlut.tables.integer_tables import IllegalTables, Layer, Tables

SETS_MAX = 16
_BLENDS_KEPT = 8
_SHARED_ARRAYS = ("knots", "gain", "skip")
_SHARED_VALUES = ("acc_shift", "shift", "interpolate")


@dataclass(frozen=True, eq=False)
class RestorationTables:
    """Table sets and the restoration strength of each, rising from 0; at most 3.

    `at(strength)` gives the tables of any strength from 0 to the last. IllegalTables if the sets do not share what they
    must, or if a blend of two neighbours could overflow.
    """

    strengths: tuple[float, ...]
    sets: tuple[Tables, ...]
    _blends: OrderedDict[tuple[int, int], Tables] = field(default_factory=OrderedDict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "strengths", tuple(map(float, self.strengths)))
        object.__setattr__(self, "sets", tuple(self.sets))
        try:
            strengths_of.check(self.strengths)
        except ValueError as error:
            raise IllegalTables(str(error)) from None
        if not len(self.sets) == len(self.strengths) <= SETS_MAX:
            raise IllegalTables(
                f"there are {len(self.sets)} table sets for {len(self.strengths)} strengths, expected one for each, "
                f"at most {SETS_MAX}"
            )
        for number, one in enumerate(self.sets[1:], 1):
            _check_lineage(number, self.sets[0], one)
            _check_blends(number, self.sets[number - 1], one)

    @property
    def name(self) -> str:
        return self.sets[0].name

    @property
    def scale(self) -> int:
        return self.sets[0].scale

    @property
    def symmetry(self) -> int:
        return self.sets[0].symmetry

    @property
    def about(self) -> dict[str, Any]:
        """See `Tables`."""
        return self.sets[0].about

    @property
    def table_bytes(self) -> int:
        """All bytes that a device stores to have every strength: entries and biases of each set, the rest once."""
        once = self.sets[0].table_bytes
        return once + sum(
            part[name].nbytes
            for one in self.sets[1:]
            for part in map(one.stored, range(len(one.layers)))
            for name in ("lut", "bias")
        )

    @property
    def sha256(self) -> str:
        """The hash of everything that decides a pixel: the strengths and the tables of each."""
        words = [
            f"{strength:g} {one.sha256}"
            for strength, one in zip(self.strengths, self.sets, strict=True)
        ]
        return hashlib.sha256("\n".join(words).encode()).hexdigest()

    def with_about(self, about: dict[str, Any]) -> RestorationTables:
        """The same tables with other words about them."""
        return RestorationTables(
            self.strengths, tuple(replace(one, about=about) for one in self.sets)
        )

    def at(self, strength: float) -> Tables:
        """The tables of a strength, to the nearest sixteenth between two sets; ValueError outside the dial."""
        if not self.strengths[0] <= strength <= self.strengths[-1]:
            raise ValueError(
                f"the restoration strength is {strength:g}, expected {self.strengths[0]:g} to {self.strengths[-1]:g}, "
                f"as the model {self.name} has them"
            )
        below, weight = strengths_of.sixteenths(self.strengths, strength)
        if not weight:
            return self.sets[below]
        if (below, weight) not in self._blends:
            self._blends[below, weight] = _blended(self.sets[below], self.sets[below + 1], weight)
            while len(self._blends) > _BLENDS_KEPT:
                self._blends.popitem(last=False)
        return self._blends[below, weight]


def tables_at(model: Tables | RestorationTables, strength: float = 0.0) -> Tables:
    """The tables of a model at a restoration strength; of one without strengths its only ones."""
    return model.at(strength) if isinstance(model, RestorationTables) else model


def _check_lineage(number: int, first: Tables, other: Tables) -> None:
    """IllegalTables where a set does not share with the first what all must."""
    for what in ("name", "scale", "symmetry"):
        if getattr(other, what) != getattr(first, what):
            raise IllegalTables(
                f"table set {number} has another {what} than the first, expected the same"
            )
    if len(other.layers) != len(first.layers):
        raise IllegalTables(
            f"table set {number} has {len(other.layers)} layers, expected {len(first.layers)}"
        )
    for index, (one, two) in enumerate(zip(first.layers, other.layers, strict=True)):
        same = one.lut.shape == two.lut.shape
        same = same and all(getattr(one, name) == getattr(two, name) for name in _SHARED_VALUES)
        if not same or any(
            (getattr(one, name) != getattr(two, name)).any() for name in _SHARED_ARRAYS
        ):
            raise IllegalTables(
                f"table set {number}, layer {index}: its shape, knots, gains, skips or shifts differ from those of the "
                "first set, expected only entries and biases to differ"
            )


def _check_blends(number: int, below: Tables, above: Tables) -> None:
    """IllegalTables where a blend with the set before could overflow; a blended entry never exceeds both ends."""

    def largest(one: np.ndarray, two: np.ndarray) -> np.ndarray:
        return np.maximum(np.abs(one), np.abs(two))

    try:
        replace(below, layers=_combined(below, above, largest, largest))
    except IllegalTables as error:
        raise IllegalTables(
            f"table set {number}, blended with the one before it: {error}"
        ) from None


def _blended(below: Tables, above: Tables, weight: int) -> Tables:
    """The tables between two sets; they are legal, as `_check_blends` has found, and as symmetric as the sets."""
    tables = copy.copy(below)  # not checked again: that would take longer than the blend
    entries, biases = (partial(how, weight=weight) for how in (ar.blend_sets, ar.blend_biases))
    object.__setattr__(tables, "layers", _combined(below, above, entries, biases))
    tables.__dict__.pop("sha256", None)  # of the tables that were copied
    return tables


Combine = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _combined(below: Tables, above: Tables, entries: Combine, biases: Combine) -> tuple[Layer, ...]:
    """Layers of what `entries` and `biases` make of the stored parts of two sets."""
    layers = []
    for index, layer in enumerate(below.layers):
        one, two = below.stored(index), above.stored(index)
        stored = one | {
            "lut": entries(one["lut"], two["lut"]),
            "bias": biases(one["bias"], two["bias"]),
        }
        whole = symmetry.layer_of(stored, below.symmetry, last=index == below.blocks)
        layers.append(replace(layer, lut=whole["lut"], bias=whole["bias"]))
    return tuple(layers)
