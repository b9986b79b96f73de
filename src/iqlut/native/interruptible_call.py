"""Long calls of a native library that a signal, such as Ctrl-C, can end.

Python runs the handlers of signals in the main thread, between two bytecodes. While that thread is
inside a native function, no handler runs until the function returns. A long call is therefore made
in another thread, and the main thread waits for it in Python.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from contextlib import suppress

_POLL_S = 0.1  # Windows delivers no signal to a thread that waits without a limit


def interruptible(call: Callable[[ctypes.c_int32], int]) -> int:
    """Make a call, and stop it if a signal handler raises an exception meanwhile.

    `call` passes its argument on to the native function, which returns early once the value is not
    0. Returns what `call` returns; the exception of the handler is raised when the function has
    returned. In any thread but the main one, which runs no signal handlers, this is a plain call.
    """
    stop = ctypes.c_int32()
    if threading.current_thread() is not threading.main_thread():
        return call(stop)
    codes: list[int] = []
    is_done = threading.Event()

    def work() -> None:
        try:
            codes.append(call(stop))
        finally:
            is_done.set()

    thread = threading.Thread(target=work, daemon=True)
    try:
        try:
            thread.start()
        except RuntimeError:  # this process may not start another thread
            work()
        while not is_done.wait(_POLL_S):
            pass
    except BaseException:
        stop.value = 1
        while thread.is_alive():
            with suppress(BaseException):  # another interrupt; the first one is raised
                thread.join(_POLL_S)
        raise
    return codes[0]
