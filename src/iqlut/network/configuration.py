"""The configuration of a training run: frozen dataclasses, read from one TOML file for each model.

The options are declared in `model_options`, `training_options` and `damage_options`, each with its
limits, its unit and its explanation. The ablations of the paper, its baseline and our own trials
are all configurations of the same code.
"""

from __future__ import annotations

import dataclasses
import json
import math
import textwrap
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_origin

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError

from iqlut.network.damage_options import DegradeConfig
from iqlut.network.model_options import ModelConfig
from iqlut.network.option_documentation import Option, options_of
from iqlut.network.option_types import FILTERS, BadConfig
from iqlut.network.training_options import TrainConfig
from iqlut.tables.shipped_models import CLEAN_INPUT

__all__ = (
    "FILTERS", "SECTIONS", "BadConfig", "Config", "DegradeConfig", "ModelConfig", "TrainConfig",
    "from_dict", "load", "override", "parse_override", "read_toml", "to_toml",
)  # fmt: skip

FILE_BYTES_MAX = 1 << 20
_NO_NAMES = ("", ".", "..")
SECTIONS = {"model": ModelConfig, "train": TrainConfig, "degrade": DegradeConfig}


@dataclass(frozen=True)
class Config:
    """The configuration of a whole run, or of one stage of it."""

    name: str = "l8c8-x4"
    """The model's name, as in `l8c8-x4`."""

    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    degrade: DegradeConfig = field(default_factory=DegradeConfig)

    purpose: str = CLEAN_INPUT
    """What the model is for, in a few words."""

    def __post_init__(self) -> None:
        if self.name in _NO_NAMES or set(self.name) & set("/\\:\0"):
            raise BadConfig(
                f"name is {self.name!r}, expected one that files and folders can have, which are "
                "called after it; leave out slashes, backslashes and colons"
            )
        if self.train.grids > self.model.scale:
            raise BadConfig(
                f"train.grids is {self.train.grids}, expected 1 to {self.model.scale}, the value "
                "of model.scale; lower it"
            )

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain values that JSON can represent."""
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return plain


def load(path: str | Path, stage: str | None = None) -> Config:
    """Read the configuration of a stage from the TOML file at `path`; None selects the last stage.

    Raises BadConfig if the file holds no valid configuration, or no stage of that name.
    """
    from iqlut.network import stages

    return stages.load(path).config(stage)


def read_toml(path: str | Path) -> tomlkit.TOMLDocument:
    """Read the TOML file at `path` with its comments. Raises BadConfig if it is not valid TOML."""
    with Path(path).open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    try:
        if len(data) > FILE_BYTES_MAX:
            raise ValueError(f"it has more than {FILE_BYTES_MAX} bytes")
        return tomlkit.parse(data.decode())
    except (TOMLKitError, ValueError, RecursionError) as error:
        raise BadConfig(
            f"{path} is not valid TOML ({error}), expected a configuration file; correct it, or "
            "write a new one with iqlut train --init"
        ) from None


def from_dict(values: Mapping[str, Any]) -> Config:
    """Make a Config from plain values.

    Raises BadConfig for unknown names, wrong types and values outside of their limits.
    """
    _check_names(values, Config, "")
    plain = {name: _as_declared(value, Config, name) for name, value in values.items()}
    for section, kind in SECTIONS.items():
        own = values.get(section, {})
        if not isinstance(own, Mapping):
            raise BadConfig(
                f"{section} is {own!r}, expected a table of names and values; write [{section}]"
            )
        _check_names(own, kind, f"{section}.")
        plain[section] = {name: _as_declared(value, kind, name) for name, value in own.items()}
    _check_finite(plain)
    try:
        return msgspec.convert(plain, Config)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, BadConfig):
            raise error.__cause__ from None
        raise _refused(plain, str(error)) from None


def override(config: Config, changes: Mapping[str, Any]) -> Config:
    """Replace values of a configuration, by names such as "train.steps".

    Raises BadConfig for unknown names and invalid values, as for those of a file.
    """
    values = config.to_dict()
    for name, value in changes.items():
        section, _, option = name.rpartition(".")
        if section not in ("", *SECTIONS) or (not section and name not in ("name", "purpose")):
            raise BadConfig(
                f"there is no option {name}, expected one of {', '.join(_known_names())}; correct "
                "the name"
            )
        (values[section] if section else values)[option] = value
    return from_dict(values)


def parse_override(text: str) -> tuple[str, Any]:
    """Split a command-line override such as `train.steps=3000` into name and value.

    The value is written as in TOML; other text is taken as a string. Raises BadConfig if there is
    no name or no equals sign.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise BadConfig(
            f"the override is {text!r}, expected NAME=VALUE; write it like train.steps=3000"
        )
    try:
        parsed = tomlkit.parse(f"value = {value.strip()}").unwrap()
    except TOMLKitError:
        return name.strip(), value.strip()
    return name.strip(), parsed["value"] if parsed.keys() == {"value"} else value.strip()


