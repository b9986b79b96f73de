"""The names of the downscaling filters in evaluation and in training configurations."""

from __future__ import annotations

# "bicubic" is MATLAB's filter, which published benchmarks use. The others are Pillow's filters of
# the same names.
DOWNSCALERS = ("bicubic", "box", "lanczos", "bilinear")
