"""The pipe that a picture or a video is written to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from iqlut.errors import PictureError


@contextmanager
def stdout() -> Iterator[BinaryIO]:
    """The bytes of stdout; PictureError where they do not arrive. BrokenPipeError if nobody reads them."""
    if sys.stdout is None:
        raise PictureError("stdout is closed; name a file with -o")
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise PictureError(
            f"stdout cannot be written ({error.strerror or error}); name another place for it"
        ) from None
