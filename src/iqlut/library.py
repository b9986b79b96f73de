"""Finds and loads the native library `iqlut._native` (a plain C library, not a Python module)."""

from __future__ import annotations

import ctypes
import importlib.util
from functools import lru_cache


@lru_cache(maxsize=1)
def load_library() -> ctypes.CDLL:
    """The loaded library; RuntimeError where this installation has none."""
    spec = importlib.util.find_spec("iqlut._native")
    if spec is None or spec.origin is None:
        raise RuntimeError(
            "iqlut was installed without its native library; reinstall it with a C compiler at hand"
        )
    return ctypes.CDLL(spec.origin)
