"""Writing of a picture or a video to stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from iqlut.errors import PictureError


@contextmanager
def stdout() -> Iterator[BinaryIO]:
    """Yield stdout as a binary file, and flush it at the end.

    Raises PictureError if it cannot be written, and BrokenPipeError if its reader has ended.
    """
    if sys.stdout is None:
        raise PictureError("stdout is closed, expected a file or a pipe; name a file with -o")
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise PictureError(
            f"stdout cannot be written ({error.strerror or error}), expected a file or a pipe "
            "with free space; name a file with -o"
        ) from None
