"""iqlut: image super-resolution by small integer look-up tables.

import iqlut
large = iqlut.upscale(small, scale=4)          # a uint8 array or a Pillow image
tables = iqlut.load("l8c8-x4")                 # a name from iqlut.models(), or a path
upscale = iqlut.engines.get("native").build(tables, threads=4)
"""

__version__ = "0.1.0"

from iqlut import engines
from iqlut.tables.integer_tables import Tables
from iqlut.tables.shipped_models import load, models, save
from iqlut.upscaling import upscale

__all__ = ["Tables", "__version__", "engines", "load", "models", "save", "upscale"]
