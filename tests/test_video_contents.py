"""Videos are known by their content under any name, and those of rare formats are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")

import video_files as made
from command_line import upscale
from ffmpeg_videos import CASES, described, display_times, doubled, film, needs_ffmpeg, stream_of
from iqlut.file_kinds import Family, is_picture_in_folder, is_video, is_video_in_folder, kind_of
from iqlut.videos import decoding
from picture_files import encoded, noise

pytestmark = needs_ffmpeg
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
MADE = {
    "transport stream": (*X264, "-f", "mpegts"),
    "transport stream with time stamps": (*X264, "-f", "mpegts", "-mpegts_m2ts_mode", "1"),
    "program stream": ("-c:v", "mpeg2video", "-f", "vob"),
    "H.264": (*X264, "-f", "h264"),
    "HEVC": ("-c:v", "libx265", "-x265-params", "log-level=none", "-preset", "ultrafast",
             "-f", "hevc"),
    "MPEG-2": ("-c:v", "mpeg2video", "-f", "mpeg2video"),
    "MPEG-4": ("-c:v", "mpeg4", "-f", "m4v"),
    "IVF": ("-c:v", "libvpx", "-f", "ivf"),
    "Motion JPEG": ("-c:v", "mjpeg", "-f", "mjpeg"),
    "Ogg": ("-c:v", "libtheora", "-f", "ogg"),
    "MXF": ("-c:v", "mpeg2video", "-f", "mxf"),
    "DV": ("-s", "720x576", "-c:v", "dvvideo", "-pix_fmt", "yuv420p", "-f", "dv"),
}  # fmt: skip


@pytest.mark.parametrize("kind", MADE)
def test_videos_under_any_name(kind: str, tmp_path: Path) -> None:
    source = film(tmp_path / "IMG_0001.png", *MADE[kind], sound=False, seconds=0.2)
    assert is_video(source) and is_video_in_folder(source) and not is_picture_in_folder(source)
    assert doubled(source, tmp_path / "big.mkv").frames == 5


def test_videos_in_folders(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, kind in {"cam.h264": "H.264", "cam.mjpeg": "Motion JPEG", "a.tod": "IVF"}.items():
        film(folder / name, *MADE[kind], sound=False, seconds=0.1)
    assert upscale(model, folder, "-o", tmp_path / "big", "--preset", "ultrafast") == 0
    assert sorted(path.name for path in (tmp_path / "big").iterdir()) == [
        "a.mkv",
        "cam.h264.mkv",
        "cam.mjpeg.mkv",
    ]
    assert "3 of 3 videos upscaled" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["photo.jpg", "photo", "photo.bin"])
def test_jpeg_pictures_stay_pictures(name: str, tmp_path: Path) -> None:
    """One picture; two of different sizes, as in photographs with a gain map; a stereo picture."""
    one, other = (encoded(noise("RGB", size), "JPEG") for size in ((16, 8), (8, 8)))
    stereo = one[:2] + b"\xff\xe2\0\x08MPF\0ab" + one[2:]
    for data in (one, one + other, one + b"\0" + one, stereo * 2, one + one[:30], one[:-2]):
        (tmp_path / name).write_bytes(data)
        kind = kind_of(tmp_path / name)
        assert kind is not None and (kind.family, kind.name) == (Family.PICTURE, "JPEG")
    (tmp_path / name).write_bytes(one * 2)
    is_series = name != "photo.jpg"
    assert is_video(tmp_path / name) is is_series


@pytest.mark.parametrize("target", ["big.mp4", "big.mkv", "big.webm"])
def test_ntsc_dv(target: str, tmp_path: Path) -> None:
    """4:1:1 becomes 4:2:2, which the default codec of every container but WebM stores."""
    source = film(tmp_path / "camera.dv", "-s", "720x480", "-r", "ntsc", "-ac", "2", "-c:v",
                  "dvvideo", "-pix_fmt", "yuv411p", seconds=0.1)  # fmt: skip
    if target == "big.webm":
        outcome = doubled(source, tmp_path / target, codec="vp9", preset=None)
    else:
        outcome = doubled(source, tmp_path / target)
    assert any("widened from 4:1:1 to 4:2:2" in note for note in outcome.notes)
    lost = any("time code" in note for note in outcome.notes)
    assert lost is (target == "big.mp4")  # ffmpeg writes one into DV files
    stream = stream_of(tmp_path / target)
    assert stream["pix_fmt"] == "yuv422p" and stream["codec_name"] in ("h264", "vp9")
    assert (stream["width"], stream["height"]) == (1440, 960)
    if target == "big.mkv":
        assert [s["codec_type"] for s in described(tmp_path / target)["streams"]] == [
            "video",
            "audio",
        ]


def test_widened_chroma_keeps_its_samples(tmp_path: Path) -> None:
    source = made.write_video(tmp_path / "v.mkv", made.pictures(1, 50, 12, "yuv411p"), "ffv1")
    from iqlut import videos

    video = videos.probe(source)
    (frame,) = decoding.frames(video, videos.Part(), [])
    narrow = made.decoded(source)[0][1]
    for plane, old in zip(frame.planes[1:], narrow[1:], strict=True):
        assert plane.shape == (12, 25)
        np.testing.assert_array_equal(plane[:, ::2], old)
        x = old.astype(int)
        middle = (9 * (x[:, 1:-2] + x[:, 2:-1]) - x[:, :-3] - x[:, 3:] + 8) >> 4
        np.testing.assert_array_equal(plane[:, 3:-3:2], middle.clip(0, 255))


@pytest.mark.parametrize(
    "name", ["cam.h264", "cam.mjpeg", "hdv.m2t", "jvc.tod", "sat.trp", "webrtc.ivf"]
)
def test_cases(name: str, tmp_path: Path) -> None:
    source = CASES / "32" / name
    if not source.exists():
        pytest.skip(f"there is no ../shared/cases/32/{name}")
    assert is_video(source) and is_video_in_folder(source)
    doubled(source, tmp_path / "big.mkv")
    before, after = display_times(source), display_times(tmp_path / "big.mkv")
    assert len(before) == len(after)
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) <= 0.05
