"""The C code follows the style rules: single definitions, names of templates, and small sizes."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from iqlut import native

NATIVE = Path(__file__).parents[1] / "native"
FILES = sorted(file for file in NATIVE.rglob("*.[ch]"))
TEXTS = {file.relative_to(NATIVE).as_posix(): file.read_text(encoding="utf-8") for file in FILES}
LINE_MAX, LINES_MAX, FUNCTION_LINES_MAX, INLINE_LINES_MAX, PARAMETERS_MAX = 100, 300, 40, 15, 6

# A definition at the left margin: what stands before its parameters, they, and its body.
DEFINITION = re.compile(
    r"^(\w[\w *()]*?)\b(\w+)\(([^{};]*?)\) \{([^\n]*\}$|.*?^\})", re.MULTILINE | re.DOTALL
)
# Each idea has one definition, besides the plain one of the reference.
ONCE = {
    "a requantisation of vectors": r"\brequantise_rows\(const",
    "an expansion of table rows": r"\bexpand_columns\(const",
    "a bilinear base in vectors": r"\bbilinear_##\w+\(const",
    "the bilinear weights": r"iqlut_bilinear_weights\(int",
    "the cubic weights": r"\{-45, ?399, ?745, ?-75, ?0\}",
    "the detection of the CPU": r"__get_cpuid_count\(",
    "threads": r"pthread_create\(",
    "an aligned allocation": r"uintptr_t\)raw",
}
PLAIN = "inference/reference.c"


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def definitions(name: str) -> list[tuple[str, str, str, str]]:
    """Of each function in a file: what it is declared as, its name, its parameters and its body."""
    return DEFINITION.findall(without_comments(TEXTS[name]))


def parameters(text: str) -> int:
    depth, count = 0, 1
    for character in text:
        depth += (character in "([") - (character in ")]")
        count += character == "," and depth == 0
    return count


@pytest.mark.parametrize("name", TEXTS)
def test_files_and_lines_are_short(name: str) -> None:
    lines = TEXTS[name].splitlines()
    assert len(lines) <= LINES_MAX
    assert [number for number, line in enumerate(lines, 1) if len(line) > LINE_MAX] == []


@pytest.mark.parametrize("name", TEXTS)
def test_functions_are_small(name: str) -> None:
    for _, function, parameter_list, body in definitions(name):
        assert parameters(parameter_list) <= PARAMETERS_MAX, function
        assert body.count("\n") <= FUNCTION_LINES_MAX, function


def test_definitions_are_found() -> None:
    """What the tests above look at: neither nothing nor a part."""
    found = {function for name in TEXTS for _, function, _, _ in definitions(name)}
    assert {
        "iqlut_upscale",
        "expand_columns",
        "requantise_rows",
        "accumulate",
        "backward_of",
        "v_zero",
    } <= found
    assert len(found) > 150


@pytest.mark.parametrize("name", [name for name in TEXTS if name.endswith(".h")])
def test_headers_hold_no_code(name: str) -> None:
    for declared, function, _, body in definitions(name):
        assert re.search(r"static inline|IQLUT_INLINE", declared), (
            f"{function}: move it to a .c file"
        )
        assert body.count("\n") <= INLINE_LINES_MAX, f"{function}: move it to a .c file"


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_included_says_so(name: str) -> None:
    """A header ends in .h, a template in _tmpl.c; nothing else is included."""
    for included in re.findall(r'#include "(.*)"', TEXTS[name]):
        assert re.search(r"(\.h|_tmpl\.c)$", included), f"{included}: name it *_tmpl.c"
    if name.endswith("_tmpl.c"):
        assert any(f'{Path(name).name}"' in text for text in TEXTS.values()), "nobody includes it"


@pytest.mark.parametrize("idea", ONCE)
def test_each_idea_is_defined_once(idea: str) -> None:
    where = [
        name for name, text in TEXTS.items() if name != PLAIN for _ in re.findall(ONCE[idea], text)
    ]
    assert len(where) == 1, where


def test_macros_are_not_bare_words() -> None:
    """A macro has capitals in its name, so that it is not taken for a function."""
    names = [
        name
        for text in TEXTS.values()
        for name in re.findall(r"^ *#define (\w+)", text, re.MULTILINE)
    ]
    assert [name for name in names if name == name.lower()] == []


def test_constants_are_those_of_python() -> None:
    header = TEXTS["shared/interface.h"]
    codes = re.search(r"enum \{(.*?)\};", without_comments(header), re.DOTALL)
    assert codes is not None
    assert tuple(re.findall(r"IQLUT_(\w+)", codes[1])) == native.CODES
    assert f"#define IQLUT_ABI_VERSION {native.ABI_VERSION}\n" in header


def flags_of(name: str) -> list[str]:
    """What CMakeLists.txt compiles a file for: the instruction set of its name."""
    cmake = (NATIVE.parent / "CMakeLists.txt").read_text(encoding="utf-8")
    values = dict(re.findall(r"^ *set\((\w+) ([-$][^)]*)\)", cmake, re.MULTILINE))
    flags = values.get("FLAGS_" + name.removesuffix(".c").replace("/", "_"), "")
    return re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], flags).split()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the flags are those of x86-64")
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize(
    "name",
    [
        name
        for name in TEXTS
        if re.match(r"(inference|shared|training)/(?!neon|.*_tmpl).*\.c", name)
    ],
)
def test_both_compilers_take_it_without_a_warning(name: str, compiler: str) -> None:
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler} here")
    options = ["-std=c11", "-D_GNU_SOURCE", "-DIQLUT_X86", "-Wall", "-Wextra", "-Werror"]
    command = [compiler, "-fsyntax-only", *options, *flags_of(name), str(NATIVE / name)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_code_is_formatted() -> None:
    formatter = Path(sys.executable).parent / "clang-format"
    if not formatter.exists():
        pytest.skip("needs clang-format (pip install clang-format)")
    subprocess.run([formatter, "--dry-run", "--Werror", *FILES], check=True, cwd=NATIVE)
