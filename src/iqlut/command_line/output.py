"""What commands print: tables and JSON on stdout, errors and narration on stderr.

Everything that a command prints passes through here or through `progress`. Text from outside, such
as file names and the headers of models, is escaped here, so that it cannot control a terminal.
"""

from __future__ import annotations

import codecs
import dataclasses
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from iqlut.command_line.exit_codes import FAILED, Stop
from iqlut.printable_names import escaped

_WIDE = 240  # columns of a table that goes to a pipe or a file
_SENTENCE_MAX = 2000  # characters of an error; what it quotes from a file can be long


@contextmanager
def printing(stdout: TextIO | None = None) -> Iterator[None]:
    """End the command with a sentence if what the block prints on stdout cannot be written."""
    stdout = stdout or sys.stdout
    try:
        yield
        if stdout:
            stdout.flush()
    except BrokenPipeError:  # `cli` handles it
        raise
    except OSError as error:
        raise Stop(
            f"stdout cannot be written ({error.strerror or error}), expected a file, a pipe or a "
            "terminal with room for it; redirect it elsewhere",
            FAILED,
        ) from None


def complain(sentence: object) -> None:
    """Print an error or a warning as one line on stderr."""
    text = escaped(" ".join(str(sentence).splitlines()))
    half = _SENTENCE_MAX // 2
    _say(f"iqlut: {text if len(text) <= _SENTENCE_MAX else f'{text[:half]} ... {text[-half:]}'}")


def unforeseen(error: BaseException, what: object) -> str:
    """The sentence for an error that should not happen, in `what`."""
    return (
        f"{what} failed ({type(error).__name__}: {error}), which is an error in iqlut; "
        "run it again with --debug and please report what it prints"
    )


def narrate(line: str) -> None:
    """Print a line about what is going on, on stderr, so that stdout holds only results."""
    _say(escaped(line))


def _say(line: str) -> None:
    """Print a line on stderr.

    If it cannot be written, because stderr is closed or full, this line and all later ones are
    dropped: there is no other place to report it, and the work does not depend on it.
    """
    if sys.stderr is None:  # `print` would take stdout instead, which may be a picture
        return
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        drop(sys.stderr)


def drop(stream: TextIO) -> None:
    """Discard what is still to be written to stdout or stderr, because nobody reads it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def print_json(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print one list of flat objects; numbers that JSON lacks, such as infinity, become null."""
    flat = [{name: _json_value(value) for name, value in row.items()} for row in rows]
    with printing():
        print(_json_text(flat, sys.stdout, indent=1))


def _json_text(value: Any, stdout: TextIO | None, indent: int | None = None) -> str:
    """The value as JSON that is valid UTF-8, whatever the encoding of stdout.

    Unprintable characters are escaped, and so are the halves of surrogate pairs that stand for the
    bytes of a file name that is no text.
    """
    if codecs.lookup(getattr(stdout, "encoding", None) or "ascii").name != "utf-8":
        return json.dumps(value, indent=indent)
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1]
        for character in json.dumps(value, indent=indent, ensure_ascii=False)
    )


class JsonRows:
    """Print the same list row by row, an object on each line; `close` ends the list."""

    def __init__(self) -> None:
        self._stdout = sys.stdout  # of now: others may be given another one meanwhile
        self._before = "[\n"

    def add(self, row: Mapping[str, Any]) -> None:
        flat = {name: _json_value(value) for name, value in row.items()}
        with printing(self._stdout):
            print(self._before + _json_text(flat, self._stdout), end="", file=self._stdout)
        self._before = ",\n"

    def close(self) -> None:
        with printing(self._stdout):
            print("[]" if self._before == "[\n" else "\n]", file=self._stdout)


def _json_value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def rows_of(results: Sequence[Any]) -> list[dict[str, Any]]:
    """Convert instances of dataclasses to flat objects."""
    return [dataclasses.asdict(result) for result in results]


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a table on stdout with a column for each name; numbers are aligned to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(escaped(title)),
        title_justify="left",
        title_style="",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for name, value in rows[0].items():
        table.add_column(
            Text(escaped(name)),
            justify="right" if isinstance(value, int | float) else "left",
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(escaped(_cell(value))) for value in row.values()))
    with printing():
        Console(width=None if sys.stdout and sys.stdout.isatty() else _WIDE).print(table)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 1 else f"{value:.2f}"
    return "-" if value is None else str(_json_value(value))


def flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested facts: {"train": {"seed": 1}} becomes {"train_seed": 1}."""
    level: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping):
            level.update(flat(value, f"{prefix}{name}_"))
        else:
            level[f"{prefix}{name}"] = value
    return level
