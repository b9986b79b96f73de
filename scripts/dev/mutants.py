"""Changes one line of the source at a time, in a copy, and checks that the tests named for it fail.

    python -m scripts.dev.mutants [NUMBER...]

A mutant that no test notices survives: then a behaviour is not tested. The program prints a table;
the exit code is 1 if a mutant survives or if its line is no longer in the source. `make mutants`
runs it; it takes about ten minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from iqlut import native

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "iqlut"
_COPIED, _LINKED = (
    ("src", "tests"),
    ("configs", "native", "results", "samples", "scripts", "vectors"),
)
# The editable installation finds modules by a hook of its own, before PYTHONPATH; without it the
# copy is imported.
_RUN = (
    "import sys; sys.meta_path[:] = [one for one in sys.meta_path "
    "if type(one).__name__ != 'ScikitBuildRedirectingFinder']; "
    "import pytest, iqlut; assert iqlut.__file__.startswith(sys.argv[1]), iqlut.__file__; "
    "sys.exit(pytest.main(['-x', '-q', '-p', 'no:cacheprovider', *sys.argv[2:]]))"
)


@dataclass(frozen=True)
class Mutant:
    """A change of one line: `old`, which occurs once in `file` of src/iqlut, becomes `new`.

    tests   those that must fail, as pytest names them below tests/
    """

    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "gains are floored in convert",
        "network/convert_to_tables.py",
        "gains, skips = np.round(exact),",
        "gains, skips = np.floor(exact),",
        ("test_model.py",),
    ),
    Mutant(
        "skips are floored in convert",
        "network/convert_to_tables.py",
        "np.round(values.skip * 2**shift / values.base_unit)",
        "np.floor(values.skip * 2**shift / values.base_unit)",
        ("test_model.py",),
    ),
    Mutant(
        "the offset weighs all patches alike",
        "training/mean_error.py",
        "weight = 1 / (error.square().mean(dim=(1, 2, 3)) + 1)",
        "weight = 0 * error.square().mean(dim=(1, 2, 3)) + 1",
        ("test_average.py",),
    ),
    Mutant(
        "the moving average warms up faster",
        "training/step.py",
        "return min(settings.ema, (1 + step) / (10 + step))",
        "return min(settings.ema, (1 + step) / (5 + step))",
        ("test_average.py",),
    ),
    Mutant(
        "the lower of two equally near levels is taken",
        "arithmetic.py",
        "np.where(2 * (signal - position[code]) >= gap, ONE, 0)",
        "np.where(2 * (signal - position[code]) > gap, ONE, 0)",
        ("test_rounding.py",),
    ),
    Mutant(
        "cubic weights of chroma have fewer bits",
        "planes/cubic.py",
        "WEIGHT_BITS = 10",
        "WEIGHT_BITS = 6",
        ("test_rounding.py", "test_video_planes.py"),
    ),
    Mutant(
        "sixteen bits are read in four ways",
        "planes/high_bit_depth.py",
        "READINGS = 8",
        "READINGS = 4",
        ("test_rounding.py",),
    ),
    Mutant(
        "halves are rounded down",
        "arithmetic.py",
        "return (value + ((1 << shift) >> 1)) >> shift",
        "return (value + ((1 << shift) >> 1) - 1) >> shift",
        ("test_rounding.py",),
    ),
    Mutant(
        "the fraction of a level is floored",
        "arithmetic.py",
        "fraction = (2 * ONE * (signal - position[code]) + gap) // (2 * gap)",
        "fraction = ONE * (signal - position[code]) // gap",
        ("test_rounding.py",),
    ),
    Mutant(
        "blends of table sets carry no remainder",
        "arithmetic.py",
        "blended = np.diff(round_shift(summed, SET_WEIGHT_BITS), axis=0, prepend=0)",
        "blended = round_shift(np.diff(summed, axis=0, prepend=0), SET_WEIGHT_BITS)",
        ("test_arithmetic.py", "test_restoration_tables.py"),
    ),
    Mutant(
        "the reference reflects at the border",
        "engines/reference.py",
        'padded = np.pad(signal, (side, side, (0, 0)), mode="edge")',
        'padded = np.pad(signal, (side, side, (0, 0)), mode="reflect")',
        ("test_stored_cases.py",),
    ),
    Mutant(
        "a symmetry turns the taps of the first member",
        "tables/symmetry.py",
        "out[..., index::order] = _flip_rotate(source, number)",
        "out[..., index::order] = _flip_rotate(source, 0)",
        ("test_symmetry.py",),
    ),
    Mutant(
        "the checksum of a file is not compared",
        "tables/file_format.py",
        'if model.sha256 != header.get("sha256"):',
        'if not header.get("sha256"):',
        ("test_fileformat.py",),
    ),
    Mutant(
        "resize cuts off instead of rounding",
        "planes/resize.py",
        "total = np.full((rows.stop - top, w), 0.5)",
        "total = np.full((rows.stop - top, w), 0.0)",
        ("test_cross_check_libraries.py",),
    ),
    Mutant(
        "join rounds the halves of green up",
        "planes/colour.py",
        "half = (1 << (shift - 1)) - 1",
        "half = 1 << (shift - 1)",
        ("test_image.py", "test_engines.py"),
    ),
    Mutant(
        "split drops the rounding half of luma",
        "planes/colour.py",
        "return ar.round_shift(total, _LUMA_BITS), red - green",
        "return total >> _LUMA_BITS, red - green",
        ("test_image.py", "test_engines.py"),
    ),
    Mutant(
        "PSNR shaves the rows alone",
        "evaluation/psnr_ssim.py",
        "inside = np.s_[shave_px : h - shave_px, shave_px : w - shave_px]",
        "inside = np.s_[shave_px : h - shave_px, :]",
        ("test_metrics.py",),
    ),
    Mutant(
        "a resumed run forgets its moving average",
        "training/checkpoint.py",
        'state.ema.load_state_dict(saved["ema"])',
        'state.ema.load_state_dict(saved["network"])',
        ("test_train.py::test_a_resumed_run_is_the_uninterrupted_one",),
    ),
    Mutant(
        "knots are floored",
        "network/quantisation.py",
        "knots, last = np.floor(signals + 0.5).astype(int), len(signals) - 1",
        "knots, last = np.floor(signals).astype(int), len(signals) - 1",
        ("test_rounding.py",),
    ),
    Mutant(
        "chroma is never sited on luma",
        "videos/frame_planes.py",
        "return (scale - 1) / (2 * scale << log2)",
        "return (scale - 1) / (2 * scale)",
        ("test_video_planes.py",),
    ),
)


def main(numbers: list[int]) -> int:
    """Try the mutants of these numbers, or all, and return the exit code."""
    chosen = [(number, MUTANTS[number - 1]) for number in numbers or range(1, len(MUTANTS) + 1)]
    tests = sorted({test for _, mutant in chosen for test in mutant.tests})
    if not tests_pass(tests):
        sys.exit(f"the tests fail without any mutant; repair them first: pytest {' '.join(tests)}")
    survivors = 0
    for number, mutant in chosen:
        verdict = verdict_of(mutant)
        survivors += verdict != "killed"
        print(f"{number:3} {verdict:9} {mutant.what} ({mutant.file})", flush=True)
    print(f"{survivors} of {len(chosen)} survive")
    return int(survivors > 0)


def verdict_of(mutant: Mutant) -> str:
    """Return "killed", "SURVIVES", or "MISSING" where the line to change is not there."""
    text = (SOURCE / mutant.file).read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        return "MISSING"
    changed = {mutant.file: text.replace(mutant.old, mutant.new)}
    return "SURVIVES" if tests_pass(list(mutant.tests), changed) else "killed"


def tests_pass(tests: list[str], changed: dict[str, str] | None = None) -> bool:
    """Run tests on a copy of the source, in which the files in `changed` have the given text."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in _COPIED:
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in _LINKED:
            (copy / name).symlink_to(ROOT / name, target_is_directory=True)
        shutil.copy(ROOT / "pyproject.toml", copy)
        for library in ("inference", "training"):
            shutil.copy(native.path_of(library), copy / "src" / "iqlut" / "native")
        for file, text in (changed or {}).items():
            (copy / "src" / "iqlut" / file).write_text(text, encoding="utf-8")
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                _RUN,
                str(copy),
                *(str(copy / "tests" / name) for name in tests),
            ],
            cwd=copy,
            env={
                **os.environ,
                "PYTHONPATH": str(copy / "src"),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
        )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest could not run {tests}:\n{done.stdout}\n{done.stderr}")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main([int(number) for number in sys.argv[1:]]))
