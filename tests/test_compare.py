"""`iqlut compare`: a picture and a page that show what they say."""

from __future__ import annotations

import base64
import io
import json
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import iqlut
import video_files
from command_line import refuses
from ffmpeg_videos import ffmpeg, film, needs_ffmpeg
from iqlut import cli, upscaling, videos
from iqlut.command_line import exit_codes
from iqlut.evaluation import side_by_side
from iqlut.evaluation.side_by_side import html_page
from iqlut.tables import shipped_models
from iqlut.videos import VideoError, still_frame
from picture_files import noise, opened

pytest.importorskip("av")


def compare(*arguments: object) -> int:
    return cli.main(["compare", "--engine", "reference", *map(str, arguments)])


def pictures_of(page: str) -> dict[str, Image.Image]:
    found = re.search(r"const pictures = (\[.*?\]);\n", page)
    assert found
    urls = {picture["name"]: picture["source"] for picture in json.loads(found[1])}
    return {
        name: Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/webp;base64,"))))
        for name, url in urls.items()
    }


def test_compare(model: str, tmp_path: Path) -> None:
    small = noise("RGB", (60, 40))
    small.save(tmp_path / "a <b>.png")
    assert compare(tmp_path / "a <b>.png", "-m", model) == 0
    page = (tmp_path / "a <b>-compared.html").read_text(encoding="utf-8")
    assert "http" not in page and "a &lt;b&gt;.png, 60x40 pixels, upscaled by 4" in page
    shown = pictures_of(page)
    assert list(shown) == ["original", "bicubic", "Lanczos", "random"]
    assert "All pictures are stored without loss." in page
    np.testing.assert_array_equal(
        np.array(shown["random"]), np.array(upscaling.upscale(small, 4, model, "reference"))
    )
    for name, method in (("original", 0), ("bicubic", 3), ("Lanczos", 1)):
        expected = np.array(small.resize((240, 160), Image.Resampling(method)))
        np.testing.assert_array_equal(np.array(shown[name]), expected)
    sheet = opened(tmp_path / "a <b>-compared.png")
    assert sheet.width == 4 * 392 + 8 and sheet.height > 500


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (400, 90)])
def test_compare_any_size(size: tuple[int, int], model: str, tmp_path: Path) -> None:
    noise("RGBA", size).save(tmp_path / "a.png")
    assert compare(tmp_path / "a.png", "-m", model, "-o", tmp_path / "out.png") == 0
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert pictures_of(page)["random"].size == tuple(
        4 * min(side, side_by_side.WINDOW_PX) for side in size
    )
    part = "The part with the most detail, 320x90 pixels of 400x90."
    assert (part in page) == (size == (400, 90))


def test_the_order_and_the_models_of_every_scale() -> None:
    for scale in (2, 3, 4):
        expected = f"everyday-x{scale}", f"best-x{scale}"
        assert shipped_models.default_and_best(scale) == expected
    small, tables = noise("RGB", (9, 7)), [iqlut.load("everyday-x2")]
    names = ["original", "bicubic", "Lanczos", "everyday-x2"]
    assert list(side_by_side.variants(small, tables, "native", 1)) == names


