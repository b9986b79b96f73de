"""Random tables and planes for tests of engines, and a mark that runs a test with every engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from itertools import product
from typing import Any

import numpy as np
import pytest

from iqlut import engines
from iqlut.engines import ENGINES, reference
from iqlut.planes.plane_types import UpscalePlane
from iqlut.tables.integer_tables import SCALES, Tables
from random_tables import random_tables

CHANNELS = (1, 3, 4, 8, 11, 16, 24)
KERNELS = ((3, 2), (3, 1), (3, 3), (2, 2), (1, 1))
THREADS = (1, 2, 3, 7)
SHAPES = list(product(SCALES, CHANNELS, KERNELS))
CASES = 3 * len(SHAPES)  # every shape with three sizes

Build = Callable[[Tables, int], UpscalePlane]


def contenders() -> Iterator:
    """The `build` of every engine: of `native` each instruction set, and the plain loops in C."""
    for name in ENGINES:
        try:
            engine: Any = engines.get(name)
        except RuntimeError as missing:
            yield pytest.param(None, id=name, marks=pytest.mark.skip(str(missing)))
            continue
        modes = (*engine.instruction_sets(), engine.REFERENCE) if name == "native" else ("",)
        for isa in modes:
            build = partial(engine.build, isa=isa) if isa else engine.build
            yield pytest.param(build, id=f"{name}-{isa}".rstrip("-"))


ALL = pytest.mark.parametrize("build", list(contenders()))


def random_plane(rng: np.random.Generator) -> np.ndarray:
    """A plane of an odd size, mostly noise, sometimes flat or wider than a tile of `native`."""
    small = int(rng.choice([1, 2, 5, 7, 13, 17, 23, 31, 37, 61]))
    sizes = (
        (1, 1),
        (1, small),
        (small, 1),
        (small, 19),
        (small, 8),
        (29, small),
        (3, 16),
        (2, 1049),
    )
    h, w = sizes[rng.choice(len(sizes), p=(0.05, 0.1, 0.1, 0.2, 0.15, 0.2, 0.15, 0.05))]
    if rng.random() < 0.1:
        return np.full((h, w), rng.choice([0, 255]), np.uint8)
    return rng.integers(0, 256, (h, w)).astype(np.uint8)


@lru_cache(maxsize=CASES)
def random_case(seed: int) -> tuple[Tables, np.ndarray, np.ndarray]:
    """Tables, a plane and the result of the reference engine."""
    rng = np.random.default_rng(seed)
    scale, channels, kernels = SHAPES[seed % len(SHAPES)]
    tables = random_tables(
        rng, scale, int(rng.integers(1, 4)), channels, kernels, interpolate=seed % 5 > 0
    )
    luma = random_plane(rng)
    return tables, luma, reference.build(tables)(luma)
