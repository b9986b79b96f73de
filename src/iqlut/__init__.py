"""iqlut: image super-resolution by small integer look-up tables."""

__version__ = "0.1.0"
