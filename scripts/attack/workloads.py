"""Small commands that the runners of kills and of simultaneous runs repeat, and their results.

A command runs in a fork of this process, which has imported all that it needs, so that a trial
takes no longer than the work itself. This process does no work of its own and has one thread.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from iqlut import cli
from iqlut.tables import file_format
from scripts.attack import seed_files

OUTPUT = "out"  # the folder that each command writes to
_MODEL, _HANG_S, _POLL_S = "small.iqlut", 120.0, 0.002
Contents = dict[str, str]  # what a folder holds: a checksum for each file


@dataclass(frozen=True)
class Workload:
    """A command that can be repeated.

    prepare    writes its input to a folder
    arguments  of the command, which runs in that folder
    added      to the arguments when the command continues or repeats an earlier run
    digest     a checksum of what counts in a file of the output; None if nothing does
    resumes    the file without which a run starts anew; "" if each file that exists is final
    """

    prepare: Callable[[Path], None]
    arguments: tuple[str, ...]
    added: tuple[str, ...]
    digest: Callable[[Path], str | None]
    resumes: str = ""

    def again(self, folder: Path) -> tuple[str, ...]:
        """The arguments for a folder in which an earlier run was killed."""
        if self.resumes and not (folder / self.resumes).exists():
            return self.arguments
        return (*self.arguments, *self.added)


def contents(folder: Path, digest: Callable[[Path], str | None]) -> Contents:
    """What the output in a folder holds, hidden files included."""
    files = (file for file in (folder / OUTPUT).rglob("*") if file.is_file())
    digests = {str(file.relative_to(folder)): digest(file) for file in files}
    return {name: value for name, value in digests.items() if value is not None}


def start(arguments: tuple[str, ...], folder: Path, said: Path) -> int:
    """Start a command in a fork that writes what it says to a file; the number of the process."""
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        os.chdir(folder)
        sys.stdout = sys.stderr = said.open("a", encoding="utf-8")
        for number in (1, 2):
            os.dup2(sys.stdout.fileno(), number)
        code = cli.main(arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def end_of(process: int) -> int | None:
    """The exit code of a process, negative for a signal; None if it hangs, which ends it."""
    limit_s = time.monotonic() + _HANG_S
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > limit_s:
            os.kill(process, 9)
            os.waitpid(process, 0)
            return None
        time.sleep(_POLL_S)


def run(arguments: tuple[str, ...], folder: Path, said: Path) -> int | None:
    """Run a command and return its exit code, or None if it hung."""
    return end_of(start(arguments, folder, said))


def _bytes_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _frames_of(file: Path) -> str:
    """The decoded frames and times of a video, whose container may hold another creation time."""
    import av

    digest = hashlib.sha256()
    with av.open(str(file)) as video:
        for frame in video.decode(video=0):
            digest.update(f"{frame.pts} ".encode() + frame.to_ndarray().tobytes())
    return digest.hexdigest()


def _tables_of(file: Path) -> str | None:
    """The tables of a checkpoint. Other files hold times, and logs have new names each time."""
    from iqlut.training import checkpoint_to_tables

    if file.suffix == ".pt":
        return checkpoint_to_tables.tables_of(file).sha256
    return None if "tfevents" in file.name else ""


def _picture(size: tuple[int, int], seed: int = 1) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    return Image.fromarray(noise)


def _one_picture(folder: Path) -> None:
    _write_model(folder)
    _picture((500, 300)).save(folder / "in.png", compress_level=1)


def _batch(folder: Path) -> None:
    _write_model(folder)
    (folder / OUTPUT).rmdir()  # the command creates it
    (folder / "in" / "more").mkdir(parents=True)
    for number in range(12):
        name = f"in/{'more/' * (number % 2)}{number}.{('png', 'jpg', 'webp')[number % 3]}"
        _picture((120, 80 + number), number).save(folder / name)


def _video(folder: Path) -> None:
    import av

    from iqlut.videos import resumable_segments

    resumable_segments.GROUP = 4  # frames of a segment: few, so that a kill leaves some
    _write_model(folder)
    with av.open(str(folder / "in.mkv"), "w") as output:
        stream = output.add_stream("ffv1", 25, width=64, height=48)
        stream.pix_fmt = "yuv420p"
        for number in range(24):
            frame = av.VideoFrame.from_image(_picture((64, 48), number))
            output.mux(stream.encode(frame))
        output.mux(stream.encode())


def _training(folder: Path) -> None:
    import torch
    import torch._dynamo  # takes seconds, and an optimiser imports it

    torch.set_num_threads(1)
    (folder / "images").mkdir()
    for number in range(2):
        _picture((64, 64), number).save(folder / "images" / f"{number}.png")
    (folder / "config.toml").write_text(
        'name = "trial"\n[model]\nscale = 2\nblocks = 1\nchannels = 2\nlevels = 5\n[train]\n'
        'data = "images"\nvalidation = "images"\nsteps = 30\nbatch = 64\npatch = 12\n'
        "checkpoint_every = 5\nvalidate_every = 30\n",
        encoding="utf-8",
    )


def _conversion(folder: Path) -> None:
    import torch

    torch.set_num_threads(1)
    (folder / OUTPUT).mkdir()
    (folder / "images").mkdir()
    for number in range(3):
        _picture((160, 120), number).save(folder / "images" / f"{number}.png")
    (folder / "in.pt").write_bytes(seed_files.files_of("pt")[0])


def _write_model(folder: Path) -> None:
    (folder / OUTPUT).mkdir()
    (folder / _MODEL).write_bytes(file_format.to_bytes(seed_files.tables()))


_UPSCALE = ("upscale", "-m", _MODEL, "--threads", "1", "-q")
_PICTURE = (*_UPSCALE, "in.png", "-o", "out/big.png")
_FOLDER = (*_UPSCALE, "in", "-o", OUTPUT)
_VIDEO = (*_UPSCALE, "in.mkv", "-o", "out/big.mkv", "--codec", "ffv1")
_TRAINING = ("train", "config.toml", "--out", OUTPUT, "--threads", "1")
_CONVERSION = ("convert", "in.pt", "-o", "out/small.iqlut", "--score", "images")
_ANEW = ("--overwrite",)  # the killed run may have been complete

WORKLOADS = {
    "picture": Workload(_one_picture, _PICTURE, _ANEW, _bytes_of),
    "folder": Workload(_batch, _FOLDER, (), _bytes_of),
}
if find_spec("av"):
    WORKLOADS["video"] = Workload(_video, _VIDEO, _ANEW, _frames_of)
if find_spec("torch") and find_spec("tomlkit"):
    WORKLOADS["training"] = Workload(
        _training, _TRAINING, ("--resume",), _tables_of, "out/checkpoint.pt"
    )
    WORKLOADS["convert"] = Workload(_conversion, _CONVERSION, _ANEW, _bytes_of)
