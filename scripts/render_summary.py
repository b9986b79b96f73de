"""The table of the README: each model at x4, its bytes, its time and its PSNR, beside the published ones. All else that
was measured is in docs/results.md; render_results.py writes and checks both.
"""

from __future__ import annotations

from typing import Any

import cells

SETS = ("Set5", "Set14", "B100")
HEAD = (
    "| x4 | tables | time, to Pillow's bicubic | Set5 | Set14 | B100 | |",
    "|---|--:|--:|--:|--:|--:|---|",
)
BICUBIC = "bicubic"

Rows = list[dict[str, Any]]


def table(quality: Rows, table_bytes: dict[str, int], speed: Rows, published: Rows) -> str:
    """Rows of luma alone, unturned: ours as they grow, bicubic, then the published ones as they are listed."""
    scores: dict[str, dict[str, float]] = {}
    for row in quality:
        if (row["scale"], row["path"], row.get("ensemble", 1)) == (4, "y", 1):
            scores.setdefault(row["model"], {})[row["dataset"]] = row["psnr_db"]
    ours = sorted(
        (name for name in scores if name in table_bytes), key=lambda name: table_bytes[name]
    )
    one_thread = [row for row in speed if (row["threads"], row["scale"]) == (1, 4)]
    times = {
        row["model"] or row["name"]: row["ratio_to_pillow_bicubic"]
        for row in one_thread
        if _plain(row)
    }
    lines = [*HEAD]
    lines += [
        _line(
            f"**{name}**", cells.table_kib(table_bytes[name]), _time(times.get(name)), scores[name]
        )
        for name in ours
    ]
    if BICUBIC in scores:
        lines.append(_line(BICUBIC, "", _time(1.0), scores[BICUBIC]))
    return "\n".join(
        lines + [_published(row, times) for row in published if row["model"] != BICUBIC]
    )


def _published(row: dict[str, Any], times: dict[str, float]) -> str:
    bench = [times[name] for name in row.get("bench", ()) if name in times]
    time = _time(bench[0]) if bench else _time(row.get("pillow_ratio"), "about ")
    return _line(
        row["model"], cells.table_kb(row), time, row, f"published{cells.way(row.get('path', 'y'))}"
    )


def _plain(row: dict[str, Any]) -> bool:
    """One plane of luma by the fastest instructions, or a peer."""
    return row["name"] == "native" or not row["model"]


def _time(ratio: float | None, word: str = "") -> str:
    if ratio is None:
        return ""
    return f"{word}{ratio:.1f}" if ratio < 10 else f"{word}{ratio:.0f}"


def _line(
    label: str, tables: str, time: str, scores: dict[str, Any], origin: str = "measured"
) -> str:
    shown = cells.joined({name: f"{scores[name]:.2f}" for name in SETS if name in scores}, SETS)
    return f"| {label} | {tables} | {time} | {shown} | {origin} |"
