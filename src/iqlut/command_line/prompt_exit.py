"""The end of a command within a second of an interrupt, whatever its libraries are doing.

Python runs the handler of a signal when the C function that the main thread is in returns. Encoders
of some formats return when the whole picture is encoded, and a video is upscaled in other threads.
A thread is therefore told of each signal by a pipe. If the command has not ended in order soon
after, this thread removes its unfinished files and ends the process.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from iqlut import atomic_files
from iqlut.command_line.exit_codes import INTERRUPTED

# In which nearly every command has ended by itself. After it, the system needs most of a second to
# take back the memory of a picture of 100 megapixels and of its result.
_ORDERLY_S = 0.25
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM)
SENTENCE = b"iqlut: interrupted\n"


@contextmanager
def prompt_exit() -> Iterator[None]:
    """End the process soon after an interrupt of the block, if the block does not end by itself.

    It is for blocks that lose nothing: all that they write is written atomically, or can be
    continued. It does nothing in a thread that is not the main one, which gets no signals, and on
    Windows, where a pipe cannot be told of signals before Python 3.12.
    """
    if os.name == "nt" or threading.current_thread() is not threading.main_thread():
        yield
        return
    end, start = os.pipe()
    os.set_blocking(start, False)
    is_over = threading.Event()
    before = signal.set_wakeup_fd(start, warn_on_full_buffer=False)
    watch = threading.Thread(target=_watch, args=(end, is_over), daemon=True)
    watch.start()
    try:
        yield
    finally:
        is_over.set()
        signal.set_wakeup_fd(before)
        os.close(start)
        watch.join()
        os.close(end)


def _watch(end: int, is_over: threading.Event) -> None:
    """Read numbers of signals from a pipe until it is closed."""
    while number := os.read(end, 1):
        is_interrupt = number[0] in _INTERRUPTS
        if is_interrupt and signal.getsignal(number[0]) is signal.default_int_handler:
            if is_over.wait(_ORDERLY_S):
                return
            atomic_files.remove_unfinished()
            with suppress(OSError):  # nobody reads stderr
                os.write(2, SENTENCE)
            os._exit(INTERRUPTED)
