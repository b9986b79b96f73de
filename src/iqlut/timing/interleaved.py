"""Times upscalers in interleaved rounds, so that a busy machine slows all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from iqlut.provenance import commit, cpu_name


@dataclass(frozen=True)
class TimedUpscaler:
    """An upscaler to time: `run` does its work once.

    width, height   of the input picture, in pixels; the result is `scale` times as wide and high
    model           the name of our model, or "" for another upscaler
    """

    name: str
    run: Callable[[], object]
    scale: int
    width: int
    height: int
    model: str = ""
    threads: int = 1


@dataclass(frozen=True)
class UpscalerTiming:
    """The times of one upscaler: a row of the speed table.

    ms                        median over the rounds
    spread_ms                 interquartile range over the rounds
    least_ms                  fastest round
    ratio_to_pillow_bicubic   median over the rounds of the ratio within a round
    ns_per_px                 median per pixel of the result
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
    upscalers: Sequence[TimedUpscaler],
    rounds: int = 9,
    after_round: Callable[[], object] = lambda: None,
) -> list[UpscalerTiming]:
    """Return a timing of each upscaler; ratios are to the first one of the same size and scale.

    Every round runs each upscaler once. One more round comes first and is not counted. ValueError
    unless there is at least one round and one upscaler.
    """
    if rounds < 1 or not upscalers:
        raise ValueError(
            f"rounds is {rounds}, upscalers {len(upscalers)}: expected 1 or more of both"
        )
    elapsed_ms = interleaved([one.run for one in upscalers], rounds, after_round)
    baselines: dict[tuple[int, int, int], int] = {}
    source, cpu = commit(), cpu_name()
    timings = []
    for index, one in enumerate(upscalers):
        baseline = baselines.setdefault((one.scale, one.width, one.height), index)
        own_ms = elapsed_ms[:, index]
        timings.append(
            UpscalerTiming(
                name=one.name,
                threads=one.threads,
                width=one.width,
                height=one.height,
                **summary(own_ms),
                ratio_to_pillow_bicubic=ratio(own_ms, elapsed_ms[:, baseline]),
                ns_per_px=_ns_per_px(own_ms, one),
                scale=one.scale,
                model=one.model,
                rounds=rounds,
                commit=source,
                cpu=cpu,
            )
        )
    return timings


def _ns_per_px(elapsed_ms: np.ndarray, upscaler: TimedUpscaler) -> float:
    """Return the median time per pixel of the result, in nanoseconds."""
    result_px = upscaler.width * upscaler.height * upscaler.scale**2
    return round(float(np.median(elapsed_ms)) * 1e6 / result_px, 3)


def interleaved(
    runs: Sequence[Callable[[], object]], rounds: int, after_round: Callable[[], object]
) -> np.ndarray:  # fmt: skip
    """Return float64 (rounds, runs): the time of each run in each round, in ms.

    One more round comes first and is not counted; `after_round` is called after every round.
    """
    return np.array(list(_rounds(runs, rounds, after_round)))[1:]


def summary(elapsed_ms: np.ndarray) -> dict[str, float]:
    """Return ms, spread_ms and least_ms of the rounds of one run."""
    low, middle, high = (float(value) for value in np.percentile(elapsed_ms, (25, 50, 75)))
    return {
        "ms": round(middle, 3),
        "spread_ms": round(high - low, 3),
        "least_ms": round(float(elapsed_ms.min()), 3),
    }


def ratio(elapsed_ms: np.ndarray, base_ms: np.ndarray) -> float:
    """Return the median over the rounds of the ratio within a round."""
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
