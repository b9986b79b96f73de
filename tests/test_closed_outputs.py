"""Help texts, versions and invalid arguments where stdout or stderr is closed, full or not read."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from iqlut import cli
from iqlut.command_line.exit_codes import FAILED, OK, USAGE
from iqlut.evaluation import image_sets
from picture_files import noise

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files and pipes as POSIX has them")
FULL = "iqlut: stdout cannot be written (No space left on device), expected a file,"


@pytest.mark.parametrize(
    ("command", "code", "sentence"),
    [
        ("--version >/dev/full", FAILED, FULL),
        ("upscale --help >/dev/full", FAILED, FULL),
        ("--help >&-", OK, ""),
        ("--version >&-", OK, ""),
        ("upscale --bogus 2>&-", USAGE, ""),
        ("upscale --bogus 2>/dev/full", USAGE, ""),
    ],
)
def test_what_is_printed_before_a_command_runs(command, code, sentence):
    done = subprocess.run(
        f"'{sys.executable}' -m iqlut {command}", shell=True, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(sentence) and done.stderr.count("\n") == bool(sentence)


def test_a_reader_that_ends_early_is_no_error():
    """It has ended before the first byte."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        command = [sys.executable, "-m", "iqlut", "upscale", "--help"]
        done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (FAILED, b"")


def test_invalid_arguments_are_explained_on_stderr(capsys):
    assert cli.main(["upscale", "--bogus"]) == USAGE
    printed = capsys.readouterr()
    assert printed.out == "" and "Unrecognized options: --bogus" in printed.err


def test_pipes_in_a_folder_are_no_images(tmp_path):
    """They would never open."""
    os.mkfifo(tmp_path / "a.png")
    noise("RGB", (9, 9)).save(tmp_path / "b.png")
    assert image_sets.image_files(tmp_path) == [tmp_path / "b.png"]
