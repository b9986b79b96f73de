"""Measures the C runtime for firmware on emulated cores and writes results/firmware.json.

    python -m scripts.measure.firmware

Flash is what `size` says of objects compiled with -Os. Instructions are counted by qemu (-icount
shift=0) in programs compiled with -O2, on a plane of 64x48 pixels; the stack is what painting it
shows. Needs the packages that .ci/tools installs.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import iqlut
from iqlut.tables.restoration_tables import tables_at
from iqlut.targets import c
from scripts.shared import result_files
from scripts.shared.result_files import ROOT

EXAMPLES, BENCH = ROOT / "runtimes" / "c" / "examples", ROOT / "scripts" / "firmware"
MODELS = ("iqlut-5k-x4", "iqlut-6k-x4", "iqlut-8k-x4", "l8c8-x4")
WIDTHS = (160, 320, 480)  # as in bench.c


@dataclass(frozen=True)
class Core:
    """How to compile for a core and how to run it."""

    name: str
    compiler: tuple[str, ...]
    link: tuple[str, ...]
    emulator: tuple[str, ...]


def _arm(name: str, cpu: str, machine: str, *flags: str) -> Core:
    compiler = ("arm-none-eabi-gcc", "-mthumb", f"-mcpu={cpu}", *flags)
    link = ("-nostartfiles", f"-T{EXAMPLES}/cortex_m.ld", str(EXAMPLES / "cortex_m.c"))
    emulator = ("qemu-system-arm", "-machine", machine, "-serial", "none", "-semihosting")
    return Core(name, compiler, link, emulator)


CORES = (
    _arm("Cortex-M0+", "cortex-m0plus", "mps2-an385"),
    _arm("Cortex-M4", "cortex-m4", "mps2-an386"),
    _arm("Cortex-M4, DSP", "cortex-m4", "mps2-an386", "-DIQLUT_DSP"),
    _arm("Cortex-M7, DSP", "cortex-m7", "mps2-an500", "-DIQLUT_DSP"),
    Core(
        "RISC-V rv32imc",
        (
            "riscv64-unknown-elf-gcc",
            "--specs=picolibc.specs",
            "-march=rv32imc",
            "-mabi=ilp32",
        ),
        (
            "-nostartfiles",
            f"-T{EXAMPLES}/riscv.ld",
            "-Wl,--no-warn-rwx-segments",
            str(EXAMPLES / "riscv.c"),
        ),
        ("qemu-system-riscv32", "-machine", "virt", "-bios", "none", "-serial", "stdio"),
    ),
)


def main() -> None:
    """Measure all cores and models and write results/firmware.json."""
    measured_from, rows = result_files.origin(), []
    with TemporaryDirectory() as scratch:
        for core in CORES:
            for model in MODELS:
                folder = Path(scratch) / model
                rows.append(_model_row(core, model, folder))
                print(rows[-1], flush=True)
            for cubic, name in enumerate(("bilinear", "bicubic")):
                sources = [str(BENCH / "interpolation.c")]
                flags = [f"-DCUBIC={cubic}", f"-I{BENCH}"]
                flash = _text_bytes(core, sources, flags, Path(scratch))
                counted = _run(core, sources, flags, Path(scratch))
                rows.append({"core": core.name, "filter": name, "code_bytes": flash} | counted)
                print(rows[-1], flush=True)
    tools = [_first_line("arm-none-eabi-gcc"), _first_line("qemu-system-arm")]
    result_files.write("firmware", measured_from, tools, rows, MODELS)


def _model_row(core: Core, model: str, folder: Path) -> dict[str, Any]:
    """What a model takes on a core."""
    tables, word = tables_at(iqlut.load(model)), c.identifier(model)
    folder.mkdir(exist_ok=True)
    for name, data in c.emit(tables).items():
        (folder / name).write_bytes(data)
    table_file = str(folder / f"{word}_tables.c")
    # a program without colours and restoration strengths links these files only
    code = ("", "_model", "_layer", "_upsampler", "_dsp", "_dsp_arm", "_plane")
    sources = [str(folder / f"iqlut{name}.c") for name in code]
    flags = [f"-I{folder}", f'-DTABLES_HEADER="{word}_tables.h"', f"-DTABLES={word}"]
    flags.append(f"-DTABLES_BYTES={word.upper()}_BYTES")
    row = {
        "core": core.name,
        "model": model,
        "code_bytes": _text_bytes(core, sources, flags, folder),
        "table_bytes": _text_bytes(core, [table_file], flags, folder),
        "halo": list(tables.halo),
    }
    return row | _run(core, [*sources, table_file], flags, folder)


def _text_bytes(core: Core, sources: list[str], flags: list[str], folder: Path) -> int:
    """Bytes of code and constants of these files, compiled for size."""
    total = 0
    size = core.compiler[0].removesuffix("gcc") + "size"
    for source in sources:
        target = folder / "object.o"
        command = [*core.compiler, "-std=gnu99", "-Os", *flags, f"-I{EXAMPLES}", "-c", source]
        subprocess.run([*command, "-o", str(target)], check=True)
        done = subprocess.run([size, str(target)], check=True, capture_output=True, text=True)
        total += int(done.stdout.splitlines()[1].split()[0])
    return total


def _run(core: Core, sources: list[str], flags: list[str], folder: Path) -> dict[str, Any]:
    """Instructions for each output pixel, and bytes of stack and of the stream."""
    program = folder / "bench.elf"
    command = [*core.compiler, "-std=gnu99", "-O2", *flags, f"-I{EXAMPLES}", *sources]
    bench = [str(BENCH / "bench.c"), *core.link, "-o", str(program)]
    subprocess.run([*command, *bench], check=True)
    emulator = [*core.emulator, "-display", "none", "-monitor", "none", "-icount", "shift=0"]
    done = subprocess.run([*emulator, "-kernel", str(program)], capture_output=True, text=True)
    numbers = map(int, (done.stdout + done.stderr).split())
    instructions, pixels, stack, stream, *memory = numbers
    return {
        "instructions_per_pixel": round(instructions / pixels, 1),
        "stack_bytes": stack,
        "stream_bytes": stream,
    } | ({"memory_bytes": dict(zip(WIDTHS, memory, strict=True))} if memory else {})


def _first_line(program: str) -> str:
    done = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()[0]


if __name__ == "__main__":
    main()
