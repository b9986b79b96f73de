"""The tables of docs/silicon.md, from results/silicon.json and from the shapes of the models."""

from __future__ import annotations

import iqlut
from iqlut import arithmetic
from scripts.shared import gate_cells, result_files, synthesis
from scripts.shared.result_files import Row

WIDTHS = (320, 480, 960)
MODELS = ("l8c8-x4", "l8c8-x2", "l8c8-x3", "l12c8-x4", "iqlut-5k-x4")

# LUTs that a cell of the UltraScale+ takes; a LUT with fewer inputs counts as one
LUTS = {f"LUT{inputs}": 1 for inputs in range(1, 7)} | {
    "SRL16E": 1,
    "SRLC32E": 1,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM32M16": 8,
    "RAM64M8": 8,
}
FLIP_FLOPS = ("FDRE", "FDSE", "FDCE", "FDPE")
BLOCK_RAMS = {"RAMB36E2": 1.0, "RAMB18E2": 0.5}

# Published designs, as their papers state them: name, technology, throughput, size, memory, PSNR
QUOTED = (
    (
        "FSRCNN on a ZCU102",
        "UltraScale+",
        "320x180 to 1280x720, a pixel in each clock at 300 MHz",
        "41,859 LUT, 29,920 FF, 1,513 DSP",
        "96.5 BRAM",
        "30.14 dB",
    ),
    ("RAISR chip", "40 nm", "1080p at 90 frames/s", "3,110 kGE", "", ""),
    ("tilted layer fusion", "40 nm, 600 MHz", "1080p at 60 frames/s", "544 kGE", "102 KB", ""),
    ("ESSR", "28 nm", "8K at 30 frames/s", "2,749 kGE", "", ""),
)
NOT_MEASURED = "not measured yet"
COMPARED = ("l8c8-x4", "iqlut-5k-x4")


def comparison() -> str:
    """Return a table of our models beside published designs."""
    heads = ("design", "technology", "throughput", "size", "memory", "PSNR", "")
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---|---|--:|---|"]
    lines += [f"| {' | '.join((*design, 'quoted'))} |" for design in QUOTED]
    scores = result_files.load("quality")["rows"]
    for model in COMPARED:
        tables = iqlut.load(model)
        assert isinstance(tables, iqlut.Tables)
        psnr_db = next(
            row["psnr_db"]
            for row in scores
            if (row["model"], row["dataset"], row["path"], row["ensemble"])
            == (model, "Set5", "y", 1)
        )
        row_memory = f"{column_bytes(tables) * 320 / 1024:.1f} KiB at 320 px"
        for target, technology in (("xcup", "UltraScale+"), ("gates", "gates")):
            size, block_rams = _size(tables, target)
            cells = (technology, "a pixel in 8 clocks (simulated)", size, block_rams or row_memory)
            status = "PSNR measured" if size.startswith(NOT_MEASURED) else "measured"
            quality = f"{psnr_db:.2f} dB (Set5) | {status}"
            lines.append(f"| **{model}** | {' | '.join(cells)} | {quality} |")
    return "\n".join(lines) + "\n"


def _size(tables: iqlut.Tables, target: str) -> tuple[str, str]:
    """What all modules of a model take together, and their block RAMs, if all were measured."""
    rows = [
        row
        for row in result_files.load_rows("silicon")
        if (row["target"], row["model"]) == (target, tables.name)
    ]
    missing = len(synthesis.modules(tables)) - len(rows)
    if missing:
        return f"{NOT_MEASURED} ({missing} of {len(synthesis.modules(tables))} modules)", ""
    of_row = (_fpga_columns if target == "xcup" else _gate_columns)()[1]
    together = [sum(cells) for cells in zip(*(of_row(row) for row in rows), strict=True)]
    if target == "gates":
        return f"{together[0] / 1000:,.0f} kGE, of which the tables {together[2] / 1000:,.0f}", ""
    luts, flip_flops, dsps, block_rams = together
    return (
        f"{luts:,.0f} LUT, {flip_flops:,.0f} FF, {dsps:.0f} DSP",
        f"{block_rams:g} BRAM at 960 px",
    )


