"""Renders results/firmware.json into the tables of docs/firmware.md, between its markers.

python scripts/render_firmware.py [--check]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE, RESULTS = ROOT / "docs" / "firmware.md", ROOT / "results" / "firmware.json"
BEGIN, END = "<!-- figures: scripts/render_firmware.py -->\n", "<!-- end of figures -->"
OUTPUT_PIXELS = 640 * 480
CLOCKS_MHZ = (100, 480)
TILE_BYTES = 16 * 1024


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    result = json.loads(RESULTS.read_text(encoding="utf-8"))
    rendered = head + BEGIN + _figures(result) + END + tail
    if "--check" in sys.argv:
        sys.exit(rendered != page and "docs/firmware.md is stale; run scripts/render_firmware.py")
    PAGE.write_text(rendered, encoding="utf-8")


def _figures(result: dict[str, Any]) -> str:
    rows = result["rows"]
    models = [row for row in rows if "table_bytes" in row]
    tools = "; ".join(result["tools"])
    return "\n".join(
        [
            f"Measured at {result['commit']}, {result['date']}, with {tools}.\n",
            "### Flash, bytes (-Os)\n",
            *_table(
                ("core", "model", "code", "tables", "together"),
                [
                    (row["core"], row["model"], code, table, code + table)
                    for row in models
                    for code, table in [(row["code_bytes"], row["table_bytes"])]
                ],
            ),
            "### RAM, bytes\n",
            *_ram(models),
            "### Instructions for each output pixel, and frames a second for 160x120 to 640x480\n",
            *_table(
                ("core", "model", "instructions", *(f"at {mhz} MHz" for mhz in CLOCKS_MHZ)),
                [_speed(row) for row in rows],
            ),
        ]
    )


def _ram(models: list[dict[str, Any]]) -> list[str]:
    """Memory of a stream, its struct and the stack together."""
    widths = list(models[0]["memory_bytes"])
    lines = []
    for row in models:
        extra = row["stack_bytes"] + row["stream_bytes"]
        together = [row["memory_bytes"][width] + extra for width in widths]
        one, other = (row["memory_bytes"][width] for width in widths[:2])
        column = (other - one) // (int(widths[1]) - int(widths[0]))
        tile = int(widths[0]) + (TILE_BYTES - extra - one) // column
        lines.append((row["core"], row["model"], row["stack_bytes"], *together, f"{tile} px"))
    heads = ("core", "model", "of it stack", *(f"{width} px wide" for width in widths))
    return _table((*heads, "widest tile in 16 KB"), lines)


def _speed(row: dict[str, Any]) -> tuple[Any, ...]:
    count = row["instructions_per_pixel"]
    rates = [f"{mhz * 1e6 / (count * OUTPUT_PIXELS):.2f}" for mhz in CLOCKS_MHZ]
    return (row["core"], row["model"], f"{count:,.0f}", *rates)


def _table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    marks = ["---", "---", *["--:"] * (len(heads) - 2)]
    lines = [" | ".join(heads), " | ".join(marks)]
    lines += [" | ".join(f"{c:,}" if isinstance(c, int) else str(c) for c in row) for row in rows]
    return [*(f"| {line} |" for line in lines), ""]


if __name__ == "__main__":
    main()
