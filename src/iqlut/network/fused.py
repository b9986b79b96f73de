"""Compilation of elementwise functions into single kernels on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

import torch

_COMPILED_SHAPES = 256  # combinations of shapes and constants that a function is compiled for


def fused(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function into one kernel if its first argument is on a GPU.

    On a CPU it runs as it is.
    """

    @wraps(function)
    def call(first: torch.Tensor, *others: Any) -> Any:
        return (_compiled(function) if first.is_cuda else function)(first, *others)

    return call


@lru_cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The compiled function; PyTorch's compiler, which is slow to import, is loaded here."""
    from torch import _dynamo

    _dynamo.config.recompile_limit = _COMPILED_SHAPES
    _dynamo.config.accumulated_recompile_limit = 4 * _COMPILED_SHAPES
    return torch.compile(function, dynamic=False)
