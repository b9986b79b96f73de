"""What commands print: tables and JSON on stdout, errors and narration on stderr."""

from __future__ import annotations

import codecs
import dataclasses
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from iqlut.command_line.exit_codes import FAILED, Stop

_WIDE = 240  # columns of a table that goes to a pipe or a file


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
    print("iqlut:", " ".join(str(sentence).splitlines()), file=sys.stderr, flush=True)


def unforeseen(error: BaseException, what: object) -> str:
    """The sentence for an error that should not happen, in `what`."""
    return (
        f"{what} failed ({type(error).__name__}: {error}), which is an error in iqlut; "
        "run it again with --debug and please report what it prints"
    )


def narrate(line: str) -> None:
    """Print a line about what is going on, on stderr, so that stdout holds only results."""
    print(line, file=sys.stderr, flush=True)


def print_json(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print one list of flat objects; numbers that JSON lacks, such as infinity, become null."""
    flat = [{name: _json_value(value) for name, value in row.items()} for row in rows]
    with printing():
        print(_json_text(flat, sys.stdout, indent=1))


def _json_text(value: Any, stdout: TextIO | None, indent: int | None = None) -> str:
    """The value as JSON that is valid UTF-8, whatever the encoding of stdout.

    File names that are no text have halves of surrogate pairs, which are then escaped.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    try:
        text.encode()
        is_utf8 = codecs.lookup(getattr(stdout, "encoding", None) or "ascii").name == "utf-8"
    except UnicodeEncodeError:
        is_utf8 = False
    return text if is_utf8 else json.dumps(value, indent=indent)


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
        title=title, title_justify="left", title_style="", box=SIMPLE_HEAD, pad_edge=False
    )
    for name, value in rows[0].items():
        table.add_column(
            name, justify="right" if isinstance(value, int | float) else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
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
