"""Names of files as they appear in messages."""

from __future__ import annotations

from pathlib import Path


def shown(path: Path | None) -> str:
    """The path for a message of one line: unprintable characters are escaped, and None is stdin."""
    if path is None:
        return "stdin"
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in str(path))
