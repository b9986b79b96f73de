"""Several processes train one model (torchrun): each takes a share of every batch, and gradients
are averaged.

All processes hold the same parameters and make the same steps. Only the first one writes files.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import distributed


def join() -> None:
    """Join the other processes that torchrun started, as its environment variables say."""
    distributed.init_process_group("gloo")


def rank_and_count() -> tuple[int, int]:
    """The number of this process and how many there are; (0, 1) for a single one."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def is_first() -> bool:
    """Whether this process writes files."""
    return rank_and_count()[0] == 0


def average(tensors: Iterable[torch.Tensor | None]) -> None:
    """Replace tensors by their mean over the processes, in one message."""
    count = rank_and_count()[1]
    present = [tensor for tensor in tensors if tensor is not None]
    if count == 1 or not present:
        return
    whole = torch.cat([tensor.flatten() for tensor in present])
    distributed.all_reduce(whole)
    whole /= count
    for tensor, mean in zip(
        present, whole.split([tensor.numel() for tensor in present]), strict=True
    ):
        tensor.copy_(mean.view_as(tensor))


def first_says(what: bool) -> bool:
    """The value that the first process has, so that all processes do the same."""
    if rank_and_count()[1] == 1:
        return what
    word = torch.tensor([what])
    distributed.broadcast(word, 0)
    return bool(word)


def wait() -> None:
    """Wait until all processes have come here."""
    if rank_and_count()[1] > 1:
        distributed.barrier()
