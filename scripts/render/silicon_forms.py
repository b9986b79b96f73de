"""What the tables of docs/silicon.md show of a module, for each target of the synthesis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scripts.shared import gate_cells
from scripts.shared.result_files import Row

# LUTs that a cell takes; a LUT with fewer inputs counts as one
ULTRASCALE_LUTS = {f"LUT{inputs}": 1 for inputs in range(1, 7)} | {
    "SRL16E": 1,
    "SRLC32E": 1,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM32M16": 8,
    "RAM64M8": 8,
}
ECP5_LUTS = {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4}


@dataclass(frozen=True)
class Fpga:
    """How many of its elements a cell takes; cells that are not named take none."""

    luts: dict[str, int]
    flip_flops: tuple[str, ...]
    multipliers: tuple[str, ...]
    block_rams: dict[str, float]

    def columns(self, row: Row) -> tuple[float, ...]:
        """LUTs, flip-flops, multipliers and block RAMs of a row of results/silicon.json."""
        cells = row["cells"]
        return (
            sum(count * cells.get(name, 0) for name, count in self.luts.items()),
            sum(cells.get(name, 0) for name in self.flip_flops),
            sum(cells.get(name, 0) for name in self.multipliers),
            sum(count * cells.get(name, 0) for name, count in self.block_rams.items()),
        )


ULTRASCALE = Fpga(
    ULTRASCALE_LUTS,
    ("FDRE", "FDSE", "FDCE", "FDPE"),
    ("DSP48E2",),
    {"RAMB36E2": 1.0, "RAMB18E2": 0.5},
)
ECP5 = Fpga(ECP5_LUTS, ("TRELLIS_FF",), ("MULT18X18D",), {"DP16KD": 1.0})


def _gates(row: Row) -> tuple[float, ...]:
    logic = round(gate_cells.equivalents(row["cells"]))
    tables = round(gate_cells.equivalents(row["cells_of_tables"]))
    flip_flops = row["cells"].get(gate_cells.FLIP_FLOP, 0)
    return logic + tables, logic, tables, row["table_bits"], flip_flops


def _no_notes(row: Row) -> tuple[str, ...]:
    return ()


def _clock(row: Row) -> tuple[str, ...]:
    return (f"{row['mhz']:.0f} MHz",)


@dataclass(frozen=True)
class Form:
    """How the rows of a target are shown: `sizes` are summed over modules, `notes` are not."""

    title: str
    heads: tuple[str, ...]
    sizes: Callable[[Row], tuple[float, ...]]
    notes: Callable[[Row], tuple[str, ...]] = _no_notes


FORMS = {
    "xcup": Form(
        "UltraScale+ (`synth_xilinx -family xcup -nodsp`)",
        ("LUT", "FF", "DSP", "BRAM (rows)"),
        ULTRASCALE.columns,
    ),
    "ecp5": Form(
        "ECP5 (`synth_ecp5 -nodsp`, LFE5U-85F of speed grade 6)",
        ("LUT4", "FF", "DSP", "BRAM (rows)", "clock"),
        ECP5.columns,
        _clock,
    ),
    "gates": Form(
        "gates, in NAND2 equivalents (GE)",
        ("GE", "without tables", "tables as logic", "or as bits of ROM", "FF"),
        _gates,
    ),
}
