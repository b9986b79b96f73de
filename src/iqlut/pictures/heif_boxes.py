"""The boxes of AVIF and HEIF files (ISO/IEC 14496-12 and 23008-12): metadata and colour spaces."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from iqlut.errors import PictureError
from iqlut.pictures import av1_headers
from iqlut.pictures.contents import Contents

_AUXILIARY = (
    (b"hdrgainmap", "the gain map (HDR)"),
    (b"auxid:2", "the depth map"),
    (b"depth", "the depth map"),
    (b"matte", "the portrait mattes"),
)
_AS_SRGB = (1, 2), (2, 13)  # primaries and transfers of H.273 that are sRGB or unspecified
_ALPHA = (b"alpha", b"auxid:1")


@dataclass(frozen=True)
class _Item:
    kind: bytes
    mime: bytes
    extents: tuple[tuple[int, int], ...] = ()
    in_idat: bool = False


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The name, start and end of the contents of each box between two offsets."""
    while start + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1 and start + 16 <= end:
            size, header = struct.unpack_from(">Q", data, start + 8)[0], 16
        size = size or end - start
        if size < header or start + size > end:
            return
        yield name, start + header, start + size
        start += size


def _find(data: bytes, path: tuple[bytes, ...], start: int, end: int) -> tuple[int, int] | None:
    """The start and end of the contents of a box inside of others."""
    for name in path:
        found = next((box for box in _boxes(data, start, end) if box[0] == name), None)
        if found is None:
            return None
        start, end = found[1] + (4 if name == b"meta" else 0), found[2]
    return start, end


def is_avif(data: bytes) -> bool:
    """Whether a file of these boxes names AVIF among its brands, whichever brand comes first."""
    end = int.from_bytes(data[:4], "big")
    return data[4:8] == b"ftyp" and any(
        data[start : start + 4] == b"avif" for start in range(8, min(end, len(data)), 4)
    )


def contents(data: bytes) -> Contents:
    """Take an AVIF or HEIF file apart; `pixels` is the file itself, which decoders need whole."""
    try:
        return _contents(data)
    except (struct.error, IndexError, PictureError):
        return Contents(data, {}, ("the damaged metadata",))


def _contents(data: bytes) -> Contents:
    meta = _find(data, (b"meta",), 0, len(data))
    if meta is None:
        return Contents(data)
    extras: dict[str, Any] = {}
    lost: list[str] = []
    items = _items(data, *meta).values()
    exif = [item for item in items if item.kind == b"Exif"]
    xmp = [item for item in items if item.kind == b"mime" and b"rdf+xml" in item.mime]
    for item, payload in _payloads(data, exif + xmp, meta):
        if item.kind == b"Exif":
            extras["exif"] = payload[4 + int.from_bytes(payload[:4], "big") :]
        else:
            extras["xmp"] = payload
    if any(item.kind == b"tmap" for item in items):
        lost.append("the gain map (HDR)")
    primary = _primary_properties(data, *meta)
    for name, start, end in primary:
        if name == b"colr" and data[start : start + 4] == b"nclx":
            cicp = (*struct.unpack_from(">HHH", data, start + 4), data[start + 10] >> 7)
            if cicp[0] not in _AS_SRGB[0] or cicp[1] not in _AS_SRGB[1]:
                extras["cicp"] = cicp
        elif name == b"colr" and data[start : start + 4] in (b"prof", b"rICC"):
            extras["icc_profile"] = data[start + 4 : end]
    for name, start, end in _properties(data, *meta):
        kind = data[start + 4 : end].lower()
        if name == b"auxC" and not any(word in kind for word in _ALPHA):
            known = (phrase for word, phrase in _AUXILIARY if word in kind)
            lost.append(next(known, "an auxiliary picture"))
    return Contents(data, extras, tuple(dict.fromkeys(lost)))


def coded_pixels(data: bytes) -> int:
    """The most pixels that the container or a stream of AV1 states for any picture in a file.

    A decoder needs memory for them, whatever part of them the file says is to be shown. Raises
    PictureError if the streams are together larger than the file, so that they cannot all be read.
    """
    most = 0
    try:
        meta = _find(data, (b"meta",), 0, len(data))
        if meta is None:
            return 0
        for name, start, _ in _properties(data, *meta):
            if name == b"ispe":
                width, height = struct.unpack_from(">II", data, start + 4)
                most = max(most, width * height)
        pictures = [item for item in _items(data, *meta).values() if item.kind == b"av01"]
        for _, stream in _payloads(data, pictures, meta):
            most = max([most, *(width * height for width, height in av1_headers.sizes(stream))])
    except (struct.error, IndexError, ValueError):  # the decoder finds what is damaged
        return most
    return most


