"""The quality tables of docs/results.md, from results/quality.json and results/published.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts.shared import result_files, table_cells
from scripts.shared.result_files import Row

_SETS = ("Set5", "Set14", "B100", "Urban100", "Manga109")
RGB_NOTE = (
    "In rows marked R, G, B, red, green and blue are upscaled separately and the luma of the "
    "result is compared, as the public code of SR-LUT and MuLUT does; in other measured rows, "
    "luma alone is upscaled ([evaluation.md](evaluation.md))."
)


def quality() -> str:
    """Return PSNR (and SSIM) on each test set, a table for each scale, published rows last."""
    ours, published = result_files.load("quality"), result_files.load("published")
    scales = sorted({4, *(row["scale"] for row in ours["rows"])}, reverse=True)
    parts = ["\n".join(_quality_table(scale, ours, published["rows"])) for scale in scales]
    note = f"Published: {published['meta']['source']}."
    if any(row.get("ensemble", 1) > 1 for row in ours["rows"]):
        note += (
            " With self-ensemble x8 (`--ensemble 8`) the same tables take eight times as long. "
            "x16 adds the negative of the image; models that have all flips and rotations built in "
            "take twice as long for it."
        )
    if any(row.get("path") == "rgb" for row in [*ours["rows"], *published["rows"]]):
        note += f" {RGB_NOTE}"
    return "\n\n".join(parts) + f"\n\n{table_cells.origin_line(ours['meta'], 'Quality')} {note}\n"


def _quality_table(scale: int, ours: dict[str, Any], published: list[Row]) -> list[str]:
    """Return the lines of the table of one scale: our rows by table bytes, then published ones."""
    rows = [row for row in ours["rows"] if row["scale"] == scale]
    others = [row for row in published if row.get("scale", 4) == scale]
    known = {row["dataset"] for row in rows}.union(*others)
    sets = [name for name in _SETS if name in known]
    heading = f"| x{scale}, luma PSNR in dB (and SSIM) | tables | {' | '.join(sets)} | |"
    lines = [heading, f"|---|--:|{'--:|' * len(sets)}---|"]
    lines += _measured_lines(rows, ours["meta"].get("table_bytes", {}), sets)
    for row in others:
        scores = {name: f"{row[name]:.2f}" for name in sets if name in row}
        kind = table_cells.published(row)
        cells = table_cells.joined(scores, sets)
        lines.append(f"| {row['model']} | {table_cells.table_kb(row)} | {cells} | {kind} |")
    return lines


def _measured_lines(rows: list[Row], bytes_of: dict[str, int], sets: list[str]) -> Iterator[str]:
    """Yield a line for each way of upscaling; what has no tables comes last."""
    without_tables = max(bytes_of.values(), default=0) + 1
    for name, path, ensemble in sorted(
        dict.fromkeys(_kind(row) for row in rows),
        key=lambda kind: (bytes_of.get(kind[0], without_tables), kind[1] == "rgb", kind[2]),
    ):
        same = [row for row in rows if _kind(row) == (name, path, ensemble)]
        scores = {row["dataset"]: _score(row) for row in same}
        label, tables = name, ""
        if name in bytes_of:
            label, tables = f"**{name}**", table_cells.table_kib(bytes_of[name])
        label += f", self-ensemble x{ensemble}" if ensemble > 1 else ""
        cells = table_cells.joined(scores, sets)
        yield f"| {label} | {tables} | {cells} | measured{table_cells.planes(path)} |"


def _kind(row: dict[str, Any]) -> tuple[str, str, int]:
    return row["model"], row["path"], row.get("ensemble", 1)


def _score(row: dict[str, Any]) -> str:
    return f"{row['psnr_db']:.2f} ({row['ssim']:.3f})" if "ssim" in row else f"{row['psnr_db']:.2f}"
