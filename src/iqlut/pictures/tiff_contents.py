"""TIFF files taken apart: the directory of the picture, and its metadata as an EXIF block."""

from __future__ import annotations

import struct
from typing import Any

from iqlut.errors import PictureError
from iqlut.pictures import exif
from iqlut.pictures import tiff_directories as tiff
from iqlut.pictures.contents import PIXEL_ASPECT, Contents
from iqlut.pictures.tiff_directories import Directory, NewEntry

_SUBFILE, _OLD_SUBFILE = 254, 255
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_OLD_REDUCED = 2
_PHOTOMETRIC, _SAMPLES, _EXTRA_SAMPLES = 262, 277, 338
_XMP, _IPTC, _PHOTOSHOP, _ICC = 700, 33723, 34377, 34675
_COLOURS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3}  # samples by photometric interpretation
_ALPHA = (1, 2)  # values of ExtraSamples
_WIDTH, _HEIGHT, _STRIPS, _ROWS_OF_STRIP, _PLANAR = 256, 257, 273, 278, 284
_WIDTH_OF_TILE, _HEIGHT_OF_TILE, _TILES = 322, 323, 324
_SEPARATE = 2  # the value of PlanarConfiguration for planes that follow each other
# The tags that a decoder needs.
_LAYOUT = frozenset({
    256, 257, 258, 259, _PHOTOMETRIC, 263, 266, 273, _SAMPLES, 278, 279, 280, 281, 284, 290, 291,
    292, 293, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 332, 333, 334, 336, _EXTRA_SAMPLES,
    339, 340, 341, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532,
})  # fmt: skip
# Tags that are stored elsewhere, that point to something not copied, or that are numbers of pages.
_LEFT_OUT = frozenset({
    _SUBFILE, _OLD_SUBFILE, 288, 289, 297, 330, 342, exif.ORIENTATION, *exif.RESOLUTION, _XMP,
    _IPTC, _PHOTOSHOP, _ICC, 37724,
})  # fmt: skip
_GEOGRAPHIC = frozenset({33550, 33922, 34264, 34735, 34736, 34737, 42112, 42113, 50844})
NOT_DESCRIPTIVE = _LAYOUT | _LEFT_OUT | _GEOGRAPHIC


def main_directory(name: str, data: bytes) -> Directory:
    """The directory of the one picture in a TIFF file, apart from thumbnails and overviews.

    Raises PictureError if there are several pictures, and ValueError if the file is damaged.
    """
    order, found = tiff.byte_order(data), list(tiff.directories(data))
    pictures = [one for one in found if not _is_auxiliary(order, one)] or found[:1]
    if len(pictures) != 1:
        raise PictureError(
            f"{name} holds {len(pictures)} pictures, expected one; split it into single pictures "
            "first"
        )
    return pictures[0]


def _is_auxiliary(order: str, directory: Directory) -> bool:
    """Whether a directory holds a reduced version of another picture, or a mask."""
    kind = tiff.numbers(order, directory.get(_SUBFILE))
    old_kind = tiff.numbers(order, directory.get(_OLD_SUBFILE))
    return bool(kind and int(kind[0]) & (_REDUCED | _MASK)) or old_kind == (_OLD_REDUCED,)


def contents(name: str, data: bytes) -> Contents:
    """Take a TIFF file apart. Raises as `main_directory` does."""
    order, directory = tiff.byte_order(data), main_directory(name, data)
    layout = [tiff.kept(data, entry) for entry in directory.entries if entry.tag in _LAYOUT]
    extras: dict[str, Any] = {}
    for tag, key in ((_ICC, "icc_profile"), (_XMP, "xmp"), (_PHOTOSHOP, "photoshop")):
        if entry := directory.get(tag):
            extras[key] = entry.value
    block = _exif_block(data, directory)
    stated = [entry for entry in directory.entries if entry.tag in exif.RESOLUTION]
    resolution = tiff.with_first(data[:8], [_copied_entry(entry) for entry in stated])
    if block:
        extras["exif"] = block
    if dots := exif.dpi(resolution):
        extras["dpi"] = dots
    turned = tiff.numbers(order, directory.get(exif.ORIENTATION))
    orientation = int(turned[0]) if turned and turned[0] in range(1, 9) else None
    lost = _lost(order, data, directory)
    if exif.has_pixel_aspect(resolution):
        lost.append(PIXEL_ASPECT)
    return Contents(tiff.with_first(data, layout), extras, tuple(lost), orientation)


def _copied_entry(entry: tiff.Entry) -> NewEntry:
    return NewEntry(entry.tag, entry.kind, entry.count, entry.value or b"")


