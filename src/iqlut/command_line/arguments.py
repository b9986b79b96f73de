"""The arguments that several commands take, and what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import arg

from iqlut import engines, upscaling
from iqlut.command_line.console import FAILED, Stop, stop_on
from iqlut.restoration import choose_strength
from iqlut.tables import file_format, shipped_models
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import tables_at

if TYPE_CHECKING:
    from iqlut.network.configuration import Config
    from iqlut.network.stages import Stages

_MODEL_DEFAULT = "(default: everyday-x4, or everyday-x2 or -x3 as SCALE is)"
Model = Annotated[
    str | None,
    arg(
        aliases=("-m",),
        metavar="MODEL",
        help="a model of `iqlut models`, or a *.iqlut file",
        help_behavior_hint=_MODEL_DEFAULT,
    ),
]
Engine = Annotated[
    str, arg(metavar="ENGINE", help=f"what runs the tables: {', '.join(engines.ENGINES)}")
]
Threads = Annotated[
    int | None,
    arg(
        aliases=("-t",),
        metavar="THREADS",
        help="threads to run on",
        help_behavior_hint="(default: all cores)",
    ),
]
Device = Annotated[Literal["cpu", "cuda"], arg(help="where the training steps are made")]
Ensemble = Annotated[
    Literal[1, 2, 4, 8],
    arg(help="take the mean of so many flips and turns: sharper, in as many times the time"),
]
Restore = Annotated[
    str,
    arg(
        metavar="auto|0..3",
        help="restoration strength: 0 (clean input) to 3 (coarse JPEG, strong noise); auto looks at each picture",
    ),
]
Json = Annotated[bool, arg(help="print one JSON list of flat objects", help_behavior_hint="")]
Debug = Annotated[bool, arg(help="show the traceback of an error", help_behavior_hint="")]


def model(name_or_path: str | None, scale: int | None = None) -> shipped_models.Model:
    """The model asked for, of the scale asked for; Stop in one sentence where there is none."""
    if name_or_path is None:
        name_or_path = _default_model(scale)
    try:
        found = shipped_models.load(name_or_path)
    except file_format.BadFile as error:
        raise Stop(error, FAILED) from error
    except OSError as error:
        raise Stop(
            f"{name_or_path} cannot be read ({error.strerror}); see `iqlut models`", FAILED
        ) from error
    except ValueError as error:
        raise Stop(error) from error
    if scale not in (None, found.scale):
        raise Stop(
            f"the model {found.name} upscales {found.scale} times, not {scale}; leave -s out or name another with -m"
        )
    return found


def restore(text: str, models: Sequence[shipped_models.Model]) -> float | str:
    """The restoration strength asked for, or "auto"; Stop where it is none, or one of the models has no such."""
    with stop_on(ValueError):
        strength = choose_strength.parse(text)
        if strength is None:
            return choose_strength.AUTO
        for one in models:
            if isinstance(one, Tables):
                raise Stop(shipped_models.no_strengths(one))
            one.at(strength)
    return strength


def stages(path: Path) -> Stages:
    """The stages in a TOML file; Stop in one sentence where there are none."""
    from iqlut.network import configuration, stages

    with stop_on(configuration.BadConfig):
        try:
            return stages.load(path)
        except OSError as error:
            raise Stop(
                f"{path} cannot be read ({error.strerror}); expected a TOML file", FAILED
            ) from error


def configuration(path: Path) -> Config:
    """The configuration in a TOML file, of its last stage; Stop in one sentence where there is none."""
    return stages(path).config()


def ladder(name_or_path: str | None, scale: int | None) -> tuple[shipped_models.Model, ...]:
    """The models for pictures of any size: those that are named, or one of each scale that there is."""
    if name_or_path is not None or scale is not None:
        return (model(name_or_path, scale),)
    scales = sorted({shipped_models.load(name).scale for name in shipped_models.models()})
    return tuple(model(None, scale) for scale in scales) or (model(None),)


def _default_model(scale: int | None) -> str:
    """The everyday model of a scale, or any other shipped model of it."""
    names = shipped_models.models()
    ending = "" if scale is None else f"-x{scale}"
    fitting = [
        name
        for name in (f"{shipped_models.DEFAULT_FAMILY}-x{scale or 4}", *names)
        if name in names and name.endswith(ending)
    ]
    if fitting:
        return fitting[0]
    known = f"there are {', '.join(names)}" if names else "none is shipped"
    wanted = "" if scale is None else f" that upscales {scale} times"
    raise Stop(f"there is no model{wanted} ({known}); name a *.iqlut file with -m")


def threads(count: int | None) -> int:
    """The number of threads; all cores for None."""
    if count is not None and count < 1:
        raise Stop(f"-t is {count}, expected 1 or more")
    return count or upscaling.cores()


def check_engine(name: str, found: shipped_models.Model, threads: int) -> None:
    """Stop where there is no such engine, or not what it needs: built here once, `api` keeps it."""
    with stop_on(ValueError, RuntimeError, OSError):
        upscaling.upscaler(tables_at(found), name, threads)


def check_folder(path: Path) -> None:
    """Stop where there is no folder for a new file."""
    if not path.parent.is_dir():
        raise Stop(f"there is no folder {path.parent} for {path.name}; create it first")
