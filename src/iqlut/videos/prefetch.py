"""Work done ahead of need, in a thread of its own: how decoding, upscaling and encoding overlap."""

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
    """The same items, of which up to `count` are made before they are asked for.

    An error of the maker is raised here. Closing this generator closes the maker, in its own thread.
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
    """Whether there was room before the other side went away."""
    while not stop.is_set():
        with suppress(Full):
            queue.put(item, timeout=_POLL_S)
            return True
    return False


def _empty(queue: Queue[object]) -> None:
    """Let go of what nobody will take."""
    with suppress(Empty):
        while True:
            queue.get_nowait()
