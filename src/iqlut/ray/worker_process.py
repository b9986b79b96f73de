"""A process beside each worker of Ray that upscales one file after another, asked through pipes.

If too little memory or a fault in a decoder ends this process, the file that caused it is known and
reported. A Ray worker that ended would be started again with the same file, for ever.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass

from iqlut.batch.one_file import upscale_file
from iqlut.batch.pending_jobs import exists_already
from iqlut.batch.planning import Job
from iqlut.batch.results import EXISTS, Result
from iqlut.batch.upscale_options import UpscaleOptions
from iqlut.errors import DiskFull, PictureError, ResultExists
from iqlut.file_kinds import is_video
from iqlut.printable_names import shown

_PROGRAM = "from iqlut.ray.worker_process import main; main()"
_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl


@dataclass(frozen=True)
class Answer:
    """The result of a file; `full` says that the disk is, so that others would fail as well."""

    result: Result
    full: bool = False


class Child:
    """The process, seen from the worker: started when needed, and again after it has ended."""

    def __init__(self, pickled_options: bytes) -> None:
        self._pickled_options = pickled_options
        self._process: subprocess.Popen[bytes] | None = None

    def do(self, job: Job) -> Answer:
        """Upscale a file and return its result, also if the process does not survive it."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            self._send(self._pickled_options)
        self._send(pickle.dumps(job))
        assert self._process.stdout
        try:
            return pickle.load(self._process.stdout)
        except (EOFError, pickle.UnpicklingError):
            code = self._process.wait()
            self.close()
            ended = f"signal {-code}" if code < 0 else f"exit code {code}"
            reason = (
                f"{shown(job.source)} ended its process ({ended}), expected a result; "
                "try it on a machine with more memory"
            )
            return Answer(Result(str(job.source), str(job.target), "failed", reason))

    def _send(self, data: bytes) -> None:
        assert self._process and self._process.stdin
        with suppress(BrokenPipeError):  # `do` finds that there is no answer
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def close(self) -> None:
        """End the process, if it runs."""
        if self._process and self._process.stdin and self._process.stdout:
            self._process.kill()
            self._process.wait()
            with suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.stdout.close()
            self._process = None


def attempt(job: Job, options: UpscaleOptions) -> Answer:
    """Upscale a file and return its result; no exception leaves this function."""
    assert job.source
    source, target, start = str(job.source), str(job.target), time.perf_counter()
    skipped = Answer(Result(source, target, "skipped", EXISTS))
    if not options.overwrite and exists_already(job):
        return skipped
    full = False
    try:
        return Answer(
            upscale_file(Job(job.source, job.target, job.relative, is_video(job.source)), options)
        )
    except ResultExists:  # another worker has written it meanwhile
        return skipped
    except PictureError as error:
        reason, full = str(error), isinstance(error, DiskFull)
    except MemoryError:
        reason = f"{shown(job.source)} needs more memory than this machine has, expected less"
    except Exception as error:
        reason = f"{shown(job.source)} failed ({type(error).__name__}: {error}); please report it"
    return Answer(
        Result(source, target, "failed", reason, elapsed_ms=1000 * (time.perf_counter() - start)),
        full,
    )


def main() -> None:
    """Answer jobs from stdin until it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not mix with the answers
    options = pickle.load(sys.stdin.buffer)
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(attempt(job, options), answers)
        answers.flush()
