"""`iqlut.upscale`: upscale a NumPy array or a Pillow image with a model and an engine."""

from __future__ import annotations

import os
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, overload

import numpy as np

from iqlut import engines
from iqlut.engines import Colourful
from iqlut.errors import InvalidArgument
from iqlut.fork_safe import ModuleLock
from iqlut.native import ISA_VARIABLE
from iqlut.planes import high_bit_depth, pillow_modes
from iqlut.planes.colour import join, split, split_alpha, upscale_alpha
from iqlut.planes.plane_types import UpscalePlane, check_uint8
from iqlut.planes.self_ensemble import self_ensemble
from iqlut.restoration import choose_strength
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import RestorationTables
from iqlut.tables.shipped_models import Model, default_model, load, no_strengths, of_family

if TYPE_CHECKING:
    from PIL.Image import Image

_BUILT_MAX = 8
_built: OrderedDict[tuple[str, str, int, str | None], UpscalePlane] = OrderedDict()
_lock = ModuleLock()

_DEEP = (np.dtype("<u2"), np.dtype(">u2"))
_CHANNELS = ((), (2,), (3,), (4,))
_KEPT_INFO = ("icc_profile", "exif")


@overload
def upscale(
    image: np.ndarray,
    scale: int = 4,
    model: str | os.PathLike[str] | Model | None = None,
    engine: str = "native",
    threads: int | None = None,
    ensemble: int = 1,
    restore: float | str = choose_strength.AUTO,
) -> np.ndarray: ...


@overload
def upscale(
    image: Image,
    scale: int = 4,
    model: str | os.PathLike[str] | Model | None = None,
    engine: str = "native",
    threads: int | None = None,
    ensemble: int = 1,
    restore: float | str = choose_strength.AUTO,
) -> Image: ...


def upscale(
    image: np.ndarray | Image,
    scale: int = 4,
    model: str | os.PathLike[str] | Model | None = None,
    engine: str = "native",
    threads: int | None = None,
    ensemble: int = 1,
    restore: float | str = choose_strength.AUTO,
) -> np.ndarray | Image:
    """Upscale an image to `scale` times its height and width; the result is of the same kind.

    image     uint8 or uint16 array of shape (h, w), (h, w, 2) gray and alpha, (h, w, 3) RGB or
              (h, w, 4) RGB and alpha, or a Pillow image; the result has the same type
    scale     2, 3 or 4, and the scale of `model` if one is given
    model     a name from `models()`, or one without its scale, such as "best"; the path of a file,
              Tables or RestorationTables; None selects the default model of the scale, everyday-x2,
              everyday-x3 or everyday-x4
    engine    one of `engines.ENGINES`; all compute the same pixels
    threads   number of threads; None is one for each core that this process may use
    ensemble  1, 2, 4, 8 or 16: average the results for that many flips and rotations of the image,
              16 with those of its negative, which is slightly sharper and takes that many times as
              long; models that have all flips and rotations gain only from 16, in twice the time
    restore   how much noise and JPEG damage to remove, from 0 (none) to 3 (heavy), or "auto", which
              chooses by looking at the image; a model without strengths accepts only "auto" and
              removes nothing

    Tables upscale luma and alpha; colour differences are upscaled by a bicubic kernel. A Pillow
    image of mode L, LA, RGB, RGBA or CMYK keeps its mode. Bilevel images become L, images with a
    palette RGB, or RGBA if they are transparent. Colour profile and EXIF are kept.

    Raises `IqlutError`, always a ValueError as well, for an argument that is not allowed, and
    OSError if the file of a model cannot be read.
    """
    _check(image, scale)
    tables = _tables_for(_model(model, scale), image, restore)
    upscale_plane = upscaler(tables, engine, threads, ensemble)
    if isinstance(image, np.ndarray):
        # `asarray` makes a plain array of a memory map or a masked array
        return _upscale_any_depth(np.asarray(image), upscale_plane, tables.scale)
    return _upscale_pillow(image, upscale_plane, tables.scale)


def _check(image: np.ndarray | Image, scale: int) -> None:
    """Raise InvalidArgument for an image or a scale of a wrong type."""
    if not isinstance(scale, int | np.integer) or isinstance(scale, bool):
        raise InvalidArgument(
            f"the scale is {scale!r}, expected an integer, 2, 3 or 4; convert it first"
        )
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 and image.dtype not in _DEEP:
            raise InvalidArgument(
                f"the image is {image.dtype} {image.shape}, expected a uint8 or uint16 array; "
                "convert it first"
            )
        return
    from PIL import Image as pillow  # not above: arrays should not wait for it

    if not isinstance(image, pillow.Image):
        raise InvalidArgument(
            f"the image is {type(image).__name__}, expected a uint8 or uint16 array or a Pillow "
            "image; convert it first"
        )
    if pillow_modes.mode_for(image) is None:
        raise InvalidArgument(
            f"the image has mode {image.mode}, expected one of "
            f"{' '.join(pillow_modes.CONVERTED_TO)}; convert it first"
        )


