"""Videos beside pictures in a folder: both come out larger, what is neither is ignored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

av = pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")

import video_files as made
from command_line import upscale
from picture_files import noise, opened


@pytest.fixture
def holiday(tmp_path: Path) -> Path:
    """A folder as cameras and people leave it."""
    folder = tmp_path / "holiday"
    (folder / "day 2").mkdir(parents=True)
    noise("RGB", (5, 4)).save(folder / "beach.jpg")
    noise("RGB", (5, 4)).save(folder / "day 2" / "video.mkv", "PNG")  # goes by its content
    made.write_video(folder / "clip.mkv", made.pictures(2, 16, 8))
    made.write_video(folder / "clip.avi", made.pictures(3, 16, 8))
    made.write_video(folder / "day 2" / "no ending.mp4", made.pictures(4, 16, 8), "libx264").rename(
        folder / "day 2" / "no ending"
    )
    made.sound_alone(folder / "song.mka")
    (folder / "program.ts").write_text("const scale: number = 4\n")
    (folder / "._clip.mkv").write_bytes(b"\x1aE\xdf\xa3")
    return folder


def frames_of(path: Path) -> int:
    with av.open(str(path)) as video:
        return sum(1 for _ in video.decode(video=0))


def test_videos_beside_pictures(
    holiday: Path, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    big = tmp_path / "big"
    assert upscale(model, holiday, "-o", big, "--preset", "ultrafast") == 0
    said = capsys.readouterr().err
    assert (
        "5 of 5 pictures and videos upscaled, 3 files ignored because they are neither pictures "
        "nor videos" in said
    )
    videos = {
        "clip.mkv": 2,
        "clip.avi.mkv": 3,
        "day 2/no ending.mkv": 4,
    }  # two that would become clip.mkv stay apart
    names = {file.relative_to(big).as_posix() for file in big.rglob("*") if file.is_file()}
    assert names == {*videos, "beach.jpg", "day 2/video.mkv"}
    assert {name: frames_of(big / name) for name in videos} == videos
    assert (
        opened(big / "beach.jpg").size == (20, 16)
        and opened(big / "day 2" / "video.mkv").format == "PNG"
    )
    before = {name: (big / name).read_bytes() for name in names}
    assert upscale(model, holiday, "-o", big) == 0
    assert "5 skipped because they exist" in capsys.readouterr().err
    assert {name: (big / name).read_bytes() for name in names} == before


def test_a_broken_video_stops_nothing(holiday: Path, model: str, tmp_path: Path, capsys) -> None:
    whole = (holiday / "clip.mkv").read_bytes()
    (holiday / "clip.mkv").write_bytes(whole[: len(whole) // 3])
    assert (
        upscale(model, holiday, "-o", tmp_path / "big", "--preset", "ultrafast", "--json", "-q")
        == 1
    )
    rows = json.loads(capsys.readouterr().out)
    failed = {Path(row["source"]).name: row["reason"] for row in rows if row["status"] == "failed"}
    assert len(rows) == 5 and list(failed) == ["clip.mkv"] and "clip.mkv" in failed["clip.mkv"]
    left = sorted(file.name for file in (tmp_path / "big").iterdir())
    assert left == ["beach.jpg", "clip.avi.mkv", "day 2"]


def test_a_size_for_pictures_and_videos(holiday: Path, model: str, tmp_path: Path) -> None:
    big = tmp_path / "big"
    assert upscale(model, holiday, "-o", big, "--width", 20, "-q", "--preset", "ultrafast") == 0
    assert opened(big / "beach.jpg").size == (20, 16)
    with av.open(str(big / "clip.mkv")) as video:
        assert (video.streams.video[0].width, video.streams.video[0].height) == (20, 10)
