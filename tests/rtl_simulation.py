"""Runs the test bench of `iqlut export rtl` in a simulator."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SIMULATORS = {"icarus": "iverilog", "verilator": "verilator"}
TIMEOUT_S = 3600  # Icarus Verilog takes minutes for a whole model, far more on a busy machine


def simulate(folder: Path, simulator: str, files: dict[str, bytes], *settings: str) -> str:
    """What the test bench prints; a failed comparison is an error of the simulator."""
    if shutil.which(SIMULATORS[simulator]) is None:
        pytest.skip(f"{SIMULATORS[simulator]} is not installed")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    command = ["make", "-f", "simulate.mk", simulator, *settings]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "PASS" in done.stdout
    return done.stdout
