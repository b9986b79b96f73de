"""Run the tests of the native engine, and of upscaled samples, on another build of their library.

    python -m scripts.dev.check_native FOLDER [pytest argument...]

`make check-native` passes a folder with an `_inference.so` that was built with AddressSanitizer and
UndefinedBehaviorSanitizer, which end the process at the first error.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from iqlut import native


def main(folder: str, arguments: list[str]) -> int:
    """The exit code of pytest."""
    native.path_of = lambda name: str(Path(folder).resolve() / f"_{name}.so")
    tests = ("tests/test_engines.py", "tests/test_video_planes.py")
    return int(pytest.main([*tests, "-k", "native or the_library_upscales", *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
