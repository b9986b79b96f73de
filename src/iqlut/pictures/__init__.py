"""Picture files: `reading.read` decodes a file to a `Picture`, and `writing.encode` encodes one.

picture              the data types: a picture with its frames, animation and metadata
reading              decodes a file of any supported format to an upright picture
opening              opens a file by those decoders of Pillow that iqlut uses
writing              encodes a picture in a given format
formats              the capabilities of each format
metadata             takes a file apart: the pixels for a decoder, and the metadata as bytes
contents             what a file is taken apart into
fitting              a picture as an output format can hold it, and what is lost
exif tiff_directories   EXIF blocks and TIFF directories, edited in place
colour_spaces icc_profiles   colour spaces outside of ICC profiles, and equivalent profiles
orientation          the eight orientations
animation apng       the frames of an animation, and the changed rectangle of each
bits_per_sample      the bit depth that a file states
eight_bits           pictures as arrays of 8 bits per sample
sixteen_bit_files    samples of more than 8 bits, by the optional pyvips and pillow-heif
heif_plugin          HEIF by the optional pillow-heif
jpeg png gif webp tiff heif_boxes   what this package needs of these formats and Pillow lacks;
                     png_metadata, transparent_colours, tiff_contents and av1_headers are parts
"""
