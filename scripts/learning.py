"""Learning curves of the shipped models at x4, from the logs in results/logs: a table for
docs/training.md, which render_results.py writes and checks, and a plot, docs/images/learning.svg
and .png, which this script draws.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from drawing import Chart, Named, labels
from iqlut.network import configuration, stages

ROOT = Path(__file__).parents[1]
LOGS, CONFIGS = ROOT / "results" / "logs", ROOT / "configs"
COLOURS = {
    "iqlut-5k-x4": "#7f8c8d",
    "iqlut-17k-x4": "#27ae60",
    "l8c8-x4": "#c0392b",
    "iqlut-34k-x4": "#8e44ad",
    "l12c8-x4": "#d35400",
    "iqlut-115k-x4": "#2980b9",
    "l8c16-x4": "#2c3e50",
}
LEAST_DB = 28.2  # what is less, where a rate is too high, is drawn here
TITLE = "PSNR on Kodak in training, x4, dB"
ACROSS = "low-resolution pixels seen, millions"
HEAD = (
    "| model | begins as | steps of its stages | seen, MP | minutes | Kodak, dB |",
    "|---|---|---|--:|--:|--:|",
)


@dataclass(frozen=True)
class Seen:
    """What a run had seen when it was measured, all that it began with counted too."""

    megapixels: float
    minutes: float
    psnr_db: float


@dataclass(frozen=True)
class LearningCurve:
    """How a model came about. `start` is the other model that it began as, `steps` those of each of
    its own stages.
    """

    model: str
    start: str
    steps: tuple[int, ...]
    points: tuple[Seen, ...]


def curve(model: str) -> LearningCurve:
    """Of the stages of `model`: its configuration, that of the checkpoint it started from, and so
    on.
    """
    chain, start = [model], _start(model)
    while start and _config(start).name == model:
        chain.insert(0, start)
        start = _start(start)
    points = [curve(start).points[-1]] if start else []
    megapixels, minutes = (points[0].megapixels, points[0].minutes) if points else (0.0, 0.0)
    steps = []
    for stage in chain:
        train, done = _config(stage).train, 0
        for row in _log(stage):
            megapixels += (row["step"] - done) * train.batch * train.patch**2 / 1e6
            minutes += row.get("seconds", 0.0) / 60  # none where no step was made
            done = row["step"]
            if "psnr_db" in row:
                points.append(Seen(megapixels, minutes, row["psnr_db"]))
        steps.append(done)
    return LearningCurve(model, start, tuple(steps), tuple(points))


def table() -> str:
    """A row for each model."""
    lines = [*HEAD]
    for one in map(curve, COLOURS):
        last, steps = one.points[-1], ", ".join(f"{count:,}" for count in one.steps)
        start = f"`{one.start}`" if one.start else ""
        lines.append(
            f"| `{one.model}` | {start} | {steps} | {last.megapixels:,.0f} | {last.minutes:.0f} | "
            f"{last.psnr_db:.3f} |"
        )
    return "\n".join(lines) + "\n"


def draw() -> Chart:
    """A line for each model, from the one that it began as if there is one."""
    curves = [curve(model) for model in COLOURS]
    shown = [
        [(seen.megapixels, max(seen.psnr_db, LEAST_DB)) for seen in one.points] for one in curves
    ]
    chart = Chart(TITLE, ACROSS, chain.from_iterable(shown), tick_db=0.1)
    lines = [[chart.at(*point) for point in points] for points in shown]
    ends = [
        Named(one.model, *line[-1], radius=3.5) for one, line in zip(curves, lines, strict=True)
    ]
    for line, colour in zip(lines, COLOURS.values(), strict=True):
        chart.drawing.line(line, colour, 1.5)
    for end, (x, y), colour in zip(ends, labels(ends), COLOURS.values(), strict=True):
        chart.drawing.dot(end.x, end.y, end.radius, colour)
        chart.drawing.text(x, y, end.name, colour, "start", end.size)
    return chart


@cache
def _configs() -> dict[str, configuration.Config]:
    """The configuration of each stage, by the name of the checkpoint that is kept of it."""
    files = map(stages.load, CONFIGS.glob("*.toml"))
    return {Path(one.kept_as).stem: one.config for file in files for one in file.stages}


def _config(stage: str) -> configuration.Config:
    return _configs()[stage]


def _start(stage: str) -> str:
    return Path(_config(stage).train.start).stem


def _log(stage: str) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for line in (LOGS / f"{stage}.jsonl").read_text(encoding="utf-8").splitlines()
    ]


if __name__ == "__main__":
    draw().drawing.save("learning")
