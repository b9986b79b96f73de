"""The rules of ARCHITECTURE.md: imports point one way, names are unique, files stay small."""

from __future__ import annotations

import ast
import builtins
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import iqlut
from iqlut import errors
from iqlut.command_line import exit_codes
from iqlut.engines import ENGINES

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "iqlut"
MODULES = {
    ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): file
    for file in PACKAGE.rglob("*.py")
}
PYTHON_FILES = sorted(
    file for folder in ("src", "tests", "scripts") for file in (ROOT / folder).rglob("*.py")
)

# A module imports from tiers above its own; within its own tier only from its own folder.
TIERS = (
    ("errors", "path_states"),
    (
        "arithmetic",
        "atomic_files",
        "file_kinds",
        "fork_safe",
        "native",
        "printable_names",
        "provenance",
    ),
    ("planes",),
    ("tables",),
    ("restoration",),
    ("network", "engines"),
    ("upscaling", "pictures"),
    ("",),  # `import iqlut` itself
    ("evaluation", "videos", "timing", "targets"),
    ("training",),
    ("batch",),
    ("ray",),
    ("command_line",),
    ("commands",),
    ("cli",),
    ("__main__",),
)
TIER_OF = {name: number for number, names in enumerate(TIERS) for name in names}
TORCH_ALLOWED = ("network", "training", "engines.torch")

LINES_MAX, FUNCTION_LINES_MAX, PARAMETERS_MAX = 300, 40, 6
TOP_LEVEL_FILES_MAX = 12
LONGER_FILES: dict[str, str] = {}  # file: why it is one idea all the same
LONGER_FUNCTIONS: dict[str, str] = {}
MORE_PARAMETERS = {
    "src/iqlut/upscaling.py:upscale": "most programs call it; all but the image have defaults"
}
# Public classes that share a name with another one, and why.
SAME_NAMES = {}


def part_of(module: str) -> str:
    """The first name below the package: its tier goes by it. "" is the package itself."""
    return module.partition(".")[2].partition(".")[0]


def imports_of(module: str) -> Iterator[tuple[str, int]]:
    """All modules that a module imports anywhere in it, and the line."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, (
                f"{module}:{node.lineno}: a relative import; write the whole name"
            )
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield (whole if whole in MODULES else str(node.module)), node.lineno


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_tier(module):
    assert part_of(module) in TIER_OF, f"{module}: name it in TIERS and in ARCHITECTURE.md"


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module):
    own = part_of(module)
    for imported, line in imports_of(module):
        if imported.partition(".")[0] != "iqlut":
            continue
        part = part_of(imported)
        inside = part == own and own != ""
        assert inside or TIER_OF[part] < TIER_OF[own], (
            f"{module}:{line} imports {imported}, which does not lie above it"
        )


@pytest.mark.parametrize("module", MODULES)
def test_torch_is_reached_only_where_it_may_be(module):
    below = module.partition(".")[2]
    if below.startswith(TORCH_ALLOWED):
        return
    for imported, line in imports_of(module):
        assert imported.partition(".")[0] not in ("torch", "tensorboard"), (
            f"{module}:{line} imports {imported}"
        )


def test_import_needs_no_torch():
    """Nor does the command, nor do the engines that run without it."""
    code = (
        "import sys, iqlut, iqlut.cli\n"
        "for name in iqlut.engines.ENGINES[:2]: iqlut.engines.get(name)\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_import_brings_nothing_slow():
    """scripts/dev/import_time.py measures the time; this names what must not be imported."""
    slow = ("torch", "PIL", "rich", "tyro", "av", "pyvips")
    found = f"', '.join(name for name in {slow} if name in sys.modules)"
    code = f"import sys, iqlut; sys.exit({found} or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, f"import iqlut imports {done.stderr}"


def test_engines_are_the_files():
    """Each engine is a file, each file an engine."""
    assert sorted(ENGINES) == sorted(
        file.stem for file in (PACKAGE / "engines").glob("*.py") if file.stem != "__init__"
    )


@pytest.mark.parametrize("file", PYTHON_FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_sizes(file):
    name, text = str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    assert lines <= LINES_MAX or name in LONGER_FILES, (
        f"{name} has {lines} lines: there are two ideas in it"
    )
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            lines, where = node.end_lineno - node.lineno + 1, f"{name}:{node.name}"
            assert lines <= FUNCTION_LINES_MAX or where in LONGER_FUNCTIONS, (
                f"{where} has {lines} lines: split it"
            )
            parameters = len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs)
            own = node.args.args[:1] and node.args.args[0].arg in ("self", "cls")
            few = parameters - bool(own) <= PARAMETERS_MAX
            assert few or where in MORE_PARAMETERS, f"{where} has {parameters} parameters"


def test_no_vague_names():
    for file in PYTHON_FILES:
        assert not {"utils", "util", "helpers", "common", "misc"} & set(
            file.with_suffix("").parts[-2:]
        ), file


def test_version_is_that_of_the_project():
    assert f'\nversion = "{iqlut.__version__}"\n' in (ROOT / "pyproject.toml").read_text(
        encoding="utf-8"
    )


def classes() -> dict[str, list[str]]:
    """The modules that define a class of each name; C structs keep the names of their headers."""
    found: dict[str, list[str]] = {}
    for module, file in MODULES.items():
        if module.startswith("iqlut.native."):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(module)
    return found


def test_public_classes_have_unique_names():
    twice = {name: where for name, where in classes().items() if len(where) > 1 and name[0] != "_"}
    assert not twice.keys() - SAME_NAMES.keys(), twice


def test_all_exceptions_are_in_one_tree():
    """Every exception derives from `IqlutError`, and `iqlut.errors` defines all but `Stop`."""
    known = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    for module, file in MODULES.items():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ClassDef) or module == "iqlut.errors":
                continue
            bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
            is_error = any(base in known or is_exception(base) for base in bases)
            where = f"{module}.{node.name}"
            assert not is_error or where.endswith("exit_codes.Stop"), f"{where}: see errors.py"
    assert issubclass(exit_codes.Stop, iqlut.IqlutError)
    for name in known:
        assert issubclass(getattr(errors, name), iqlut.IqlutError), name


def is_exception(name: str) -> bool:
    """Whether this is the name of a built-in exception."""
    kind = getattr(builtins, name, None)
    return isinstance(kind, type) and issubclass(kind, BaseException)


def test_errors_for_values_are_also_built_in_ones():
    for kind in (
        errors.InvalidArgument,
        errors.UnknownModel,
        errors.IllegalTables,
        errors.BadModelFile,
    ):
        assert issubclass(kind, ValueError)
    assert issubclass(errors.MissingPackage, RuntimeError)
    assert issubclass(errors.TrainingStopped, RuntimeError)


@pytest.mark.parametrize("package", ["upscaling", "engines", "tables", "restoration", "arithmetic"])
def test_only_exceptions_of_the_tree_are_raised(package):
    """`tables.file_format` turns what it raises itself into `BadModelFile`."""
    for module, file in MODULES.items():
        if part_of(module) != package or module == "iqlut.tables.file_format":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = getattr(node.exc.func, "id", "")
                assert name == "MemoryError" or not is_exception(name), f"{module}:{node.lineno}"


def test_few_files_lie_directly_in_the_package():
    assert len(list(PACKAGE.glob("*.py"))) <= TOP_LEVEL_FILES_MAX


def test_types_are_shipped():
    assert (PACKAGE / "py.typed").exists()
