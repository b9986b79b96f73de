"""EXIF blocks, carried as bytes: only the tags that upscaling changes are edited, in place.

A block begins with its TIFF header, without the prefix `Exif\\0\\0`. Functions that take a block
raise ValueError if it is damaged.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from iqlut.pictures import tiff_directories as tiff
from iqlut.pictures.tiff_directories import Directory, NewEntry

_PREFIX, _HEADER = b"Exif\0\0", b"MM\0*\0\0\0\0"
ORIENTATION = 0x0112
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
RESOLUTION = (X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT)
EXIF, _GPS, INTEROPERABILITY = 0x8769, 0x8825, 0xA005
FOLDERS = (EXIF, _GPS)
_INDEX, _COLOUR_SPACE = 0x0001, 0xA001
_NO_UNIT, _INCHES, _CENTIMETRES = 1, 2, 3
_UNCALIBRATED, _ADOBE_RGB = 0xFFFF, 2
# Folder: (tag of the width, tag of the height), in pixels.
_SIZES = {0: (0x0100, 0x0101), EXIF: (0xA002, 0xA003), INTEROPERABILITY: (0x1001, 0x1002)}
# Where the thumbnail in the second directory begins, and its length: JPEG, or uncompressed.
_THUMBNAIL = ((0x0201, 0x0202), (0x0111, 0x0117))


def normal(data: bytes) -> bytes:
    """The block in the bytes of an EXIF segment, or b"" if it has no entry."""
    while data.startswith(_PREFIX):
        data = data[len(_PREFIX) :]
    return bytes(data) if tiff.first(data).entries else b""


def orientation(block: bytes) -> int | None:
    """The orientation, 1 to 8, or None if the block states none that is defined."""
    found = tiff.numbers(tiff.byte_order(block), tiff.first(block).get(ORIENTATION))
    return int(found[0]) if found and found[0] in range(1, 9) else None


def dpi(block: bytes) -> tuple[float, float] | None:
    """The resolution in dots per inch, (x, y), or None if the block states none."""
    order, directory = tiff.byte_order(block), tiff.first(block)
    x, y, unit = (tiff.numbers(order, directory.get(tag)) for tag in RESOLUTION)
    if not x or (unit and unit[0] == _NO_UNIT):
        return None
    factor = 2.54 if unit and unit[0] == _CENTIMETRES else 1.0
    return x[0] * factor, (y or x)[0] * factor


def has_pixel_aspect(block: bytes) -> bool:
    """Whether the block states a shape of the pixels that is no square, and no resolution."""
    order, directory = tiff.byte_order(block), tiff.first(block)
    x, y, unit = (tiff.numbers(order, directory.get(tag)) for tag in RESOLUTION)
    return bool(x and y and unit) and unit[0] == _NO_UNIT and x[0] != y[0]


def is_adobe_rgb(block: bytes) -> bool:
    """Whether the colours are those of Adobe RGB (DCF 2.0: uncalibrated, interoperability R03)."""
    order, folders = tiff.byte_order(block), dict(_folders(block))
    exif = folders.get(EXIF)
    space = tiff.numbers(order, exif.get(_COLOUR_SPACE)) if exif else ()
    index = folders[INTEROPERABILITY].get(_INDEX) if INTEROPERABILITY in folders else None
    stated = index is not None and (index.value or b"").startswith(b"R03")
    return space == (_ADOBE_RGB,) or (stated and space in ((), (_UNCALIBRATED,)))


def upright(block: bytes) -> bytes:
    """The block without orientation and thumbnail, or b"" if it states nothing but a resolution."""
    edited, directory = bytearray(block), tiff.first(block)
    _drop_thumbnail(edited, block, directory)
    turned = [entry.place for entry in directory.entries if entry.tag == ORIENTATION]
    if all(entry.tag in (ORIENTATION, *RESOLUTION) for entry in directory.entries):
        return b""
    end = min(directory.end, len(block))
    for place in reversed(turned):
        edited[place:end] = edited[place + tiff.ENTRY_BYTES : end] + bytes(tiff.ENTRY_BYTES)
    count = struct.pack(tiff.byte_order(block) + "H", len(directory.entries) - len(turned))
    edited[directory.place : directory.place + 2] = count
    return bytes(edited)


def transposed(block: bytes) -> bytes:
    """The block with the resolutions along rows and columns exchanged."""
    edited, directory = bytearray(block), tiff.first(block)
    across, up = (directory.get(tag) for tag in (X_RESOLUTION, Y_RESOLUTION))
    for one, other in ((across, up), (up, across)) if across and up else ():
        value = block[other.place + 2 : other.place + tiff.ENTRY_BYTES]
        edited[one.place + 2 : one.place + tiff.ENTRY_BYTES] = value
    return bytes(edited)


def resized(block: bytes, size: tuple[int, int]) -> bytes:
    """The block with `size`, (width, height), wherever it states the size of the picture."""
    edited, order = bytearray(block), tiff.byte_order(block)
    for folder, directory in _folders(block):
        for tag, side_px in zip(_SIZES.get(folder, ()), size, strict=False):
            for entry in directory.entries:
                if entry.tag == tag and entry.count == 1:
                    field = struct.pack(order + "HHII", tag, tiff.LONG, 1, side_px)
                    edited[entry.place : entry.place + tiff.ENTRY_BYTES] = field
    return bytes(edited)


def with_dpi(block: bytes, dpi: tuple[float, float]) -> bytes:
    """The block, which may be empty, with a resolution, unless it states one already."""
    if not block:
        return tiff.with_first(_HEADER, resolution_entries(tiff.byte_order(_HEADER), dpi))
    order, directory = tiff.byte_order(block), tiff.first(block)
    if directory.get(X_RESOLUTION):
        return block
    others = [tiff.kept(block, entry) for entry in directory.entries if entry.tag not in RESOLUTION]
    return tiff.with_first(block, [*others, *resolution_entries(order, dpi)])


def resolution_entries(order: str, dpi: tuple[float, float]) -> list[NewEntry]:
    """The entries of a directory that state a resolution."""
    x, y = (struct.pack(order + "II", *_rational(value)) for value in dpi)
    return [
        NewEntry(X_RESOLUTION, tiff.RATIONAL, 1, x),
        NewEntry(Y_RESOLUTION, tiff.RATIONAL, 1, y),
        NewEntry(RESOLUTION_UNIT, tiff.SHORT, 1, struct.pack(order + "H", _INCHES)),
    ]


def _rational(value: float) -> tuple[int, int]:
    """A positive number as a fraction of two whole numbers of 32 bits."""
    denominator = next(d for d in (10_000, 1) if d == 1 or value * d < 2**32)
    return min(round(value * denominator), 2**32 - 1), denominator


def _folders(block: bytes) -> Iterator[tuple[int, Directory]]:
    """The readable folders, each with its tag; 0 stands for the first directory."""
    order, open_folders = tiff.byte_order(block), [(0, tiff.first(block))]
    while open_folders:
        folder, directory = open_folders.pop()
        yield folder, directory
        inner = (INTEROPERABILITY,) if folder == EXIF else FOLDERS if folder == 0 else ()
        for tag in inner:
            place = tiff.numbers(order, directory.get(tag))
            try:
                open_folders += [(tag, tiff.at(block, int(place[0])))] if place else []
            except ValueError:  # a damaged folder is carried as it is
                continue


def _drop_thumbnail(edited: bytearray, block: bytes, directory: Directory) -> None:
    """Unlink the second directory and erase the thumbnail, unless other values share its bytes."""
    if directory.following == 0 or directory.end > len(block):
        return
    edited[directory.end - 4 : directory.end] = bytes(4)
    try:
        second = tiff.at(block, directory.following)
    except ValueError:
        return
    order = tiff.byte_order(block)
    erased = [(second.place, second.end), *_ranges(second)]
    for where, length in _THUMBNAIL:
        start, size = (tiff.numbers(order, second.get(tag)) for tag in (where, length))
        if len(start) == 1 and len(size) == 1:
            erased.append((int(start[0]), int(start[0] + size[0])))
    used = [(0, 8)]
    for _, one in _folders(block):
        used += [(one.place, one.end), *_ranges(one)]
    for start, end in sorted(erased, reverse=True):
        if all(end <= first or last <= start for first, last in used):
            end = min(end, len(edited))
            edited[start:end] = b"" if end == len(edited) else bytes(max(0, end - start))


def _ranges(directory: Directory) -> Iterator[tuple[int, int]]:
    """The bytes of the values that lie outside of a directory."""
    for entry in directory.entries:
        if entry.value is not None and entry.start != entry.place + 8:
            yield entry.start, entry.start + len(entry.value)
