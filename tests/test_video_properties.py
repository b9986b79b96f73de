"""What a video says of its frames holds for the upscaled ones, in every codec and container."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

av = pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")

import video_files as made
from ffmpeg_videos import CASES, doubled, ffmpeg, film, needs_ffmpeg, stream_of
from iqlut import videos
from iqlut.videos import matroska_tracks as matroska

pytestmark = needs_ffmpeg
TARGETS = [
    ("big.mkv", "h264"), ("big.mkv", "hevc"), ("big.mkv", "av1"), ("big.mkv", "vp9"),
    ("big.mkv", "ffv1"), ("big.mp4", "h264"), ("big.mp4", "av1"), ("big.mp4", "vp9"),
    ("big.mov", "hevc"), ("big.webm", "av1"), ("big.webm", "vp9"),
]  # fmt: skip

SITINGS = ("left", "center", "topleft", "top")  # in the order of their numbers in H.264 and HEVC


def larger(source: Path, folder: Path, name: str, codec: str) -> tuple[dict[str, Any], Any]:
    presets = {"av1": "12", "vp9": None, "ffv1": None}
    outcome = doubled(source, folder / name, codec=codec, preset=presets.get(codec, "ultrafast"))
    return stream_of(folder / name), outcome


def first_frame(path: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-of", "json", "-read_intervals", "%+#1", "-show_frames",
               "-select_streams", "v:0", str(path)]  # fmt: skip
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["frames"][0]


@pytest.mark.parametrize("aspect", ["16/11", "3/4", "1"])
@pytest.mark.parametrize(("name", "codec"), TARGETS)
def test_pixel_shape(name, codec, aspect, tmp_path):
    source = film(tmp_path / "source.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-vf",
                  f"setsar={aspect}", sound=False, seconds=0.1)  # fmt: skip
    stream, outcome = larger(source, tmp_path, name, codec)
    assert Fraction(stream["sample_aspect_ratio"].replace(":", "/")) == Fraction(aspect)
    assert outcome.notes == ()
    assert videos.probe(tmp_path / name).aspect == Fraction(aspect)
    if name.endswith(("mkv", "webm")):
        data = (tmp_path / name).read_bytes()
        begin, end = matroska.tracks_in(data)
        entry = matroska.child(data[begin:end], matroska.TRACK_ENTRY)
        video = matroska.child(entry or b"", matroska.VIDEO) or b""
        width, height, unit = (
            int.from_bytes(matroska.child(video, number) or b"", "big")
            for number in (
                matroska.DISPLAY_WIDTH,
                matroska.DISPLAY_HEIGHT,
                matroska.DISPLAY_UNIT,
            )
        )
        assert Fraction(width, height) == Fraction(128, 96) * Fraction(aspect)
        in_pixels, as_ratio = 0, 3
        assert unit == (as_ratio if aspect == "16/11" else in_pixels)
        assert matroska.child(entry or b"", matroska.NAME) is None


def sited(folder: Path, siting: str, codec: str = "libx264") -> Path:
    option = {"libx264": "-x264-params", "libx265": "-x265-params"}[codec]
    number = SITINGS.index(siting)
    name = "chromaloc" if codec == "libx264" else "log-level=none:chromaloc"
    return film(folder / "source.mkv", "-c:v", codec, "-preset", "ultrafast", "-pix_fmt", "yuv420p",
                option, f"{name}={number}", sound=False, seconds=0.1)  # fmt: skip


@pytest.mark.parametrize("siting", SITINGS)
@pytest.mark.parametrize(("name", "codec"), [TARGETS[0], TARGETS[1], TARGETS[4], TARGETS[5]])
def test_chroma_siting_is_followed_and_written(name, codec, siting, tmp_path):
    source = sited(tmp_path, siting)
    assert stream_of(source)["chroma_location"] == siting
    assert larger(source, tmp_path, name, codec)[0]["chroma_location"] == siting
    across, down = siting in ("left", "topleft"), siting in ("topleft", "top")
    assert videos.probe(source).layout.sited == (across, down)


@pytest.mark.parametrize("siting", SITINGS)
def test_chroma_stays_on_its_edge(siting, tmp_path):
    """A ramp of chroma over the frame stays the same ramp, seen from the siting that is stated."""
    source, target = sited(tmp_path, siting, "libx265"), tmp_path / "big.mkv"
    plain = made.write_video(tmp_path / "ramp.mkv", [ramp(siting)], "ffv1")
    number = SITINGS.index(siting)
    ffmpeg("-i", plain, "-c:v", "libx265", "-x265-params",
           f"log-level=none:lossless=1:chromaloc={number}", source)  # fmt: skip
    doubled(source, target, codec="ffv1", preset=None)
    chroma = made.decoded(target)[0][1][1].astype(float)
    place = {"left": (0.5, 1), "center": (1, 1), "topleft": (0.5, 0.5), "top": (1, 0.5)}[siting]
    x, y = ((2 * np.arange(n) + p) / 2 for n, p in zip((64, 48), place, strict=True))
    expected = 20 + 1.5 * x[None, :] + 1.5 * y[:, None]
    assert np.abs(chroma - expected)[4:-4, 4:-4].max() <= 1.01


def ramp(siting: str) -> Any:
    """A frame of 64x48 whose blue chroma is 20 + 1.5 (x + y), in pixels from the top left."""
    place = {"left": (0.5, 1), "center": (1, 1), "topleft": (0.5, 0.5), "top": (1, 0.5)}[siting]
    frame = av.VideoFrame(64, 48, "yuv420p")
    for plane, level in zip(frame.planes, (90, 0, 128), strict=True):
        view = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)
        view[:] = level
    x, y = (2 * np.arange(n) + p for n, p in zip((32, 24), place, strict=True))
    view = np.frombuffer(frame.planes[1], np.uint8).reshape(24, -1)
    view[:, :32] = np.rint(20 + 1.5 * x[None, :] + 1.5 * y[:, None])
    return frame


def test_motion_jpeg_is_centred(tmp_path):
    source = film(tmp_path / "source.avi", "-c:v", "mjpeg", sound=False, seconds=0.1)
    assert videos.probe(source).layout.sited == (False, False)


@pytest.mark.parametrize(("name", "codec"), [pair for pair in TARGETS if pair[1] != "vp9"])
def test_hdr10_records(name, codec, tmp_path):
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    source = film(tmp_path / "source.mkv", "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt",
                  "yuv420p10le", "-color_primaries", "bt2020", "-color_trc", "smpte2084",
                  "-colorspace", "bt2020nc", "-x265-params",
                  f"log-level=none:hdr10=1:master-display={display}:max-cll=1000,400",
                  sound=False, seconds=0.1)  # fmt: skip
    stream, outcome = larger(source, tmp_path, name, codec)
    assert outcome.notes == () and stream["color_transfer"] == "smpte2084"
    records = {
        record["side_data_type"]: record
        for record in [*stream.get("side_data_list", []),
                       *first_frame(tmp_path / name).get("side_data_list", [])]
    }  # fmt: skip
    assert records["Content light level metadata"]["max_content"] == 1000
    assert Fraction(records["Mastering display metadata"]["max_luminance"]) == 1000
    assert abs(Fraction(records["Mastering display metadata"]["red_x"]) - Fraction(17, 25)) < 1e-4


@pytest.mark.parametrize("source", ["sph.mkv", "sph.mp4"])
@pytest.mark.parametrize(("name", "codec"), [TARGETS[0], TARGETS[5], TARGETS[9]])
def test_spherical_mapping(source, name, codec, tmp_path):
    if not (CASES / "34" / source).exists():
        pytest.skip(f"there is no ../shared/cases/34/{source}")
    stream, outcome = larger(CASES / "34" / source, tmp_path, name, codec)
    assert [data["projection"] for data in stream["side_data_list"]] == ["equirectangular"]
    assert outcome.notes == ()


def test_a_property_that_the_container_does_not_hold_is_noted(tmp_path, monkeypatch):
    """Mocked: a container that drops the mastering display."""
    if not (CASES / "34" / "sph.mkv").exists():
        pytest.skip("there is no ../shared/cases/34/sph.mkv")
    monkeypatch.setattr("iqlut.videos.muxing._RECORDS", {})
    (note,) = larger(CASES / "34" / "sph.mkv", tmp_path, "big.mp4", "h264")[1].notes
    assert "does not hold the spherical mapping of" in note


def test_alpha_that_is_coded_beside_the_frames_is_refused(tmp_path):
    source = tmp_path / "source.webm"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x48:d=0.1,format=yuva420p", "-c:v", "libvpx-vp9",
           "-auto-alt-ref", "0", source)  # fmt: skip
    with pytest.raises(videos.VideoError, match="transparent pixels"):
        videos.probe(source)
