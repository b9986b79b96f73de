"""iqlut: upscale images with small integer lookup tables.

import iqlut
large = iqlut.upscale(small, scale=4)          # a uint8 array or a Pillow image
tables = iqlut.load("l8c8-x4")                 # a name from iqlut.models(), or the path of a file
upscale_plane = iqlut.engines.get("native").build(tables, threads=4)

All exceptions of the package derive from `iqlut.IqlutError`; `iqlut.errors` lists them.

Names are imported when they are first used, so `import iqlut` does not wait for NumPy.
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

_MODULES = {  # the module that defines each name
    "IqlutError": "iqlut.errors",
    "RestorationTables": "iqlut.tables.restoration_tables",
    "Tables": "iqlut.tables.integer_tables",
    "load": "iqlut.tables.shipped_models",
    "models": "iqlut.tables.shipped_models",
    "save": "iqlut.tables.shipped_models",
    "upscale": "iqlut.upscaling",
}
_SUBMODULES = ("engines", "errors")


def __getattr__(name: str) -> object:
    """Import a public name on first use (PEP 562)."""
    if name in _SUBMODULES:
        return importlib.import_module(f"iqlut.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
