"""Evaluation, training, data checks and comparison read images alike and convert 16 bits alike."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from iqlut.commands import compare
from iqlut.evaluation import image_sets, scores
from iqlut.network.configuration import TrainConfig
from iqlut.pictures import reading, sixteen_bit_files
from iqlut.planes import colour
from iqlut.planes.high_bit_depth import rounded_to_8_bits
from iqlut.training import training_images
from picture_files import noise


def deep_file(path: Path, channels: int) -> np.ndarray:
    """A 16-bit PNG file of random samples; the samples."""
    pytest.importorskip("pyvips")
    shape = (12, 16, channels) if channels > 1 else (12, 16)
    samples = np.random.default_rng(7).integers(0, 65536, shape, dtype=np.uint16)
    path.write_bytes(sixteen_bit_files.encode_png(path.name, samples))
    return samples


def test_every_16_bit_sample_becomes_the_nearest_of_8_bits() -> None:
    samples = np.arange(65536, dtype=np.uint16)
    exact = np.floor(samples / 257 + 0.5).astype(np.uint8)
    np.testing.assert_array_equal(rounded_to_8_bits(samples), exact)
    shallow = np.arange(256, dtype=np.uint8)
    assert rounded_to_8_bits(shallow) is shallow
    np.testing.assert_array_equal(rounded_to_8_bits(shallow.astype(np.uint16) * 257), shallow)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_are_rounded_alike_in_evaluation_training_and_comparison(
    channels: int, tmp_path: Path
) -> None:
    file = tmp_path / "deep.png"
    samples = deep_file(file, channels)
    expected = ((samples.astype(np.int64) + 128) // 257).astype(np.uint8)
    expected = expected[:, :, :3] if channels > 1 else expected
    pixels = scores.read_image(file)
    np.testing.assert_array_equal(pixels, expected)
    config = TrainConfig(data=str(tmp_path), validation=str(tmp_path), planes="luma+rgb")
    planes = [plane for plane, _ in training_images._planes_of(file, config, 4)]
    colours = expected if channels > 1 else np.stack([expected] * 3, axis=2)
    np.testing.assert_array_equal(np.stack(planes[1:], axis=2), colours)
    np.testing.assert_array_equal(planes[0], colour.benchmark_luma(colours))
    if channels > 1:
        np.testing.assert_array_equal(planes[0], scores.read_luma(file))
    if channels == 3:
        shown = compare._as_rgb(reading.read_file(file))
        np.testing.assert_array_equal(np.asarray(shown), pixels)
    assert image_sets._size(file) == (16, 12)


def test_without_pyvips_16_bits_are_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep_file(tmp_path / "deep.png", 3)
    monkeypatch.setitem(sys.modules, "pyvips", None)
    for read in (
        lambda file: scores.read_image(file),
        lambda file: list(training_images._planes_of(file, TrainConfig(data="", validation=""), 4)),
    ):
        with pytest.raises(ValueError, match=r"deep\.png has 16 bits per sample.*iqlut\[hi\]"):
            read(tmp_path / "deep.png")


def test_pictures_are_read_upright(tmp_path: Path) -> None:
    """As `iqlut upscale` reads them: an orientation in the file counts in evaluation too."""
    exif = Image.Exif()
    exif[0x0112] = 6
    noise("RGB", (20, 12)).save(tmp_path / "turned.png", exif=exif)
    assert scores.read_image(tmp_path / "turned.png").shape == (20, 12, 3)
    assert image_sets._size(tmp_path / "turned.png") == (12, 20)
