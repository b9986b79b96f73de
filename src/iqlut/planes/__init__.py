"""Operations on image planes: resizing, colour, flips and rotations, more than 8 bits per sample.

All functions take and return NumPy arrays.
"""
