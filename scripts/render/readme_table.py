"""The table of the README: each model at x4, its bytes, its time and its PSNR, beside the published
ones.

docs/results.md shows everything else that was measured.
"""

from __future__ import annotations

from typing import Any

from scripts.shared import result_files, table_cells
from scripts.shared.result_files import Row

SETS = ("Set5", "Set14", "B100")
HEAD = (
    "| x4 | tables | time relative to Pillow's bicubic | Set5 | Set14 | B100 | |",
    "|---|--:|--:|--:|--:|--:|---|",
)
BICUBIC = "bicubic"
ENGINE = "native-"  # followed by "rgb" or an instruction set, from the slowest to the fastest
PLOT = "docs/images/quality.svg"  # drawn by plot_quality

Rows = list[Row]


def summary() -> str:
    """Return what the README shows: a row for each model at x4, a note, and the plot where it
    exists.
    """
    ours, timings, published = (
        result_files.load("quality"),
        result_files.load("speed"),
        result_files.load("published"),
    )
    if not ours["rows"]:
        return table_cells.origin_line({}, "Quality") + "\n"
    meta = ours["meta"]
    rows = table(ours["rows"], meta["table_bytes"], timings["rows"], published["rows"])
    note = (
        "The scores are luma PSNR in dB; the measured ones come from `make results` "
        f"({result_files.described(meta['origin'])}). The times are for one thread, those of the "
        f"tables with {_instruction_set(timings['rows'])}, and come from `make figures` "
        f"({result_files.described(timings['meta']['origin'])}). The published "
        f"scores come from {published['meta']['source']}. We measured the times of the published "
        "networks ourselves, with random weights, in float32 and, where the table says so, in "
        "int8; times marked *about* were measured on another machine. Scores marked *bicubic* "
        "come from a source in which bicubic upscaling scores more on Set5 than here. "
        "[docs/results.md](docs/results.md) also has x2 and x3, SSIM, colours, self-ensemble and "
        "all times."
    )
    plot = (
        [f"![Quality against table size and against time]({PLOT})"]
        if (result_files.ROOT / PLOT).exists()
        else []
    )
    return "\n\n".join([rows, note, *plot]) + "\n"


def table(quality: Rows, table_bytes: dict[str, int], speed: Rows, published: Rows) -> str:
    """Return rows of luma without self-ensemble: ours by size, bicubic, then the published ones."""
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
            f"**{name}**",
            table_cells.table_kib(table_bytes[name]),
            _time(times.get(name)),
            scores[name],
        )
        for name in ours
    ]
    if BICUBIC in scores:
        lines.append(_line(BICUBIC, "", _time(1.0), scores[BICUBIC]))
    return "\n".join(
        lines + [_published(row, times) for row in published if row["model"] != BICUBIC]
    )


def _published(row: dict[str, Any], times: dict[str, float]) -> str:
    bench = [
        ("int8 " if name.endswith("-int8") else "") + _time(times[name])
        for name in row.get("bench", ())
        if name in times
    ]
    time = ", ".join(bench) or _time(row.get("pillow_ratio"), "about ")
    return _line(
        row["model"],
        table_cells.table_kb(row),
        time,
        row,
        table_cells.published(row),
    )


def _plain(row: dict[str, Any]) -> bool:
    """Return whether a row is one plane of luma by the fastest instruction set, or another
    upscaler.
    """
    return row["name"] == "native" or not row["model"]


def _instruction_set(speed: Rows) -> str:
    """Return the name of the fastest instruction set that was timed, in capitals as usual."""
    names = [row["name"].removeprefix(ENGINE) for row in speed if row["name"].startswith(ENGINE)]
    return [name for name in names if name != "rgb"][-1].upper()


def _time(ratio: float | None, word: str = "") -> str:
    if ratio is None:
        return ""
    return f"{word}{ratio:.1f}" if ratio < 10 else f"{word}{ratio:.0f}"


def _line(
    label: str, tables: str, time: str, scores: dict[str, Any], origin: str = "measured"
) -> str:
    shown = table_cells.joined(
        {name: f"{scores[name]:.2f}" for name in SETS if name in scores}, SETS
    )
    return f"| {label} | {tables} | {time} | {shown} | {origin} |"
