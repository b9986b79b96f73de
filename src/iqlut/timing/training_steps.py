"""Training steps that take turns, and what their times are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from iqlut.provenance import commit, cpu_name
from iqlut.timing.interleaved import interleaved, ratio, summary


@dataclass(frozen=True)
class Trainer:
    """A way to train: `run` makes so many steps, patches included, and returns when they are done."""

    name: str
    run: Callable[[int], object]


@dataclass(frozen=True)
class Setting:
    """What all of them train: low-resolution patches of `patch` x `patch` pixels, `batch` of them a step."""

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
    """One way to train: a row of the table.

    steps_per_s     of the median
    ratio           how many times as many steps as the first one: median over the rounds of the ratio within one
    ms              median over the rounds, for a step
    spread_ms       the middle half of the rounds lies within so much
    least_ms        the quickest round
    """

    name: str
    steps_per_s: float
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
    trainers: Sequence[Trainer], setting: Setting, rounds: int = 15, steps: int = 4,
    after_round: Callable[[], object] = lambda: None,
) -> list[StepTiming]:  # fmt: skip
    """A StepTiming for each trainer; in every round each makes `steps` steps, so that a busy machine is equally busy.

    One more round comes before the first and is not counted.
    """
    if min(rounds, steps) < 1 or not trainers:
        raise ValueError(
            f"rounds is {rounds}, steps {steps}, trainers {len(trainers)}: expected 1 or more of all"
        )
    elapsed_ms = (
        interleaved([partial(one.run, steps) for one in trainers], rounds, after_round) / steps
    )
    source, cpu = commit(), cpu_name()
    return [
        StepTiming(
            name=one.name,
            steps_per_s=round(1000 / float(np.median(elapsed_ms[:, i])), 2),
            ratio=ratio(elapsed_ms[:, 0], elapsed_ms[:, i]),
            **summary(elapsed_ms[:, i]),
            **vars(setting),
            rounds=rounds,
            steps=steps,
            commit=source,
            cpu=cpu,
        )
        for i, one in enumerate(trainers)
    ]
