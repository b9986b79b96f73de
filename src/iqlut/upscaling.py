"""Upscale an image: NumPy arrays and Pillow images, by a model and an engine. `iqlut.upscale` is defined here."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, overload

import numpy as np

from iqlut import engines
from iqlut.engines import Colourful
from iqlut.planes import high_bit_depth
from iqlut.planes.colour import join, split, split_alpha, upscale_alpha
from iqlut.planes.plane_types import UpscalePlane, check_uint8
from iqlut.planes.self_ensemble import self_ensemble
from iqlut.restoration import choose_strength
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import RestorationTables
from iqlut.tables.shipped_models import DEFAULT_FAMILY, Model, load, no_strengths

if TYPE_CHECKING:
    from PIL.Image import Image

_BUILT_MAX = 8
_built: OrderedDict[tuple[str, str, int], UpscalePlane] = OrderedDict()
_lock = threading.Lock()

# Pillow's modes, and what each becomes before it is upscaled; others are refused.
_MODES = {
    "1": "L", "L": "L", "La": "LA", "LA": "LA", "P": "RGB", "RGB": "RGB", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB",
    "PA": "RGBA", "RGBa": "RGBA", "RGBA": "RGBA", "CMYK": "CMYK",
}  # fmt: skip
_WITH_ALPHA = {"L": "LA", "RGB": "RGBA"}
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
    """The image `scale` times as high and as wide, of the same kind.

    image    uint8 array (h, w), (h, w, 2) gray + alpha, (h, w, 3) or (h, w, 4), or a Pillow image;
             a uint16 array of these shapes, in either byte order, becomes uint16, see `deep`
    model    Tables, a RestorationTables, a name from `models()` or a path; None is "everyday-x2", "-x3" or "-x4" as scale is
    engine   one of `engines.ENGINES`; all give the same pixels
    threads  None is one for each core that this process may use
    turns    1, 2, 4 or 8: the mean of so many flips and turns, sharper, in as many times the time (`turns`)
    restore  how much noise and JPEG damage is taken away: 0 (none) to 3, or "auto", which looks at the image
             (`restoration`); models without strengths have "auto" only, and do nothing of the kind

    The tables upscale luma and alpha, the bicubic kernel colour (see `colour.split` and `colour.join`).
    A Pillow image of mode L, LA, RGB, RGBA or CMYK keeps its mode; bilevel becomes L, palettes become RGB,
    or RGBA if transparent. It keeps its colour profile and EXIF.
    """
    found = _model(model, scale)
    tables = found if isinstance(found, Tables) else found.at(strength(found, image, restore))
    if isinstance(found, Tables) and choose_strength.parse(restore) is not None:
        raise ValueError(no_strengths(found))
    upscale_plane = upscaler(tables, engine, threads, ensemble)
    if isinstance(image, np.ndarray):
        image = np.asarray(image)  # of a memory map, a matrix or a masked array the plain array
        if image.dtype in _DEEP and image.size and image.ndim > 1 and image.shape[2:] in _CHANNELS:
            return high_bit_depth.upscale(
                image,
                lambda small: _upscale_array(small, upscale_plane, tables.scale),
                tables.scale,
                high_bit_depth.PICTURE_16_BITS,
            )
        return _upscale_array(image, upscale_plane, tables.scale)
    return _upscale_pillow(image, upscale_plane, tables.scale)


def upscaler(
    tables: Tables, engine: str = "native", threads: int | None = None, ensemble: int = 1
) -> UpscalePlane:
    """What upscales a uint8 plane by the engine; the last few are kept, so asking again costs nothing."""
    threads = cores() if threads is None else threads
    if threads < 1:
        raise ValueError(f"threads is {threads}, expected 1 or more")
    key = (tables.sha256, engine, threads)
    with _lock:
        if key not in _built:
            _built[key] = engines.get(engine).build(tables, threads)
        _built.move_to_end(key)
        while len(_built) > _BUILT_MAX:
            _built.popitem(last=False)
        return self_ensemble(_built[key], ensemble, tables.symmetry)


def cores() -> int:
    """How many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def strength(
    restoration_tables: RestorationTables,
    image: np.ndarray | Image,
    restore: float | str = choose_strength.AUTO,
) -> float:
    """The restoration strength that `upscale` runs an image at; ValueError where the dial lacks the one asked for."""
    return choose_strength.decide(restore, [image], restoration_tables.strengths[-1]).strength


def _model(model: str | os.PathLike[str] | Model | None, scale: int) -> Model:
    if model is None:
        model = f"{DEFAULT_FAMILY}-x{scale}"
    found = model if isinstance(model, Model) else load(model)
    if found.scale != scale:
        raise ValueError(
            f"the model {found.name} upscales {found.scale} times, {scale} times was asked for"
        )
    return found


def _upscale_array(image: np.ndarray, upscale_plane: UpscalePlane, scale: int) -> np.ndarray:
    check_uint8(image, (2, 3))
    if image.ndim == 3 and image.shape[2] >= 3 and isinstance(upscale_plane, Colourful):
        return _upscale_colours(image, upscale_plane, scale)
    luma, rest = split(image)
    alpha_sr = None if rest.alpha is None else _upscaled_alpha(rest.alpha, upscale_plane)
    return join(upscale_plane(luma), rest, scale, alpha_sr)


def _upscale_colours(image: np.ndarray, upscale_plane: Colourful, scale: int) -> np.ndarray:
    """The same for RGB and RGB + alpha where the engine does the colours."""
    colours, alpha = split_alpha(image)
    colours_sr = upscale_plane.colours(colours)
    if alpha is None:
        return colours_sr
    out = np.empty((*colours_sr.shape[:2], 4), np.uint8)
    out[:, :, :3] = colours_sr
    out[:, :, 3] = upscale_alpha(alpha, scale, _upscaled_alpha(alpha, upscale_plane))
    return out


def _upscaled_alpha(alpha: np.ndarray, upscale_plane: UpscalePlane) -> np.ndarray | None:
    """Alpha upscaled as luma is, unless it is the same everywhere and stays so."""
    return None if alpha.min() == alpha.max() else upscale_plane(alpha)


def _upscale_pillow(image: Image, upscale_plane: UpscalePlane, scale: int) -> Image:
    from PIL import (
        Image as pillow,
    )  # here, so that programs without images of this kind do not wait for it

    if not isinstance(image, pillow.Image):
        raise ValueError(
            f"the image is {type(image).__name__}, expected a uint8 array or a Pillow image"
        )
    if image.mode not in _MODES:
        raise ValueError(
            f"the image has mode {image.mode}, expected one of {' '.join(_MODES)}; convert it first"
        )
    mode = _MODES[image.mode]
    if image.has_transparency_data:
        mode = _WITH_ALPHA.get(mode, mode)
    if mode == "CMYK":  # four inks, each a plane
        out = pillow.merge(
            mode, [pillow.fromarray(upscale_plane(np.array(ink))) for ink in image.split()]
        )
    else:
        pixels = np.array(image if image.mode == mode else image.convert(mode))
        out = pillow.fromarray(_upscale_array(pixels, upscale_plane, scale))
    out.info = {key: image.info[key] for key in _KEPT_INFO if key in image.info}
    return out
