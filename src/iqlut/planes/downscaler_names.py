"""The names of the filters that make small pictures, as evaluation and training configurations use them."""

from __future__ import annotations

# "bicubic" is MATLAB's, which the field's benchmarks use; the others are Pillow's filters of the same name.
DOWNSCALERS = ("bicubic", "box", "lanczos", "bilinear")
