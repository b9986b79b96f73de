"""What a program imports: load a model, enlarge an image. `iqlut` re-exports all of it."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np

from iqlut import deep, engines, fileformat, restoration
from iqlut.dial import Dial
from iqlut.engines import Colourful, Upscale
from iqlut.image import check_uint8, enlarge_alpha, join, split, split_alpha
from iqlut.tables import Tables
from iqlut.turns import averaged

if TYPE_CHECKING:
    from PIL.Image import Image

_SUFFIX = ".iqlut"
_BUILT_MAX = 8
_built: OrderedDict[tuple[str, str, int], Upscale] = OrderedDict()
_lock = threading.Lock()

# Pillow's modes, and what each becomes before it is enlarged; others are refused.
_MODES = {
    "1": "L", "L": "L", "La": "LA", "LA": "LA", "P": "RGB", "RGB": "RGB", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB",
    "PA": "RGBA", "RGBa": "RGBA", "RGBA": "RGBA", "CMYK": "CMYK",
}  # fmt: skip
_WITH_ALPHA = {"L": "LA", "RGB": "RGBA"}
_DEEP = (np.dtype("<u2"), np.dtype(">u2"))
_CHANNELS = ((), (2,), (3,), (4,))
_KEPT_INFO = ("icc_profile", "exif")
_DEFAULT_MODEL = "everyday"

Model = Tables | Dial


def models() -> tuple[str, ...]:
    """The names of the models that came with the package."""
    folder = resources.files("iqlut") / "models"
    return tuple(sorted(file.name[: -len(_SUFFIX)] for file in folder.iterdir() if file.name.endswith(_SUFFIX)))


def load(name_or_path: str | os.PathLike[str]) -> Model:
    """The model of that name, or in the file at that path (a string with a separator or ending in `.iqlut`).

    `Tables`, or a `Dial`, which holds tables for each of several restoration strengths. ValueError if there is no such
    model or the file holds none, OSError if it cannot be read.
    """
    if isinstance(name_or_path, str) and not name_or_path.endswith(_SUFFIX) and Path(name_or_path).name == name_or_path:
        return _shipped(name_or_path)
    return fileformat.read(Path(name_or_path))


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model to a file that `load` reads; the same tables give the same bytes."""
    Path(path).write_bytes(fileformat.to_bytes(model))


@overload
def upscale(
    image: np.ndarray,
    scale: int = 4,
    model: str | os.PathLike[str] | Model | None = None,
    engine: str = "native",
    threads: int | None = None,
    turns: int = 1,
    restore: float | str = restoration.AUTO,
) -> np.ndarray: ...


@overload
def upscale(
    image: Image,
    scale: int = 4,
    model: str | os.PathLike[str] | Model | None = None,
    engine: str = "native",
    threads: int | None = None,
    turns: int = 1,
    restore: float | str = restoration.AUTO,
) -> Image: ...


def upscale(
    image: np.ndarray | Image,
    scale: int = 4,
    model: str | os.PathLike[str] | Model | None = None,
    engine: str = "native",
    threads: int | None = None,
    turns: int = 1,
    restore: float | str = restoration.AUTO,
) -> np.ndarray | Image:
    """The image `scale` times as high and as wide, of the same kind.

    image    uint8 array (h, w), (h, w, 2) gray + alpha, (h, w, 3) or (h, w, 4), or a Pillow image;
             a uint16 array of these shapes, in either byte order, becomes uint16, see `deep`
    model    Tables, a Dial, a name from `models()` or a path; None is "everyday-x2", "-x3" or "-x4" as scale is
    engine   one of `engines.ENGINES`; all give the same pixels
    threads  None is one for each core that this process may use
    turns    1, 2, 4 or 8: the mean of so many flips and turns, sharper, in as many times the time (`turns`)
    restore  how much noise and JPEG damage is taken away: 0 (none) to 3, or "auto", which looks at the image
             (`restoration`); models without strengths have "auto" only, and do nothing of the kind

    The tables enlarge luma and alpha, the bicubic kernel colour (see `image.split` and `image.join`).
    A Pillow image of mode L, LA, RGB, RGBA or CMYK keeps its mode; bilevel becomes L, palettes become RGB,
    or RGBA if transparent. It keeps its colour profile and EXIF.
    """
    found = _model(model, scale)
    tables = found if isinstance(found, Tables) else found.at(strength(found, image, restore))
    if isinstance(found, Tables) and restoration.parse(restore) is not None:
        raise ValueError(no_strengths(found))
    enlarge = enlarger(tables, engine, threads, turns)
    if isinstance(image, np.ndarray):
        image = np.asarray(image)  # of a memory map, a matrix or a masked array the plain array
        if image.dtype in _DEEP and image.size and image.ndim > 1 and image.shape[2:] in _CHANNELS:
            return deep.upscale(image, lambda small: _upscale_array(small, enlarge, tables.scale), tables.scale)
        return _upscale_array(image, enlarge, tables.scale)
    return _upscale_pillow(image, enlarge, tables.scale)


