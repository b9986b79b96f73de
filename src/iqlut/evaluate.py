"""Scores of tables, or of bicubic enlargement, on a folder of HR images; the protocol is in `docs/evaluation.md`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from iqlut import engines, image, metrics
from iqlut.datasets import image_files
from iqlut.tables import Tables
from iqlut.turns import averaged

BICUBIC = "bicubic"  # stands for tables: the baseline that every published figure is compared with
PATHS = ("y", "rgb")
_SSIM_WINDOW_PX = 11

Enlarge = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Score:
    """The mean over the images of a folder: a row of a table of results.

    dataset  the folder's name
    engine   "numpy" for bicubic
    path     "y": luma is made small and enlarged; "rgb": red, green and blue are, and luma compared
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


@dataclass(frozen=True)
class How:
    """How planes are enlarged: see `engines`, `PATHS` and `turns`. Bicubic has no engine, and no turns."""

    engine: str = "native"
    path: str = "y"
    threads: int = 1
    turns: int = 1


ON_LUMA = How()


@dataclass(frozen=True)
class ImageScore:
    """One image of a folder."""

    name: str
    psnr_db: float
    ssim: float


def evaluate(tables: Tables | str, folder: str | Path, scale: int, how: How = ON_LUMA) -> Score:
    """The mean score of `tables`, or of "bicubic", on the HR images in `folder`."""
    scores = evaluate_images(tables, folder, scale, how)
    return Score(
        model=tables.name if isinstance(tables, Tables) else tables,
        dataset=Path(folder).resolve().name,
        images=len(scores),
        scale=scale,
        engine=how.engine if isinstance(tables, Tables) else "numpy",
        path=how.path,
        turns=how.turns if isinstance(tables, Tables) else 1,
        psnr_db=float(np.mean([score.psnr_db for score in scores])),
        ssim=float(np.mean([score.ssim for score in scores])),
    )


def with_scores(tables: Tables, folders: Sequence[Path]) -> Tables:
    """The same tables, that say of themselves (`psnr_db` and `ssim` in `about`) how they score on the folders."""
    scores = [evaluate(tables, folder, tables.scale) for folder in folders]
    psnr_db = {score.dataset: round(score.psnr_db, 4) for score in scores}
    ssim = {score.dataset: round(score.ssim, 5) for score in scores}
    return replace(tables, about=tables.about | {"psnr_db": psnr_db, "ssim": ssim})


def evaluate_images(
    tables: Tables | str, folder: str | Path, scale: int, how: How = ON_LUMA
) -> list[ImageScore]:  # fmt: skip
    """The score of each HR image in `folder`, sorted by file name."""
    if how.path not in PATHS:
        raise ValueError(f"there is no path {how.path!r}; the paths are {', '.join(PATHS)}")
    enlarge = enlarger(tables, scale, how)
    return [score_image(file.name, read_image(file), enlarge, scale, how.path) for file in image_files(Path(folder))]


def enlarger(tables: Tables | str, scale: int, how: How) -> Enlarge:
    """What enlarges one plane: an engine with the tables, or `image.resize` for "bicubic"."""
    if isinstance(tables, Tables):
        if tables.scale != scale:
            raise ValueError(f"the model {tables.name} enlarges {tables.scale} times, wanted {scale}")
        return averaged(engines.get(how.engine).build(tables, how.threads), how.turns, tables.symmetry)
    if tables != BICUBIC:
        raise ValueError(f"there are no tables {tables!r}; wanted Tables or {BICUBIC!r}")
    return lambda plane: image.resize(plane, scale * plane.shape[0], scale * plane.shape[1])


def score_image(name: str, hr: np.ndarray, enlarge: Enlarge, scale: int, path: str = "y") -> ImageScore:
    """One HR image, uint8 (h, w) or (h, w, 3), made small and enlarged; `scale` pixels are shaved."""
    hr = image.mod_crop(hr, scale)
    least_px = _SSIM_WINDOW_PX + 2 * scale
    if min(hr.shape[:2]) < least_px:
        h, w = hr.shape[:2]
        raise ValueError(f"{name}: the image is {w}x{h} pixels, wanted at least {least_px}x{least_px}")
    if path == "y":
        hr_luma = hr if hr.ndim == 2 else image.luma(hr)
        sr_luma = enlarge(image.shrink(hr_luma, scale))
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
