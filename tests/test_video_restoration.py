"""The restoration strength of a video is chosen from its first frames and kept by a resumed run."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")

import iqlut
import video_files as made
from iqlut import cli, upscaling, videos
from iqlut.batch.one_video import upscaler_of
from iqlut.batch.output_size import Size
from iqlut.batch.upscale_options import UpscaleOptions
from iqlut.restoration import choose_strength
from iqlut.tables.restoration_tables import RestorationTables


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    return made.write_video(tmp_path / "noisy.mkv", made.pictures(6, 64, 48))


def upscaled(
    source: Path,
    target: Path,
    restoration_file: str,
    capsys: pytest.CaptureFixture[str],
    *more: str,
) -> dict:
    command = [
        "upscale",
        str(source),
        "-o",
        str(target),
        "-m",
        restoration_file,
        "--codec",
        "ffv1",
        "--json",
        *more,
    ]
    assert cli.main(command) == 0
    (row,) = json.loads(capsys.readouterr().out)
    return row


def test_a_video_is_judged_by_its_frames(
    noisy: Path, restoration_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    big = tmp_path / "big.mkv"
    row = upscaled(noisy, big, restoration_file, capsys)
    restoration_tables, small = iqlut.load(restoration_file), made.decoded(noisy)
    assert isinstance(restoration_tables, RestorationTables)
    choice = choose_strength.choose([small[0][1][0]])
    assert (row["restore"], row["restore_reason"]) == (
        choice.strength,
        choice.reason,
    ) and choice.strength > 0
    upscale = upscaling.upscaler(restoration_tables.at(choice.strength), "reference", 1)
    for (_, planes), (_, larger) in zip(small, made.decoded(big), strict=True):
        np.testing.assert_array_equal(upscale(planes[0]), larger[0])


def test_a_video_at_a_strength_of_ones_own(
    noisy: Path, restoration_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = upscaled(noisy, tmp_path / "big.mkv", restoration_file, capsys, "--restore", "0.5")
    assert (row["restore"], row["restore_reason"]) == (0.5, "as requested")


def test_a_resumed_video_keeps_its_strength(
    noisy: Path, restoration_file: str, tmp_path: Path, monkeypatch
) -> None:
    """The first frames decide although they are done already; later ones would decide otherwise."""
    monkeypatch.setattr("iqlut.videos.resumable_segments.GROUP", 2)
    restoration_tables = iqlut.load(restoration_file)
    upscaler = upscaler_of(
        restoration_tables, UpscaleOptions((restoration_tables,), Size(2), "reference", 1)
    )
    left = [4]

    def interrupt() -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    target, options = tmp_path / "big.mkv", videos.Options("ffv1")
    with pytest.raises(KeyboardInterrupt):
        videos.upscale(videos.probe(noisy), target, upscaler, options, interrupt)
    outcome = videos.upscale(videos.probe(noisy), target, upscaler, options, lambda: None)
    assert outcome.resumed == 2 and outcome.choice is not None
    straight = videos.upscale(
        videos.probe(noisy), tmp_path / "straight.mkv", upscaler, options, lambda: None
    )
    assert straight.choice == outcome.choice
    for (_, one), (_, other) in zip(
        made.decoded(target), made.decoded(tmp_path / "straight.mkv"), strict=True
    ):
        np.testing.assert_array_equal(one[0], other[0])


def test_a_video_from_a_pipe_loses_no_frame(noisy: Path, restoration_file: str) -> None:
    """Some of it is read before anything is upscaled."""
    restoration_tables = iqlut.load(restoration_file)
    upscaler = upscaler_of(
        restoration_tables, UpscaleOptions((restoration_tables,), Size(2), "reference", 1)
    )
    small, big = io.BytesIO(), io.BytesIO()
    video = videos.probe(noisy)
    plain = videos.Upscaler(lambda luma: luma, 1, "same")
    videos.upscale_to_y4m(video, small, plain, videos.Part(), lambda: None)
    small.seek(0)
    outcome = videos.upscale_y4m(small, "pipe", big, upscaler, videos.Part())
    assert outcome.frames == video.frames == 6
    assert outcome.choice is not None and outcome.choice.strength > 0
