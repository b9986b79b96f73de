"""Engines: implementations that run tables. Each module `engines/NAME.py` offers

    build(tables: Tables, threads: int = 1) -> UpscalePlane

An `UpscalePlane` maps a luma plane, uint8 (h, w), to uint8 (scale * h, scale * w) and never changes
its input. For all legal tables, sizes and thread counts it computes exactly the pixels of the
`reference` engine. Preparation, such as packing tables or copying them to a device, happens in
`build`. An engine need not support colour; one that does is `Colourful`.

To add an engine, add a module here and its name to `ENGINES`. Every test iterates the tuple.
"""

from __future__ import annotations

import importlib
from typing import Protocol, cast, runtime_checkable

import numpy as np

from iqlut.errors import InvalidArgument
from iqlut.planes.plane_types import UpscalePlane
from iqlut.tables.integer_tables import Tables

ENGINES = ("reference", "native", "torch")


@runtime_checkable
class Colourful(Protocol):
    """An `UpscalePlane` that also upscales colours, faster than plane by plane.

    `colours` maps RGB, uint8 (h, w, 3), to uint8 (scale * h, scale * w, 3). The result is exactly
    that of splitting off luma, upscaling it and joining it with the bicubic colour differences.
    """

    def __call__(self, luma: np.ndarray, /) -> np.ndarray: ...

    def colours(self, pixels: np.ndarray) -> np.ndarray: ...


class Engine(Protocol):
    """The contract of a module of this package."""

    def build(self, tables: Tables, threads: int = 1) -> UpscalePlane: ...


def get(name: str) -> Engine:
    """The engine of a name.

    Raises InvalidArgument for an unknown name, and MissingPackage where the package that the engine
    needs is not installed.
    """
    if name not in ENGINES:
        raise InvalidArgument(f"the engine is {name!r}, expected one of {', '.join(ENGINES)}")
    return cast(Engine, importlib.import_module(f"iqlut.engines.{name}"))


def check_plane(luma: np.ndarray) -> np.ndarray:
    """The plain array that `luma` is or wraps.

    Raises InvalidArgument unless it is a uint8 plane (h, w) with at least one pixel.
    """
    if (
        not isinstance(luma, np.ndarray)
        or luma.ndim != 2
        or luma.dtype != np.uint8
        or luma.size == 0
    ):
        what = f"{luma.dtype} {luma.shape}" if isinstance(luma, np.ndarray) else type(luma).__name__
        raise InvalidArgument(
            f"the plane is {what}, expected a uint8 array (h, w) with at least one pixel"
        )
    return np.asarray(luma)
