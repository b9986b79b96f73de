"""Text from outside, such as file names, as it appears in messages."""

from __future__ import annotations

from pathlib import Path


def escaped(text: str) -> str:
    """The text with escapes in place of its unprintable characters.

    These are the control characters C0 and C1, line ends, directional overrides and everything else
    that could act on a terminal or hide a part of the text.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in text
    )


def shown(path: Path | None) -> str:
    """The path as text for a message of one line. None stands for stdin."""
    if path is None:
        return "stdin"
    return escaped(str(path))