def sizes() -> str:
    """Return what each module takes, and all of a model together where all were measured."""
    rows = result_files.load_rows("silicon")
    lines = []
    for target, title, columns in (
        ("xcup", "UltraScale+ (`synth_xilinx -family xcup -nodsp`)", _fpga_columns),
        ("gates", "Gates, in NAND2 equivalents", _gate_columns),
    ):
        for model in MODELS:
            found = [row for row in rows if (row["target"], row["model"]) == (target, model)]
            if found:
                lines += [f"### {model}: {title}\n", *_table(model, found, columns), ""]
                lines.append(f"{_origin(found)}\n")
    return "\n".join(lines)


def memory() -> str:
    """Return the bits of the tables and of the memories of rows of each model."""
    heads = ("model", "tables stored", "row memories for each column", *(f"{w} px" for w in WIDTHS))
    lines = [f"| {' | '.join(heads)} |", "|---|--:|--:|" + "--:|" * len(WIDTHS)]
    for model in MODELS:
        tables = iqlut.load(model)
        assert isinstance(tables, iqlut.Tables)
        column = column_bytes(tables)
        cells = [f"{tables.table_bytes:,} bytes", f"{8 * column:,} bits"]
        cells += [f"{column * width / 1024:.1f} KiB" for width in WIDTHS]
        lines.append(f"| {model} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def column_bytes(tables: iqlut.Tables) -> int:
    """Bytes that the circuit keeps for each column: of signals, of luma, and of two output rows."""
    signals = sum((layer.kernel - 1) * layer.channels_in for layer in tables.layers)
    lag = sum(arithmetic.footprint(layer.kernel)[1] for layer in tables.layers)
    return signals + lag + 1 + 2 * tables.scale**2


def _table(model: str, rows: list[Row], columns) -> list[str]:
    heads, of_row = columns()
    tables = iqlut.load(model)
    assert isinstance(tables, iqlut.Tables)
    by_module = {row["module"]: of_row(row) for row in rows}
    names = [name for name in synthesis.modules(tables) if name in by_module]
    lines = [(name, *by_module[name]) for name in names]
    missing = [name for name in synthesis.modules(tables) if name not in by_module]
    if not missing:
        lines.append(("together", *map(sum, zip(*by_module.values(), strict=True))))
    texts = [[_text(cell) for cell in line] for line in lines]
    return [
        f"| module | {' | '.join(heads)} |",
        "|---|" + "--:|" * len(heads),
        *(f"| {' | '.join(text)} |" for text in texts),
        *([f"\nNot measured yet: {', '.join(missing)}."] if missing else []),
    ]


def _text(cell: str | float) -> str:
    return cell if isinstance(cell, str) else f"{cell:,g}" if cell % 1 else f"{int(cell):,}"


def _fpga_columns():
    def of_row(row: Row) -> tuple[float, ...]:
        cells = row["cells"]
        luts = sum(LUTS[name] * cells.get(name, 0) for name in LUTS)
        flip_flops = sum(cells.get(name, 0) for name in FLIP_FLOPS)
        block_rams = sum(count * cells.get(name, 0) for name, count in BLOCK_RAMS.items())
        return luts, flip_flops, cells.get("DSP48E2", 0), block_rams

    return ("LUT", "FF", "DSP", "BRAM (rows)"), of_row


def _gate_columns():
    def of_row(row: Row) -> tuple[float, ...]:
        logic = round(gate_cells.equivalents(row["cells"]))
        tables = round(gate_cells.equivalents(row["cells_of_tables"]))
        return logic + tables, logic, tables, row["table_bits"], row["cells"][gate_cells.FLIP_FLOP]

    return ("GE", "without tables", "tables as logic", "or as bits of ROM", "FF"), of_row


def _origin(rows: list[Row]) -> str:
    origins = sorted({result_files.described(row["origin"]) for row in rows})
    tools = sorted({row["tool"] for row in rows})
    return f"Measured: {'; '.join(origins)}; {', '.join(tools)}."