def _items(data: bytes, start: int, end: int) -> dict[int, _Item]:
    """The items of a file by their numbers, with their places."""
    items: dict[int, _Item] = {}
    if found := _find(data, (b"iinf",), start, end):
        place = found[0] + (6 if data[found[0]] == 0 else 8)
        for name, first, last in _boxes(data, place, found[1]):
            version = data[first]
            if name != b"infe" or version not in (2, 3):
                continue
            number = int.from_bytes(data[first + 4 : first + 4 * version - 2], "big")
            kind = first + 4 * version
            items[number] = _Item(data[kind : kind + 4], data[kind + 4 : last])
    if found := _find(data, (b"iloc",), start, end):
        _locate(items, data, found[0])
    return items


def _locate(items: dict[int, _Item], data: bytes, place: int) -> None:
    """Add the places that the iloc box states to the items."""
    version = data[place]
    sizes = data[place + 4] >> 4, data[place + 4] & 15, data[place + 5] >> 4, data[place + 5] & 15
    offset_bytes, length_bytes, base_bytes, index_bytes = sizes
    place += 6

    def read(size: int) -> int:
        nonlocal place
        place += size
        if place > len(data):
            raise IndexError("the places of the items are cut short")
        return int.from_bytes(data[place - size : place], "big")

    wide = 4 if version == 2 else 2
    for _ in range(read(wide)):
        number = read(wide)
        method = read(2) & 15 if version else 0
        read(2)
        base = read(base_bytes)
        extents, count = [], read(2)
        if count > 1 and not offset_bytes + length_bytes:
            raise IndexError("the places of an item take no bytes")  # they would cost time alone
        for _ in range(count):
            read(index_bytes if version else 0)
            extents.append((base + read(offset_bytes), read(length_bytes)))
        if number in items and method < 2:
            item = items[number]
            items[number] = _Item(item.kind, item.mime, tuple(extents), method == 1)


def _payloads(
    data: bytes, items: Iterable[_Item], meta: tuple[int, int]
) -> Iterator[tuple[_Item, bytes]]:
    """The bytes of each of the items; those that lie at the same places are read once.

    Raises PictureError if they are together larger than the file: to copy them could take any time.
    """
    idat = _find(data, (b"idat",), *meta)
    room, seen = len(data), set[tuple[object, ...]]()
    for item in items:
        if (item.in_idat, item.extents) in seen:
            continue
        seen.add((item.in_idat, item.extents))
        room -= sum(size for _, size in item.extents)
        if room < 0:
            raise PictureError("its items are together larger than the file")
        base = idat[0] if idat and item.in_idat else 0
        parts = (data[base + start : base + start + size] for start, size in item.extents)
        yield item, b"".join(parts)


def _properties(data: bytes, start: int, end: int) -> list[tuple[bytes, int, int]]:
    """All properties: name, start and end of their contents."""
    found = _find(data, (b"iprp", b"ipco"), start, end)
    return list(_boxes(data, *found)) if found else []


def _primary_properties(data: bytes, start: int, end: int) -> list[tuple[bytes, int, int]]:
    """The properties of the primary item. Those of a grid of tiles are its own."""
    primary = _find(data, (b"pitm",), start, end)
    associations = _find(data, (b"iprp", b"ipma"), start, end)
    if primary is None or associations is None:
        return []
    number = int.from_bytes(data[primary[0] + 4 : primary[1]], "big")
    place, properties = associations[0], _properties(data, start, end)
    version, is_wide = data[place], data[place + 3] & 1
    count = int.from_bytes(data[place + 4 : place + 8], "big")
    place += 8
    for _ in range(count):
        wide = 4 if version else 2
        item, place = int.from_bytes(data[place : place + wide], "big"), place + wide
        size = 1 + is_wide
        first, place = place + 1, place + 1 + size * data[place]
        if item == number:
            mask = 0x7FFF if is_wide else 0x7F
            numbers = (
                int.from_bytes(data[at : at + size], "big") & mask
                for at in range(first, place, size)
            )
            return [properties[index - 1] for index in numbers if 0 < index <= len(properties)]
    return []


def with_colour_space(data: bytes, cicp: tuple[int, ...]) -> bytes:
    """The file with these primaries and transfer characteristics; its matrix is kept.

    Raises ValueError if the file has no field for them.
    """
    meta = _find(data, (b"meta",), 0, len(data))
    edited, fields = bytearray(data), 0
    for name, start, _ in _properties(data, *meta) if meta else ():
        if name == b"colr" and data[start : start + 4] == b"nclx":
            edited[start + 4 : start + 8] = struct.pack(">HH", *cicp[:2])
            fields += 1
    if meta is None or not fields:
        raise ValueError("the encoder wrote no colour space")
    for item in _items(data, *meta).values():
        for start, size in item.extents if item.kind == b"av01" else ():
            stream = data[start : start + size]
            edited[start : start + size] = av1_headers.with_colour_description(stream, *cicp[:2])
    return bytes(edited)
