"""The models that ship with the package, and model files: names and paths to tables."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib import resources
from pathlib import Path

from iqlut.tables import file_format
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import RestorationTables

CLEAN_INPUT = "clean input"  # the purpose of models that do not state theirs
DEFAULT_FAMILY = (
    "everyday"  # the default model of a scale is everyday-x2, everyday-x3 or everyday-x4
)
_SUFFIX = ".iqlut"
_FOLDER = resources.files("iqlut") / "models"

Model = Tables | RestorationTables


def models() -> tuple[str, ...]:
    """The names of the models that came with the package."""
    return tuple(
        sorted(
            file.name[: -len(_SUFFIX)] for file in _FOLDER.iterdir() if file.name.endswith(_SUFFIX)
        )
    )


def load(name_or_path: str | os.PathLike[str]) -> Model:
    """The model of that name, or in the file at that path (a string with a separator or ending in `.iqlut`).

    `Tables`, or a `RestorationTables`, which holds tables for each of several restoration strengths. ValueError if there is no such
    model or the file holds none, OSError if it cannot be read.
    """
    if (
        isinstance(name_or_path, str)
        and not name_or_path.endswith(_SUFFIX)
        and Path(name_or_path).name == name_or_path
    ):
        return _shipped(name_or_path)
    return file_format.read(Path(name_or_path))


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model to a file that `load` reads; the same tables give the same bytes."""
    Path(path).write_bytes(file_format.to_bytes(model))


@lru_cache(maxsize=8)
def _shipped(name: str) -> Model:
    known = models()
    if name not in known:
        raise ValueError(
            f"there is no model {name!r}; the models are {', '.join(known) or 'none'}, a file's path ends in {_SUFFIX}"
        )
    return file_format.from_bytes((_FOLDER / (name + _SUFFIX)).read_bytes())


def no_strengths(tables: Tables) -> str:
    """The sentence for a model that has no restoration strengths where one was asked for."""
    return (
        f"the model {tables.name} has no restoration strengths; leave restore out, or take one that has: "
        f"{', '.join(name for name in models() if isinstance(load(name), RestorationTables)) or 'none is shipped'}"
    )
