"""y4m videos through pipes: the header's words are kept, the planes are exact, damage is named."""

from __future__ import annotations

import io
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from iqlut import videos
from iqlut.batch.one_video import upscale_video_with
from iqlut.batch.planning import Job
from iqlut.command_line import video_arguments as command
from iqlut.command_line.exit_codes import Stop
from iqlut.file_kinds import is_video, is_video_in_folder
from iqlut.videos import y4m
from iqlut.videos.containers import video_name
from iqlut.videos.frame_planes import Layout, upscale_planes

FRAMES = 4


def double(luma: np.ndarray) -> np.ndarray:
    return (255 - luma).repeat(2, axis=0).repeat(2, axis=1)


UPSCALER = videos.Upscaler(double, 2, "double")


def video(words: str, layout: Layout, frames: int = FRAMES) -> bytes:
    """A video of noise; its frames have words of their own, which nobody needs."""
    rng, sample = np.random.default_rng(2), np.dtype(layout.dtype).newbyteorder("<")
    parts = [b"YUV4MPEG2 ", words.encode(), b"\n"]
    for _ in range(frames):
        planes = [
            rng.integers(0, 1 << layout.depth, shape).astype(sample) for shape in layout.shapes()
        ]
        parts += [b"FRAME Ip\n", *(plane.tobytes() for plane in planes)]
    return b"".join(parts)


def through(data: bytes, part: videos.Part | None = None) -> bytes:
    output = io.BytesIO()
    videos.upscale_y4m(io.BytesIO(data), "video", output, UPSCALER, part or videos.Part())
    return output.getvalue()


@pytest.mark.parametrize(
    ("colour", "chroma", "depth", "sited"),
    [
        ("", (1, 1), 8, False), (" C420jpeg", (1, 1), 8, False), (" C420mpeg2", (1, 1), 8, True),
        (" C422", (1, 0), 8, True), (" C444p10", (0, 0), 10, True), (" C420p12", (1, 1), 12, True),
        (" Cmono", None, 8, True), (" Cmono10", None, 10, True), (" C411", (2, 0), 8, True),
    ],
)  # fmt: skip
def test_planes_are_exact_and_words_are_kept(colour, chroma, depth, sited):
    layout = Layout(9, 5, depth, chroma, (sited, False))
    data = video(f"W9 H5 F30000:1001 It A16:15{colour} XCOLORRANGE=FULL", layout)
    result = through(data)
    file = io.BytesIO(result)
    header = y4m.read_header(file, "result")
    assert result.startswith(
        f"YUV4MPEG2 W18 H10 F30000:1001 It A16:15{colour} XCOLORRANGE=FULL\nFRAME\n".encode()
    )
    assert header.layout == layout.larger(2)
    small = io.BytesIO(data)
    small.readline()
    before = list(y4m.read_frames(small, layout, "video"))
    after = list(y4m.read_frames(file, header.layout, "result"))
    assert len(after) == FRAMES
    for planes, larger in zip(before, after, strict=True):
        for wanted, plane in zip(upscale_planes(planes, layout, 2, double), larger, strict=True):
            np.testing.assert_array_equal(plane, wanted)


def test_part():
    data = video("W4 H4 F25:1 Cmono", Layout(4, 4, 8, None))
    whole, part = through(data), through(data, videos.Part(1, 3))
    start, size = whole.index(b"FRAME"), 6 + 64
    assert part == whole[:start] + whole[start + size : start + 3 * size]


def test_words_of_any_bytes_are_kept():
    line = b"YUV4MPEG2 W8 H6 F25:1 C420 X\xff\xc3\xa9\x85\xa0\n"
    assert y4m.read_header(io.BytesIO(line), "").line() == line


@pytest.mark.parametrize(
    ("stated", "size", "expected"),
    [
        (" A4:3", (200, 100), "A8:9"),
        (" A4:3", (128, 96), "A4:3"),
        (" A4:3", (129, 96), "A4:3"),  # a pixel of rounding is no stretch
        (" A0:0", (200, 100), "A2:3"),
        (" Aodd", (128, 96), "Aodd"),
        ("", (200, 100), "A2:3"),
        ("", (128, 96), None),
    ],
)
def test_the_shape_is_kept_when_frames_are_stretched(stated, size, expected):
    header = y4m.read_header(io.BytesIO(f"YUV4MPEG2 W64 H48 F25:1{stated} C420\n".encode()), "")
    layout = Layout(*size, 8, (1, 1))
    after = header.with_layout(layout)
    assert [word for word in after.words if word[0] == "A"] == [expected] * bool(expected)
    assert f"W{size[0]} H{size[1]} F25:1" in after.line().decode()


