"""`iqlut upscale video.mkv -o big.mkv`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

av = pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")

import video_files as made
from iqlut import cli


def test_a_video_comes_out_larger(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    video, big = made.rich_video(tmp_path / "rich.mkv"), tmp_path / "big.mkv"
    assert (
        cli.main(
            ["upscale", str(video), "-o", str(big), "-m", model, "--json", "--preset", "ultrafast"]
        )
        == 0
    )
    (row,) = json.loads(capsys.readouterr().out)
    assert row["status"] == "done"
    with av.open(str(big)) as upscaled, av.open(str(video)) as source:
        assert [stream.type for stream in upscaled.streams] == [
            stream.type for stream in source.streams
        ]
        assert upscaled.streams.video[0].width == 4 * source.streams.video[0].width


def test_a_video_that_exists_is_not_replaced(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    video, big = made.rich_video(tmp_path / "rich.mkv"), tmp_path / "big.mkv"
    big.write_bytes(b"mine")
    assert cli.main(["upscale", str(video), "-o", str(big), "-m", model]) == 1
    assert big.read_bytes() == b"mine"
    assert "--overwrite" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--quality", "90"], ["--format", "png"], ["--frames", "5:2"]]
)
def test_arguments_that_do_not_fit_videos(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    video = made.rich_video(tmp_path / "rich.mkv")
    assert (
        cli.main(["upscale", str(video), "-o", str(tmp_path / "big.mkv"), "-m", model, *arguments])
        == 2
    )
    assert arguments[0] in capsys.readouterr().err


def test_arguments_of_videos_do_not_fit_pictures(
    photo: Path, tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        cli.main(
            ["upscale", str(photo), "-o", str(tmp_path / "big.png"), "-m", model, "--crf", "20"]
        )
        == 2
    )
    assert "--crf" in capsys.readouterr().err
