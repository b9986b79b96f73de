"""Scores of models and baselines on a folder of HR images.

`docs/evaluation.md` describes the protocol.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from iqlut import engines
from iqlut.errors import InvalidArgument, PictureError
from iqlut.evaluation import psnr_ssim
from iqlut.evaluation.degradation import CLEAN, Degradation
from iqlut.evaluation.image_sets import image_files
from iqlut.pictures import eight_bits
from iqlut.planes import colour, resize
from iqlut.planes.plane_types import UpscalePlane
from iqlut.planes.self_ensemble import self_ensemble
from iqlut.restoration import choose_strength
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import RestorationTables, tables_at

# Names of baselines, which may be given instead of a model. Published results are compared with the
# first one.
BICUBIC = "bicubic"
FILTERS = {
    "Pillow bicubic": Image.Resampling.BICUBIC,
    "Pillow Lanczos": Image.Resampling.LANCZOS,
}
BASELINES = (BICUBIC, *FILTERS)
PATHS = ("y", "rgb")
_SSIM_WINDOW_PX = 11


@dataclass(frozen=True)
class Score:
    """The mean score over the images of a folder, which is a row in a table of results.

    dataset  the name of the folder
    engine   "numpy" for bicubic and "pillow" for the other baselines
    path     "y" if luma is downscaled and upscaled; "rgb" if red, green and blue are, and the luma
             of the results is compared
    degrade  the degradation of the small image, as `degradation.parse` reads it
    restore  the restoration strength, or "auto"; None for a model without strengths
    """

    model: str
    dataset: str
    images: int
    scale: int
    engine: str
    path: str
    ensemble: int
    psnr_db: float
    ssim: float
    degrade: str = CLEAN.name
    restore: float | str | None = None


@dataclass(frozen=True)
class How:
    """How planes are downscaled and upscaled.

    See `engines`, `PATHS`, `planes.self_ensemble`, `degradation` and `restoration`. Baselines
    ignore the engine, the ensemble and the restoration strength.
    """

    engine: str = "native"
    path: str = "y"
    threads: int = 1
    ensemble: int = 1
    degradation: Degradation = CLEAN
    restore: float | str = choose_strength.AUTO


ON_LUMA = How()


@dataclass(frozen=True)
class ImageScore:
    """The score of one image of a folder."""

    name: str
    psnr_db: float
    ssim: float


def evaluate(
    model: Tables | RestorationTables | str, folder: str | Path, scale: int, how: How = ON_LUMA
) -> Score:
    """The mean score of a model, or of one of BASELINES, on the HR images in `folder`."""
    scores, is_model = evaluate_images(model, folder, scale, how), not isinstance(model, str)
    return Score(
        model=model if isinstance(model, str) else model.name,
        dataset=Path(folder).resolve().name,
        images=len(scores),
        scale=scale,
        engine=how.engine if is_model else "numpy" if model == BICUBIC else "pillow",
        path=how.path,
        ensemble=how.ensemble if is_model else 1,
        psnr_db=float(np.mean([score.psnr_db for score in scores])),
        ssim=float(np.mean([score.ssim for score in scores])),
        degrade=how.degradation.name,
        restore=how.restore if isinstance(model, RestorationTables) else None,
    )


def with_scores(
    model: Tables | RestorationTables, folders: Sequence[Path]
) -> Tables | RestorationTables:
    """The same tables with their scores on the folders as `psnr_db` and `ssim` in `about`.

    A RestorationTables is scored at the strength 0, since the folders hold clean images.
    """
    scores = [evaluate(model, folder, model.scale, How(restore=0.0)) for folder in folders]
    psnr_db = {score.dataset: round(score.psnr_db, 4) for score in scores}
    ssim = {score.dataset: round(score.ssim, 5) for score in scores}
    return model.with_about(model.about | {"psnr_db": psnr_db, "ssim": ssim})


def evaluate_images(
    model: Tables | RestorationTables | str, folder: str | Path, scale: int, how: How = ON_LUMA
) -> list[ImageScore]:  # fmt: skip
    """The score of each HR image in `folder`, sorted by path.

    Raises InvalidArgument for an unknown path or model, or for a folder without readable images.
    """
    if how.path not in PATHS:
        raise InvalidArgument(
            f"there is no path {how.path!r}, expected one of {', '.join(PATHS)}; leave it out for y"
        )
    upscale_plane = upscaler(model, scale, how)
    return [
        score_image(file.name, read_image(file), upscale_plane, scale, how)
        for file in image_files(Path(folder))
    ]


def upscaler(model: Tables | RestorationTables | str, scale: int, how: How) -> UpscalePlane:
    """The function that upscales one plane, by an engine with tables or by one of BASELINES.

    A RestorationTables runs at the restoration strength in `how`. With "auto" the strength is
    chosen for each plane. Raises InvalidArgument for an unknown model, or one of another scale.
    """
    if isinstance(model, str):
        return _baseline(model, scale)
    if model.scale != scale:
        raise InvalidArgument(
            f"the model {model.name} upscales {model.scale} times, expected {scale}; "
            "use a model of that scale"
        )
    requested = choose_strength.parse(how.restore)
    if isinstance(model, Tables) or requested is not None:
        tables = tables_at(model, requested or 0.0)
        return self_ensemble(
            engines.get(how.engine).build(tables, how.threads), how.ensemble, tables.symmetry
        )

    def upscale_by_choice(plane: np.ndarray) -> np.ndarray:
        choice = choose_strength.decide(how.restore, [plane], model.strengths[-1])
        return upscaler(model, scale, replace(how, restore=choice.strength))(plane)

    return upscale_by_choice


def _baseline(name: str, scale: int) -> UpscalePlane:
    if name == BICUBIC:
        return lambda plane: resize.resize(plane, scale * plane.shape[0], scale * plane.shape[1])
    if name not in FILTERS:
        raise InvalidArgument(
            f"there is no model {name!r}, expected Tables, a RestorationTables or one of "
            f"{', '.join(BASELINES)}; check the name"
        )
    return lambda plane: np.asarray(
        Image.fromarray(plane).resize(
            (scale * plane.shape[1], scale * plane.shape[0]), FILTERS[name]
        )
    )


def score_image(
    name: str, hr: np.ndarray, upscale_plane: UpscalePlane, scale: int, how: How = ON_LUMA
) -> ImageScore:
    """Downscale, damage and upscale an HR image, uint8 (h, w) or (h, w, 3), and score the result.

    `scale` pixels are shaved on each side. The random numbers of the degradation depend on the name
    of the image only, so that the scores can be reproduced. Raises InvalidArgument for an image
    that is too small, or for a degradation on another path than "y".
    """
    (h, w), least_px = hr.shape[:2], -(-(_SSIM_WINDOW_PX + 2 * scale) // scale) * scale
    hr = resize.mod_crop(hr, scale)
    if min(hr.shape[:2]) < least_px:
        raise InvalidArgument(
            f"{name}: the image is {w}x{h} pixels, expected at least {least_px}x{least_px}; "
            "remove it from the folder"
        )
    if how.path == "y":
        hr_luma = hr if hr.ndim == 2 else colour.benchmark_luma(hr)
        sr_luma = upscale_plane(
            how.degradation.apply(hr_luma, scale, zlib.crc32(Path(name).stem.encode()))
        )
    elif how.degradation != CLEAN:
        raise InvalidArgument(
            f"the degradation {how.degradation.name} is given for the path {how.path}, expected "
            "the path y; change one of the two"
        )
    else:
        hr = hr if hr.ndim == 3 else np.stack([hr] * 3, axis=2)
        lr = resize.shrink(hr, scale)
        sr = np.stack([upscale_plane(np.ascontiguousarray(lr[:, :, c])) for c in range(3)], axis=2)
        hr_luma, sr_luma = colour.benchmark_luma(hr), colour.benchmark_luma(sr)
    return ImageScore(
        name, psnr_ssim.psnr(sr_luma, hr_luma, scale), psnr_ssim.ssim(sr_luma, hr_luma, scale)
    )


def read_image(file: Path) -> np.ndarray:
    """Read an image file as uint8 (h, w) if it is gray, or else (h, w, 3); see `eight_bits.read`.

    Raises InvalidArgument if it cannot be read.
    """
    try:
        return eight_bits.read(file)
    except PictureError as error:
        raise InvalidArgument(str(error)) from None


def read_luma(file: Path) -> np.ndarray:
    """Read the luma of an image file, uint8 (h, w). For a gray image it is the image itself."""
    pixels = read_image(file)
    return pixels if pixels.ndim == 2 else colour.benchmark_luma(pixels)
