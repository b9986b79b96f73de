"""File names as they appear in messages."""

from __future__ import annotations

from pathlib import Path


def shown(path: Path | None) -> str:
    """The path as text for a message of one line.

    Unprintable characters are escaped. None stands for stdin.
    """
    if path is None:
        return "stdin"
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in str(path)
    )
