"""Videos of any width and height: whole scales, then Lanczos; the picture keeps its shape."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

av = pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")

import video_files as made
from command_line import refuses, upscale
from iqlut import videos
from iqlut.videos.frame_planes import Layout
from iqlut.videos.plane_resampling import resample_planes


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return made.write_video(tmp_path / "video.mkv", made.pictures(2, 32, 24))


@pytest.mark.parametrize(
    ("arguments", "size", "aspect"),
    [
        (["--width", 48], (48, 36), None),
        (["--height", 50], (66, 50), None),  # 66.7 to an even side
        (["--size", "320x240"], (320, 240), None),  # two steps of x4
        (["--size", "64x64"], (64, 64), Fraction(4, 3)),  # the pixels become wider instead
        (["--width", 16], (16, 12), None),
        (["--size", "32x24"], (32, 24), None),
    ],
)
def test_sizes(arguments, size, aspect, source, model, tmp_path):
    target = tmp_path / "big.mkv"
    assert upscale(model, source, "-o", target, "--codec", "ffv1", *arguments) == 0
    video = videos.probe(target)
    assert (video.layout.width, video.layout.height) == size
    assert (video.aspect or 1) == (aspect or 1)
    assert [pts for pts, _ in made.decoded(target)] == [0, 40]


def test_pixels_are_those_of_pillow(source, model, tmp_path):
    """Luma of the whole scale, resampled; the size of the whole scale is not resampled."""
    found = []
    for arguments in (["-s", 4], ["--width", 128], ["--width", 64]):
        target = tmp_path / f"{len(found)}.mkv"
        assert upscale(model, source, "-o", target, "--codec", "ffv1", *arguments) == 0
        found.append(made.decoded(target))
    whole, same, half = found
    for (_, planes), (_, others), (_, smaller) in zip(whole, same, half, strict=True):
        for plane, other in zip(planes, others, strict=True):
            np.testing.assert_array_equal(plane, other)
        expected = Image.fromarray(planes[0]).resize((64, 48), Image.Resampling.LANCZOS)
        np.testing.assert_array_equal(smaller[0], np.asarray(expected))


@pytest.mark.parametrize("depth", [8, 10])
@pytest.mark.parametrize("sited", [(True, False), (False, False), (True, True)])
@pytest.mark.parametrize("size", [(40, 30), (96, 70), (64, 48)])
def test_chroma_stays_where_it_lies_on_luma(depth, sited, size):
    """A ramp in chroma stays the same ramp when resampled, at any position of the samples."""
    layout = Layout(64, 48, depth, (1, 1), sited)
    target = Layout(*size, depth, (1, 1), sited)
    # The samples are rounded before and after, and those of 8 bits between the two passes as well.
    step, tolerance = (1.8, 1.7) if depth == 8 else (8, 1.2)

    def ramp(of: Layout) -> np.ndarray:
        """Samples that grow with their distance from the top and left edges of the picture."""
        w, h = of.width // 2, of.height // 2
        across = (2 * np.arange(w) + (0.5 if sited[0] else 1)) * 64 / of.width
        down = (2 * np.arange(h) + (0.5 if sited[1] else 1)) * 48 / of.height
        return 50 + step * (across[None, :] + down[:, None])

    small = np.rint(ramp(layout)).astype(layout.dtype)
    luma = np.zeros((48, 64), layout.dtype)
    _, blue, red = resample_planes([luma, small, small], layout, target)
    assert blue.shape == target.shapes()[1] and blue.dtype == layout.dtype
    assert np.abs(blue - ramp(target))[4:-4, 4:-4].max() <= tolerance
    np.testing.assert_array_equal(blue, red)


def test_sizes_that_are_refused(source, model, tmp_path, capsys):
    for arguments, words in {
        ("--size", "65x48"): ("65x48 pixels, h264 expects even sides",),
        ("--width", 32 * 17): ("17.0 times", "expected at most 16 times"),
        ("-s", 4, "--width", 64): ("-s is given together with a size",),
    }.items():
        refuses(capsys, upscale(model, source, "-o", tmp_path / "big.mkv", *arguments), *words)
    assert list(tmp_path.iterdir()) == [source]


def test_size_of_a_pipe_and_y4m(source, model, tmp_path):
    assert upscale(model, source, "-o", tmp_path / "big.y4m", "--width", 48) == 0
    assert (tmp_path / "big.y4m").read_bytes().startswith(b"YUV4MPEG2 W48 H36 F25:1")
    assert upscale(model, tmp_path / "big.y4m", "-o", tmp_path / "two.y4m", "--width", 24) == 0
    assert (tmp_path / "two.y4m").read_bytes().startswith(b"YUV4MPEG2 W24 H18 F25:1")
