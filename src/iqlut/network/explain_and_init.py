"""All options as one text, for `iqlut train --explain` and `iqlut train --init`."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any

from iqlut.network.configuration import SECTIONS, Config
from iqlut.network.option_documentation import Option, options_of

_STAGES = """\
[[stage]]

    Stages are trained one after the other. A stage has a name and, in [stage.model], [stage.train]
    and [stage.degrade], what differs from the tables above. It starts from the stage before it,
    unless its train.start says otherwise.
"""
_STAGE_EXAMPLE = """
# Several stages are trained one after the other, each from the one before it:
# [[stage]]
# name = "first"
# [stage.train]
# loss = "charbonnier"
#
# [[stage]]
# name = "second"
# [stage.train]
# loss = "psnr"
# learning_rate = 0.001
"""
# Options that nearly every model sets. The others are comments in a new file.
_MAIN = (
    *("name", "purpose", "scale", "blocks", "channels", "gate", "data", "validation"),
    *("steps", "batch", "patch", "learning_rate", "loss"),
)


def explained() -> str:
    """The text that describes every option: default, allowed values, unit and explanation."""
    lines = [
        "Options of a configuration file, by table: name = default (allowed values; unit).",
        "",
    ]
    for title, options in _sections():
        lines += [title, ""] if title else []
        for one in options:
            head, *rest = one.lines()
            lines += [f"  {head}", *(f"      {line}" for line in rest), ""]
    return "\n".join(lines) + "\n" + _STAGES


def file_to_start_from(name: str) -> str:
    """The text of a new configuration file for a model of this name.

    The main options have their defaults, and the others are comments.
    """
    lines = [
        f"# The configuration of {name}; `iqlut train --explain` also prints types and limits."
    ]
    for title, options in _sections():
        lines += ["", title] if title else []
        for one in options:
            value = json.dumps(name if one.name == "name" else one.default, ensure_ascii=False)
            comment = textwrap.wrap(_with_unit(one), 96)
            lines += ["", *(f"# {line}" for line in comment)]
            lines.append(f"{'' if one.name in _MAIN else '# '}{one.name} = {value}")
    return "\n".join(lines) + "\n" + _STAGE_EXAMPLE


def _with_unit(option: Option) -> str:
    """The explanation of an option, with its unit."""
    unit = f" Unit: {option.unit}." if option.unit else ""
    return f"{option.explanation}{unit}"


def _sections() -> Iterator[tuple[str, tuple[Option, ...]]]:
    """Yield the title and the options of each table; the title of the top level is empty."""
    kinds: dict[str, Any] = {"": Config, **{f"[{name}]": kind for name, kind in SECTIONS.items()}}
    for title, kind in kinds.items():
        yield title, options_of(kind)
