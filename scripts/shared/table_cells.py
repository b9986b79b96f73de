"""How bytes, scores and origins are written in the tables of documents."""

from __future__ import annotations

from collections.abc import Iterable

from scripts.shared import result_files
from scripts.shared.result_files import Row

_COMMANDS_MAX = 2  # how many commands are named below a table


def table_kib(count: int) -> str:
    """Return the bytes of our own tables in KiB."""
    return f"{count / 1024:.1f} KiB"


def table_kb(row: Row) -> str:
    """Return what a published row says of its tables, or "" if it has none."""
    return f"{row['table_kb']} KB" if row["table_kb"] else ""


def planes(path: str) -> str:
    """Return the note of a row that was not measured on luma alone."""
    return ", R, G, B" if path == "rgb" else ""


def published(row: Row) -> str:
    """Return where the scores of a published row come from, and how they differ from ours.

    Its `bicubic_db` is what bicubic upscaling scores on Set5 in its source, if not what it does
    here.
    """
    other = f" (bicubic {row['bicubic_db']:.2f})" if "bicubic_db" in row else ""
    return f"published{planes(row.get('path', 'y'))}{other}"


def joined(scores: dict[str, str], sets: Iterable[str]) -> str:
    """Return the cells of these test sets, empty where there is no score."""
    return " | ".join(scores.get(name, "") for name in sets)


def origin_line(meta: Row, what: str) -> str:
    """Return where the numbers of a results file come from; `what` begins the sentence."""
    if not meta:
        return f"{what} of our own tables: not measured yet (`make results`)."
    hashes = ", ".join(f"`{sha256[:12]}`" for sha256 in meta["tables_sha256"].values())
    commands = "; ".join(f"`{command}`" for command in meta["commands"])
    if len(meta["commands"]) > _COMMANDS_MAX:
        commands = (
            f"`make results` (its {len(meta['commands'])} commands are in "
            f"`results/{what.lower()}.json`)"
        )
    return f"{what}: tables {hashes}, {result_files.described(meta['origin'])}, by {commands}."
