"""The cells in which gates are counted, and their sizes in NAND2 equivalents.

A cell is as large as the smallest one of its function in the NanGate 45 nm open cell library,
relative to NAND2_X1. Adders are made of these cells; the library's own full adder, which is a fifth
smaller, is not used.
"""

from __future__ import annotations

NAND2_AREA = 0.798  # in square micrometres, as all areas here
FLIP_FLOP = "$_DFF_P_"
FLIP_FLOP_AREA = 4.522

# Combinational cells: area, and function of the inputs A, B, C and D
CELLS = {
    "INV": (0.532, "!A"),
    "NAND2": (0.798, "!(A*B)"),
    "NAND3": (1.064, "!(A*B*C)"),
    "NAND4": (1.330, "!(A*B*C*D)"),
    "NOR2": (0.798, "!(A+B)"),
    "NOR3": (1.064, "!(A+B+C)"),
    "NOR4": (1.330, "!(A+B+C+D)"),
    "AND2": (1.064, "A*B"),
    "AND3": (1.330, "A*B*C"),
    "OR2": (1.064, "A+B"),
    "OR3": (1.330, "A+B+C"),
    "XOR2": (1.596, "A*!B+!A*B"),
    "XNOR2": (1.596, "A*B+!A*!B"),
    "AOI21": (1.064, "!(A*B+C)"),
    "OAI21": (1.064, "!((A+B)*C)"),
    "AOI22": (1.330, "!(A*B+C*D)"),
    "OAI22": (1.330, "!((A+B)*(C+D))"),
    "AOI211": (1.330, "!(A*B+C+D)"),
    "OAI211": (1.330, "!((A+B)*C*D)"),
    "MUX2": (1.862, "A*!C+B*C"),
}
NO_GATES = ("$mem_v2", "ZERO", "ONE")  # memories, which are counted in bits, and constants


def genlib() -> str:
    """The combinational cells as a library in the format genlib, for ABC."""
    pins = "PIN * UNKNOWN 1 999 1 0 1 0"
    lines = [f"GATE {name} {area} Y={function}; {pins}" for name, (area, function) in CELLS.items()]
    return "\n".join([*lines, "GATE ZERO 0 Y=CONST0;", "GATE ONE 0 Y=CONST1;"]) + "\n"


def equivalents(cells: dict[str, int]) -> float:
    """The size of so many cells of each kind in NAND2 equivalents."""
    areas = {name: area for name, (area, _) in CELLS.items()} | {FLIP_FLOP: FLIP_FLOP_AREA}
    counted = {name: count for name, count in cells.items() if name not in NO_GATES}
    return sum(areas[name] * count for name, count in counted.items()) / NAND2_AREA
