"""How the shipped benchmark models at x4 were trained, from the logs of their stages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from iqlut.network import configuration, stages
from scripts.shared.result_files import ROOT

LOGS, CONFIGS = ROOT / "results" / "logs", ROOT / "configs"
MODELS = (
    *("iqlut-5k-x4", "iqlut-6k-x4", "iqlut-8k-x4", "iqlut-30k-x4", "l8c8-x4", "iqlut-33k-x4"),
    *("l12c8-x4", "iqlut-65k-x4", "iqlut-114k-x4", "l8c16-x4"),
)  # by quality
HEAD = (
    "| model | starts from | steps of its stages | seen, MP | minutes | Kodak, dB |",
    "|---|---|---|--:|--:|--:|",
)


@dataclass(frozen=True)
class Validation:
    """What a run had seen when it was validated, including the runs that it started from."""

    megapixels: float
    minutes: float
    psnr_db: float


@dataclass(frozen=True)
class LearningCurve:
    """The training of a model.

    start     the other model whose weights it began with, or ""
    steps     of each of its own stages
    points    every validation, oldest first
    """

    model: str
    start: str
    steps: tuple[int, ...]
    points: tuple[Validation, ...]


def curve(model: str) -> LearningCurve:
    """Return the training of a model, followed back through the checkpoints it started from."""
    chain, start = [model], _start(model)
    while start and config_of(start).name == model:
        chain.insert(0, start)
        start = _start(start)
    points = [curve(start).points[-1]] if start else []
    megapixels, minutes = (points[0].megapixels, points[0].minutes) if points else (0.0, 0.0)
    steps = []
    for stage in chain:
        train, done = config_of(stage).train, 0
        for row in _log(stage):
            megapixels += (row["step"] - done) * train.batch * train.patch**2 / 1e6
            minutes += row.get("seconds", 0.0) / 60  # none where no step was made
            done = row["step"]
            if "psnr_db" in row:
                points.append(Validation(megapixels, minutes, row["psnr_db"]))
        steps.append(done)
    return LearningCurve(model, start, tuple(steps), tuple(points))


def table() -> str:
    """Return the table of docs/training.md, a row for each model."""
    lines = [*HEAD]
    for one in map(curve, MODELS):
        last, steps = one.points[-1], ", ".join(f"{count:,}" for count in one.steps)
        start = f"`{one.start}`" if one.start else ""
        lines.append(
            f"| `{one.model}` | {start} | {steps} | {last.megapixels:,.0f} | "
            f"{last.minutes:.0f} | {last.psnr_db:.3f} |"
        )
    return "\n".join(lines) + "\n"


@cache
def _configs(folder: Path) -> dict[str, configuration.Config]:
    """Return the configuration of each stage, by the name of the checkpoint that is kept of it."""
    files = map(stages.load, folder.glob("*.toml"))
    return {Path(one.kept_as).stem: one.config for file in files for one in file.stages}


def config_of(stage: str) -> configuration.Config:
    """Return the configuration of a stage, by the name of the checkpoint that is kept of it."""
    return _configs(CONFIGS)[stage]


def _start(stage: str) -> str:
    return Path(config_of(stage).train.start).stem


def _log(stage: str) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for line in (LOGS / f"{stage}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