def to_toml(config: Config) -> str:
    """The TOML text of `config`, with only those values that differ from the defaults."""
    document = tomlkit.document()
    document.add("name", tomlkit.item(config.name))
    if config.purpose != Config().purpose:
        document.add("purpose", tomlkit.item(config.purpose))
    plain, defaults = config.to_dict(), Config().to_dict()
    for section in SECTIONS:
        changed = {
            name: value
            for name, value in plain[section].items()
            if value != defaults[section][name]
        }
        if changed or section != "degrade":
            document.add(tomlkit.nl())
            table = tomlkit.table()
            for name, value in changed.items():
                table.add(name, value)
            document.add(section, table)
    return tomlkit.dumps(document)


def _known_names() -> Sequence[str]:
    """The full names of all options."""
    names = (
        f"{section}.{one.name}" for section, kind in SECTIONS.items() for one in options_of(kind)
    )
    return ("name", "purpose", *names)


def _check_names(values: Mapping[str, Any], kind: type, prefix: str) -> None:
    """Raise BadConfig if a name is not a field of the dataclass `kind`."""
    known = [one.name for one in dataclasses.fields(kind)]
    for name in values:
        if name not in known:
            listed = ", ".join(prefix + one for one in known)
            raise BadConfig(
                f"there is no option {prefix}{name}, expected one of {listed}; correct the name"
            )


def _as_declared(value: Any, kind: type, name: str) -> Any:
    """The value, as a list of one if the option is a list and the value is not."""
    declared = typing.get_type_hints(kind)[name]
    single = not isinstance(value, Mapping | list | tuple)
    return [value] if single and get_origin(declared) is tuple else value


def _check_finite(plain: Mapping[str, Any]) -> None:
    """Raise BadConfig if a value is NaN or infinite."""
    for name, value in _leaves(plain, ""):
        if isinstance(value, float) and not math.isfinite(value):
            raise BadConfig(
                f"{name} is {value}, expected {_option(name).expected}; give a finite number"
            )


def _leaves(values: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield (full name of the option, value) for all values, also for those in lists."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from _leaves(value, f"{name}.{key}" if name else str(key))
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _leaves(value, name)
    else:
        yield name, values


def _option(name: str) -> Option:
    """The declaration of the option of this full name."""
    section, _, own = name.rpartition(".")
    kind = SECTIONS[section] if section else Config
    return next(one for one in options_of(kind) if one.name == own)


def _refused(plain: Mapping[str, Any], message: str) -> BadConfig:
    """Our error for a value that msgspec refused.

    `message` is that of msgspec, such as "Expected `int`, got `str` - at `$.train.steps`".
    """
    path = message.rpartition("$")[2].strip("`. ").partition("[")[0]
    value: Any = plain
    for step in path.split("."):
        value = value[step]
    return BadConfig(
        f"{path} is {textwrap.shorten(repr(value), 80)}, expected {_option(path).expected}; "
        "correct it, `iqlut train --explain` describes the option"
    )
