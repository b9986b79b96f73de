"""EXIF blocks as cameras write them, assembled byte by byte for tests."""

from __future__ import annotations

import struct

ARTIST_UTF8 = "José Müller, 日本".encode()
ARTIST_LATIN1 = "© José Müller".encode("latin-1")
THUMBNAIL = b"\xff\xd8 the old thumbnail \xff\xd9"
MAKER_NOTE = b"Maker note\0with offsets of its own"

Entries = list[tuple[int, int, int, bytes]]  # tag, type, count, value


class _Writer:
    """A block that grows by one directory after another."""

    def __init__(self, order: str) -> None:
        self.short, self.long = struct.Struct(order + "H").pack, struct.Struct(order + "I").pack
        self.data = bytearray({"<": b"II*\0", ">": b"MM\0*"}[order] + bytes(4))

    def add(self, entries: Entries) -> int:
        """Append a directory and its values; returns its offset."""
        place = len(self.data)
        values = place + 2 + 12 * len(entries) + 4
        directory, outside = self.short(len(entries)), b""
        for tag, kind, count, value in entries:
            field = value.ljust(4, b"\0")
            if len(value) > 4:
                field = self.long(values + len(outside))
                outside += value + bytes(len(value) % 2)
            directory += self.short(tag) + self.short(kind) + self.long(count) + field
        self.data.extend(directory + bytes(4) + outside)
        return place

    def link(self, place: int, target: int) -> None:
        """Store an offset."""
        self.data[place : place + 4] = self.long(target)


def _text(tag: int, words: bytes) -> tuple[int, int, int, bytes]:
    return tag, 2, len(words) + 1, words + b"\0"


def block(order: str = "<", orientation: int = 6, size: tuple[int, int] = (7, 5)) -> bytes:
    """A block with text that is not ASCII, all folders, a maker note and a thumbnail."""
    writer = _Writer(order)
    short, long = writer.short, writer.long
    interoperability = writer.add([_text(1, b"R03"), (2, 7, 4, b"0100")])
    exif = writer.add(
        [
            (0x829A, 5, 1, long(1) + long(250)),
            (0x927C, 7, len(MAKER_NOTE), MAKER_NOTE),
            (0xA001, 3, 1, short(0xFFFF)),
            (0xA002, 4, 1, long(size[0])),
            (0xA003, 3, 1, short(size[1])),
            (0xA005, 4, 1, long(interoperability)),
        ]
    )
    gps = writer.add([(0, 1, 4, b"\2\3\0\0"), _text(1, b"N")])
    entries = [
        _text(0x010F, b"Camera"),
        (0x0112, 3, 1, short(orientation)),
        _text(0x013B, ARTIST_UTF8),
        _text(0x8298, ARTIST_LATIN1),
        (0x8769, 4, 1, long(exif)),
        (0x8825, 4, 1, long(gps)),
    ]
    first = writer.add(entries)
    thumbnail = len(writer.data) + 2 + 2 * 12 + 4
    second = writer.add([(0x0201, 4, 1, long(thumbnail)), (0x0202, 4, 1, long(len(THUMBNAIL)))])
    writer.data.extend(THUMBNAIL)
    writer.link(4, first)
    writer.link(first + 2 + 12 * len(entries), second)
    return bytes(writer.data)
