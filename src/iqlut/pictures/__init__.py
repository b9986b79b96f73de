"""Picture files: `reading.read` decodes a file to a `Picture`, and `writing.encode` encodes one.

picture            the data types: a picture with its frames, animation and metadata
reading            decodes a file of any supported format to an upright picture
writing            encodes a picture in a given format
formats            the capabilities of each format
metadata           colour profile, EXIF, XMP and resolution
animation          the frames of an animation, and the changed rectangle of each
bits_per_sample    the bit depth that a file states
eight_bits         pictures as arrays of 8 bits per sample
sixteen_bit_files  samples of 16 bits, read and written by the optional pyvips
png gif webp tiff  what this package needs of these formats and Pillow does not provide
"""
