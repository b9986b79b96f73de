"""Contenders that take turns, and what their times are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from iqlut.provenance import commit, cpu_name


@dataclass(frozen=True)
class Contender:
    """Something to time: `run` does the work once.

    width, height   of the picture that is upscaled `scale` times, pixels
    model           whose tables run, or "" where they are not ours
    """

    name: str
    run: Callable[[], object]
    scale: int
    width: int
    height: int
    model: str = ""
    threads: int = 1


@dataclass(frozen=True)
class Timing:
    """One contender: a row of the table of speeds.

    ms                        median over the rounds
    spread_ms                 the middle half of the rounds lies within so much
    least_ms                  the quickest round
    ratio_to_pillow_bicubic   median over the rounds of the ratio within a round
    ns_per_px                 the median for each pixel of the result
    """

    name: str
    threads: int
    width: int
    height: int
    ms: float
    ratio_to_pillow_bicubic: float
    spread_ms: float
    least_ms: float
    ns_per_px: float
    scale: int
    model: str
    rounds: int
    commit: str
    cpu: str


def time_interleaved(
    contenders: Sequence[Contender],
    rounds: int = 9,
    after_round: Callable[[], object] = lambda: None,
) -> list[Timing]:
    """A Timing for each contender; the first of a size and scale is what the others of that size are compared with.

    The contenders take turns within every round, so that a busy machine is equally busy for all.
    One more round comes before the first and is not counted.
    """
    if rounds < 1 or not contenders:
        raise ValueError(
            f"rounds is {rounds}, contenders {len(contenders)}: expected 1 or more of both"
        )
    elapsed_ms = interleaved([one.run for one in contenders], rounds, after_round)
    bases: dict[tuple[int, int, int], int] = {}
    source, cpu = commit(), cpu_name()
    timings = []
    for i, one in enumerate(contenders):
        base = bases.setdefault((one.scale, one.width, one.height), i)
        timings.append(
            Timing(
                name=one.name,
                threads=one.threads,
                width=one.width,
                height=one.height,
                **summary(elapsed_ms[:, i]),
                ratio_to_pillow_bicubic=ratio(elapsed_ms[:, i], elapsed_ms[:, base]),
                ns_per_px=round(
                    float(np.median(elapsed_ms[:, i]))
                    * 1e6
                    / (one.width * one.height * one.scale**2),
                    3,
                ),
                scale=one.scale,
                model=one.model,
                rounds=rounds,
                commit=source,
                cpu=cpu,
            )
        )
    return timings


def interleaved(
    runs: Sequence[Callable[[], object]], rounds: int, after_round: Callable[[], object]
) -> np.ndarray:  # fmt: skip
    """float (rounds, runs): what each took in each round, ms. One more round comes first and is not counted."""
    return np.array(list(_rounds(runs, rounds, after_round)))[1:]


def summary(elapsed_ms: np.ndarray) -> dict[str, float]:
    """ms, spread_ms and least_ms of the rounds of one run."""
    low, middle, high = (float(value) for value in np.percentile(elapsed_ms, (25, 50, 75)))
    return {
        "ms": round(middle, 3),
        "spread_ms": round(high - low, 3),
        "least_ms": round(float(elapsed_ms.min()), 3),
    }


def ratio(elapsed_ms: np.ndarray, base_ms: np.ndarray) -> float:
    """The median over the rounds of the ratio within one."""
    return round(float(np.median(elapsed_ms / base_ms)), 3)


def _rounds(
    runs: Sequence[Callable[[], object]], rounds: int, after_round: Callable[[], object]
) -> Iterator[list[float]]:  # fmt: skip
    for _ in range(rounds + 1):
        yield [_elapsed_ms(run) for run in runs]
        after_round()


def _elapsed_ms(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1000
