"""What the commands share: ends with an exit code, tables and JSON on stdout, narration on stderr."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
_WIDE = 240  # columns of a table that no terminal shows: a pipe or a file


class Stop(Exception):
    """The command ends here, with one sentence on stderr: what is, what was wanted, what to do."""

    def __init__(self, sentence: object, code: int = USAGE) -> None:
        super().__init__(str(sentence))
        self.code = code


@contextmanager
def stop_on(*kinds: type[Exception], code: int = USAGE) -> Iterator[None]:
    """Errors of these kinds are sentences already: say them and end with `code`."""
    try:
        yield
    except kinds as error:
        raise Stop(error, code) from error


@contextmanager
def printing(stdout: TextIO | None = None) -> Iterator[None]:
    """What is printed on stdout arrives, or the command ends with a sentence."""
    stdout = stdout or sys.stdout
    try:
        yield
        if stdout:
            stdout.flush()
    except BrokenPipeError:  # `cli` knows what that means
        raise
    except OSError as error:
        raise Stop(
            f"stdout cannot be written ({error.strerror or error}); name another place for it",
            FAILED,
        ) from None


def complain(sentence: object) -> None:
    """One line on stderr."""
    print("iqlut:", " ".join(str(sentence).splitlines()), file=sys.stderr, flush=True)


def unforeseen(error: BaseException, what: object) -> str:
    """A sentence for an error that should not have happened."""
    return f"{what} failed ({type(error).__name__}: {error}); see more with --debug, and please report it"


def narrate(line: str) -> None:
    """What is going on, for whoever watches."""
    print(line, file=sys.stderr, flush=True)


def print_json(rows: Sequence[Mapping[str, Any]]) -> None:
    """One list of flat objects; numbers that JSON lacks (infinity) become null."""
    flat = [{name: _json_value(value) for name, value in row.items()} for row in rows]
    text = json.dumps(flat, indent=1, ensure_ascii=False)
    with printing():
        try:
            print(text)
        except UnicodeEncodeError:  # names of files that are no text, or a stdout that is not UTF-8
            print(json.dumps(flat, indent=1))


class JsonRows:
    """The same list, an object a line, each as it comes. `close` ends it."""

    def __init__(self) -> None:
        self._stdout, self._before = (
            sys.stdout,
            "[\n",
        )  # what sys.stdout is now, whatever others print meanwhile

    def add(self, row: Mapping[str, Any]) -> None:
        flat = {name: _json_value(value) for name, value in row.items()}
        with printing(self._stdout):
            try:
                print(
                    self._before + json.dumps(flat, ensure_ascii=False), end="", file=self._stdout
                )
            except UnicodeEncodeError:
                print(self._before + json.dumps(flat), end="", file=self._stdout)
        self._before = ",\n"

    def close(self) -> None:
        with printing(self._stdout):
            print("[]" if self._before == "[\n" else "\n]", file=self._stdout)


def _json_value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def rows_of(results: Sequence[Any]) -> list[dict[str, Any]]:
    """Dataclasses as flat objects."""
    return [dataclasses.asdict(result) for result in results]


def print_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """A table on stdout: a column for each name, numbers to the right."""
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
    """Nested facts as one level: {"train": {"seed": 1}} becomes {"train_seed": 1}."""
    level: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping):
            level.update(flat(value, f"{prefix}{name}_"))
        else:
            level[f"{prefix}{name}"] = value
    return level


def duration(seconds: float) -> str:
    """As on a clock: 0:07, 1:02:03."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
