"""Programs that run tables. The contract, for `engines/NAME.py`:

    build(tables: Tables, threads: int = 1) -> UpscalePlane

`UpscalePlane` maps a luma plane, uint8 (h, w), to uint8 (scale * h, scale * w), never changes its input,
and gives the pixels of the `reference` engine exactly: for every legal table, size and thread count.
Preparation (packing, copying to a device) happens in `build`. Colour is not an engine's business.

A new engine is one file here and its name in `ENGINES`; every test iterates the tuple.
"""

from __future__ import annotations

import importlib
from typing import Protocol, cast, runtime_checkable

import numpy as np

from iqlut.planes.plane_types import UpscalePlane
from iqlut.tables.integer_tables import Tables

ENGINES = ("reference", "native", "torch")


@runtime_checkable
class Colourful(Protocol):
    """An `UpscalePlane` that is quick with colours.

    `colours` maps RGB, uint8 (h, w, 3), to exactly what `colour.join` makes of `colour.split` and the upscaled luma.
    """

    def __call__(self, luma: np.ndarray, /) -> np.ndarray: ...

    def colours(self, pixels: np.ndarray) -> np.ndarray: ...


class Engine(Protocol):
    """What a module of this package offers."""

    def build(self, tables: Tables, threads: int = 1) -> UpscalePlane: ...


def get(name: str) -> Engine:
    """The engine called `name`; ValueError lists the known ones."""
    if name not in ENGINES:
        raise ValueError(f"there is no engine {name!r}; the engines are {', '.join(ENGINES)}")
    return cast(Engine, importlib.import_module(f"iqlut.engines.{name}"))


def check_plane(luma: np.ndarray) -> np.ndarray:
    """The plain array that `luma` is or wraps; ValueError unless it is a uint8 plane with at least one pixel."""
    if (
        not isinstance(luma, np.ndarray)
        or luma.ndim != 2
        or luma.dtype != np.uint8
        or luma.size == 0
    ):
        what = f"{luma.dtype} {luma.shape}" if isinstance(luma, np.ndarray) else type(luma).__name__
        raise ValueError(
            f"the plane is {what}, expected a uint8 array (h, w) with at least one pixel"
        )
    return np.asarray(luma)
