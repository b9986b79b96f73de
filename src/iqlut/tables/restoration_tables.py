"""A model with restoration strengths: several table sets, and blends for strengths in between.

The sets share knots, gains, skips and shifts and differ only in entries and biases. A blend of two
neighbouring sets is therefore an integer operation on tables (`arithmetic.blend_sets`), computed
once before the first pixel. Its result is `Tables` like any other, so engines need no knowledge of
strengths.
"""

from __future__ import annotations

import copy
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from iqlut import arithmetic as ar
from iqlut.errors import IllegalTables, InvalidArgument
from iqlut.tables import missing_taps
from iqlut.tables import strengths as strengths_of
from iqlut.tables.integer_tables import StoredLayer, Tables

SETS_MAX = 16
_BLENDS_KEPT = 8
_SHARED_ARRAYS = ("knots", "gain", "skip")
_SHARED_VALUES = ("acc_shift", "shift", "interpolate")


@dataclass(frozen=True, eq=False)
class RestorationTables:
    """Table sets, each with its restoration strength.

    strengths  rising from 0 to at most 3, two or more
    sets       the tables of each strength

    Raises IllegalTables if the sets do not share what they must, or if a blend of two neighbours
    could overflow.
    """

    strengths: tuple[float, ...]
    sets: tuple[Tables, ...]
    _blends: OrderedDict[tuple[int, int], Tables] = field(default_factory=OrderedDict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "strengths", tuple(map(float, self.strengths)))
        object.__setattr__(self, "sets", tuple(self.sets))
        try:
            strengths_of.check(self.strengths)
        except InvalidArgument as error:
            raise IllegalTables(str(error)) from None
        if not len(self.sets) == len(self.strengths) <= SETS_MAX:
            raise IllegalTables(
                f"there are {len(self.sets)} table sets for {len(self.strengths)} strengths, "
                f"expected one for each and at most {SETS_MAX}"
            )
        for number, one in enumerate(self.sets[1:], 1):
            _check_shared(number, self.sets[0], one)
            _check_blends(number, self.sets[number - 1], one)

    @property
    def name(self) -> str:
        """See `Tables`; so are `scale`, `symmetry`, `negative` and `about`."""
        return self.sets[0].name

    @property
    def scale(self) -> int:
        return self.sets[0].scale

    @property
    def symmetry(self) -> int:
        return self.sets[0].symmetry

    @property
    def negative(self) -> bool:
        return self.sets[0].negative

    @property
    def about(self) -> dict[str, Any]:
        return self.sets[0].about

    @property
    def table_bytes(self) -> int:
        """The bytes that a device stores to offer every strength.

        These are the entries and biases of each set, and all else once.
        """
        once = self.sets[0].table_bytes
        return once + sum(
            missing_taps.entry_count(part["lut"]) + part["bias"].nbytes
            for one in self.sets[1:]
            for part in map(one.stored, range(len(one.layers)))
        )

    @property
    def sha256(self) -> str:
        """The SHA-256 of everything that decides a pixel: the strengths and the tables of each."""
        words = [
            f"{strength:g} {one.sha256}"
            for strength, one in zip(self.strengths, self.sets, strict=True)
        ]
        return hashlib.sha256("\n".join(words).encode()).hexdigest()

    def with_about(self, about: dict[str, Any]) -> RestorationTables:
        """The same tables with another description of how they were made."""
        tables = copy.copy(self)
        object.__setattr__(tables, "sets", tuple(one.with_about(about) for one in self.sets))
        object.__setattr__(tables, "_blends", OrderedDict())
        return tables

    def at(self, strength: float) -> Tables:
        """The tables of a restoration strength, rounded to a sixteenth of the way between two sets.

        The last few blends are kept. Raises InvalidArgument for a strength outside of the model's.
        """
        if not self.strengths[0] <= strength <= self.strengths[-1]:
            raise InvalidArgument(
                f"the restoration strength is {strength:g}, expected {self.strengths[0]:g} to "
                f"{self.strengths[-1]:g}, the range of the model {self.name}"
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
    """The tables of a model at a restoration strength.

    A model without strengths has only one set, which is returned for any strength.
    """
    return model.at(strength) if isinstance(model, RestorationTables) else model


def _check_shared(number: int, first: Tables, other: Tables) -> None:
    """Raise IllegalTables unless a set shares with the first one what all sets must share."""
    for what in ("name", "scale", "symmetry", "negative"):
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
                f"table set {number}, layer {index}: shape, knots, gains, skips or shifts differ "
                "from those of the first set, expected only entries and biases to differ"
            )


def _check_blends(number: int, below: Tables, above: Tables) -> None:
    """Raise IllegalTables if a blend with the preceding set could overflow.

    A blended value lies between those of the two sets, so it suffices to check tables of the larger
    magnitudes. These need not be checked for symmetry.
    """

    def largest(one: np.ndarray, two: np.ndarray) -> np.ndarray:
        return np.maximum(np.abs(one), np.abs(two))

    try:
        layers = (
            replace(one, lut=largest(one.lut, two.lut), bias=largest(one.bias, two.bias))
            for one, two in zip(below.layers, above.layers, strict=True)
        )
        Tables(below.name, below.scale, tuple(layers))
    except IllegalTables as error:
        raise IllegalTables(
            f"table set {number}, blended with the one before it: {error}"
        ) from None


def _blended(below: Tables, above: Tables, weight: int) -> Tables:
    """The tables between two sets, `weight` sixteenths above the lower one.

    They are legal, as `_check_blends` has found, and have the symmetry of the sets. The stored
    parts are blended: the result of `arithmetic.blend_sets` depends on the order of its input.
    """
    stored = []
    for index, layer in enumerate(below.layers):
        one, two = below.stored(index), above.stored(index)
        lut = ar.blend_sets(one["lut"], two["lut"], weight)
        bias = ar.blend_biases(one["bias"], two["bias"], weight)
        values = {name: getattr(layer, name) for name in _SHARED_VALUES}
        stored.append(StoredLayer(one | {"lut": lut, "bias": bias}, values))
    return Tables.from_stored(below.name, below.scale, stored, below.about, below.group)
