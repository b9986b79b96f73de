"""The table of docs/ablations.md, from results/ablations.json."""

from __future__ import annotations

from typing import Any

from scripts.measure import ablation_runs
from scripts.shared import result_files

HEAD = (
    "| run | levels | DPFI | residual | a, b | starts from, follows | tables | Set5 | "
    "Set14 | B100 | published |",
    "|---|--:|---|---|---|---|--:|--:|--:|--:|--:|",
)


def render() -> str:
    """Return the measured runs as a table, and where they were measured."""
    rows = ablation_runs.read()
    if not rows:
        return "Not measured yet (`python -m scripts.measure.ablation_runs FOLDER`).\n"
    published = result_files.load("published")["ablations"]
    lines = [*HEAD, *(_line(row, published.get(row["name"])) for row in rows)]
    lengths = sorted(
        {
            f"{row['steps']} steps of {row['batch']} patches of {row['patch']}x{row['patch']}"
            for row in rows
        }
    )
    absent = [name for name in ablation_runs.NAMES if name not in {row["name"] for row in rows}]
    origin = sorted({result_files.described(row["origin"]) for row in rows})
    note = (
        f"Each run has {' or '.join(lengths)}. Measured: {'; '.join(origin)}, by `python -m "
        "scripts.measure.ablation_runs FOLDER`."
    )
    if absent:
        note += f" Not measured yet: {', '.join(absent)}."
    return "\n".join(lines) + f"\n\n{note}\n"


def _line(row: dict[str, Any], published: dict[str, float] | None) -> str:
    config = ablation_runs.of(row["name"])
    model, train = config.model, config.train
    levels = f"{model.first_levels}, {model.levels}, {model.upsample_levels}"
    bent = (
        f"{model.knot_a[0]:g}, {model.knot_b[0]:g}" if model.knot_a != model.knot_b else "uniform"
    )
    stage = ", ".join(
        word for word, path in (("starts", train.start), ("follows", train.teacher)) if path
    )
    scores = " | ".join(f"{row[name]:.2f}" for name in ablation_runs.SETS)
    theirs = (
        " / ".join(f"{published[name]:.2f}" for name in ablation_runs.SETS) if published else ""
    )
    yes = {True: "yes", False: "no"}
    return (
        f"| {row['name']} | {levels} | {yes[model.interpolate]} | {yes[model.residual]} | "
        f"{bent} | {stage} "
        f"| {row['table_bytes'] / 1024:.0f} KiB | {scores} | {theirs} |"
    )
