"""How long engines take, against Pillow's bicubic on the same plane in the same minutes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from iqlut import engines
from iqlut.provenance import commit, cpu_name
from iqlut.tables import Tables

PILLOW = "pillow-bicubic"
_SEED = 1


@dataclass(frozen=True)
class Timing:
    """One contender: a row of the table of speeds.

    width, height             of the plane that is enlarged, pixels
    ms                        median over the rounds
    spread_ms                 the middle half of the rounds lies within so much
    ratio_to_pillow_bicubic   median over the rounds of the ratio within a round
    """

    name: str
    threads: int
    width: int
    height: int
    ms: float
    ratio_to_pillow_bicubic: float
    spread_ms: float
    scale: int
    model: str
    rounds: int
    commit: str
    cpu: str


def bench(
    tables: Tables,
    contenders: Sequence[tuple[str, int]],
    size: tuple[int, int] = (480, 270),
    rounds: int = 9,
    after_round: Callable[[], object] = lambda: None,
) -> list[Timing]:
    """Time each (engine, threads) of `contenders`, and Pillow first, on a plane of `size` (width, height).

    The contenders take turns within every round, so that a busy machine is equally busy for all.
    One more round comes before the first and is not counted.
    """
    if rounds < 1 or min(size) < 1 or any(threads < 1 for _, threads in contenders):
        raise ValueError(f"rounds {rounds}, size {size}, contenders {contenders}: wanted numbers of 1 or more")
    width, height = size
    plane = sample_plane(width, height)
    runs = [((PILLOW, 1), pillow_bicubic(plane, tables.scale))]
    for name, threads in contenders:
        runs.append(((name, threads), _run(engines.get(name).build(tables, threads), plane)))
    elapsed_ms = np.array(list(_rounds([run for _, run in runs], rounds, after_round)))[1:]
    ratios = np.median(elapsed_ms / elapsed_ms[:, :1], axis=0).round(3).tolist()
    low, middle, high = np.percentile(elapsed_ms, (25, 50, 75), axis=0).round(3)
    source, cpu = commit(), cpu_name()
    return [
        Timing(
            name=name,
            threads=threads,
            width=width,
            height=height,
            ms=float(middle[i]),
            ratio_to_pillow_bicubic=ratios[i],
            spread_ms=round(float(high[i] - low[i]), 3),
            scale=tables.scale,
            model=tables.name,
            rounds=rounds,
            commit=source,
            cpu=cpu,
        )
        for i, ((name, threads), _) in enumerate(runs)
    ]


def _rounds(
    runs: Sequence[Callable[[], object]], rounds: int, after_round: Callable[[], object]
) -> Iterator[list[float]]:
    """The times of all runs, one round after the other, the warm-up first."""
    for _ in range(rounds + 1):
        yield [_elapsed_ms(run) for run in runs]
        after_round()


def _elapsed_ms(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1000


def _run(upscale: engines.Upscale, plane: np.ndarray) -> Callable[[], object]:
    return lambda: upscale(plane)


def pillow_bicubic(plane: np.ndarray, scale: int) -> Callable[[], object]:
    """Pillow's own bicubic of the plane, without the way from and to NumPy."""
    image = Image.fromarray(plane)
    return lambda: image.resize((image.width * scale, image.height * scale), Image.Resampling.BICUBIC)


def sample_plane(width: int, height: int) -> np.ndarray:
    """Slopes, edges and noise: uint8 (height, width), always the same."""
    rng = np.random.default_rng(_SEED)
    rows, columns = np.mgrid[:height, :width]
    slopes = 255 * (rows / max(height - 1, 1) + columns / max(width - 1, 1)) / 2
    edges = 60 * ((rows // 9 + columns // 13) % 2)
    return (slopes + edges + rng.normal(0, 12, (height, width))).clip(0, 255).astype(np.uint8)
