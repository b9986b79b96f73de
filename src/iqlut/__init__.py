"""iqlut: upscale images with small integer lookup tables.

import iqlut
large = iqlut.upscale(small, scale=4)          # a uint8 array or a Pillow image
tables = iqlut.load("l8c8-x4")                 # a name from iqlut.models(), or the path of a file
upscale_plane = iqlut.engines.get("native").build(tables, threads=4)

All exceptions of the package derive from `iqlut.IqlutError`; `iqlut.errors` lists them.
"""

__version__ = "0.1.0"

from iqlut import engines, errors
from iqlut.errors import IqlutError
from iqlut.tables.integer_tables import Tables
from iqlut.tables.restoration_tables import RestorationTables
from iqlut.tables.shipped_models import load, models, save
from iqlut.upscaling import upscale

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
