"""The table of docs/ablations.md, from results/ablations.json; render_results.py writes and checks it."""

from __future__ import annotations

import json
from typing import Any

import ablations

HEAD = (
    "| run | levels | DPFI | residual | a, b | starts from, follows | tables | Set5 | Set14 | B100 | published |",
    "|---|--:|---|---|---|---|--:|--:|--:|--:|--:|",
)


def render() -> str:
    """The rows that are measured, and from what."""
    rows = ablations.read()
    if not rows:
        return "Not measured yet (`python scripts/ablations.py FOLDER`).\n"
    published = json.loads((ablations.RESULTS.parent / "published.json").read_text())["ablations"]
    lines = [*HEAD, *(_line(row, published.get(row["name"])) for row in rows)]
    lengths = sorted(
        {
            f"{row['steps']} steps of {row['batch']} patches of {row['patch']}x{row['patch']}"
            for row in rows
        }
    )
    absent = [name for name in ablations.NAMES if name not in {row["name"] for row in rows}]
    origin = sorted({f"`{row['commit']}`, {row['cpu']}, {row['date']}" for row in rows})
    note = f"Runs of {' and '.join(lengths)}. Commit {'; '.join(origin)}, by `python scripts/ablations.py FOLDER`."
    if absent:
        note += f" Not measured yet: {', '.join(absent)}."
    return "\n".join(lines) + f"\n\n{note}\n"


def stale() -> list[str]:
    """Rows of configurations that are others by now, or no more."""
    known = {name: ablations.fingerprint(ablations.of(name)) for name in ablations.NAMES}
    return [
        row["name"] for row in ablations.read() if known.get(row["name"]) != row["config_sha256"]
    ]


def _line(row: dict[str, Any], published: dict[str, float] | None) -> str:
    config = ablations.of(row["name"])
    model, train = config.model, config.train
    levels = f"{model.first_levels}, {model.levels}, {model.upsample_levels}"
    bent = (
        f"{model.knot_a[0]:g}, {model.knot_b[0]:g}" if model.knot_a != model.knot_b else "uniform"
    )
    stage = ", ".join(
        word for word, path in (("starts", train.start), ("follows", train.teacher)) if path
    )
    scores = " | ".join(f"{row[name]:.2f}" for name in ablations.SETS)
    theirs = " / ".join(f"{published[name]:.2f}" for name in ablations.SETS) if published else ""
    yes = {True: "yes", False: "no"}
    return (
        f"| {row['name']} | {levels} | {yes[model.interpolate]} | {yes[model.residual]} | {bent} | {stage} "
        f"| {row['table_bytes'] / 1024:.0f} KiB | {scores} | {theirs} |"
    )
