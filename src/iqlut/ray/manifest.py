"""Read a manifest: a file that lists sources and their targets. It is one of

  {"source": "a.png", "target": "big/a.png"}    JSON Lines, or a JSON list of such objects
  source,target                                 CSV with these columns

Other keys and columns are ignored, so `iqlut upscale --dry-run --json` writes a manifest. The paths
are made absolute, because the machines of a cluster share them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from iqlut.batch.planning import Job
from iqlut.errors import ManifestError
from iqlut.printable_names import shown

NAMES = ("source", "target")
_BYTES_MAX = 1 << 28


def read(path: Path) -> list[Job]:
    """The jobs of a manifest, in order. Raises ManifestError if it is none."""
    name = shown(path)
    try:
        is_small = path.stat().st_size <= _BYTES_MAX
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read(_BYTES_MAX + 1) if is_small else ""
    except OSError as error:
        raise ManifestError(
            f"{name} cannot be read ({error.strerror}), expected a manifest; check the name"
        ) from None
    except UnicodeDecodeError:
        raise ManifestError(
            f"{name} is not UTF-8 text, expected JSON Lines or CSV; convert it first"
        ) from None
    if not is_small or len(text) > _BYTES_MAX:
        raise ManifestError(
            f"{name} has more than {_BYTES_MAX} bytes, expected at most that many; split it"
        )
    jobs = [_job(name, number, row) for number, row in _rows(name, text)]
    if not jobs:
        raise ManifestError(
            f"{name} names no file, expected {' and '.join(NAMES)} of each; add entries"
        )
    seen: dict[Path | None, int] = {}
    for number, job in enumerate(jobs, 1):
        if seen.setdefault(job.target, number) != number:
            first = seen[job.target]
            raise ManifestError(
                f"{name}: entries {first} and {number} would both become {shown(job.target)}, "
                "expected a target for each; change one"
            )
    return jobs


def _rows(name: str, text: str) -> Iterator[tuple[int, Any]]:
    start = text.lstrip()[:1]
    try:
        if start == "[":
            yield from enumerate(json.loads(text), 1)
        elif start == "{":
            lines = enumerate(text.split("\n"), 1)
            yield from ((number, json.loads(line)) for number, line in lines if line.strip())
        else:
            yield from _table(name, csv.DictReader(io.StringIO(text, newline="")))
    except (ValueError, RecursionError, csv.Error) as error:  # integers and nesting without end
        raise ManifestError(
            f"{name} is neither JSON Lines nor CSV ({error}), expected one of them; correct it"
        ) from None


def _table(name: str, table: csv.DictReader[str]) -> Iterable[tuple[int, Any]]:
    missing = [column for column in NAMES if column not in (table.fieldnames or ())]
    if missing:
        raise ManifestError(
            f"{name} has no column {' and '.join(missing)}, expected both; name the columns in the "
            "first line"
        )
    return enumerate(table, 1)


def _job(name: str, number: int, row: Any) -> Job:
    source, target = (row.get(key) if isinstance(row, dict) else None for key in NAMES)
    for value in (source, target):
        if not isinstance(value, str) or not value or "\0" in value:
            raise ManifestError(
                f"{name}: entry {number} lacks {' or '.join(NAMES)}, expected a path for each; "
                "add it"
            )
    return Job(Path(str(source)).absolute(), Path(str(target)).absolute(), str(number))