def test_new_header():
    layout = Layout(8, 6, 10, (1, 1))
    line = y4m.header(layout, Fraction(24000, 1001), Fraction(4, 3), False).line()
    assert line == b"YUV4MPEG2 W8 H6 F24000:1001 Ip A4:3 C420p10 XCOLORRANGE=LIMITED\n"
    assert y4m.read_header(io.BytesIO(line), "").layout == layout


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not a y4m video"),
        (b"RIFF....AVI ", "is not a y4m video"),
        (b"YUV4MPEG2 W4\n", "4x? pixels"),
        (b"YUV4MPEG2 W4 H0\n", "4x0 pixels"),
        (b"YUV4MPEG2 W4 H999999999\n", "expected 1 to 65535"),
        (b"YUV4MPEG2 W4 H4 C420p16\n", "C420p16"),
        (b"YUV4MPEG2 W4 H4 Cmono\n", "has no frames"),
        (b"YUV4MPEG2 W4 H4 Cmono\nFRAME\nabc", "cut short in frame 0"),
        (b"YUV4MPEG2 W4 H4 Cmono\nFRAME\n" + bytes(16) + b"JUNK\n", "damaged after frame 1"),
    ],
)
def test_bad_videos(data, words):
    with pytest.raises(videos.VideoError) as caught:
        through(data)
    assert words in str(caught.value) and len(str(caught.value).splitlines()) == 1


# the command's side


def test_pipes(tmp_path, monkeypatch):
    data = video("W4 H4 F25:1 Cmono", Layout(4, 4, 8, None))
    for target in (None, tmp_path / "big.y4m"):
        out = io.BytesIO()
        monkeypatch.setattr(
            "sys.stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(data)))
        )  # type: ignore[arg-type]
        monkeypatch.setattr("sys.stdout", SimpleNamespace(buffer=out))
        assert command.is_video_pipe()
        result = upscale_video_with(Job(None, target, "-"), UPSCALER, videos.Options())
        assert (target.read_bytes() if target else out.getvalue()) == through(data)
        assert (result.source, result.frames, result.target_width, result.bits) == (
            "-",
            FRAMES,
            8,
            8,
        )
    monkeypatch.setattr(
        "sys.stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(b"\x89PNG")))
    )  # type: ignore[arg-type]
    assert not command.is_video_pipe()
    for target, options in (
        (tmp_path / "big.mkv", videos.Options()),
        (None, videos.Options("h264")),
    ):
        with pytest.raises(videos.VideoError):
            upscale_video_with(Job(None, target, "-"), UPSCALER, options)


def test_cut_short_video_leaves_no_file(tmp_path):
    (tmp_path / "cut.y4m").write_bytes(video("W4 H4 F25:1 Cmono", Layout(4, 4, 8, None))[:-1])
    with pytest.raises(videos.VideoError, match="cut short in frame 3"):
        upscale_video_with(
            Job(tmp_path / "cut.y4m", tmp_path / "big.y4m", ""), UPSCALER, videos.Options()
        )
    assert [path.name for path in tmp_path.iterdir()] == ["cut.y4m"]


@pytest.mark.parametrize(
    ("name", "start", "video"),
    [
        ("a.mkv", b"", True),
        ("a.MP4", b"", True),
        ("a.png", b"", False),
        ("a", b"\x1aE\xdf\xa3", True),
        ("a.mkv", b"\x89PNG\r\n\x1a\n", False),
        ("a.png", b"....ftypisom", True),
        ("a.mp4", b"....ftypavif", False),
        ("a.avi", b"RIFF....AVI ", True),
        ("a.webp", b"RIFF....WEBP", False),
        ("a.y4m", b"YUV4MPEG2 W", True),
    ],
)
def test_videos_are_known_by_content_then_by_name(tmp_path, name, start, video):
    (tmp_path / name).write_bytes(start)
    assert is_video(tmp_path / name) is video


def test_frames_argument():
    assert command.part(None) == videos.Part() and command.part("10:") == videos.Part(10)
    assert command.part("2:5") == videos.Part(2, 5) and command.part(":5").count(3) == 3
    for wrong in ("5", "a:b", "5:5", "9:3", "-1:3", "1:2:3"):
        with pytest.raises(Stop, match="--frames"):
            command.part(wrong)


def test_names_in_a_folder():
    assert video_name("a.mp4") == "a.mp4" and video_name("a.avi") == "a.mkv"


@pytest.mark.parametrize(
    ("name", "start", "video"),
    [
        ("a.ts", b"G" + bytes(187) + b"G" + bytes(50), True),
        ("a.ts", b"Greetings, ".ljust(250), False),
        ("a.m2ts", b"...\0G" + bytes(191) + b"G" + bytes(50), True),
        ("a.m4a", b"....ftypisom", False),
        ("a.mp4", b"....ftypM4A ", False),
        ("a.mka", b"\x1aE\xdf\xa3", False),
        ("a.mkv", b"", True),
    ],
)
def test_videos_that_nobody_named(tmp_path, name, start, video):
    (tmp_path / name).write_bytes(start)
    assert is_video_in_folder(tmp_path / name) is video
