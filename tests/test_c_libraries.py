"""The Arduino library and the Zephyr module, built as their build systems build them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import iqlut
from iqlut import targets
from iqlut.engines import reference
from iqlut.targets import c as c_target
from iqlut.targets import folder

PROGRAMS = Path(__file__).parent / "c_runtime"
MODEL = "iqlut-5k-x4"


def exported(target: str, to: Path) -> Path:
    folder.write(to, targets.get(target).emit(iqlut.load(MODEL)))
    return to


def require(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")


def test_arduino_example(tmp_path):
    """All of src as C, the example as C++ behind Arduino.h; it prints the reference's checksum."""
    require("gcc", "g++")
    library = exported("arduino", tmp_path / "iqlut")
    program, stub = tmp_path / "program", PROGRAMS / "arduino"
    include, warnings = f"-I{library / 'src'}", ("-Wall", "-Wextra", "-Werror", "-Os")
    for source in sorted((library / "src").glob("*.c")):
        command = ["gcc", "-std=gnu11", *warnings, include, "-c", str(source)]
        subprocess.run([*command, "-o", str(tmp_path / f"{source.stem}.o")], check=True)
    sketch = library / "examples" / "Upscale" / "Upscale.ino"
    command = ["g++", "-std=gnu++11", *warnings, include, f"-I{stub}", "-include", "Arduino.h"]
    command += ["-x", "c++", str(sketch), str(stub / "main.cpp"), "-x", "none"]
    objects = [str(file) for file in tmp_path.glob("*.o")]
    subprocess.run([*command, *objects, "-o", str(program)], check=True)
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    y, x = np.mgrid[:30, :40]
    luma = ((x * x + 3 * y * y + x * y) >> 2).astype(np.uint8)
    out = reference.build(iqlut.load(MODEL))(luma).astype(np.int64)
    row, column = np.mgrid[: out.shape[0], : out.shape[1]]
    checksum = int(((row * 31 + column * 17 + 1) * out).sum()) % (1 << 32)
    assert printed == f"status 0, checksum {checksum}, microseconds 0\n"


def test_arduino_properties(tmp_path):
    """What the IDE reads of the library: its version, and a header that exists."""
    library = exported("arduino", tmp_path / "iqlut")
    lines = (library / "library.properties").read_text().splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    required = {"name", "version", "author", "maintainer", "sentence", "paragraph", "category"}
    assert required <= set(properties)
    assert properties["version"] == iqlut.__version__
    assert (library / "src" / properties["includes"]).is_file()


@pytest.mark.parametrize("dsp", ["OFF", "ON"])
def test_zephyr_module(dsp, tmp_path):
    """An application links the module and its tables."""
    require("cmake", "gcc")
    module, word = exported("zephyr", tmp_path / "module"), c_target.identifier(MODEL)
    flags = f'-DTABLES_HEADER="\\"{word}_tables.h\\"" -DTABLES={word}'
    configure = ["cmake", "-S", str(PROGRAMS / "zephyr"), "-B", str(tmp_path / "build")]
    options = [f"-DMODULE={module}", "-DCONFIG_IQLUT=ON", f"-DCONFIG_IQLUT_DSP={dsp}"]
    done = subprocess.run([*configure, *options, f"-DCMAKE_C_FLAGS={flags}"], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    build = ["cmake", "--build", str(tmp_path / "build")]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    printed = subprocess.run([tmp_path / "build" / "application"], capture_output=True, text=True)
    assert int(printed.stdout) > 0


def test_zephyr_options_are_declared(tmp_path):
    """The build file asks for options that Kconfig declares, and module.yml names both files."""
    module = exported("zephyr", tmp_path / "module")
    asked = re.findall(r"CONFIG_(\w+)", (module / "zephyr" / "CMakeLists.txt").read_text())
    declared = re.findall(r"^config (\w+)", (module / "zephyr" / "Kconfig").read_text(), re.M)
    assert set(asked) == set(declared)
    about = (module / "zephyr" / "module.yml").read_text()
    assert "cmake: zephyr" in about and "kconfig: zephyr/Kconfig" in about
