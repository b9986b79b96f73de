"""Runs the tests of the native engine on another build of its library.

    python -m scripts.dev.check_native LIBRARY [PYTEST ARGUMENT...]

`make check-native` passes a build with AddressSanitizer and UndefinedBehaviorSanitizer, which end
the process at the first finding.
"""

from __future__ import annotations

import ctypes
import sys

import pytest

from iqlut import library

TESTS = ("tests/test_engines.py", "tests/test_engine_colours.py")


def main(path: str, arguments: list[str]) -> int:
    """Return the exit code of pytest."""
    library.load_library = lambda: ctypes.CDLL(path)
    return int(pytest.main([*TESTS, "-k", "native", *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
