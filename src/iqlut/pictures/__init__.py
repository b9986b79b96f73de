"""Picture files: `reading.read` gives a `Picture`, `writing.encode` makes one into the bytes of a file.

picture      what a picture is: frames, motion, metadata
reading      any file to a picture, upright; broken ones refused in one sentence
writing      a picture to the bytes of a format
formats      what each format holds
metadata     colour profile, EXIF, XMP and resolution
motion       frames of an animation, and which part of each is new
png gif webp tiff     containers that Pillow does not write as they are needed here
vips         samples of 16 bits, by the optional pyvips
"""
