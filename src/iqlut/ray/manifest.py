"""A manifest: which files become which. Its paths are absolute once it is read: the machines share them.

One of
  {"source": "a.png", "target": "big/a.png"}      a line for each (JSON Lines), or all of them in one list
  source,target                                   a table with that heading (CSV)

Other keys and columns are let be, so `iqlut upscale --dry-run --json` writes one.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from iqlut.batch.planning import Job
from iqlut.printable_names import shown

NAMES = ("source", "target")


class ManifestError(ValueError):
    """A manifest that cannot be meant so. The message is one sentence."""


def read(path: Path) -> list[Job]:
    """The jobs of a manifest, in order; ManifestError where it is none."""
    name = shown(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ManifestError(f"{name} cannot be read ({error.strerror}); check the name") from None
    except UnicodeDecodeError:
        raise ManifestError(f"{name} is not UTF-8 text, expected JSON Lines or CSV") from None
    jobs = [_job(name, number, row) for number, row in _rows(name, text)]
    if not jobs:
        raise ManifestError(f"{name} names no file, expected lines with {' and '.join(NAMES)}")
    seen: dict[Path | None, int] = {}
    for number, job in enumerate(jobs, 1):
        if seen.setdefault(job.target, number) != number:
            first = seen[job.target]
            raise ManifestError(
                f"{name}: entries {first} and {number} would both become {shown(job.target)}"
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
    except (json.JSONDecodeError, csv.Error) as error:
        raise ManifestError(f"{name} is neither JSON Lines nor CSV ({error})") from None


def _table(name: str, table: csv.DictReader[str]) -> Iterable[tuple[int, Any]]:
    missing = [column for column in NAMES if column not in (table.fieldnames or ())]
    if missing:
        raise ManifestError(
            f"{name} has no column {' and '.join(missing)}; its first line must name the columns"
        )
    return enumerate(table, 1)


def _job(name: str, number: int, row: Any) -> Job:
    source, target = (row.get(key) if isinstance(row, dict) else None for key in NAMES)
    for value in (source, target):
        if not isinstance(value, str) or not value or "\0" in value:
            raise ManifestError(
                f"{name}: entry {number} lacks {' or '.join(NAMES)}, expected a path for each"
            )
    return Job(Path(str(source)).absolute(), Path(str(target)).absolute(), str(number))
