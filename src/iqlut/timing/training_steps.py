"""Times training steps of several implementations in interleaved rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from iqlut.provenance import commit, cpu_name
from iqlut.timing.interleaved import interleaved, ratio, summary


@dataclass(frozen=True)
class TimedTrainer:
    """An implementation of training: `run` makes this many steps, including their patches."""

    name: str
    run: Callable[[int], object]


@dataclass(frozen=True)
class TimedTraining:
    """What all implementations train, on `batch` low-resolution patches of `patch` x `patch` pixels
    a step.
    """

    blocks: int
    channels: int
    levels: int | tuple[int, ...]
    scale: int
    batch: int
    patch: int
    device: str
    threads: int


@dataclass(frozen=True)
class StepTiming:
    """The times of one implementation: a row of the table.

    steps_per_s     from the median
    mpx_per_s       millions of low-resolution pixels per second, from the same
    ratio           steps per second relative to the first: median of the ratios within a round
    ms              median over the rounds, per step
    spread_ms       interquartile range over the rounds
    least_ms        fastest round
    """

    name: str
    steps_per_s: float
    mpx_per_s: float
    ratio: float
    ms: float
    spread_ms: float
    least_ms: float
    blocks: int
    channels: int
    levels: int | tuple[int, ...]
    scale: int
    batch: int
    patch: int
    device: str
    threads: int
    rounds: int
    steps: int
    commit: str
    cpu: str


def time_interleaved(
    trainers: Sequence[TimedTrainer], training: TimedTraining, rounds: int = 15, steps: int = 4,
    after_round: Callable[[], object] = lambda: None,
) -> list[StepTiming]:  # fmt: skip
    """Return a timing of each trainer; every round runs `steps` steps of each.

    One more round comes first and is not counted. ValueError unless there is at least one round,
    one step and one trainer.
    """
    if min(rounds, steps) < 1 or not trainers:
        raise ValueError(
            f"rounds is {rounds}, steps {steps}, trainers {len(trainers)}: expected 1 or "
            "more of all"
        )
    elapsed_ms = (
        interleaved([partial(one.run, steps) for one in trainers], rounds, after_round) / steps
    )
    source, cpu = commit(), cpu_name()
    rates = 1000 / np.median(elapsed_ms, axis=0)
    return [
        StepTiming(
            name=one.name,
            steps_per_s=round(float(rate), 2),
            mpx_per_s=round(float(rate) * training.batch * training.patch**2 / 1e6, 3),
            ratio=ratio(elapsed_ms[:, 0], elapsed_ms[:, i]),
            **summary(elapsed_ms[:, i]),
            **vars(training),
            rounds=rounds,
            steps=steps,
            commit=source,
            cpu=cpu,
        )
        for i, (one, rate) in enumerate(zip(trainers, rates, strict=True))
    ]
