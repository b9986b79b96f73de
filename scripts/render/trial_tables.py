"""The tables of short training runs in docs/training.md and docs/frontier.md, from
results/trials.json.
"""

from __future__ import annotations

from scripts.measure import training_trials
from scripts.shared import result_files

HEAD = (
    "| trial | what differs | tables, bytes | dB | seen, MP |",
    "|---|---|--:|--:|--:|",
)


def table(group: str) -> str:
    """Return the trials of a group, the best score first, and where they were measured."""
    rows = [row for row in training_trials.read() if row["group"] == group]
    if not rows:
        return "Not measured yet (`python -m scripts.measure.training_trials`).\n"
    lines = [*HEAD]
    for row in sorted(rows, key=lambda row: -row["psnr_db"]):
        changes = f"`{row['changes']}`" if row["changes"] else ""
        lines.append(
            f"| {row['trial']} | {changes} | {row['table_bytes']:,} | {row['psnr_db']:.3f} "
            f"| {row['megapixels']:.0f} |"
        )
    origins = sorted({result_files.described(row["origin"]) for row in rows})
    return "\n".join(lines) + f"\n\nMeasured: {'; '.join(origins)}.\n"
