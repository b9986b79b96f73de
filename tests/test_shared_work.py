"""Several runs on the same files: they share the work, and no file that appears is replaced."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from command_line import refuses, upscale
from iqlut import atomic_files
from iqlut.batch import pending_jobs
from iqlut.batch.planning import Job
from iqlut.command_line import exit_codes, output_files
from iqlut.pictures import writing
from picture_files import noise


def test_a_file_that_appears_is_kept(tmp_path):
    def fill(file):
        file.write(b"ours")
        (tmp_path / "result").write_bytes(b"theirs")

    with pytest.raises(FileExistsError):
        atomic_files.write_atomically(tmp_path / "result", fill, replace=False)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"theirs"]


def test_file_systems_without_links(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(atomic_files.os, "link", refuse)
    for data in (b"first", b"second"):
        with pytest.raises(FileExistsError) if data == b"second" else nullcontext():
            atomic_files.write_atomically(
                tmp_path / "a", lambda file, data=data: file.write(data), replace=False
            )
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"first"]


def test_a_picture_that_appears_is_kept(photo, model, tmp_path, capsys, monkeypatch):
    target, plain = tmp_path / "big.png", writing.encode

    def appear(*arguments):
        target.write_bytes(b"theirs")
        return plain(*arguments)

    monkeypatch.setattr(writing, "encode", appear)
    refuses(capsys, upscale(model, photo, "-o", target), "big.png exists", "--overwrite")
    assert target.read_bytes() == b"theirs"
    assert upscale(model, photo, "-o", target, "--overwrite") == 0
    assert target.read_bytes() != b"theirs" and len(list(tmp_path.iterdir())) == 2


def test_output_files_are_kept_too(tmp_path):
    """What `compare`, `convert` and `train` write goes through one function."""
    path = tmp_path / "a.iqlut"
    output_files.write({path: b"first"}, overwrite=False)
    with pytest.raises(exit_codes.Stop, match=r"a\.iqlut exists, expected a new file; give"):
        output_files.write({path: b"second"}, overwrite=False)
    output_files.write({path: b"third"}, overwrite=True)
    assert path.read_bytes() == b"third"


def test_what_a_killed_run_left_is_removed(tmp_path):
    left = tmp_path / ".a.iqlut.iqlut-0123abcd.part"
    left.write_bytes(b"half")
    output_files.write({tmp_path / "a.iqlut": b"data"}, overwrite=False)
    assert [file.name for file in tmp_path.iterdir()] == ["a.iqlut"]


def test_a_full_disk_is_a_sentence(tmp_path, monkeypatch):
    def full(path, fill, replace):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(atomic_files, "write_atomically", full)
    with pytest.raises(exit_codes.Stop, match=r"No space left .*, expected .*; free some space"):
        output_files.write({tmp_path / "a.iqlut": b"data"}, overwrite=False)


def test_one_process_has_a_claim(tmp_path):
    path = tmp_path / "new folder" / "a.png"
    with atomic_files.claimed(path) as first, atomic_files.claimed(path) as second:
        assert (first, second) == (True, False)
    (path.parent / ".a.png.iqlut-claim.part").touch()  # a killed process left it
    with atomic_files.claimed(path) as third:
        assert third
    assert list(path.parent.iterdir()) == []


def test_claimed_jobs_come_last(tmp_path):
    jobs = [Job(None, tmp_path / name, name) for name in ("a", "b", "c")]
    with atomic_files.claimed(tmp_path / "a"):
        order = pending_jobs.shared(jobs)
        assert [next(order).relative, next(order).relative] == ["b", "c"]
    assert [job.relative for job in order] == ["a"]


@pytest.mark.skipif(os.name != "posix", reason="locks as POSIX has them")
def test_two_runs_share_a_folder(model, tmp_path):
    """Each picture is upscaled by one of them, and what the other has done is no failure."""
    (tmp_path / "in").mkdir()
    for number in range(12):
        noise("RGB", (60, 60 + number)).save(tmp_path / "in" / f"{number}.png")
    command = [sys.executable, "-m", "iqlut", "upscale", "in", "-m", model, "--json", "-o"]
    runs = [
        subprocess.Popen([*command, "out"], stdout=subprocess.PIPE, cwd=tmp_path) for _ in range(2)
    ]
    said = [json.loads(run.communicate()[0]) for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    for rows in said:
        assert {row["status"] for row in rows} <= {"done", "skipped"} and len(rows) == 12
    done = [row["source"] for rows in said for row in rows if row["status"] == "done"]
    assert len(done) == len(set(done)) == 12
    subprocess.run([*command, "alone"], stdout=subprocess.DEVNULL, cwd=tmp_path, check=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "alone")


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}
