"""iqlut: upscale images with small integer look-up tables.

import iqlut
large = iqlut.upscale(small, scale=4)          # a uint8 array or a Pillow image
tables = iqlut.load("l8c8-x4")                 # a name from iqlut.models(), or the path of a file
upscale_plane = iqlut.engines.get("native").build(tables, threads=4)

All exceptions of the package derive from `iqlut.IqlutError`; `iqlut.errors` lists them.

Each of these names is imported when it is first used, so that the program `iqlut` can handle
interrupts before NumPy is imported.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iqlut import engines, errors
    from iqlut.errors import IqlutError
    from iqlut.tables.integer_tables import Tables
    from iqlut.tables.restoration_tables import RestorationTables
    from iqlut.tables.shipped_models import load, models, save
    from iqlut.upscaling import upscale

__version__ = "0.1.0"

_SUBPACKAGES = ("engines", "errors")
_MODULE_OF = {
    "IqlutError": "errors",
    "RestorationTables": "tables.restoration_tables",
    "Tables": "tables.integer_tables",
    **dict.fromkeys(("load", "models", "save"), "tables.shipped_models"),
    "upscale": "upscaling",
}


def __getattr__(name: str) -> object:
    if name in _SUBPACKAGES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _MODULE_OF:
        found = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


__all__ = [
    "IqlutError",
    "RestorationTables",
    "Tables",
    "__version__",
    "engines",
    "errors",
    "load",
    "models",
    "save",
    "upscale",
]
