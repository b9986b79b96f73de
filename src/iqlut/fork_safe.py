"""A lock and a cached property for processes that are forked while other threads work.

The child has only the thread that called `fork`. A lock that another thread held stays locked in
it for ever, and what that thread had changed for a while stays changed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")


class ModuleLock:
    """A lock that a module holds as long as the process runs.

    In a forked process it is made anew, and `restore` is called, which undoes what a thread had
    changed while it held the lock.
    """

    def __init__(self, restore: Callable[[], object] | None = None) -> None:
        self._lock, self._restore = threading.Lock(), restore
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _renew(self) -> None:
        self._lock = threading.Lock()
        if self._restore is not None:
            self._restore()


class cached_property(Generic[Value]):
    """`functools.cached_property` without a lock, which that of Python 3.10 and 3.11 has."""

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute, self._name, self.__doc__ = compute, "", compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> cached_property[Value]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> cached_property[Value] | Value:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._compute(instance)
        return value
