"""What a wheel contains, compared with what it must contain: tag, files and native libraries.

    python -m scripts.wheels.contents WHEEL...

A library is read by lief, whatever system it is for: its machine type, the libraries and the
version of the system that it needs, and the functions that it exports.
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import lief

from scripts.wheels.platforms import Platform, platform_of

ROOT = Path(__file__).parents[2]
SIZE_MAX_MB = 3.0
# The headers that declare what each library exports.
_HEADERS = {
    "inference": ("shared/interface.h", "inference/iqlut.h"),
    "training": ("shared/interface.h", "training/training.h"),
}
_DECLARED = re.compile(r"^IQLUT_API [^(;]*?(\w+)\(", re.MULTILINE)


@dataclass(frozen=True)
class NativeLibrary:
    """What the header and the tables of a library say.

    version  the lowest version of glibc or macOS that it runs on, () if it states none
    signed   whether it has a signature, without which Apple's own processors run nothing
    """

    machine: str
    needs: frozenset[str]
    exports: frozenset[str]
    version: tuple[int, ...] = ()
    signed: bool = False


def main(paths: list[str]) -> int:
    """1 if one of the wheels is not as it must be."""
    wrong = 0
    for path in map(Path, paths):
        print(summary(path))
        found = problems(path, platform_of(_tag_of(path)))
        for problem in found:
            print(f"{path.name}: {problem}", file=sys.stderr)
        wrong += bool(found)
    return int(wrong > 0)


def _tag_of(wheel: Path) -> str:
    return wheel.stem.rpartition("-")[2]


def summary(wheel: Path) -> str:
    """A row of text: the size of a wheel, and what its libraries need."""
    platform = platform_of(_tag_of(wheel))
    with zipfile.ZipFile(wheel) as file:
        found = [native_library(file.read(_library(name, platform))) for name in _HEADERS]
    needs = sorted(set().union(*(library.needs for library in found)))
    version = ".".join(map(str, max(library.version for library in found)))
    megabytes = wheel.stat().st_size / 1e6
    return f"{wheel.name}  {megabytes:.2f} MB  {version or '-'}  {' '.join(needs)}"


def problems(wheel: Path, platform: Platform) -> list[str]:
    """Each difference between a wheel and what it must be, as a sentence."""
    with zipfile.ZipFile(wheel) as file:
        return [*_file_problems(file, wheel, platform), *_library_problems(file, platform)]


def _file_problems(file: zipfile.ZipFile, wheel: Path, platform: Platform) -> Iterator[str]:
    names = set(file.namelist())
    (tags,) = (name for name in names if name.endswith(".dist-info/WHEEL"))
    expected = f"Tag: py3-none-{platform.tag}"
    lines = file.read(tags).decode().splitlines()
    if [line for line in lines if line.startswith("Tag:")] != [expected]:
        yield f"its tags are not {expected!r}"
    if "Root-Is-Purelib: false" not in lines:
        yield "it is marked as pure Python"
    for path in _shipped_files():
        name = path.relative_to(ROOT / "src").as_posix()
        if name not in names:
            yield f"{name} is missing"
        elif file.read(name) != path.read_bytes():
            yield f"{name} differs from the source"
    if not any(name.startswith("iqlut/runtimes/c/") for name in names):
        yield "the C runtime is missing"
    megabytes = wheel.stat().st_size / 1e6
    if megabytes > SIZE_MAX_MB:
        yield f"it has {megabytes:.2f} MB, expected at most {SIZE_MAX_MB}"


def _shipped_files() -> list[Path]:
    """The modules, models and other files of the package in the source tree."""
    package = ROOT / "src" / "iqlut"
    found = [path for path in package.rglob("*") if path.is_file()]
    return [path for path in found if "__pycache__" not in path.parts]


def _library_problems(file: zipfile.ZipFile, platform: Platform) -> Iterator[str]:
    for name, headers in _HEADERS.items():
        path = _library(name, platform)
        if path not in file.namelist():
            yield f"{path} is missing"
            continue
        library = native_library(file.read(path))
        if library.machine != platform.machine:
            yield f"{path} is for {library.machine}, expected {platform.machine}"
        strange = [one for one in library.needs if not re.fullmatch(platform.libraries, one)]
        if strange:
            yield f"{path} needs {', '.join(strange)}, expected libraries of the system alone"
        if platform.system != "Windows" and library.version > platform.lowest_version:
            yield f"{path} needs version {library.version} of the system, more than the tag says"
        if platform.machine == "ARM64" and not library.signed:
            yield f"{path} has no signature"
        text = "".join((ROOT / "native" / one).read_text(encoding="utf-8") for one in headers)
        difference = library.exports ^ set(_DECLARED.findall(text))
        if difference:
            yield f"{path} does not export exactly its interface: {', '.join(sorted(difference))}"


def _library(name: str, platform: Platform) -> str:
    return f"iqlut/native/_{name}{platform.suffix}"


def native_library(data: bytes) -> NativeLibrary:
    """Read a library for Linux, macOS or Windows. Raises ValueError if it is none of them."""
    lief.logging.disable()  # it reports each optional part that a library does not have
    parsed = lief.parse(list(data))
    if isinstance(parsed, lief.ELF.Binary):
        return _elf(parsed)
    if isinstance(parsed, lief.MachO.Binary):
        return _mach_o(parsed)
    if isinstance(parsed, lief.PE.Binary):
        exports = (str(entry.name) for entry in parsed.get_export().entries)
        needs = frozenset(str(library.name) for library in parsed.imports)
        return NativeLibrary(parsed.header.machine.name, needs, frozenset(exports))
    raise ValueError("this is no native library, expected one for Linux, macOS or Windows")


def _elf(parsed: lief.ELF.Binary) -> NativeLibrary:
    versions = [
        str(version.name).removeprefix("GLIBC_")
        for needed in parsed.symbols_version_requirement
        for version in needed.get_auxiliary_symbols()
    ]
    return NativeLibrary(
        parsed.header.machine_type.name,
        frozenset(map(str, parsed.libraries)),
        frozenset(str(symbol.name) for symbol in parsed.exported_symbols),
        max((tuple(map(int, version.split("."))) for version in versions), default=()),
    )


def _mach_o(parsed: lief.MachO.Binary) -> NativeLibrary:
    needs = [str(library.name) for library in parsed.libraries]
    exports = [str(symbol.name) for symbol in parsed.exported_symbols]
    assert parsed.build_version is not None
    return NativeLibrary(
        parsed.header.cpu_type.name,
        frozenset(name for name in needs if not name.startswith("@rpath/_")),  # its own name
        frozenset(name[1:] for name in exports if not name.startswith("__")),  # of the linker
        tuple(parsed.build_version.minos[:2]),
        parsed.has_code_signature,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
