"""Several processes train one model (torchrun): each takes a part of every batch, gradients are averaged.

All processes hold the same parameters and make the same step; the first one writes.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import distributed


def join() -> None:
    """Meets the other processes that torchrun started, by what it left in the environment."""
    distributed.init_process_group("gloo")


def part() -> tuple[int, int]:
    """This process's number and how many there are: (0, 1) alone."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def is_first() -> bool:
    """Whether this process writes."""
    return part()[0] == 0


def average(tensors: Iterable[torch.Tensor | None]) -> None:
    """The mean over the processes, in place, in one message."""
    count = part()[1]
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
    """What the first process says, so that all do the same."""
    if part()[1] == 1:
        return what
    word = torch.tensor([what])
    distributed.broadcast(word, 0)
    return bool(word)


def wait() -> None:
    """Until all processes are here."""
    if part()[1] > 1:
        distributed.barrier()