def upscaler(
    tables: Tables, engine: str = "native", threads: int | None = None, ensemble: int = 1
) -> UpscalePlane:
    """The function that upscales a uint8 plane with an engine.

    The last few are kept, so that asking again for the same tables costs nothing. Raises
    InvalidArgument for an unknown engine, fewer than one thread or an invalid `ensemble`.
    """
    threads = cores() if threads is None else threads
    if threads < 1:
        raise InvalidArgument(
            f"threads is {threads}, expected 1 or more; leave it out to use all cores"
        )
    key = (tables.sha256, engine, threads, os.environ.get(ISA_VARIABLE))
    with _lock:
        if key not in _built:
            _built[key] = engines.get(engine).build(tables, threads)
        _built.move_to_end(key)
        while len(_built) > _BUILT_MAX:
            _built.popitem(last=False)
        return self_ensemble(_built[key], ensemble, tables.symmetry)


def cores() -> int:
    """The number of cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _tables_for(model: Model, image: np.ndarray | Image, restore: float | str) -> Tables:
    """The tables of a model for the restoration strength of an image."""
    if isinstance(model, RestorationTables):
        most = model.strengths[-1]
        return model.at(choose_strength.decide(restore, [image], most).strength)
    if choose_strength.parse(restore) is not None:
        raise InvalidArgument(no_strengths(model))
    return model


def _model(model: str | os.PathLike[str] | Model | None, scale: int) -> Model:
    if model is None:
        model = default_model(scale)
    if isinstance(model, str):
        model = of_family(model, scale)
    found = model if isinstance(model, Model) else load(model)
    if found.scale != scale:
        raise InvalidArgument(
            f"the scale is {scale}, expected {found.scale}, the scale of the model {found.name}; "
            f"use scale={found.scale} or another model"
        )
    return found


def _upscale_any_depth(image: np.ndarray, upscale_plane: UpscalePlane, scale: int) -> np.ndarray:
    """Upscale a uint8 or uint16 array (h, w) or (h, w, channels)."""
    if image.dtype in _DEEP and image.size and image.ndim > 1 and image.shape[2:] in _CHANNELS:
        eight_bits = partial(_upscale_array, upscale_plane=upscale_plane, scale=scale)
        return high_bit_depth.upscale(image, eight_bits, scale, high_bit_depth.PICTURE_16_BITS)
    return _upscale_array(image, upscale_plane, scale)


def _upscale_array(image: np.ndarray, upscale_plane: UpscalePlane, scale: int) -> np.ndarray:
    check_uint8(image, (2, 3))
    if image.ndim == 3 and image.shape[2] >= 3 and isinstance(upscale_plane, Colourful):
        return _upscale_colours(image, upscale_plane, scale)
    luma, rest = split(image)
    alpha_sr = None if rest.alpha is None else _upscaled_alpha(rest.alpha, upscale_plane)
    return join(upscale_plane(luma), rest, scale, alpha_sr)


def _upscale_colours(image: np.ndarray, upscale_plane: Colourful, scale: int) -> np.ndarray:
    """Upscale RGB, or RGB and alpha, with an engine that upscales colours itself."""
    colours, alpha = split_alpha(image)
    colours_sr = upscale_plane.colours(colours)
    if alpha is None:
        return colours_sr
    out = np.empty((*colours_sr.shape[:2], 4), np.uint8)
    out[:, :, :3] = colours_sr
    out[:, :, 3] = upscale_alpha(alpha, scale, _upscaled_alpha(alpha, upscale_plane))
    return out


def _upscaled_alpha(alpha: np.ndarray, upscale_plane: UpscalePlane) -> np.ndarray | None:
    """Alpha upscaled like luma; None if it is constant, since it then stays constant."""
    return None if alpha.min() == alpha.max() else upscale_plane(alpha)


def _upscale_pillow(image: Image, upscale_plane: UpscalePlane, scale: int) -> Image:
    from PIL import Image as pillow  # not above: `import iqlut` should not wait for it

    mode = pillow_modes.mode_for(image)
    if mode == "CMYK":  # each ink is upscaled as a plane
        out = pillow.merge(
            mode, [pillow.fromarray(upscale_plane(np.array(ink))) for ink in image.split()]
        )
    else:
        pixels = np.array(image if image.mode == mode else image.convert(mode))
        out = pillow.fromarray(_upscale_array(pixels, upscale_plane, scale))
    out.info = {key: image.info[key] for key in _KEPT_INFO if key in image.info}
    return out
