"""The tables of short training runs in docs/training.md and docs/frontier.md, from
results/trials.json.
"""

from __future__ import annotations

from scripts.measure import training_trials
from scripts.shared import result_files
from scripts.shared.result_files import Row

HEAD = ("| trial | what differs | tables, bytes | dB | seen, MP |", "|---|---|--:|--:|--:|")
HEAD_TAPS = (
    "| trial | what differs | tables, bytes | time | Kodak, dB | structure, dB |",
    "|---|---|--:|--:|--:|--:|",
)


def table(group: str) -> str:
    """Return the trials of a group, the best score first, and where they were measured."""
    rows = [row for row in training_trials.read() if row["group"] == group]
    if not rows:
        return "Not measured yet (`python -m scripts.measure.training_trials`).\n"
    cells, head = (_cells_of_taps, HEAD_TAPS) if group == "taps" else (_cells, HEAD)
    lines = [*head]
    for row in sorted(rows, key=lambda row: -row["psnr_db"]):
        changes = f"`{row['changes']}`" if row["changes"] else ""
        about = (row["trial"], changes, f"{row['table_bytes']:,}", *cells(row))
        lines.append(f"| {' | '.join(about)} |")
    origins = {result_files.described(row["origin"]) for row in rows}
    origins |= {result_files.described(row["time_origin"]) for row in rows if "time_origin" in row}
    return "\n".join(lines) + f"\n\nMeasured: {'; '.join(sorted(origins))}.\n"


def _cells(row: Row) -> tuple[str, ...]:
    return f"{row['psnr_db']:.3f}", f"{row['megapixels']:.0f}"


def _cells_of_taps(row: Row) -> tuple[str, ...]:
    time = f"{row['time_to_pillow_bicubic']:.1f}" if "time_to_pillow_bicubic" in row else ""
    return time, f"{row['psnr_db']:.3f}", f"{row['structure_db']:.3f}"
