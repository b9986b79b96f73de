"""Pipes and devices that are named like files, and videos in pipes that must be read twice."""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from iqlut import atomic_files, file_kinds
from iqlut.batch.planning import STREAM
from iqlut.command_line.exit_codes import FAILED, Stop
from iqlut.path_states import exists, is_device, is_folder
from iqlut.printable_names import shown
from iqlut.videos.containers import Y4M

_COPY_PREFIX, _COPY = "iqlut-", "stdin"  # of a folder and of the video in it
_STDOUT = tuple(map(Path, ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")))


@contextmanager
def read_as_stdin(inputs: Sequence[Path]) -> Iterator[tuple[Path, ...]]:
    """Open a pipe or device that is the only input, once, in place of stdin.

    Yields the inputs, in which `STREAM` stands for it. It cannot be opened a second time, as files
    are to see what they hold.
    """
    if len(inputs) != 1 or inputs[0] == STREAM or not is_device(inputs[0]):
        yield tuple(inputs)
        return
    try:
        pipe = inputs[0].open("rb")
    except OSError as error:
        raise Stop(
            f"{shown(inputs[0])} cannot be read ({error.strerror}), expected a pipe with a picture "
            "or video; check its permissions",
            FAILED,
        ) from None
    before = sys.stdin
    with io.TextIOWrapper(pipe) as sys.stdin:
        try:
            yield (STREAM,)
        finally:
            sys.stdin = before


@contextmanager
def video_as_file(inputs: Sequence[Path], output: Path | None) -> Iterator[tuple[Path, ...]]:
    """Copy a video on stdin to a temporary file, unless it can be upscaled while it arrives.

    Yields the inputs, in which that file takes the place of `STREAM`. Only from y4m to y4m a video
    is read once, from its beginning to its end.
    """
    if tuple(inputs) != (STREAM,) or output is None or not _must_be_a_file(output):
        yield tuple(inputs)
        return
    with ExitStack() as stack:
        try:
            _sweep_copies()
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=_COPY_PREFIX))
            file = stack.enter_context((Path(folder) / _COPY).open("xb"))
            atomic_files.lock(file)
            shutil.copyfileobj(sys.stdin.buffer, file)
            file.flush()
        except OSError as error:
            raise Stop(
                f"the video on stdin cannot be copied to a temporary file ({error.strerror}), "
                "expected room for it; name a folder with more room in the environment variable "
                "TMPDIR",
                FAILED,
            ) from None
        yield (Path(folder) / _COPY,)


def _sweep_copies() -> None:
    """Remove the copies that killed runs left. Those of other runs are locked and stay."""
    for copy in Path(tempfile.gettempdir()).glob(f"{_COPY_PREFIX}*/{_COPY}"):
        with suppress(OSError):  # it is gone in the meantime, or of another user
            with copy.open("rb") as file:
                if not atomic_files.lock(file):
                    continue
                atomic_files.remove_locked(file, copy)
            copy.parent.rmdir()


def _must_be_a_file(output: Path) -> bool:
    """Whether stdin holds a video that cannot be piped through to this output."""
    if is_folder(output):
        return False  # `planning` refuses it
    peek = getattr(getattr(sys.stdin, "buffer", None), "peek", None)
    kind = file_kinds.kind_of_bytes(peek(file_kinds.START_BYTES)) if peek else None
    if kind is None or kind.family is not file_kinds.Family.VIDEO:
        return False
    is_y4m = output == STREAM or output.suffix.lower() == Y4M
    return not (is_y4m and kind.name == file_kinds.Y4M_NAME)


def written_as_stdout(output: Path | None) -> Path | None:
    """The output, in which `STREAM` stands for the names that systems give to stdout."""
    is_stdout = output in _STDOUT and exists(output)
    return STREAM if is_stdout else output
