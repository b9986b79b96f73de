"""The tables of docs/firmware.md, from results/firmware.json."""

from __future__ import annotations

from typing import Any

from scripts.shared import result_files

OUTPUT_PIXELS = 640 * 480
CLOCKS_MHZ = (100, 480)
TILE_BYTES = 16 * 1024


def figures() -> str:
    """Return flash, RAM and instructions of each core and model."""
    contents = result_files.load("firmware")
    rows, meta = contents["rows"], contents["meta"]
    models = [row for row in rows if "table_bytes" in row]
    tools = "; ".join(meta["commands"])
    return "\n".join(
        [
            f"Measured: {result_files.described(meta['origin'])}, {tools}.\n",
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
    return (row["core"], row.get("model") or row["filter"], f"{count:,.0f}", *rates)


def _table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    marks = ["---", "---", *["--:"] * (len(heads) - 2)]
    lines = [" | ".join(heads), " | ".join(marks)]
    lines += [" | ".join(f"{c:,}" if isinstance(c, int) else str(c) for c in row) for row in rows]
    return [*(f"| {line} |" for line in lines), ""]