def enlarger(tables: Tables, engine: str = "native", threads: int | None = None, turns: int = 1) -> Upscale:
    """What enlarges a uint8 plane by the engine; the last few are kept, so asking again costs nothing."""
    threads = cores() if threads is None else threads
    if threads < 1:
        raise ValueError(f"threads is {threads}, wanted 1 or more")
    key = (tables.sha256, engine, threads)
    with _lock:
        if key not in _built:
            _built[key] = engines.get(engine).build(tables, threads)
        _built.move_to_end(key)
        while len(_built) > _BUILT_MAX:
            _built.popitem(last=False)
        return averaged(_built[key], turns, tables.symmetry)


def cores() -> int:
    """How many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def strength(dial: Dial, image: np.ndarray | Image, restore: float | str = restoration.AUTO) -> float:
    """The restoration strength that `upscale` runs an image at; ValueError where the dial lacks the one asked for."""
    asked = restoration.parse(restore)
    if asked is not None:
        return asked
    return min(restoration.choose([image]).strength, dial.strengths[-1])


def no_strengths(tables: Tables) -> str:
    """The sentence for a model that has no restoration strengths where one was asked for."""
    return (
        f"the model {tables.name} has no restoration strengths; leave restore out, or take one that has: "
        f"{', '.join(name for name in models() if isinstance(load(name), Dial)) or 'none is shipped'}"
    )


@lru_cache(maxsize=_BUILT_MAX)
def _shipped(name: str) -> Model:
    known = models()
    if name not in known:
        raise ValueError(
            f"there is no model {name!r}; the models are {', '.join(known) or 'none'}, a file's path ends in {_SUFFIX}"
        )
    return fileformat.from_bytes((resources.files("iqlut") / "models" / (name + _SUFFIX)).read_bytes())


def _model(model: str | os.PathLike[str] | Model | None, scale: int) -> Model:
    if model is None:
        model = f"{_DEFAULT_MODEL}-x{scale}"
    found = model if isinstance(model, Model) else load(model)
    if found.scale != scale:
        raise ValueError(f"the model {found.name} enlarges {found.scale} times, {scale} times was asked for")
    return found


def _upscale_array(image: np.ndarray, enlarge: Upscale, scale: int) -> np.ndarray:
    check_uint8(image, (2, 3))
    if image.ndim == 3 and image.shape[2] >= 3 and isinstance(enlarge, Colourful):
        return _upscale_colours(image, enlarge, scale)
    luma, rest = split(image)
    alpha_sr = None if rest.alpha is None else _enlarged_alpha(rest.alpha, enlarge)
    return join(enlarge(luma), rest, scale, alpha_sr)


def _upscale_colours(image: np.ndarray, enlarge: Colourful, scale: int) -> np.ndarray:
    """The same for RGB and RGB + alpha where the engine does the colours."""
    colours, alpha = split_alpha(image)
    colours_sr = enlarge.colours(colours)
    if alpha is None:
        return colours_sr
    out = np.empty((*colours_sr.shape[:2], 4), np.uint8)
    out[:, :, :3] = colours_sr
    out[:, :, 3] = enlarge_alpha(alpha, scale, _enlarged_alpha(alpha, enlarge))
    return out


def _enlarged_alpha(alpha: np.ndarray, enlarge: Upscale) -> np.ndarray | None:
    """Alpha enlarged as luma is, unless it is the same everywhere and stays so."""
    return None if alpha.min() == alpha.max() else enlarge(alpha)


def _upscale_pillow(image: Image, enlarge: Upscale, scale: int) -> Image:
    from PIL import Image as pillow  # here, so that programs without images of this kind do not wait for it

    if not isinstance(image, pillow.Image):
        raise ValueError(f"the image is {type(image).__name__}, wanted a uint8 array or a Pillow image")
    if image.mode not in _MODES:
        raise ValueError(f"the image has mode {image.mode}, wanted one of {' '.join(_MODES)}; convert it first")
    mode = _MODES[image.mode]
    if image.has_transparency_data:
        mode = _WITH_ALPHA.get(mode, mode)
    if mode == "CMYK":  # four inks, each a plane
        out = pillow.merge(mode, [pillow.fromarray(enlarge(np.array(ink))) for ink in image.split()])
    else:
        pixels = np.array(image if image.mode == mode else image.convert(mode))
        out = pillow.fromarray(_upscale_array(pixels, enlarge, scale))
    out.info = {key: image.info[key] for key in _KEPT_INFO if key in image.info}
    return out
