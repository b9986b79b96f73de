"""The process that reads damaged files, asked by `damaged_files` through pipes.

It reads lines such as `png 17` from stdin, makes the damaged file that they name, lets iqlut read
it, and answers each with a line of JSON.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
import traceback
import warnings
from functools import cache
from pathlib import Path

from iqlut.batch.one_file import upscale_file
from iqlut.batch.output_size import Size
from iqlut.batch.planning import Job
from iqlut.batch.upscale_options import UpscaleOptions
from iqlut.errors import IqlutError
from iqlut.ray import manifest
from iqlut.tables import file_format
from scripts.attack import mutations, seed_files

_VIDEOS = ("y4m", "mkv")
_TRACEBACK_LINES = 5  # the last ones, which tell one cause from another


def main(seed: str, folder: Path) -> None:
    answers = sys.stdout
    sys.stdout = sys.stderr  # what libraries print must not mix with the answers
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        kind, number = line.split()
        path = folder / f"damaged.{kind}"
        path.write_bytes(damaged(kind, f"{seed} {kind} {number}"))
        print(json.dumps(_read(kind, path)), file=answers, flush=True)


def damaged(kind: str, seed: str) -> bytes:
    """The damaged file that a seed names."""
    rng, files = random.Random(seed), _files_of(kind)
    return mutations.mutated(rng.choice(files), rng.choice(files), rng)


_files_of = cache(seed_files.files_of)


def _read(kind: str, path: Path) -> dict[str, object]:
    """Read a file: whether iqlut accepted it, what went wrong, the peak of memory so far, and how
    long it took.
    """
    before = set(path.parent.iterdir())
    accepted, wrong, start = True, "", time.monotonic()
    try:
        _use(kind, path)
    except IqlutError as error:
        accepted = False
        if "\n" in str(error) or not str(error):
            wrong = f"not one sentence: {error!r}"
    except Exception:
        wrong = "\n".join(traceback.format_exc().splitlines()[-_TRACEBACK_LINES:])
    elapsed_s = round(time.monotonic() - start, 3)
    for left in set(path.parent.iterdir()) - before:
        if not accepted or left.name.endswith(".part"):
            wrong = wrong or f"{left.name} was left"
        if left.is_file():
            left.unlink()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"accepted": accepted, "wrong": wrong, "peak_mb": peak_mb, "elapsed_s": elapsed_s}


def _use(kind: str, path: Path) -> None:
    if kind == "iqlut":
        file_format.read(path)
    elif kind == "json":
        manifest.read(path)
    elif kind == "toml":
        from iqlut.network import stages

        stages.load(path)
    elif kind == "pt":
        from iqlut.training import checkpoint_to_tables

        checkpoint_to_tables.tables_of(path)
    else:
        options = UpscaleOptions((seed_files.tables(),), Size(scale=2), threads=1)
        target = path.with_name(f"result.{kind}")
        upscale_file(Job(path, target, path.name, kind in _VIDEOS), options)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
