"""Operations on image planes: resizing, colour, flips and rotations, 16 bits. NumPy arrays in, NumPy arrays out."""
