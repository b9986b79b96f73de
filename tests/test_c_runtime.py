"""The C runtime for firmware on this machine.

It gives the pixels of the reference, compiles without warnings, and touches nothing on an error.
"""

from __future__ import annotations

import ctypes
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import c_cases
import iqlut
from iqlut.planes.colour import split
from iqlut.tables import missing_taps
from iqlut.targets import c as c_target

ROOT = Path(__file__).parents[1]
RUNTIME, PROGRAMS = ROOT / "runtimes" / "c", Path(__file__).parent / "c_runtime"
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")
RANDOM_CASES = 200

pytestmark = pytest.mark.skipif(not COMPILERS, reason="there is no gcc and no clang")


def sources() -> list[str]:
    return [str(file) for file in sorted(RUNTIME.glob("*.c"))]


def build(folder: Path, compiler: str, flags: tuple[str, ...], main: str, *more: str) -> Path:
    """A program of the runtime and a file of tests/c_runtime."""
    program = folder / "program"
    command = [compiler, "-std=c99", *flags, f"-I{RUNTIME}", f"-I{PROGRAMS}", "-o", str(program)]
    subprocess.run([*command, *sources(), *more, str(PROGRAMS / main)], check=True)
    return program


def sanitizers_of(folder: Path, compiler: str) -> tuple[str, ...]:
    """The sanitizers' flags, if the compiler can link them."""
    probe = folder / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    command = [compiler, *SANITIZERS, str(probe), "-o", str(folder / "probe")]
    return SANITIZERS if subprocess.run(command, capture_output=True).returncode == 0 else ()


@pytest.fixture(scope="module")
def plane() -> np.ndarray:
    """The plane of the golden vectors."""
    about = json.loads((ROOT / "vectors" / "index.json").read_text())["plane"]
    raw = np.fromfile(ROOT / "vectors" / about["file"], np.uint8)
    return raw.reshape(about["height"], about["width"])


@pytest.mark.slow
@pytest.mark.parametrize("option", ["-DPLAIN", "-DIQLUT_DSP"])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_pixels(compiler, option, plane, tmp_path):
    """Random legal tables and every shipped model, by rows and in tiles, under sanitizers."""
    flags = ("-O1", option, *sanitizers_of(tmp_path, compiler))
    program = build(tmp_path, compiler, flags, "host.c", str(PROGRAMS / "check.c"))
    cases = [c_cases.random_case(seed) for seed in range(RANDOM_CASES)]
    cases += [c_cases.symmetric_case(seed) for seed in range(60)]
    cases += c_cases.shipped_cases(plane[:9])
    done = subprocess.run([program], input=c_cases.blob(cases), capture_output=True)
    assert (done.returncode, done.stdout.decode()) == (0, f"{len(cases)} cases: 0 differences\n"), (
        done.stderr.decode()
    )


def test_stored_vectors(plane, tmp_path):
    """What is stored was not computed by the reference of today."""
    program = build(tmp_path, COMPILERS[0], ("-O2",), "host.c", str(PROGRAMS / "check.c"))
    rows = json.loads((ROOT / "vectors" / "index.json").read_text())["outputs"]
    stored = [c_cases.stored_case(row, plane, ROOT / "vectors" / row["file"]) for row in rows]
    done = subprocess.run([program], input=c_cases.blob(stored), capture_output=True)
    assert done.stdout.decode() == f"{len(rows)} cases: 0 differences\n"


@pytest.mark.parametrize("language", ["c", "c++"])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_compiles_without_a_warning(compiler, language, tmp_path):
    """The runtime and an exported table file, with every option that docs/firmware.md names."""
    for name, data in c_target.emit(iqlut.load("iqlut-5k-x4")).items():
        (tmp_path / name).write_bytes(data)
    standard = "-std=c99" if language == "c" else "-std=c++11"
    for file in sorted(tmp_path.glob("*.c")):
        for option in ("-DPLAIN", "-DIQLUT_DSP"):
            command = [
                compiler,
                "-x",
                language,
                standard,
                *WARNINGS,
                "-O2",
                option,
                "-c",
                str(file),
            ]
            done = subprocess.run([*command, "-o", str(tmp_path / "object.o")], capture_output=True)
            assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("compiler", COMPILERS)
