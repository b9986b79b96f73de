"""Prefetching in a separate thread, by which decoding, upscaling and encoding overlap."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import TypeVar

Item = TypeVar("Item")
_POLL_S = 0.1
_END = object()


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def ahead(items: Generator[Item, None, None], count: int) -> Generator[Item, None, None]:
    """Yield the same items, of which up to `count` are produced in advance by another thread.

    An exception of `items` is raised here. Closing this generator closes `items`, in that thread.
    """
    queue: Queue[object] = Queue(count)
    stop = threading.Event()
    thread = threading.Thread(target=_make, args=(items, queue, stop), daemon=True)
    thread.start()
    try:
        while (item := queue.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item  # type: ignore[misc]
    finally:
        stop.set()
        _empty(queue)
        thread.join()


def _make(items: Generator[Item, None, None], queue: Queue[object], stop: threading.Event) -> None:
    last: object = _END
    try:
        for item in items:
            if not _put(queue, item, stop):
                break
    except BaseException as error:
        last = _Failure(error)
    finally:
        items.close()
        _put(queue, last, stop)


def _put(queue: Queue[object], item: object, stop: threading.Event) -> bool:
    """Put an item into the queue. Return False if the consumer stopped before there was room."""
    while not stop.is_set():
        with suppress(Full):
            queue.put(item, timeout=_POLL_S)
            return True
    return False


def _empty(queue: Queue[object]) -> None:
    """Discard all items, so that the memory of frames nobody will consume is released."""
    with suppress(Empty):
        while True:
            queue.get_nowait()
