"""native/check.c compiled for AArch64 with all instruction sets, to run under qemu."""

from __future__ import annotations

import subprocess
from pathlib import Path

NATIVE = Path(__file__).parents[2] / "native"
COMPILER = "aarch64-linux-gnu-gcc"
INSTRUCTION_SETS = ("portable", "neon", "neondot")
_FLAGS = {"neondot": ("-march=armv8.2-a+dotprod",)}  # as in CMakeLists.txt


def build(folder: Path) -> Path:
    """Compile the program into a folder and return its path. Raises CalledProcessError."""
    objects = []
    for source in sources():
        objects.append(folder / f"{source.parent.name}_{source.stem}.o")
        defined = ("-DIQLUT_NEON", "-DIQLUT_NEON_DOT", *_FLAGS.get(source.stem, ()))
        command = [COMPILER, "-std=c11", "-O3", *defined, "-c", source, "-o", objects[-1]]
        subprocess.run(command, check=True)
    program = folder / "check"
    subprocess.run([COMPILER, "-static", "-pthread", *objects, "-o", program], check=True)
    return program


def sources() -> list[Path]:
    """check.c and the files of the inference library, except those for x86."""
    files = [NATIVE / "check.c", *NATIVE.glob("shared/*.c"), *NATIVE.glob("inference/*.c")]
    return [
        file
        for file in sorted(files)
        if not file.stem.endswith("_tmpl") and not file.stem.startswith("avx")
    ]