def test_errors_touch_nothing(compiler, tmp_path):
    """Each error code of iqlut.h; the stream, the memory and the output are as before."""
    program = build(tmp_path, compiler, ("-O1", *WARNINGS), "errors.c")
    done = subprocess.run([program], capture_output=True)
    assert (done.returncode, done.stdout.decode()) == (0, "")


def test_memory_is_the_constant_that_the_table_file_gives(tmp_path):
    """The macro equals what iqlut_memory_bytes computes, for each shipped model."""
    names = iqlut.models()
    lines, tables = [], []
    for name in names:
        model = iqlut.load(name)
        one = model if isinstance(model, iqlut.Tables) else model.at(0)
        files = c_target.emit(one)
        word = c_target.identifier(name)
        for suffix in (".h", ".c"):
            (tmp_path / f"{word}_tables{suffix}").write_bytes(files[f"{word}_tables{suffix}"])
        tables.append(str(tmp_path / f"{word}_tables.c"))
        lines.append(f"IQLUT_CHECK({word}_constant, {word.upper()}_BYTES(3) > 0u);")
        lines += [f"BYTES({word}, {word.upper()}_BYTES({w}), {w})" for w in (1, 480)]
    includes = [f'#include "{c_target.identifier(name)}_tables.h"' for name in names]
    checks, calls = lines[::3], [line for line in lines if line.startswith("BYTES")]
    text = [
        *includes,
        *checks,
        "#define BYTES(m, b, w) if (iqlut_memory_bytes(&m, w) != b) return 1;",
    ]
    (tmp_path / "main.c").write_text("\n".join([*text, "int main(void) {", *calls, "return 0; }"]))
    command = [COMPILERS[0], "-std=c99", f"-I{RUNTIME}", f"-I{tmp_path}", "-o", str(tmp_path / "p")]
    subprocess.run([*command, *sources(), *tables, str(tmp_path / "main.c")], check=True)
    assert subprocess.run([tmp_path / "p"]).returncode == 0


@pytest.mark.parametrize("name", ["iqlut-5k-x4", "iqlut-6k-x4", "l8c8-x4"])
def test_tables_in_flash_are_the_stored_bytes(name):
    """The table file declares as many entries as are stored, without missing taps."""
    tables = iqlut.load(name)
    source = c_target.emit(tables)[f"{c_target.identifier(name)}_tables.c"].decode()
    stored = (tables.stored(index)["lut"] for index in range(len(tables.layers)))
    entries = re.findall(r" uint8_t (?:lut|around)_\w+\[(\d+)", source)
    assert sum(map(int, entries)) == sum(map(missing_taps.entry_count, stored))


def test_luma_of_camera_formats(tmp_path):
    """RGB888 and RGB565 give the luma of pictures; limited range goes to full and back."""
    library = tmp_path / "colour.so"
    command = [COMPILERS[0], "-std=c99", "-shared", "-fPIC", "-o", str(library)]
    subprocess.run([*command, str(RUNTIME / "iqlut_colour.c")], check=True)
    colour = ctypes.CDLL(str(library))
    rgb565 = np.arange(1 << 16, dtype=np.uint16)
    five, six = [(rgb565 >> 11), rgb565 & 31], (rgb565 >> 5) & 63
    red, blue = (value << 3 | value >> 2 for value in five)
    rgb = np.stack([red, six << 2 | six >> 4, blue], axis=1).astype(np.uint8)
    expected = split(rgb[None])[0]
    for pixels, name in ((rgb565, "iqlut_luma_rgb565"), (rgb, "iqlut_luma_rgb888")):
        luma = np.zeros(len(rgb), np.uint8)
        getattr(colour, name)(pixels.ctypes.data_as(ctypes.c_void_p), len(rgb), _pointer(luma))
        assert (luma == expected[0]).all()
    limited = np.arange(256, dtype=np.uint8)
    full, back = np.zeros_like(limited), np.zeros_like(limited)
    colour.iqlut_luma_from_limited(_pointer(limited), 256, _pointer(full))
    colour.iqlut_luma_to_limited(_pointer(full), 256, _pointer(back))
    assert (full[16], full[235]) == (0, 255)
    assert (back == limited.clip(16, 235)).all()


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)
