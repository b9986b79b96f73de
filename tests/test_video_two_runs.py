"""Two runs on one video, and files that change or appear during a run: nothing wrong is written."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")

import video_files as made
from command_line import upscale
from iqlut import errors, upscaling, videos
from iqlut.tables import shipped_models
from iqlut.videos import muxing, result_folder, resumable_segments

FRAMES = 12


@pytest.fixture
def upscaler(model: str) -> videos.Upscaler:
    tables = shipped_models.load(model)
    return videos.Upscaler(upscaling.upscaler(tables, "reference", 1), 4, tables.sha256)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(resumable_segments, "GROUP", 4)
    return made.write_video(tmp_path / "video.mkv", made.pictures(FRAMES, 32, 24))


def run(
    source: Path,
    target: Path,
    upscaler: videos.Upscaler,
    advance: Callable[[], None] = lambda: None,
    overwrite: bool = False,
) -> videos.Outcome:
    options = videos.Options("ffv1")
    return videos.upscale(videos.probe(source), target, upscaler, options, advance, overwrite)


def at_frame(number: int, act: Callable[[], object]) -> Callable[[], None]:
    """Call `act` when a frame is finished, counted from 1."""
    count = [0]

    def advance() -> None:
        count[0] += 1
        if count[0] == number:
            act()

    return advance


def interrupt() -> None:
    raise KeyboardInterrupt


def parts_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.parts")


def assert_same(one: Path, other: Path) -> None:
    for (pts, planes), (pts_2, others) in zip(made.decoded(one), made.decoded(other), strict=True):
        assert pts == pts_2
        for plane, plane_2 in zip(planes, others, strict=True):
            np.testing.assert_array_equal(plane, plane_2)


def test_a_second_run_is_told_who_works_on_the_result(source, upscaler, tmp_path):
    target = tmp_path / "big.mkv"

    def second() -> None:
        with pytest.raises(errors.ResultInUse, match=f"being written by process {os.getpid()} on"):
            run(source, target, upscaler)

    run(source, target, upscaler, at_frame(3, second))
    with pytest.raises(videos.VideoError, match="exists, expected a new file"):
        run(source, target, upscaler)
    run(source, tmp_path / "straight.mkv", upscaler)
    assert_same(target, tmp_path / "straight.mkv")
    assert not list(tmp_path.glob(".*"))


def test_many_runs_at_once_write_one_right_result(source, upscaler, tmp_path):
    """Runs begin and end at any moment: each finishes the video or says why it does not."""
    run(source, tmp_path / "straight.mkv", upscaler)
    for trial in range(6):
        target, found, start = tmp_path / f"{trial}.mkv", [], threading.Barrier(3)

        def one(target=target, found=found, start=start) -> None:
            start.wait()
            try:
                found.append(run(source, target, upscaler).frames)
            except videos.VideoError as error:
                found.append(str(error))

        threads = [threading.Thread(target=one) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found.count(FRAMES) == 1, found
        reasons = [text for text in found if text != FRAMES]
        assert all("is being written by" in text or "exists" in text for text in reasons), found
        assert_same(target, tmp_path / "straight.mkv")
    assert not list(tmp_path.glob(".*"))


def test_two_commands_on_one_folder_share_the_work(model, source, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("a.mkv", "b.mkv"):
        (folder / name).write_bytes(source.read_bytes())
    code = "import sys; from iqlut import cli; sys.exit(cli.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "upscale", folder, "-o", out, "-m", model, "--json"]
    runs = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    rows = [json.loads(run.communicate()[0]) for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    for pair in zip(*rows, strict=True):
        assert sorted(row["status"] for row in pair) == ["done", "skipped"]
    assert sorted(path.name for path in out.iterdir()) == ["a.mkv", "b.mkv"]


def test_the_summary_says_that_another_run_is_at_work(model, source, tmp_path, capsys):
    """A video that another run is upscaling does not exist yet."""
    (tmp_path / "in").mkdir()
    for name in ("a.mkv", "b.mkv", "c.mkv"):
        (tmp_path / "in" / name).write_bytes(source.read_bytes())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.mkv").write_bytes(b"made before")
    with result_folder.locked_folder(tmp_path / "out" / "a.mkv"):
        assert upscale(model, tmp_path / "in", "-o", tmp_path / "out") == 0
    said = capsys.readouterr().err
    expected = "1 skipped because they exist, 1 skipped because another run is working on them"
    assert f"1 of 3 videos upscaled, {expected}, in " in said


def forge(path: Path, damage: str) -> None:
    """Change the content of a record and the hash that it states with it."""
    record = json.loads(path.read_bytes().partition(b"\n")[2])
    if damage == "list":
        record = [record]
    elif damage == "field":
        record["times"]["more"] = 1
    else:
        record["times"]["pts"][0] = "0"
    text = json.dumps(record)
    path.write_text(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")


@pytest.mark.parametrize(
    "damage", ["cut", "empty", "flipped", "swapped", "record", "list", "field", "number", "stray"]
)
def test_segments_that_do_not_fit_are_made_again(source, upscaler, tmp_path, damage):
    target = tmp_path / "big.mkv"
    with pytest.raises(KeyboardInterrupt):
        run(source, target, upscaler, at_frame(11, interrupt))
    second, third = parts_of(target) / "000001.mkv", parts_of(target) / "000002.mkv"
    data = second.read_bytes()
    if damage == "cut":
        second.write_bytes(data[:-9])
    elif damage == "empty":
        second.write_bytes(b"")
    elif damage == "flipped":
        second.write_bytes(data[:-30] + bytes([data[-30] ^ 1]) + data[-29:])
    elif damage == "swapped":
        second.write_bytes((parts_of(target) / "000000.mkv").read_bytes())
    elif damage == "record":
        second.with_suffix(".json").write_text('{"pts": [0, 40')
    elif damage in ("list", "field", "number"):
        forge(second.with_suffix(".json"), damage)
    else:
        third.write_bytes(data)
    outcome = run(source, target, upscaler)
    assert outcome.resumed == (8 if damage == "stray" else 4) and outcome.frames == FRAMES
    run(source, tmp_path / "straight.mkv", upscaler)
    assert_same(target, tmp_path / "straight.mkv")
    assert not list(tmp_path.glob(".*"))


def test_segments_of_another_source_are_not_used(source, upscaler, tmp_path):
    """It has the same name, size and time stamp, but other pixels."""
    target, status = tmp_path / "big.mkv", source.stat()
    with pytest.raises(KeyboardInterrupt):
        run(source, target, upscaler, at_frame(7, interrupt))
    data = bytearray(source.read_bytes())
    data[-3] ^= 1
    source.write_bytes(data)
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert run(source, target, upscaler).resumed == 0


def test_files_of_other_programs_are_kept(source, upscaler, tmp_path):
    target = tmp_path / "big.mkv"
    parts_of(target).mkdir()
    for name in ("mine.mkv", "notes.json", "123.mkv"):
        (parts_of(target) / name).write_bytes(b"mine")
    run(source, target, upscaler)
    assert sorted(path.name for path in parts_of(target).iterdir()) == [
        "123.mkv",
        "mine.mkv",
        "notes.json",
    ]


@pytest.mark.parametrize("change", ["replaced", "cut"])
def test_a_source_that_changes_during_the_run_is_noticed(source, upscaler, tmp_path, change):
    target, data = tmp_path / "big.mkv", source.read_bytes()

    def touch() -> None:
        source.write_bytes(data[::-1] if change == "replaced" else data[: len(data) // 2])

    with pytest.raises(
        videos.VideoError, match=r"changed or removed while|cannot be read|cut short"
    ):
        run(source, target, upscaler, at_frame(2, touch))
    assert not target.exists()
    source.write_bytes(data)
    assert run(source, target, upscaler).resumed == 0


def test_a_file_that_appears_during_the_run_is_kept(source, upscaler, tmp_path):
    target = tmp_path / "big.mkv"
    with pytest.raises(videos.VideoError, match="created by another program during the run"):
        run(source, target, upscaler, at_frame(12, lambda: target.write_bytes(b"mine")))
    assert target.read_bytes() == b"mine"
    assert run(source, target, upscaler, overwrite=True).resumed == FRAMES
    assert len(made.decoded(target)) == FRAMES


def test_without_hard_links(source, upscaler, tmp_path, monkeypatch):
    """Some file systems have none. Mocked, since they cannot be mounted here."""

    def refuse(self: Path, other: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    target = tmp_path / "big.mkv"
    run(source, target, upscaler)
    assert len(made.decoded(target)) == FRAMES
    mine = tmp_path / "mine.mkv"
    with pytest.raises(videos.VideoError, match="created by another program during the run"):
        run(source, mine, upscaler, at_frame(12, lambda: mine.write_bytes(b"mine")))
    assert mine.read_bytes() == b"mine"


@pytest.mark.skipif(os.name != "posix", reason="symbolic links as POSIX has them")
def test_a_link_is_followed(source, model, upscaler, tmp_path):
    """The file that it names is written, as for pictures; the link stays."""
    link, file = tmp_path / "link.mkv", tmp_path / "elsewhere.mkv"
    file.write_bytes(b"old")
    link.symlink_to(file)
    assert upscale(model, source, "-o", link) == 1
    assert file.read_bytes() == b"old"
    run(source, link, upscaler, overwrite=True)
    assert link.is_symlink() and len(made.decoded(file)) == FRAMES


def test_a_result_that_is_not_what_was_decoded_gets_no_name(
    source, upscaler, tmp_path, monkeypatch
):
    """Mocked: a container that loses a packet."""
    plain = muxing._video_packets

    def losing(*arguments):
        for number, item in enumerate(plain(*arguments)):
            if number != 5:
                yield item

    monkeypatch.setattr(muxing, "_video_packets", losing)
    target = tmp_path / "big.mkv"
    with pytest.raises(videos.VideoError, match="would have 11 frames, expected 12 frames"):
        run(source, target, upscaler)
    assert not list(tmp_path.glob("*big*"))
