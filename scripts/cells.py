"""How bytes, scores and origins are written in the tables of results, the README's and those of docs/results.md."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def table_kib(count: int) -> str:
    """Bytes of our own tables."""
    return f"{count / 1024:.1f} KiB"


def table_kb(row: dict[str, Any]) -> str:
    """What a published row says of its tables; nothing if it has none."""
    return f"{row['table_kb']} KB" if row["table_kb"] else ""


def way(path: str) -> str:
    """What is said of a row that is not of luma alone."""
    return ", R, G, B" if path == "rgb" else ""


def joined(scores: dict[str, str], sets: Iterable[str]) -> str:
    """The scores of the sets, empty where there is none."""
    return " | ".join(scores.get(name, "") for name in sets)
