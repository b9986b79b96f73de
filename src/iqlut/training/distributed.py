"""Training of one model by several processes, which torchrun starts.

Each process takes a share of every batch, and the gradients are averaged. All processes hold the
same parameters and make the same steps. Only the first one writes files.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import distributed


def join() -> None:
    """Connect to the other processes that torchrun started, as its environment variables say."""
    distributed.init_process_group("gloo")


def rank_and_count() -> tuple[int, int]:
    """The number of this process and the number of processes; (0, 1) for a single process."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def is_first() -> bool:
    """Whether this process writes files."""
    return rank_and_count()[0] == 0


def average(tensors: Iterable[torch.Tensor | None]) -> None:
    """Replace tensors in place by their mean over the processes, in one message; skip None."""
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
    """Return the value of `what` in the first process, so that all processes decide alike."""
    if rank_and_count()[1] == 1:
        return what
    word = torch.tensor([what])
    distributed.broadcast(word, 0)
    return bool(word)


def wait() -> None:
    """Wait until all processes have called this function."""
    if rank_and_count()[1] > 1:
        distributed.barrier()
