"""Run `iqlut` with these arguments, or else import its modules, as on a system without POSIX.

The libraries that iqlut uses are imported first. Then the modules and functions that Windows lacks
are removed, `sys.platform` becomes "win32", and a module msvcrt records what is locked.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import pkgutil
import sys
import types

import numpy
import PIL.Image
import rich.progress
import rich.table
import safetensors.numpy
import tyro

MODULES = ("fcntl", "grp", "posix", "pwd", "resource", "termios")
FUNCTIONS = ("fork", "geteuid", "getuid", "mkfifo", "register_at_fork", "sched_getaffinity")
FUNCTIONS += ("sysconf", "O_NONBLOCK", "O_NOFOLLOW", "O_DIRECTORY")
# Not needed by `iqlut upscale` for pictures, and slow to import or an extra.
LEFT_OUT = ("iqlut.training", "iqlut.network", "iqlut.engines.torch", "iqlut.ray", "iqlut.__main__")
LEFT_OUT += ("iqlut.targets.onnx",)
# Imported above because they have parts of their own for each system.
LIBRARIES = (asyncio, numpy, PIL, rich, safetensors, tyro)


class Msvcrt(types.ModuleType):
    """The lock function of Windows' C library, which notes where it locks."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        super().__init__("msvcrt")
        self.places: list[int] = []

    def locking(self, number: int, mode: int, count: int) -> None:
        assert (mode, count) == (self.LK_NBLCK, 1)
        self.places.append(os.lseek(number, 0, os.SEEK_CUR))


def main(arguments: list[str]) -> int:
    """The exit code of the command, or 0 if all modules can be imported."""
    PIL.Image.init()
    msvcrt = Msvcrt()
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    for name in FUNCTIONS:
        delattr(os, name)
    sys.modules["msvcrt"] = msvcrt
    sys.platform = "win32"
    if not arguments:
        return import_all()
    from iqlut import cli

    code = cli.main(arguments)
    print("locks at", sorted(set(msvcrt.places)))
    return code


def import_all() -> int:
    """Import each module of the package and print their names."""
    import iqlut

    for module in pkgutil.walk_packages(iqlut.__path__, "iqlut.", onerror=raise_again):
        if not module.name.startswith(LEFT_OUT) and "native._" not in module.name:
            importlib.import_module(module.name)
            print(module.name)
    return 0


def raise_again(_name: str) -> None:
    raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
