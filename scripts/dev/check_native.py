"""Run the tests of the native engine, of upscaled samples and of the training kernel on another
build of their libraries.

    python -m scripts.dev.check_native FOLDER [pytest argument...]

`make check-native` passes a folder with `_inference.so` and `_training.so` that were built with
AddressSanitizer and UndefinedBehaviorSanitizer, which end the process at the first error.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from iqlut import native

TESTS = tuple(
    f"tests/test_{name}.py" for name in ("engines", "video_planes", "model", "train_tiles")
)
CHOSEN = "native or the_library_upscales or instruction_sets or tiles"


def main(folder: str, arguments: list[str]) -> int:
    """The exit code of pytest."""
    native.path_of = lambda name: str(Path(folder).resolve() / f"_{name}.so")
    return int(pytest.main([*TESTS, "-k", CHOSEN, *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
