"""The C runtime on emulated microcontrollers and AArch64 gives the pixels of the reference."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import c_cases
from iqlut.targets.vectors import picture

ROOT = Path(__file__).parents[1]
RUNTIME, PROGRAMS = ROOT / "runtimes" / "c", Path(__file__).parent / "c_runtime"
EXAMPLES = RUNTIME / "examples"
RANDOM_CASES, SYMMETRIC_CASES = 200, 12
TIMEOUT_S = 900

ARM = ("arm-none-eabi-gcc", "-mthumb", "-nostartfiles", f"-T{EXAMPLES}/cortex_m.ld")
QEMU_ARM = ("qemu-system-arm", "-display", "none", "-monitor", "none", "-serial", "none")
SEMIHOSTING = ("-semihosting", "-kernel")
RISCV = ("riscv64-unknown-elf-gcc", "--specs=picolibc.specs", "-nostartfiles", "-mabi=ilp32")
QEMU_RISCV = ("qemu-system-riscv32", "-machine", "virt", "-bios", "none", "-display", "none")


def cortex_m(cpu: str, machine: str, *flags: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Compiler, emulator and start code of a Cortex-M."""
    emulator = (*QEMU_ARM, "-machine", machine, *SEMIHOSTING)
    return (*ARM, f"-mcpu={cpu}", *flags), emulator, "cortex_m.c"


# qemu has no board with a Cortex-M0+ and enough memory: a Cortex-M3 executes its instructions too
CORES = {
    "cortex-m0plus": cortex_m("cortex-m0plus", "mps2-an385"),
    "cortex-m4": cortex_m("cortex-m4", "mps2-an386"),
    "cortex-m4-dsp": cortex_m("cortex-m4", "mps2-an386", "-DIQLUT_DSP"),
    "cortex-m7-dsp": cortex_m("cortex-m7", "mps2-an500", "-DIQLUT_DSP"),
    "rv32imc": (
        (*RISCV, "-march=rv32imc", f"-T{EXAMPLES}/riscv.ld", "-Wl,--no-warn-rwx-segments"),
        (*QEMU_RISCV, "-monitor", "none", "-serial", "stdio", "-kernel"),
        "riscv.c",
    ),
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def blobs(tmp_path_factory) -> list[tuple[Path, int]]:
    """Files of cases that fit into the 4 MB of the smallest board, and how many cases each has."""
    folder = tmp_path_factory.mktemp("blobs")
    plane = picture(5, 19)
    groups = [[c_cases.random_case(seed) for seed in range(RANDOM_CASES)]]
    groups[0] += [c_cases.symmetric_case(seed) for seed in range(SYMMETRIC_CASES)]
    groups.append(list(c_cases.shipped_cases(np.ascontiguousarray(plane))))
    files = []
    for number, cases in enumerate(groups):
        file = folder / f"{number}.blob"
        file.write_bytes(c_cases.blob(cases))
        assert file.stat().st_size < 3 << 20
        files.append((file, len(cases)))
    return files


def require(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed; see .ci/tools for the packages")


@pytest.mark.parametrize("core", CORES)
def test_pixels(core, blobs, tmp_path):
    compiler, emulator, start = CORES[core]
    require(compiler[0], emulator[0])
    folders = [f"-I{folder}" for folder in (RUNTIME, PROGRAMS, EXAMPLES)]
    sources = [*sorted(RUNTIME.glob("*.c")), PROGRAMS / "check.c", PROGRAMS / "emulated.c"]
    sources += [EXAMPLES / start, PROGRAMS / "cases.S"]
    for blob, count in blobs:
        program = tmp_path / f"{blob.stem}.elf"
        command = [*compiler, "-std=gnu99", "-O2", *folders, f'-DCASES="{blob}"']
        subprocess.run([*command, *map(str, sources), "-o", str(program)], check=True)
        done = subprocess.run([*emulator, program], capture_output=True, timeout=TIMEOUT_S)
        printed = (done.stdout + done.stderr).decode()
        assert f"{count} cases: 0 differences" in printed
        assert done.returncode == 0


def test_aarch64(blobs, tmp_path):
    require("aarch64-linux-gnu-gcc", "qemu-aarch64")
    sources = [*sorted(RUNTIME.glob("*.c")), PROGRAMS / "check.c", PROGRAMS / "host.c"]
    command = ["aarch64-linux-gnu-gcc", "-std=c99", "-O2", "-static", "-DIQLUT_DSP"]
    folders = [f"-I{RUNTIME}", f"-I{PROGRAMS}"]
    program = str(tmp_path / "check")
    subprocess.run([*command, *folders, *map(str, sources), "-o", program], check=True)
    for blob, count in blobs:
        with blob.open("rb") as cases:
            done = subprocess.run(["qemu-aarch64", program], stdin=cases, capture_output=True)
        assert done.stdout.decode() == f"{count} cases: 0 differences\n"