def _exif_block(data: bytes, directory: Directory) -> bytes:
    """The descriptive tags and folders as an EXIF block, or b"" if there are none."""
    block = bytearray(data[:4] + bytes(4))
    place = _copy_directory(data, directory, block, exif.FOLDERS)
    if place is None:
        return b""
    block[4:8] = struct.pack(tiff.byte_order(data) + "I", place)
    return bytes(block)


def _copy_directory(
    data: bytes, directory: Directory, block: bytearray, folders: tuple[int, ...]
) -> int | None:
    """Append a directory, after the folders in it, to the block; its offset, None if it is empty.

    Values that lie outside of the file are left out.
    """
    order, entries = tiff.byte_order(data), []
    for entry in directory.entries:
        is_first = folders == exif.FOLDERS
        if entry.value is None or (is_first and entry.tag in NOT_DESCRIPTIVE):
            continue
        if entry.tag in folders:
            if entry is not directory.get(entry.tag):
                continue  # a second pointer could copy the same folder again
            pointer = _copy_folder(data, entry, block)
            entries += [] if pointer is None else [NewEntry(entry.tag, tiff.LONG, 1, pointer)]
        else:
            entries.append(_copied_entry(entry))
    if not entries:
        return None
    block += bytes(len(block) % 2)
    place = len(block)
    block += tiff.encoded(order, entries, place)
    return place


def _copy_folder(data: bytes, entry: tiff.Entry, block: bytearray) -> bytes | None:
    """Copy the folder that an entry points to; its new offset, encoded, or None."""
    order = tiff.byte_order(data)
    start = tiff.numbers(order, entry)
    inner = (exif.INTEROPERABILITY,) if entry.tag == exif.EXIF else ()
    try:
        place = _copy_directory(data, tiff.at(data, int(start[0])), block, inner) if start else None
    except ValueError:
        return None
    return None if place is None else struct.pack(order + "I", place)


def _lost(order: str, data: bytes, directory: Directory) -> list[str]:
    """Phrases for what no output keeps."""
    lost = []
    if any(entry.tag in _GEOGRAPHIC for entry in directory.entries):
        lost.append("the geographic tags (GeoTIFF)")
    if directory.get(_IPTC) and not directory.get(_PHOTOSHOP):
        lost.append("the IPTC data")
    samples = tiff.numbers(order, directory.get(_SAMPLES)) or (1,)
    photometric = tiff.numbers(order, directory.get(_PHOTOMETRIC)) or (1,)
    extra = int(samples[0]) - _COLOURS.get(int(photometric[0]), int(samples[0]))
    kinds = tiff.numbers(order, directory.get(_EXTRA_SAMPLES))
    has_alpha = bool(kinds and kinds[0] in _ALPHA and photometric[0] != 5)
    if extra > has_alpha:
        bands = extra - has_alpha
        lost.append(f"{bands} extra band{'s' if bands > 1 else ''}")
    masks = [
        one
        for one in tiff.directories(data)
        if (kind := tiff.numbers(order, one.get(_SUBFILE))) and int(kind[0]) & _MASK
    ]
    return [*lost, "the transparency mask"] if masks else lost


def size_of_16_bits(data: bytes) -> tuple[int, int] | None:
    """The width and height of a TIFF file of 16 bits per sample; None for any other file."""
    try:
        order, directory = tiff.byte_order(data), tiff.first(data)
    except ValueError:
        return None
    width, height, bits = (tiff.numbers(order, directory.get(tag)) for tag in (256, 257, 258))
    if not (width and height) or set(bits) != {16}:
        return None
    return int(width[0]), int(height[0])


def check_complete(data: bytes) -> None:
    """Raise ValueError if a TIFF or BigTIFF file has fewer strips or tiles than its picture needs.

    Decoders leave black what has none. Raises ValueError also if the directory does not lie in the
    file; what states no strips and no tiles is left to the decoder.
    """
    stated = tiff.stated_numbers(data)

    def value(tag: int, default: int) -> int:
        return stated[tag][1] if tag in stated else default

    width, height = value(_WIDTH, 0), value(_HEIGHT, 0)
    for blocks, offsets, across, down in (
        ("strips", _STRIPS, width, value(_ROWS_OF_STRIP, height)),
        ("tiles", _TILES, value(_WIDTH_OF_TILE, width), value(_HEIGHT_OF_TILE, height)),
    ):
        if offsets not in stated or not across or not down:
            continue
        planes = value(_SAMPLES, 1) if value(_PLANAR, 1) == _SEPARATE else 1
        found, expected = stated[offsets][0], -(-width // across) * -(-height // down) * planes
        if found < expected:
            raise ValueError(f"it has {found} of {expected} {blocks}")
        return
