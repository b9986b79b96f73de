"""The stages of a model, read from one configuration file with shared and stage-specific tables.

    name = "everyday-x4"
    [model]            # also [train] and [degrade]: values of all stages
    blocks = 8

    [[stage]]
    name = "first"
    [stage.train]      # also [stage.model] and [stage.degrade]: values of this stage
    steps = 160_000

A stage starts from the checkpoint of the stage before it, unless its `train.start` says otherwise.
The checkpoint that is kept of a stage is checkpoints/MODEL-STAGE.pt, and that of the last stage
checkpoints/MODEL.pt. A file without stages describes a model that is trained in a single run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from iqlut.network.configuration import SECTIONS, BadConfig, Config, from_dict, override, read_toml

KEPT = "checkpoints"  # folder of the checkpoints that are kept permanently
_STAGE_KEYS = ("name", *SECTIONS)


@dataclass(frozen=True)
class Stage:
    """One stage of a model.

    name     the name of the stage, empty in a file without stages
    kept_as  the path of the checkpoint that is kept of it
    follows  whether it starts from the stage before it
    """

    name: str
    config: Config
    kept_as: str
    follows: bool = False


@dataclass(frozen=True)
class Stages:
    """The stages of a model, in the order in which they are trained."""

    path: str
    stages: tuple[Stage, ...]

    @property
    def name(self) -> str:
        """The model's name."""
        return self.stages[-1].config.name

    def stage(self, name: str | None) -> Stage:
        """The stage of this name; None selects the last one. Raises BadConfig if there is none."""
        if name is None:
            return self.stages[-1]
        for one in self.stages:
            if one.name == name:
                return one
        names = ", ".join(one.name for one in self.stages if one.name)
        known = (
            f"its stages are {names}; choose one of them"
            if names
            else "it has no stages; leave --stage out"
        )
        raise BadConfig(f"{self.path} has no stage {name!r}; {known}")

    def config(self, name: str | None = None) -> Config:
        """The configuration of the stage of this name; None selects the last one."""
        return self.stage(name).config

    def overridden(self, changes: Mapping[str, Any]) -> Stages:
        """The same stages with changed values, which `configuration.override` describes."""
        if not changes:
            return self
        started = {"train.start"} & set(changes)
        stages = (
            replace(
                one,
                config=override(one.config, changes),
                follows=one.follows and not started,
            )
            for one in self.stages
        )
        return replace(self, stages=tuple(stages))


def load(path: str | Path) -> Stages:
    """Read the stages of the TOML file at `path`. Raises BadConfig if they are not valid."""
    return from_values(read_toml(path).unwrap(), str(path))


def from_values(values: Mapping[str, Any], path: str) -> Stages:
    """Make the stages from plain values; `path` names their file in errors and checkpoints."""
    shared = {name: value for name, value in values.items() if name != "stage"}
    if "stage" not in values:
        config = from_dict(shared)
        return Stages(path, (Stage("", config, f"{KEPT}/{Path(path).stem}.pt"),))
    tables = values["stage"]
    if not (isinstance(tables, list) and tables):
        raise BadConfig(
            f"{path}: stage is {tables!r}, expected a list of tables; write [[stage]] above each"
        )
    names = [_name_of(table, path) for table in tables]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise BadConfig(
            f"{path} has more than one stage {min(repeated)!r}, expected names that differ; "
            "rename one"
        )
    from_dict(shared)  # so that an error in the shared tables is not attributed to a stage
    stages: list[Stage] = []
    for name, table in zip(names, tables, strict=True):
        stages.append(_stage(shared, name, table, stages, last=len(stages) + 1 == len(tables)))
    return Stages(path, tuple(stages))


def _stage(
    shared: Mapping[str, Any],
    name: str,
    own: Mapping[str, Any],
    before: Sequence[Stage],
    last: bool,
) -> Stage:
    """Make a stage from the shared values and its own. Raises BadConfig if they are invalid."""
    merged = {**shared}
    for section in SECTIONS:
        table = own.get(section, {})
        if not isinstance(table, Mapping):
            raise BadConfig(
                f"stage {name!r}: {section} is {table!r}, expected a table; write [stage.{section}]"
            )
        merged[section] = {**shared.get(section, {}), **table}
    follows = bool(before) and "start" not in own.get("train", {})
    if follows:
        merged["train"]["start"] = before[-1].kept_as
    try:
        config = from_dict(merged)
    except BadConfig as error:
        raise BadConfig(f"stage {name!r}: {error}") from None
    kept = config.name if last else f"{config.name}-{name}"
    return Stage(name, config, f"{KEPT}/{kept}.pt", follows)


def _name_of(table: Any, path: str) -> str:
    """The name of a stage. Raises BadConfig for a missing or illegal name or an unknown key."""
    if not isinstance(table, Mapping):
        raise BadConfig(f"{path}: a stage is {table!r}, expected a table; write [[stage]] above it")
    for key in table:
        if key not in _STAGE_KEYS:
            raise BadConfig(
                f"{path}: a stage has no option {key}, expected one of {', '.join(_STAGE_KEYS)}; "
                "write values in a table such as [stage.train]"
            )
    name = table.get("name")
    letters = str(name).replace("-", "").replace("_", "")
    if not isinstance(name, str) or not (letters.isalnum() and letters.isascii()):
        raise BadConfig(
            f"{path}: the name of a stage is {name!r}, expected letters, digits and hyphens; "
            'write name = "first"'
        )
    return name
