"""Arguments that several commands take, and the values that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import arg

from iqlut import engines, upscaling
from iqlut.command_line.exit_codes import FAILED, Stop, stop_on
from iqlut.errors import BadModelFile, UnknownModel
from iqlut.restoration import choose_strength
from iqlut.tables import shipped_models
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import tables_at

if TYPE_CHECKING:
    from iqlut.network.configuration import Config
    from iqlut.network.stages import Stages

_MODEL_DEFAULT = (
    f"(default: {shipped_models.DEFAULT_FAMILY}-x4, or -x2 or -x3 if that is the scale)"
)
Model = Annotated[
    str | None,
    arg(
        aliases=("-m",),
        metavar="MODEL",
        help="name of a model that `iqlut models` lists, with or without its scale, such as best, "
        "or a *.iqlut file",
        help_behavior_hint=_MODEL_DEFAULT,
    ),
]
Engine = Annotated[
    str,
    arg(
        metavar="ENGINE",
        help=f"implementation that runs the tables: {', '.join(engines.ENGINES)}; all compute the "
        "same pixels",
    ),
]
Threads = Annotated[
    int | None,
    arg(
        aliases=("-t",),
        metavar="THREADS",
        help="number of threads",
        help_behavior_hint="(default: all cores)",
    ),
]
Device = Annotated[Literal["cpu", "cuda"], arg(help="device that computes the training steps")]
Ensemble = Annotated[
    Literal[1, 2, 4, 8, 16],
    arg(
        help="average the results for this many flips and rotations of the image, 16 with those of "
        "its negative, which is slightly sharper and takes that many times as long; models that "
        "have all flips and rotations built in, as best has, gain only from 16, in twice the time"
    ),
]
Restore = Annotated[
    str,
    arg(
        metavar="auto|0..3",
        help="how much noise and JPEG damage to remove, from 0 (none) to 3 (heavy); auto chooses "
        "for "
        "each picture",
    ),
]
Json = Annotated[
    bool, arg(help="print the result as a JSON list of flat objects", help_behavior_hint="")
]
Debug = Annotated[bool, arg(help="print the traceback of an error", help_behavior_hint="")]


def model(name_or_path: str | None, scale: int | None = None) -> shipped_models.Model:
    """The requested model. Raises Stop if there is none, or if it has another scale."""
    try:
        if name_or_path is None:
            name_or_path = shipped_models.default_model(scale or shipped_models.DEFAULT_SCALE)
        found = shipped_models.load(shipped_models.of_family(name_or_path, scale))
    except BadModelFile as error:
        raise Stop(error, FAILED) from error
    except OSError as error:
        raise Stop(
            f"{name_or_path} cannot be read ({error.strerror}), expected a *.iqlut file; "
            "`iqlut models` lists the models that need no file",
            FAILED,
        ) from error
    except UnknownModel as error:
        raise Stop(error) from error
    if scale not in (None, found.scale):
        raise Stop(
            f"the scale is {scale}, expected {found.scale}, the scale of the model {found.name}; "
            "leave -s out or choose another model with -m"
        )
    return found


def restore(text: str, models: Sequence[shipped_models.Model]) -> float | str:
    """The requested restoration strength, or "auto".

    Raises Stop if the text states none, or if one of the models does not have it.
    """
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
                f"{path} cannot be read ({error.strerror}), expected a TOML file; check the name",
                FAILED,
            ) from error


def configuration(path: Path) -> Config:
    """The configuration of the last stage in a TOML file. Raises Stop if there is none."""
    return stages(path).config()


def ladder(name_or_path: str | None, scale: int | None) -> tuple[shipped_models.Model, ...]:
    """The models for results of any size: the named one, or each one of a family, by default of
    the default family.
    """
    family = shipped_models.DEFAULT_FAMILY if name_or_path is None else name_or_path
    if scale is None and (scales := shipped_models.scales_of(family)):
        return tuple(model(family, scale) for scale in scales)
    return (model(name_or_path, scale),)


def threads(count: int | None) -> int:
    """The number of threads; None is one for each core."""
    if count is not None and count < 1:
        raise Stop(f"-t is {count}, expected 1 or more; leave it out to use all cores")
    return count or upscaling.cores()


def check_engine(name: str, found: shipped_models.Model, threads: int) -> None:
    """Raise Stop if there is no such engine, or if a package that it needs is missing.

    The engine is built to find out; `upscaling` keeps it for use.
    """
    with stop_on(ValueError, RuntimeError, OSError):
        upscaling.upscaler(tables_at(found), name, threads)
