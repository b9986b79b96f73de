"""The protocol: published scores of bicubic upscaling, and errors for folders without images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iqlut.evaluation import psnr_ssim
from iqlut.evaluation import scores as ev
from iqlut.planes import colour, resize
from random_tables import random_tables

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "test"
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "evaluation.md"
OURS = {  # bicubic, dB: what this protocol gives, for ever
    ("y", 2): {"Set5": 33.6371, "Set14": 30.2218, "B100": 29.5471},
    ("y", 3): {"Set5": 30.3854, "Set14": 27.5398, "B100": 27.2041},
    ("y", 4): {"Set5": 28.4156, "Set14": 25.9990, "B100": 25.9574},
    ("rgb", 4): {"Set5": 28.4177, "Set14": 26.0874, "B100": 25.9565},
}
# Bicubic on the rgb path, x4, with the mirrored edges of newer MATLABs.
MIRRORED_RGB = {"Set5": 28.416, "Set14": 26.084, "B100": 25.956}
# What the field prints; it is not rounded after every pass.
PUBLISHED = {
    2: {"Set5": 33.66, "Set14": 30.24, "B100": 29.56},
    3: {"Set5": 30.39, "Set14": 27.55, "B100": 27.21},
    4: {"Set5": 28.42, "Set14": 26.00, "B100": 25.96},
}


@pytest.fixture
def data() -> Path:
    if not DATA.is_dir():
        pytest.skip("the test images are not here: ../shared/data/test")
    return DATA


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    for name, shape in (
        ("b.png", (33, 41, 3)),
        ("a.bmp", (30, 40)),
        ("c.webp", (24, 24, 4)),
        ("d.tif", (40, 32, 3)),
    ):
        Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(
            tmp_path / name, lossless=True
        )
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


@pytest.mark.parametrize("dataset", ["Set5", "Set14", "B100"])
@pytest.mark.parametrize(("path", "scale"), OURS)
def test_bicubic_rows(data: Path, dataset: str, path: str, scale: int) -> None:
    score = ev.evaluate(ev.BICUBIC, data / dataset, scale, ev.How(path=path))
    assert score.images == len(list((data / dataset).glob("*.png")))
    assert (score.model, score.dataset, score.scale, score.engine, score.path) == (
        "bicubic",
        dataset,
        scale,
        "numpy",
        path,
    )
    assert score.psnr_db == pytest.approx(OURS[path, scale][dataset], abs=5e-5)
    row = next(
        line
        for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| {path}, {scale} |")
    )
    assert f"{score.psnr_db:.3f}" == row.split(" | ")[
        1 + list(OURS[path, scale]).index(dataset)
    ].strip(" |")
    if path == "y":
        assert score.psnr_db == pytest.approx(
            PUBLISHED[scale][dataset], abs=0.03 if scale == 2 else 0.011
        )


@pytest.mark.parametrize("dataset", MIRRORED_RGB)
def test_bicubic_on_the_rgb_path_differs_from_others_by_the_edges_alone(
    data: Path, dataset: str
) -> None:
    """With planes extended by their mirror image, the scores equal those of a mirroring resize."""

    def mirrored_resize(plane: np.ndarray, h: int, w: int) -> np.ndarray:
        edge = 16 if plane.shape[0] > h else 4  # pixels, as many on both sides of either resize
        wider = edge * h // plane.shape[0]
        padded = resize.resize(np.pad(plane, edge, "symmetric"), h + 2 * wider, w + 2 * wider)
        return padded[wider:-wider, wider:-wider]

    scores = []
    for file in sorted((data / dataset).glob("*.png")):
        hr = resize.mod_crop(ev.read_image(file), 4)
        hr = hr if hr.ndim == 3 else np.stack([hr] * 3, axis=2)
        h, w = hr.shape[:2]
        sr = [mirrored_resize(mirrored_resize(hr[:, :, c], h // 4, w // 4), h, w) for c in range(3)]
        scores.append(
            psnr_ssim.psnr(
                colour.benchmark_luma(np.stack(sr, axis=2)), colour.benchmark_luma(hr), 4
            )
        )
    assert np.mean(scores) == pytest.approx(MIRRORED_RGB[dataset], abs=0.001)


def test_images_are_sorted_and_the_score_is_their_mean(folder: Path) -> None:
    scores = ev.evaluate_images(ev.BICUBIC, folder, 2)
    assert [score.name for score in scores] == ["a.bmp", "b.png", "c.webp", "d.tif"]
    mean = ev.evaluate(ev.BICUBIC, folder, 2)
    assert mean.images == 4
    assert mean.psnr_db == pytest.approx(np.mean([score.psnr_db for score in scores]), abs=1e-12)
    assert mean.ssim == pytest.approx(np.mean([score.ssim for score in scores]), abs=1e-12)


@pytest.mark.parametrize("path", ev.PATHS)
def test_tables_go_through_the_engine(folder: Path, path: str) -> None:
    tables = random_tables(np.random.default_rng(1), scale=2)
    upscale_plane = ev.upscaler(tables, 2, ev.How("reference"))
    hr = resize.mod_crop(ev.read_image(folder / "b.png"), 2)
    score = ev.evaluate_images(tables, folder, 2, ev.How("reference", path))[1]
    if path == "y":
        sr_luma = upscale_plane(resize.shrink(colour.benchmark_luma(hr), 2))
    else:
        lr = resize.shrink(hr, 2)
        sr_luma = colour.benchmark_luma(
            np.stack([upscale_plane(lr[:, :, c].copy()) for c in range(3)], axis=2)
        )
    assert score.psnr_db == psnr_ssim.psnr(colour.benchmark_luma(hr), sr_luma, 2)
    mean = ev.evaluate(tables, folder, 2, ev.How("reference", path))
    assert (mean.model, mean.engine, mean.path) == ("random", "reference", path)


def test_gray_is_its_own_luma_on_the_y_path_only(folder: Path) -> None:
    gray = ev.read_image(folder / "a.bmp")
    assert gray.ndim == 2
    stretched = np.stack([gray] * 3, axis=2)

    def upscale_plane(plane: np.ndarray) -> np.ndarray:
        return resize.resize(plane, 2 * plane.shape[0], 2 * plane.shape[1])

    on_y, on_rgb = (
        ev.score_image("a", gray, upscale_plane, 2, ev.How(path=path)) for path in ev.PATHS
    )
    assert on_rgb == ev.score_image("a", stretched, upscale_plane, 2, ev.How(path="rgb"))
    assert on_rgb.psnr_db - on_y.psnr_db == pytest.approx(20 * np.log10(255 / 219), abs=0.05)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_modes_of_files(tmp_path: Path, mode: str) -> None:
    photo = Image.fromarray(np.random.default_rng(2).integers(0, 256, (20, 30, 3), dtype=np.uint8))
    photo.convert(mode).save(tmp_path / "photo.png")
    pixels = ev.read_image(tmp_path / "photo.png")
    assert pixels.dtype == np.uint8 and pixels.shape == (
        (20, 30) if mode in ("1", "L", "LA") else (20, 30, 3)
    )


def test_errors_name_the_image(folder: Path) -> None:
    with pytest.raises(ValueError, match="nowhere is not a folder"):
        ev.evaluate(ev.BICUBIC, folder / "nowhere", 4)
    (folder / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty holds no images, expected some of \.png"):
        ev.evaluate(ev.BICUBIC, folder / "empty", 4)
    (folder / "empty" / "short.png").write_bytes((folder / "b.png").read_bytes()[:200])
    with pytest.raises(ValueError, match=r"short\.png is (damaged|not a picture)"):
        ev.evaluate(ev.BICUBIC, folder / "empty", 4)
    (folder / "empty" / "short.png").write_bytes(b"GIF, or not")
    with pytest.raises(ValueError, match=r"short\.png is (damaged|not a picture)"):
        ev.evaluate(ev.BICUBIC, folder / "empty", 4)
    Image.new("F", (30, 30)).save(folder / "empty" / "deep.tif")
    (folder / "empty" / "short.png").unlink()
    with pytest.raises(ValueError, match=r"deep\.tif has floating-point samples"):
        ev.evaluate(ev.BICUBIC, folder / "empty", 4)
    (folder / "empty" / "deep.tif").unlink()
    Image.new("L", (18, 40)).save(folder / "empty" / "short.png")
    with pytest.raises(
        ValueError, match=r"short\.png: the image is 18x40 pixels, expected at least 20x20"
    ):
        ev.evaluate(ev.BICUBIC, folder / "empty", 4)


def test_errors_about_the_arguments(folder: Path) -> None:
    tables = random_tables(np.random.default_rng(1), scale=2)
    with pytest.raises(ValueError, match="the model random upscales 2 times, expected 4"):
        ev.evaluate(tables, folder, 4)
    with pytest.raises(ValueError, match="there is no path 'yuv', expected one of y, rgb"):
        ev.evaluate(tables, folder, 2, ev.How(path="yuv"))
    with pytest.raises(
        ValueError,
        match="there is no model 'lanczos', expected Tables, a RestorationTables or one of bicubic",
    ):
        ev.evaluate("lanczos", folder, 2)
    with pytest.raises(ValueError, match="the engine is 'abacus'"):
        ev.evaluate(tables, folder, 2, ev.How("abacus"))
