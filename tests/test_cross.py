"""The kernels without Python: a C program checks stored and random cases.

It runs on this processor and, under qemu, on AArch64.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import check_cases
from scripts.shared import aarch64_check

PORTABLE = [file for file in aarch64_check.sources() if not file.stem.startswith("neon")]
QEMU = ("qemu-aarch64", "qemu-aarch64-static")
CASES = 90  # of which each shape has one or more
STORED = Path(__file__).parents[1] / "vectors" / "edge.bin"


def run(folder: Path, stored: bool = False) -> str:
    """Run native/check.c on new random cases, or on the stored vectors, and return what it prints.

    Raises AssertionError if pixels differ.
    """
    program = str(folder / "check")
    subprocess.run(
        ["cc", "-std=c11", "-O2", "-pthread", "-o", program, *map(str, PORTABLE)],
        check=True,
    )
    cases = STORED.read_bytes() if stored else b"".join(map(check_cases.case, range(CASES)))
    done = subprocess.run([program], input=cases, stdout=subprocess.PIPE)
    assert done.returncode == 0, done.stdout.decode()
    return done.stdout.decode()


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_portable_c_alone(tmp_path):
    """Plain C without any instruction set chosen: what firmware compiles."""
    assert run(tmp_path) == f"portable on {CASES} cases: 0 differences\n"


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_portable_c_gives_the_stored_samples(tmp_path):
    """What is stored was not computed by the code of today."""
    assert run(tmp_path, stored=True) == "portable on 14 cases: 0 differences\n"


@pytest.mark.parametrize(
    "cpu, sets", [("max", "portable neon neondot"), ("cortex-a53", "portable neon")]
)
def test_aarch64_under_qemu(cpu, sets, tmp_path):
    """Processors with dot products and without them."""
    emulator = next(filter(None, map(shutil.which, QEMU)), None)
    if shutil.which(aarch64_check.COMPILER) is None or emulator is None:
        pytest.skip(
            "needs aarch64-linux-gnu-gcc and qemu-aarch64 (gcc-aarch64-linux-gnu, qemu-user)"
        )
    program = aarch64_check.build(tmp_path)
    cases = [*map(check_cases.case, range(CASES)), *check_cases.golden_cases()]
    command = [emulator, "-cpu", cpu, program]
    done = subprocess.run(command, input=b"".join(cases), capture_output=True)
    assert done.stdout.decode() == f"{sets} on {len(cases)} cases: 0 differences\n"
    assert done.returncode == 0
