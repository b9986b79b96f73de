"""The times of docs/results.md and the figures of docs/kernel.md, from results/speed.json and
figures.json.
"""

from __future__ import annotations

from iqlut.timing.timed_upscalers import RGB
from scripts.measure import engine_figures
from scripts.shared import result_files, table_cells
from scripts.shared.result_files import Row

_FIRST = "l8c8-x4"


def speed() -> str:
    """Return times on one thread, in ms and relative to Pillow's bicubic."""
    timings = result_files.load("speed")
    if not timings["rows"]:
        return table_cells.origin_line({}, "Speed") + "\n"
    lines = ["| one thread | ms | relative to Pillow's bicubic |", "|---|--:|--:|"]
    for row in filter(_shown, timings["rows"]):
        what = f"{row['name']}, {row['width']}x{row['height']} to {_upscaled(row)}"
        if row["model"]:
            what = f"**{row['model']}**, {what}"
        lines.append(f"| {what} | {row['ms']:.1f} | {row['ratio_to_pillow_bicubic']:.2f} |")
    note = (
        f"The times are for one plane of luma, and in rows with `{RGB}` for a picture with "
        "colours. The networks have random weights and run under onnxruntime, in float32 or, with "
        "ReLU in place of PReLU, in int8. `results/speed.json` also has the "
        "times of all models with each instruction set, and on two threads."
    )
    return "\n".join(lines) + f"\n\n{table_cells.origin_line(timings['meta'], 'Speed')} {note}\n"


def _shown(row: Row) -> bool:
    """Return whether a row is shown: each instruction set for the first model alone."""
    return row["threads"] == 1 and (row["model"] in ("", _FIRST) or row["name"] in ("native", RGB))


def figures() -> str:
    """Return the figures that the native engine must reach, and what was measured."""
    measured = result_files.load("figures")
    if not measured["rows"]:
        return "Not measured yet (`python -m scripts.measure.engine_figures`).\n"
    lines = [
        f"| {row['what']} | {row['threads']} | {row['value']:.2f} | {engine_figures.verdict(row)} |"
        for row in measured["rows"]
    ]
    head = ("| | threads | measured | required |", "|---|--:|--:|---|")
    return (
        "\n".join((*head, *lines)) + f"\n\n{table_cells.origin_line(measured['meta'], 'Figures')}\n"
    )


def _upscaled(row: Row) -> str:
    return f"{row['width'] * row['scale']}x{row['height'] * row['scale']}"
