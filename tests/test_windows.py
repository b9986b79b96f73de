"""The package runs where the modules and functions of POSIX are missing.

A process in which they are removed stands for Windows; the workflow wheels.yml tries a wheel there.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from iqlut import upscaling
from picture_files import opened

PROGRAM = Path(__file__).with_name("without_posix.py")
LOCKED_BYTE = 2**30  # behind all content, because Windows lets nobody read a locked byte


def test_a_picture_is_upscaled_without_posix(photo: Path, model: str) -> None:
    command = [sys.executable, PROGRAM, "upscale", photo, "-m", model, "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"locks at [{LOCKED_BYTE}]" in done.stdout
    assert sorted(path.name for path in photo.parent.iterdir()) == ["photo.png", "photo_x4.png"]
    expected = upscaling.upscale(opened(photo), 4, model)
    assert np.array_equal(opened(photo.with_name("photo_x4.png")), expected)


def test_modules_are_imported_without_posix() -> None:
    done = subprocess.run([sys.executable, PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "iqlut.videos.result_folder" in done.stdout.split()
