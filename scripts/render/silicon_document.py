"""The tables of docs/silicon.md, from results/silicon.json and from the shapes of the models."""

from __future__ import annotations

import iqlut
from iqlut import arithmetic
from scripts.measure import silicon
from scripts.render.silicon_forms import FORMS, Form
from scripts.render.silicon_modules import module_sizes
from scripts.shared import result_files, synthesis
from scripts.shared.result_files import Row

WIDTHS = (320, 480, 960)
MEMORY_BYTES = 64 * 1024  # that the widest frame may take
MODELS = ("l8c8-x4", "l8c8-x2", "l8c8-x3", "l12c8-x4", "iqlut-5k-x4")

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


def comparison() -> str:
    """Return a table of our models beside published designs."""
    heads = ("design", "technology", "throughput", "size", "memory", "PSNR", "")
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---|---|--:|---|"]
    lines += [f"| {' | '.join((*design, 'quoted'))} |" for design in QUOTED]
    scores = result_files.load("quality")["rows"]
    for model in silicon.SHOWN:
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
            size, block_rams, status = _size(tables, target)
            cells = (technology, "a pixel in 8 clocks (simulated)", size, block_rams or row_memory)
            quality = f"{psnr_db:.2f} dB (Set5) | {status}"
            lines.append(f"| **{model}** | {' | '.join(cells)} | {quality} |")
    return "\n".join(lines) + "\n"


def _size(tables: iqlut.Tables, target: str) -> tuple[str, str, str]:
    """What all modules of a model take together, their block RAMs, and how both are known."""
    found = module_sizes(tables, _rows(target, tables.name), FORMS[target])
    if found.unknown:
        count = f"{len(found.unknown)} of {len(synthesis.modules(tables))} modules"
        return f"not measured yet ({count})", "", "PSNR measured"
    status = "size estimated, PSNR measured" if found.estimated else "measured"
    together = found.together()
    if target == "gates":
        gates, _, of_tables = together[:3]
        size = f"{gates / 1000:,.0f} kGE, of which the tables {of_tables / 1000:,.0f} kGE"
        return size, "", status
    luts, flip_flops, dsps, block_rams = together
    size = f"{luts:,.0f} LUT, {flip_flops:,.0f} FF, {dsps:.0f} DSP"
    return size, f"{block_rams:g} BRAM at 960 px", status


def _rows(target: str, model: str) -> list[Row]:
    rows = result_files.load_rows("silicon")
    return [row for row in rows if (row["target"], row["model"]) == (target, model)]


def sizes() -> str:
    """Return what each module takes, and all of a model together."""
    lines = []
    for target, form in FORMS.items():
        for model in MODELS:
            if found := _rows(target, model):
                lines += [f"### {model}: {form.title}\n", *_table(model, found, form), ""]
                if target == "gates":
                    lines += _tables_in_rom(model, found)
                lines.append(f"{_origin(found)}\n")
    return "\n".join(lines)


def _tables_in_rom(model: str, rows: list[Row]) -> list[str]:
    """Return a line with what the circuit takes if its tables are ROM, once that is known."""
    tables = iqlut.load(model)
    assert isinstance(tables, iqlut.Tables)
    found = module_sizes(tables, rows, FORMS["gates"])
    if found.unknown:
        return []
    _, without_tables, _, table_bits, _ = found.together()
    widest_px = int((MEMORY_BYTES - table_bits / 8) // column_bytes(tables))
    return [
        f"With its tables in ROM, the circuit takes {without_tables / 1000:,.0f} kGE and "
        f"{table_bits / 8 / 1024:.1f} KiB of ROM; ROM and row memories together are within 64 KiB "
        f"up to a width of {widest_px} px.\n"
    ]


def memory() -> str:
    """Return the bits of the tables and of the memories of rows of each model."""
    heads = ["model", "tables stored", "row memories for each column"]
    heads += [*(f"{width} px" for width in WIDTHS), "widest in 64 KiB"]
    lines = [f"| {' | '.join(heads)} |", "|---|" + "--:|" * (len(heads) - 1)]
    for model in MODELS:
        tables = iqlut.load(model)
        assert isinstance(tables, iqlut.Tables)
        column = column_bytes(tables)
        cells = [f"{tables.table_bytes:,} bytes", f"{8 * column:,} bits"]
        cells += [f"{column * width / 1024:.1f} KiB" for width in WIDTHS]
        cells.append(f"{MEMORY_BYTES // column} px")
        lines.append(f"| {model} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def column_bytes(tables: iqlut.Tables) -> int:
    """Bytes that the circuit keeps for each column: of signals, of luma, and of two output rows."""
    signals = sum((layer.kernel - 1) * layer.channels_in for layer in tables.layers)
    lag = sum(arithmetic.footprint(layer.kernel)[1] for layer in tables.layers)
    return signals + lag + 1 + 2 * tables.scale**2


def _table(model: str, rows: list[Row], form: Form) -> list[str]:
    tables = iqlut.load(model)
    assert isinstance(tables, iqlut.Tables)
    notes = {row["module"]: form.notes(row) for row in rows}
    found = module_sizes(tables, rows, form)
    lines = [(name, *sizes, *notes[name]) for name, sizes in found.measured.items()]
    without_notes = ["" for _ in notes[rows[0]["module"]]]
    for name, sizes in found.estimated.items():
        lines.append((f"{name} (estimated)", *sizes, *without_notes))
    if not found.unknown:
        name = "together (estimated)" if found.estimated else "together"
        lines.append((name, *found.together(), *without_notes))
    texts = [[_text(cell) for cell in line] for line in lines]
    return [
        f"| module | {' | '.join(form.heads)} |",
        "|---|" + "--:|" * len(form.heads),
        *(f"| {' | '.join(text)} |" for text in texts),
        *([f"\nNot measured yet: {', '.join(found.unknown)}."] if found.unknown else []),
    ]


def _text(cell: str | float) -> str:
    """A cell of a table: a text as it is, a number with thousands separated, and halves of few."""
    if isinstance(cell, str):
        return cell
    return f"{cell:g}" if cell < 100 else f"{cell:,.0f}"


def _origin(rows: list[Row]) -> str:
    origins = sorted({result_files.described(row["origin"]) for row in rows})
    tools = sorted({row[key] for row in rows for key in ("tool", "router") if key in row})
    return f"Measured: {'; '.join(origins)}; {', '.join(tools)}."
