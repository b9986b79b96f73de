"""The greedy search for the knots of each layer (IQ-LUT eq. 4), by PSNR of the rounded network.

For one layer after the other, every pair (a, b) of a grid is tried. The tables are read at the
levels that the pair gives, and the best pair is kept.

A search without training steps is meaningful only if the checkpoint has many more levels than the
configuration; otherwise the levels of the checkpoint always win. With training steps, each pair is
trained for that many steps, always on the same patches.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import tomlkit
import torch

from iqlut.network import quantisation
from iqlut.network.configuration import BadConfig, Config, ModelConfig, read_toml
from iqlut.network.network import Network
from iqlut.network.start_from import start_from
from iqlut.training import checkpoint as states
from iqlut.training import loop, training_images, validation
from iqlut.training.step import TORCH_THREADS, host_step

GRID = (0.3, 0.4, 0.5, 0.6, 0.7)
Pair = tuple[float, float]


@dataclass(frozen=True)
class Search:
    """The arguments of a search.

    config         configuration of the model whose knots are searched; the search starts from them
    checkpoint     a trained network of the same shape, which may have other numbers of levels
    a, b           the grid: all pairs of these values
    steps          training steps for each pair, with the batches of the configuration; 0 for none
    learning_rate  learning rate of these steps, which falls to 0
    passes         the largest number of passes over all layers; one that changes nothing ends it
    """

    config: Config
    checkpoint: Path
    a: tuple[float, ...] = GRID
    b: tuple[float, ...] = GRID
    steps: int = 0
    learning_rate: float = 1e-3
    passes: int = 1


@dataclass(frozen=True)
class Trial:
    """The score of one pair (a, b) at one layer.

    `layer` counts from 2, the first layer whose levels can move. The last layer is the upsampler.
    """

    layer: int
    a: float
    b: float
    psnr_db: float
    best: bool


@dataclass(frozen=True)
class Found:
    """The configuration with the best knots, and all pairs that were tried.

    PSNR is in dB on the validation set. `before_db` is that of the original knots after as many
    training steps.
    """

    config: Config
    before_db: float
    psnr_db: float
    trials: tuple[Trial, ...]


def greedy(
    search: Search, cache: Path, threads: int = 1, progress: loop.OnProgress = lambda *_: None
) -> Found:
    """Search the knots of each layer.

    Decoded images are kept in the folder `cache`. Raises BadConfig for a grid outside of (0, 1),
    and what loading images and checkpoints raises: BadConfig, BadData or TrainingStopped.
    """
    torch.set_num_threads(TORCH_THREADS)
    tries = _Tries(search, cache, threads, progress)
    knots = _knots(search.config)
    start, before = plain, _ = tries.score(tries.source, knots)
    best, trials, total = before, [], search.passes * len(knots)
    for number in range(search.passes):
        old = list(knots)
        for layer, pair in enumerate(old):
            progress(f"layer {layer + 2}, {best:.3f} dB so far", number * len(knots) + layer, total)
            scores: dict[Pair, tuple[Network, float]] = {}
            for candidate in _pairs(search, layer, pair):
                knots[layer] = candidate
                scores[candidate] = tries.score(start if search.steps else tries.source, knots)
            knots[layer] = max(scores, key=lambda candidate: scores[candidate][1])
            # with training steps, the next layer starts from the network that was trained here
            start, best = scores[knots[layer]]
            if search.steps:
                plain, before = tries.score(plain, _knots(search.config))
            trials += [
                Trial(layer + 2, *one, round(db, 4), one == knots[layer])
                for one, (_, db) in scores.items()
            ]
        if knots == old:
            break
    progress(f"{best:.3f} dB, {before:.3f} dB with the knots before", total, total)
    return Found(_with(search.config, knots), before, best, tuple(trials))


class _Tries:
    """The checkpoint and the images of a search, which score knots."""

    def __init__(
        self, search: Search, cache: Path, threads: int, progress: loop.OnProgress
    ) -> None:
        self.source, _ = states.average(search.checkpoint)
        train, scale = search.config.train, search.config.model.scale
        self._validation = training_images.load(
            validation.validation_of(train), scale, cache, progress
        )
        self._planes = (
            training_images.load(train, scale, cache, progress, search.config.degrade)
            if search.steps
            else self._validation
        )
        self._teacher = loop.teacher_of(search.config) if search.steps else None
        self._search, self._threads = search, threads

    def score(self, start: Network, knots: list[Pair]) -> tuple[Network, float]:
        """Read the tables of `start` at these knots and train for the steps of the search.

        Returns the network and its PSNR in dB.
        """
        steps, config = self._search.steps, _with(self._search.config, knots)
        train = replace(
            config.train,
            start="",
            ema=0.0,
            warmup=0.0,
            steps=max(steps, 1),
            learning_rate=self._search.learning_rate,
        )
        config = replace(config, train=train)
        state = states.new(config, self._planes.sha256)
        start_from(state.network, start)
        for state.step in range(steps):
            host_step(state, config, self._planes, self._teacher, self._threads)
        return state.network, validation.validate(state.network, self._validation, self._threads)


def file_with_knots(path: Path, model: ModelConfig) -> str:
    """The text of the configuration file at `path` with the knots of `model` in all stages.

    Comments are kept.
    """
    document = read_toml(path)
    for stage in document.get("stage", ()):
        for name in ("knot_a", "knot_b"):
            stage.get("model", {}).pop(name, None)
    table = document.setdefault("model", {})
    table["knot_a"], table["knot_b"] = list(model.knot_a), list(model.knot_b)
    return tomlkit.dumps(document)


def _knots(config: Config) -> list[Pair]:
    """The pair (a, b) of each layer after the first."""
    return list(config.model.layer_knot_parameters())


def _with(config: Config, knots: list[Pair]) -> Config:
    """The configuration with these knots."""
    a, b = zip(*knots, strict=True)
    return replace(config, model=replace(config.model, knot_a=a, knot_b=b))


def _pairs(search: Search, layer: int, now: Pair) -> Iterator[Pair]:
    """The present pair of a layer, then those of the grid that give different levels."""
    model, seen = search.config.model, set()
    levels = model.layer_levels[layer + 1]
    for pair in (now, *itertools.product(search.a, search.b)):
        if not all(0 < value < 1 for value in pair):
            raise BadConfig(
                f"the grid has {pair}, expected numbers between 0 and 1; correct --a or --b"
            )
        knots = quantisation.knots_of(levels, *pair).tobytes()
        if knots not in seen:
            seen.add(knots)
            yield pair
