"""Scores of tables, or of bicubic enlargement, on a folder of HR images; the protocol is in `docs/evaluation.md`."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from iqlut import engines, image, metrics, restoration
from iqlut.datasets import image_files
from iqlut.degradation import CLEAN, Degradation
from iqlut.dial import Dial, tables_at
from iqlut.tables import Tables
from iqlut.turns import averaged

BICUBIC = "bicubic"  # stands for a model: the baseline that every published figure is compared with
FILTERS = {"Pillow bicubic": Image.Resampling.BICUBIC, "Pillow Lanczos": Image.Resampling.LANCZOS}  # so do these
BASELINES = (BICUBIC, *FILTERS)
PATHS = ("y", "rgb")
_SSIM_WINDOW_PX = 11

Enlarge = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Score:
    """The mean over the images of a folder: a row of a table of results.

    dataset  the folder's name
    engine   "numpy" for bicubic
    path     "y": luma is made small and enlarged; "rgb": red, green and blue are, and luma compared
    degrade  how the small image was made, as `degradation.parse` reads it
    restore  the restoration strength, or "auto"; None for a model without
    """

    model: str
    dataset: str
    images: int
    scale: int
    engine: str
    path: str
    turns: int
    psnr_db: float
    ssim: float
    degrade: str = CLEAN.name
    restore: float | str | None = None


@dataclass(frozen=True)
class How:
    """How planes are made small and enlarged: see `engines`, `PATHS`, `turns`, `degradation` and `restoration`.

    Baselines have no engine, no turns and no restoration strength.
    """

    engine: str = "native"
    path: str = "y"
    threads: int = 1
    turns: int = 1
    degradation: Degradation = CLEAN
    restore: float | str = restoration.AUTO


ON_LUMA = How()


@dataclass(frozen=True)
class ImageScore:
    """One image of a folder."""

    name: str
    psnr_db: float
    ssim: float


def evaluate(model: Tables | Dial | str, folder: str | Path, scale: int, how: How = ON_LUMA) -> Score:
    """The mean score of a model, or of one of BASELINES, on the HR images in `folder`."""
    scores, is_model = evaluate_images(model, folder, scale, how), not isinstance(model, str)
    return Score(
        model=model if isinstance(model, str) else model.name,
        dataset=Path(folder).resolve().name,
        images=len(scores),
        scale=scale,
        engine=how.engine if is_model else "numpy" if model == BICUBIC else "pillow",
        path=how.path,
        turns=how.turns if is_model else 1,
        psnr_db=float(np.mean([score.psnr_db for score in scores])),
        ssim=float(np.mean([score.ssim for score in scores])),
        degrade=how.degradation.name,
        restore=how.restore if isinstance(model, Dial) else None,
    )


def with_scores(model: Tables | Dial, folders: Sequence[Path]) -> Tables | Dial:
    """The same tables, that say of themselves (`psnr_db` and `ssim` in `about`) how they score on the folders.

    A Dial says how strength 0 scores: the folders hold clean images.
    """
    scores = [evaluate(model, folder, model.scale, How(restore=0.0)) for folder in folders]
    psnr_db = {score.dataset: round(score.psnr_db, 4) for score in scores}
    ssim = {score.dataset: round(score.ssim, 5) for score in scores}
    return model.with_about(model.about | {"psnr_db": psnr_db, "ssim": ssim})


def evaluate_images(
    model: Tables | Dial | str, folder: str | Path, scale: int, how: How = ON_LUMA
) -> list[ImageScore]:  # fmt: skip
    """The score of each HR image in `folder`, sorted by file name."""
    if how.path not in PATHS:
        raise ValueError(f"there is no path {how.path!r}; the paths are {', '.join(PATHS)}")
    enlarge = enlarger(model, scale, how)
    return [score_image(file.name, read_image(file), enlarge, scale, how) for file in image_files(Path(folder))]


def enlarger(model: Tables | Dial | str, scale: int, how: How) -> Enlarge:
    """What enlarges one plane: an engine with the tables, or one of BASELINES.

    A Dial runs at the restoration strength in `how`; with "auto" each plane is looked at by itself.
    """
    if isinstance(model, str):
        return _baseline(model, scale)
    if model.scale != scale:
        raise ValueError(f"the model {model.name} enlarges {model.scale} times, wanted {scale}")
    asked = restoration.parse(how.restore)
    if isinstance(model, Tables) or asked is not None:
        tables = tables_at(model, asked or 0.0)
        return averaged(engines.get(how.engine).build(tables, how.threads), how.turns, tables.symmetry)
    return lambda plane: enlarger(model, scale, replace(how, restore=restoration.choose([plane]).strength))(plane)


def _baseline(name: str, scale: int) -> Enlarge:
    if name == BICUBIC:
        return lambda plane: image.resize(plane, scale * plane.shape[0], scale * plane.shape[1])
    if name not in FILTERS:
        raise ValueError(f"there is no model {name!r}; expected Tables, a Dial or one of {', '.join(BASELINES)}")
    return lambda plane: np.asarray(
        Image.fromarray(plane).resize((scale * plane.shape[1], scale * plane.shape[0]), FILTERS[name])
    )


def score_image(name: str, hr: np.ndarray, enlarge: Enlarge, scale: int, how: How = ON_LUMA) -> ImageScore:
    """One HR image, uint8 (h, w) or (h, w, 3), made small, damaged as `how` says, and enlarged; `scale` px are shaved.

    The random part of the damage depends on the name of the image alone, so two people get the same number.
    """
    hr = image.mod_crop(hr, scale)
    least_px = _SSIM_WINDOW_PX + 2 * scale
    if min(hr.shape[:2]) < least_px:
        h, w = hr.shape[:2]
        raise ValueError(f"{name}: the image is {w}x{h} pixels, wanted at least {least_px}x{least_px}")
    if how.path == "y":
        hr_luma = hr if hr.ndim == 2 else image.luma(hr)
        sr_luma = enlarge(how.degradation.apply(hr_luma, scale, zlib.crc32(Path(name).stem.encode())))
    elif how.degradation != CLEAN:
        raise ValueError(f"the degradation {how.degradation.name} is for the path y, where luma alone is enlarged")
    else:
        hr = hr if hr.ndim == 3 else np.stack([hr] * 3, axis=2)
        lr = image.shrink(hr, scale)
        sr = np.stack([enlarge(np.ascontiguousarray(lr[:, :, c])) for c in range(3)], axis=2)
        hr_luma, sr_luma = image.luma(hr), image.luma(sr)
    return ImageScore(name, metrics.psnr(sr_luma, hr_luma, scale), metrics.ssim(sr_luma, hr_luma, scale))


def read_image(file: Path) -> np.ndarray:
    """An 8-bit image file as uint8 (h, w) if it is gray, else (h, w, 3); alpha is left out."""
    try:
        with Image.open(file) as opened:
            if opened.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
                raise ValueError(f"{file}: the image has mode {opened.mode}, wanted 8-bit gray or RGB")
            return np.array(opened.convert("L" if opened.mode in ("1", "L", "LA") else "RGB"))
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{file}: the image cannot be read ({error})") from None


def read_luma(file: Path) -> np.ndarray:
    """The luma of an image file, uint8 (h, w); a gray image is its own."""
    pixels = read_image(file)
    return pixels if pixels.ndim == 2 else image.luma(pixels)
