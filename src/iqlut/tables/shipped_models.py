"""Load models by name or path: those that ship with the package, and model files."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from iqlut import atomic_files
from iqlut.errors import InvalidArgument, UnknownModel
from iqlut.tables import file_format
from iqlut.tables.integer_tables import SCALES, Tables
from iqlut.tables.restoration_tables import RestorationTables

CLEAN_INPUT = "clean input"  # the purpose of models that do not state theirs
DEFAULT_FAMILY, BEST_FAMILY, DEFAULT_SCALE = "everyday", "best", 4
_SUFFIX = ".iqlut"
_FOLDER = Path(__file__).parents[1] / "models"

Model = Tables | RestorationTables


def models() -> tuple[str, ...]:
    """The names of the models that ship with the package, in alphabetical order."""
    return tuple(
        sorted(
            file.name[: -len(_SUFFIX)] for file in _FOLDER.iterdir() if file.name.endswith(_SUFFIX)
        )
    )


def default_model(scale: int) -> str:
    """The name of the default model of a scale. Raises UnknownModel for a scale without one."""
    name = f"{DEFAULT_FAMILY}-x{scale}"
    if scale not in SCALES:
        *others, last = map(str, SCALES)
        example = f", such as {scale} times the width" if scale > SCALES[-1] else ""
        raise UnknownModel(
            f"the scale is {scale}, expected {', '.join(others)} or {last}, since no tables have "
            "another; `iqlut upscale` reaches any size up to 16 times the input in several steps: "
            f"give it in pixels with --width, --height or --size{example}"
        )
    if name not in models():
        raise UnknownModel(
            f"there is no model {name!r}, the default of scale {scale}; {_known()}; name one of "
            "them"
        )
    return name


def scales_of(family: str) -> tuple[int, ...]:
    """The scales of the shipped models of a family, which is a name without its scale: "best"."""
    return tuple(scale for scale in SCALES if f"{family}-x{scale}" in models())


def of_family(name: str, scale: int | None = None) -> str:
    """The name of the model of a scale where `name` is a family; any other name as it is.

    Without a scale, the largest of the family is taken. Raises UnknownModel if the family has no
    model of the scale.
    """
    scales = scales_of(name)
    if not scales or name in models():
        return name
    if scale not in (None, *scales):
        raise UnknownModel(
            f"there is no model {name}-x{scale}, expected one of "
            f"{', '.join(f'{name}-x{one}' for one in scales)}; ask for another scale, or leave the "
            "model out for the default one"
        )
    return f"{name}-x{scale or scales[-1]}"


def default_and_best(scale: int) -> tuple[str, ...]:
    """The names of the default model of a scale and, if there is one, of the best.

    Raises UnknownModel for a scale without a default model.
    """
    best = f"{BEST_FAMILY}-x{scale}"
    return (default_model(scale), *((best,) if best in models() else ()))


def load(name_or_path: str | os.PathLike[str]) -> Model:
    """The shipped model of a name, or the model in a file.

    A string is a path if it contains a separator or ends in `.iqlut`, and a name otherwise.
    Returns `Tables`, or `RestorationTables` if the model has restoration strengths. Raises
    UnknownModel if there is no model of that name, BadModelFile if the file holds no model, and
    OSError if it cannot be read.
    """
    if not isinstance(name_or_path, str | os.PathLike):
        raise InvalidArgument(
            f"the model is {name_or_path!r}, expected the name of a model or the path of a file"
        )
    if (
        isinstance(name_or_path, str)
        and not name_or_path.endswith(_SUFFIX)
        and Path(name_or_path).name == name_or_path
    ):
        return _shipped(name_or_path)
    return file_format.read(Path(name_or_path))


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model to a file that `load` reads; the same tables give the same bytes.

    A file that exists is replaced.
    """
    data = file_format.to_bytes(model)
    atomic_files.write_atomically(Path(path), lambda file: file.write(data))


@lru_cache(maxsize=8)
def _shipped(name: str) -> Model:
    if name not in models():
        raise UnknownModel(
            f"there is no model {name!r}; {_known()}; name one of them or a file whose name ends "
            f"in {_SUFFIX}"
        )
    return file_format.from_bytes((_FOLDER / (name + _SUFFIX)).read_bytes())


def _known() -> str:
    return f"the models are {', '.join(models()) or 'none'}"


def no_strengths(tables: Tables) -> str:
    """The error message for a restoration strength that was asked of a model without strengths."""
    able = [name for name in models() if isinstance(load(name), RestorationTables)]
    return (
        f"the model {tables.name} has no restoration strengths, expected none to be requested; "
        f"leave restore out, or use a model with strengths ({', '.join(able) or 'none is shipped'})"
    )
