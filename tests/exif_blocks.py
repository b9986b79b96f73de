"""EXIF blocks as cameras write them, assembled byte by byte for tests."""

from __future__ import annotations

import struct

ARTIST_UTF8 = "José Müller, 日本".encode()
ARTIST_LATIN1 = "© José Müller".encode("latin-1")
THUMBNAIL = b"\xff\xd8 the old thumbnail \xff\xd9"
MAKER_NOTE = b"Maker note\0with offsets of its own"

Entries = list[tuple[int, int, int, bytes]]  # tag, type, count, value


def block(order: str = "<", orientation: int = 6, size: tuple[int, int] = (7, 5)) -> bytes:
    """A block with text that is not ASCII, all folders, a maker note and a thumbnail."""
    short = struct.Struct(order + "H").pack
    long = struct.Struct(order + "I").pack
    data = bytearray({"<": b"II*\0", ">": b"MM\0*"}[order] + long(0))

    def add(entries: Entries, following: int = 0) -> int:
        place = len(data)
        values = place + 2 + 12 * len(entries) + 4
        directory, outside = short(len(entries)), b""
        for tag, kind, count, value in entries:
            field = value.ljust(4, b"\0")
            if len(value) > 4:
                field = long(values + len(outside))
                outside += value + bytes(len(value) % 2)
            directory += short(tag) + short(kind) + long(count) + field
        data.extend(directory + long(following) + outside)
        return place

    def text(tag: int, words: bytes) -> tuple[int, int, int, bytes]:
        return tag, 2, len(words) + 1, words + b"\0"

    interoperability = add([text(1, b"R03"), (2, 7, 4, b"0100")])
    exif = add(
        [
            (0x829A, 5, 1, long(1) + long(250)),
            (0x927C, 7, len(MAKER_NOTE), MAKER_NOTE),
            (0xA001, 3, 1, short(0xFFFF)),
            (0xA002, 4, 1, long(size[0])),
            (0xA003, 3, 1, short(size[1])),
            (0xA005, 4, 1, long(interoperability)),
        ]
    )
    gps = add([(0, 1, 4, b"\2\3\0\0"), text(1, b"N")])
    first = len(data)
    entries = [
        text(0x010F, b"Camera"),
        (0x0112, 3, 1, short(orientation)),
        text(0x013B, ARTIST_UTF8),
        text(0x8298, ARTIST_LATIN1),
        (0x8769, 4, 1, long(exif)),
        (0x8825, 4, 1, long(gps)),
    ]
    add(entries)
    second = len(data)
    thumbnail = second + 2 + 2 * 12 + 4
    add([(0x0201, 4, 1, long(thumbnail)), (0x0202, 4, 1, long(len(THUMBNAIL)))])
    data.extend(THUMBNAIL)
    data[4:8] = long(first)
    link = first + 2 + 12 * len(entries)
    data[link : link + 4] = long(second)
    return bytes(data)
