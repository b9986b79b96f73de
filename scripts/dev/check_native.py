"""Runs the tests of the native engine on another build of its library: `check_native.py LIBRARY [pytest argument...]`.

`make check-native` gives it one with AddressSanitizer and UndefinedBehaviorSanitizer, which end the process at the
first finding.
"""

from __future__ import annotations

import ctypes
import sys

import pytest

from iqlut import library


def main(path: str, arguments: list[str]) -> int:
    """The exit code of pytest."""
    library.load_library = lambda: ctypes.CDLL(path)
    return int(pytest.main(["tests/test_engines.py", "-k", "native", *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
