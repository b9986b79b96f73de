"""The documentation of options: their types, limits, units, defaults and explanations.

The explanation of an option is the string literal below its field, so that it stands where the
option is declared.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import textwrap
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from msgspec import Meta

_KINDS = {int: "whole number", float: "number", bool: "true or false", str: "text"}


@dataclass(frozen=True)
class Option:
    """The documentation of one option.

    `default` is a plain value, `expected` describes type and limits in words, and `unit` may be
    empty.
    """

    name: str
    default: Any
    expected: str
    unit: str
    explanation: str

    def lines(self, width: int = 96) -> Iterator[str]:
        """Yield lines of text: name, default and allowed values, then the explanation."""
        unit = f"; unit: {self.unit}" if self.unit else ""
        head = f"{self.name} = {json.dumps(self.default)}"
        yield from textwrap.wrap(f"{head}    ({self.expected}{unit})", width)
        yield from textwrap.wrap(self.explanation, width)


@lru_cache
def options_of(kind: type) -> tuple[Option, ...]:
    """The options of a configuration dataclass, in the order of their declaration.

    Nested tables are left out.
    """
    hints, explained = typing.get_type_hints(kind, include_extras=True), _explanations(kind)
    found = []
    for one in dataclasses.fields(kind):
        if one.default is dataclasses.MISSING:
            continue
        default = list(one.default) if isinstance(one.default, tuple) else one.default
        expected, unit = _described(hints[one.name])
        found.append(Option(one.name, default, expected, unit, explained[one.name]))
    return tuple(found)


def _explanations(kind: type) -> dict[str, str]:
    """The string literal below each field, by the name of the field, as one line."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for one, after in zip(body.body, body.body[1:], strict=False):
        if not (isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)):
            continue
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[one.target.id] = " ".join(str(after.value.value).split())
    return found


def _described(declared: Any) -> tuple[str, str]:
    """The values that a type allows, in words, and their unit."""
    if get_origin(declared) is Annotated:
        kind, *notes = get_args(declared)
        limits = next((_limits(note) for note in notes if isinstance(note, Meta)), "")
        text, unit = _described(kind)
        return text + limits, next((note for note in notes if isinstance(note, str)), unit)
    if get_origin(declared) is Literal:
        return f"one of {', '.join(map(json.dumps, get_args(declared)))}", ""
    if get_origin(declared) is tuple:
        text, unit = _described(get_args(declared)[0])
        return f"a list, each {text}", unit
    if get_origin(declared) in (Union, UnionType):
        parts = [_described(one) for one in get_args(declared)]
        return ", or ".join(text for text, _ in parts), parts[0][1]
    return ("" if declared is bool else "a " if declared is not str else "") + _KINDS[declared], ""


def _limits(meta: Meta) -> str:
    """The limits of a number, in words."""
    if meta.ge is not None and meta.le is not None:
        return f" from {meta.ge:,.12g} to {meta.le:,.12g}"
    low = f" of at least {meta.ge:g}" if meta.ge is not None else ""
    low = f" above {meta.gt:g}" if meta.gt is not None else low
    high = f" and at most {meta.le:,.12g}" if meta.le is not None else ""
    high = f" and below {meta.lt:g}" if meta.lt is not None else high
    return low + high