@pytest.mark.parametrize(("count", "is_cut"), [(2, False), (6, True)])
def test_a_page_has_less_than_the_limit(
    count: int, is_cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise is the worst of all pictures: it is stored with loss, and many are cut as well."""
    assert html_page.BYTES_MAX == 2_000_000
    monkeypatch.setattr(html_page, "BYTES_MAX", 400_000)
    larger = {side_by_side.ORIGINAL: noise("RGB", (80, 60)).resize((320, 240), 0)}
    larger |= {f"method {number}": noise("RGB", (320, 240)) for number in range(count)}
    page = html_page.page("noise", "The whole picture. ", larger)
    assert 60_000 < len(page.encode()) < 400_000
    shown = pictures_of(page)
    assert list(shown) == list(larger) and len({image.size for image in shown.values()}) == 1
    assert (shown["original"].size == (320, 240)) == (not is_cut)
    part = "The part with the most detail, 160x160 pixels of the results" if is_cut else "The whole"
    assert f"<p>{part}" in page
    assert "The upscaled pictures are stored as WebP of quality " in page


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.ts", "a.h264"])
def test_a_frame_of_a_video(name: str, tmp_path: Path) -> None:
    """The frame at a time is the one that ffmpeg shows there, also where no search is possible."""
    video = film(tmp_path / name, "-c:v", "libx264", "-g", 10, seconds=2, sound=False)
    ffmpeg("-i", video, "-vf", "select=eq(n\\,36)", tmp_path / "frame.png")
    found = still_frame.frame_at(videos.probe(video), Fraction(146, 100))
    difference = np.array(found, int) - np.array(opened(tmp_path / "frame.png").convert("RGB"), int)
    assert np.abs(difference).mean() < 1.5  # two conversions of subsampled chroma
    with pytest.raises(VideoError, match=r"no frame at 2\.1 seconds, expected a time before its"):
        still_frame.frame_at(videos.probe(video), Fraction(21, 10))


@needs_ffmpeg
def test_a_rotated_frame_is_upright(tmp_path: Path) -> None:
    frames = video_files.pictures(2, 64, 48)
    rotated = video_files.write_video(
        tmp_path / "a.mp4", frames, "libx264", attributes={"rotation": 90}
    )
    ffmpeg("-i", rotated, "-frames:v", 1, tmp_path / "frame.png")
    expected = opened(tmp_path / "frame.png").convert("RGB")
    found = still_frame.frame_at(videos.probe(rotated), Fraction(0))
    assert found.size == expected.size == (48, 64)
    assert np.abs(np.array(found, int) - np.array(expected, int)).mean() < 1.5


@needs_ffmpeg
def test_compare_a_video(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = film(tmp_path / "a.mkv", "-c:v", "libx264", seconds=1, sound=False)
    assert compare(video, "--at", "0:00.5", "-m", model) == 0
    page = (tmp_path / "a-compared.html").read_text(encoding="utf-8")
    assert "<h1>a.mkv at 0:00.5, 64x48 pixels, upscaled by 4</h1>" in page
    capsys.readouterr()
    for arguments, code, words in (
        ((video, "--at", "later"), exit_codes.USAGE, "--at is later, expected seconds or"),
        ((video, "--at", "90"), exit_codes.FAILED, "a.mkv has no frame at 90 seconds"),
    ):
        assert compare(*arguments, "-m", model, "--overwrite") == code
        refuses(capsys, code, words)


def test_the_busiest_parts() -> None:
    picture = Image.new("RGB", (100, 80), (40, 40, 40))
    picture.paste(noise("RGB", (10, 10)), (70, 50))
    picture.paste(noise("RGB", (10, 10)).point(lambda value: value // 4), (10, 5))
    first, second = side_by_side.busiest(picture, 12, 2)
    assert first[0] <= 70 and first[2] >= 80 and first[1] <= 50 and first[3] >= 60
    assert second[0] <= 10 and second[2] >= 20 and second[1] <= 5 and second[3] >= 15


def test_compare_refusals(
    photo: Path, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out.html").write_text("old")
    (tmp_path / "text.png").write_text("no picture")
    for arguments, code, words in (
        ((photo, "-m", model, "-o", tmp_path / "out.png"), exit_codes.FAILED, "--overwrite"),
        (
            (photo, "-m", model, "-o", tmp_path / "none" / "out.png"),
            exit_codes.USAGE,
            "there is no folder",
        ),
        ((photo, "-m", model, "--at", 1), exit_codes.USAGE, "--at is given, expected only for"),
        ((photo, "-m", model, "-s", 3), exit_codes.USAGE, "the scale is 3, expected 4"),
        ((photo, "-s", 9), exit_codes.USAGE, "the scale is 9, expected 2, 3 or 4"),
        ((tmp_path / "text.png", "-m", model), exit_codes.FAILED, "not a picture"),
    ):
        assert compare(*arguments) == code, words
        refuses(capsys, code, words)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.html", "photo.png", "text.png"]
