"""Any size: which scales are taken, and what the resampler does with the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from command_line import refuses, upscale
from iqlut import cli, upscaling
from iqlut.batch import memory_limit
from iqlut.batch.output_size import Size, resample, steps
from iqlut.command_line import arguments, exit_codes
from iqlut.tables import shipped_models
from picture_files import noise, opened
from random_tables import random_tables


@pytest.mark.parametrize(
    "wanted, scales, expected",
    [
        ((100, 50), (2, 3, 4), ()),  # as it is
        ((80, 20), (2, 3, 4), ()),  # smaller
        ((101, 50), (2, 3, 4), (2,)),
        ((100, 150), (2, 3, 4), (3,)),
        ((301, 150), (2, 3, 4), (4,)),
        ((301, 150), (4,), (4,)),
        ((150, 60), (4,), (4,)),
        ((401, 50), (2, 3, 4), (4, 2)),
        ((1600, 800), (2, 3, 4), (4, 4)),
        ((700, 90), (2,), (2, 2, 2)),
    ],
)
def test_steps(wanted, scales, expected):
    assert steps((100, 50), wanted, scales) == expected


def test_too_far():
    with pytest.raises(
        ValueError, match=r"1601x50 is 16\.0 times 100x50, expected at most 16 times"
    ):
        steps((100, 50), (1601, 50), (4,))


def test_sides_in_proportion():
    assert Size(scale=3).of((5, 7)) == (15, 21)
    assert Size(width=100).of((30, 20)) == (100, 67)
    assert Size(height=100).of((30, 20)) == (150, 100)
    assert Size(width=9, height=9).of((30, 20)) == (9, 9)
    assert Size(width=1).of((1000, 1)) == (1, 1)


def test_the_resampler_is_pillows_lanczos(model, tmp_path):
    for mode in ("L", "LA", "RGB", "RGBA"):
        image = noise(mode, (9, 6))
        image.save(tmp_path / "a.png")
        large = upscaling.upscale(image, model=model, engine="reference")
        for words, size in (
            (("--width", 20), (20, 13)),
            (("--height", 20), (30, 20)),
            (("--size", "33x11"), (33, 11)),
            (("--size", "36x24"), (36, 24)),
        ):
            assert (
                upscale(
                    model,
                    tmp_path / "a.png",
                    "-o",
                    tmp_path / "b.png",
                    *words,
                    "-q",
                    "--overwrite",
                )
                == 0
            )
            expected = large.resize(size, Image.Resampling.LANCZOS)
            np.testing.assert_array_equal(np.array(opened(tmp_path / "b.png")), np.array(expected))


def test_a_picture_that_shrinks_needs_no_model(model, tmp_path):
    image = noise("RGB", (90, 60))
    image.save(tmp_path / "a.png")
    assert upscale(model, tmp_path / "a.png", "-o", tmp_path / "b.png", "--width", 45, "-q") == 0
    expected = image.resize((45, 30), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(np.array(opened(tmp_path / "b.png")), np.array(expected))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_sixteen_bits_are_resampled_as_eight(mode):
    """Both depths agree except for the rounding of 8 bits in two passes and of premultiplication.

    The picture has no values that would be clipped.
    """
    image = noise(mode, (23, 17)).point([160 + i // 4 for i in range(256)] * len(mode))
    deep = resample(np.array(image).astype(np.uint16) * 257, (31, 40))
    shallow = np.array(image.resize((31, 40), Image.Resampling.LANCZOS)).astype(int)
    assert isinstance(deep, np.ndarray) and deep.dtype == np.uint16
    assert np.abs(deep / 257 - shallow).max() < (5 if mode.endswith("A") else 1.6)


def test_flat_stays_flat_in_16_bits():
    flat = np.full((5, 6, 4), (1000, 20_000, 65_535, 30_000), np.uint16)
    larger = resample(flat, (17, 9))
    assert isinstance(larger, np.ndarray) and np.abs(larger.astype(int) - flat[0, 0]).max() <= 1


def test_the_scales_that_there_are(photo, tmp_path, capsys, monkeypatch):
    """Without -m, a size takes the nearest of all shipped scales, a scale only its own."""
    tables = {
        f"everyday-x{scale}": random_tables(
            np.random.default_rng(scale), scale, channels=1, blocks=1
        )
        for scale in (2, 3, 4)
    }
    monkeypatch.setattr(shipped_models, "models", lambda: tuple(tables))
    monkeypatch.setattr(shipped_models, "load", tables.__getitem__)
    assert [model.scale for model in arguments.ladder(None, None)] == [2, 3, 4]
    small = np.array(opened(photo))
    for width, scale in ((14, 2), (28, 4)):
        assert arguments.ladder(None, scale)[0].scale == scale
        target = tmp_path / f"{width}.png"
        code = cli.main(
            [
                "upscale",
                str(photo),
                "-o",
                str(target),
                "--width",
                str(width),
                "--engine",
                "reference",
            ]
        )
        assert code == 0
        expected = upscaling.upscale(small, scale, tables[f"everyday-x{scale}"], "reference")
        np.testing.assert_array_equal(np.array(opened(target)), expected)
    capsys.readouterr()
    code = cli.main(["upscale", str(photo), "-o", str(tmp_path / "c.png"), "-s", "5"])
    refuses(capsys, code, "the scale is 5, expected 2, 3 or 4", "--width, --height or --size")


def test_beyond_the_limit(photo, model, tmp_path, capsys):
    code = upscale(model, photo, "-o", tmp_path / "b.png", "--width", 1000)
    assert code == exit_codes.FAILED
    refuses(capsys, code, "photo.png cannot be upscaled", "16 times")


def test_what_does_not_fit_into_memory(model: str, tmp_path: Path, capsys, monkeypatch) -> None:
    """Refused before it is upscaled: the system would end the run, and with it all that follows."""
    noise("RGB", (50, 40)).save(tmp_path / "a.png")
    results = 16 * 50 * 40
    monkeypatch.setattr(memory_limit, "memory_bytes", lambda: 8 * results)
    assert upscale(model, tmp_path / "a.png", "-o", tmp_path / "fits.png", "-q") == 0
    code = upscale(model, tmp_path / "a.png", "-o", tmp_path / "b.webp")
    refuses(capsys, code, "a.png would take about 0.0 GB of memory", "choose a smaller size")
    monkeypatch.setattr(memory_limit, "memory_bytes", lambda: 8 * results - 1)
    code = upscale(model, tmp_path / "a.png", "-o", tmp_path / "b.png", "--width", 101)
    refuses(capsys, code, "choose a smaller size")
    assert (
        upscale(model, tmp_path / "a.png", "-o", tmp_path / "small.png", "--width", 50, "-q") == 0
    )
    assert not list(tmp_path.glob("b.*"))
    monkeypatch.undo()
    assert memory_limit.memory_bytes() is None or memory_limit.memory_bytes() > 1e8
