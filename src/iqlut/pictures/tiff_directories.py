"""Directories of TIFF files and EXIF blocks, whose values are kept as bytes and never decoded.

An EXIF block has the structure of a TIFF file (TIFF 6.0, section 2). Decoding and encoding its
values again would damage text that is not ASCII and would move values that a MakerNote refers to by
their offset. Everything here therefore works on the bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
BYTE, SHORT, LONG, RATIONAL, UNDEFINED = 1, 3, 4, 5, 7
ENTRY_BYTES = 12
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_LONG8_BYTES = {16: 8, 17: 8, 18: 8}  # types that only BigTIFF has
_OUTSIDE = (struct.error, OverflowError)  # of reading behind the file, OverflowError from 2**63 on
# The types of whole numbers that are not negative, as `struct` names them.
_WHOLE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}


@dataclass(frozen=True)
class Entry:
    """An entry of a directory.

    place  the offset of the 12 bytes of the entry
    kind   the TIFF type of the values
    start  the offset of the first value
    value  the values, encoded; None if they lie outside of the block
    """

    place: int
    tag: int
    kind: int
    count: int
    start: int
    value: bytes | None


@dataclass(frozen=True)
class Directory:
    """A directory: its offset, its entries, and the offset of the next one, or 0."""

    place: int
    entries: tuple[Entry, ...]
    following: int

    @property
    def end(self) -> int:
        """The offset after the pointer to the next directory."""
        return self.place + 2 + ENTRY_BYTES * len(self.entries) + 4

    def get(self, tag: int) -> Entry | None:
        """The first entry with this tag whose value is there."""
        for entry in self.entries:
            if entry.tag == tag and entry.value is not None:
                return entry
        return None


def byte_order(block: bytes) -> str:
    """The byte order as `struct` writes it. Raises ValueError if this is not a TIFF structure."""
    order = _ORDERS.get(bytes(block[:4]))
    if order is None or len(block) < 8:
        raise ValueError("it does not begin with a TIFF header")
    return order


def first(block: bytes) -> Directory:
    """The first directory. Raises ValueError if there is none that can be read."""
    return at(block, struct.unpack_from(byte_order(block) + "I", block, 4)[0])


def at(block: bytes, place: int) -> Directory:
    """The directory at this offset.

    Raises ValueError if it does not lie in the block, or if its values, which are copied, are
    together larger than the block, as values that overlap can be.
    """
    order = byte_order(block)
    if not 8 <= place <= len(block) - 2:
        raise ValueError("a directory lies outside of the block")
    count = struct.unpack_from(order + "H", block, place)[0]
    end = place + 2 + ENTRY_BYTES * count
    if end > len(block):
        raise ValueError("a directory is cut short")
    places = range(place + 2, end, ENTRY_BYTES)
    following = struct.unpack_from(order + "I", block, end)[0] if end + 4 <= len(block) else 0
    entries, room = [], len(block)
    for where in places:
        entries.append(_entry(block, order, where))
        room -= len(entries[-1].value or b"")
        if room < 0:
            raise ValueError("the values of a directory overlap")
    return Directory(place, tuple(entries), following)


def _entry(block: bytes, order: str, place: int) -> Entry:
    tag, kind, count = struct.unpack_from(order + "HHI", block, place)
    size = _TYPE_BYTES.get(kind, 1) * count
    start = place + 8 if size <= 4 else struct.unpack_from(order + "I", block, place + 8)[0]
    inside = kind in _TYPE_BYTES and start + size <= len(block)
    return Entry(
        place, tag, kind, count, start, bytes(block[start : start + size]) if inside else None
    )


def directories(block: bytes) -> Iterator[Directory]:
    """All directories of the chain that begins with the first one, up to a damaged one."""
    directory = first(block)
    seen = {0}
    while directory.place not in seen:
        seen.add(directory.place)
        yield directory
        if not directory.following:
            return
        try:
            directory = at(block, directory.following)
        except ValueError:
            return


def check_overlaps(data: bytes) -> None:
    """Raise ValueError if all directories and values of a file are together larger than the file.

    They overlap then, and a decoder that copies each of them could need any multiple of the file.
    BigTIFF files are checked as well. What is damaged otherwise is left to the decoder.
    """
    form, room = _Form.of(data), len(data)
    place, seen = form.first_pointer, set[int]()
    try:
        while (start := form.offset.unpack_from(data, place)[0]) and start not in seen:
            seen.add(start)
            count = form.count.unpack_from(data, start)[0]
            place = start + form.count.size
            room -= form.entry.size * count
            while count and room >= 0:
                _, kind, number, _ = form.entry.unpack_from(data, place)
                size = (_TYPE_BYTES | _LONG8_BYTES).get(kind, 0) * number
                room -= size if form.offset.size < size <= len(data) else 0
                place, count = place + form.entry.size, count - 1
            if room < 0:
                raise ValueError("the values of its directories overlap")
    except _OUTSIDE:
        return


def stated_numbers(data: bytes) -> dict[int, tuple[int, int]]:
    """For each tag of the first directory, how many values it has, and the first of them.

    Tags whose values are not whole numbers of up to 8 bytes are left out. BigTIFF files are read as
    well. Raises ValueError if the directory does not lie in the file.
    """
    form = _Form.of(data)
    try:
        start = form.offset.unpack_from(data, form.first_pointer)[0]
        count = form.count.unpack_from(data, start)[0]
        places = range(start + form.count.size, len(data), form.entry.size)[:count]
        return dict(filter(None, (form.stated(data, place) for place in places)))
    except _OUTSIDE:
        raise ValueError("a directory is cut short") from None


@dataclass(frozen=True)
class _Form:
    """How a TIFF or BigTIFF file stores its directories."""

    order: str
    count: struct.Struct
    offset: struct.Struct
    entry: struct.Struct
    first_pointer: int

    @classmethod
    def of(cls, data: bytes) -> _Form:
        order = ">" if data[:2] == b"MM" else "<"
        counts, offsets, first = ("Q", "Q", 8) if data[2:4] in (b"+\0", b"\0+") else ("H", "I", 4)
        entry = struct.Struct(f"{order}HH{offsets}{offsets}")
        return cls(
            order, struct.Struct(order + counts), struct.Struct(order + offsets), entry, first
        )

    def stated(self, data: bytes, place: int) -> tuple[int, tuple[int, int]] | None:
        """The tag, the number of values and the first value of the entry at an offset."""
        tag, kind, count, start = self.entry.unpack_from(data, place)
        letter = _WHOLE.get(kind)
        if letter is None or not count:
            return None
        value = struct.Struct(self.order + letter)
        if count * value.size <= self.offset.size:
            start = place + self.entry.size - self.offset.size
        return (tag, (count, value.unpack_from(data, start)[0])) if start < len(data) else None


def numbers(order: str, entry: Entry | None) -> tuple[float, ...]:
    """The values of an entry of whole or rational numbers; none for any other type."""
    if entry is None or entry.value is None:
        return ()
    letter = {1: "B", 3: "H", 4: "I", 5: "I", 6: "b", 8: "h", 9: "i", 10: "i", 13: "I"}.get(
        entry.kind
    )
    if letter is None:
        return ()
    rational = entry.kind in (5, 10)
    values = struct.unpack(f"{order}{entry.count * (1 + rational)}{letter}", entry.value)
    if not rational:
        return values
    return tuple(a / b if b else 0.0 for a, b in zip(values[::2], values[1::2], strict=True))


@dataclass(frozen=True)
class NewEntry:
    """An entry to write. `raw`, if given, is the 4 bytes that refer to a value written before."""

    tag: int
    kind: int
    count: int
    value: bytes = b""
    raw: bytes | None = None


def entry_of(order: str, tag: int, kind: int, values: Sequence[int]) -> NewEntry:
    """An entry of values of the type SHORT or LONG."""
    letter = "I" if kind == LONG else "H"
    return NewEntry(tag, kind, len(values), struct.pack(f"{order}{len(values)}{letter}", *values))


def kept(block: bytes, entry: Entry) -> NewEntry:
    """An entry that another directory of the same block shares, with its value where it is."""
    raw = bytes(block[entry.place + 8 : entry.place + ENTRY_BYTES])
    return NewEntry(entry.tag, entry.kind, entry.count, raw=raw)


def encoded(order: str, entries: Sequence[NewEntry], place: int) -> bytes:
    """A directory for the offset `place`, followed by the values that do not fit into it."""
    entries = sorted(entries, key=lambda entry: entry.tag)
    directory = [struct.pack(order + "H", len(entries))]
    values: list[bytes] = []
    start = place + 2 + ENTRY_BYTES * len(entries) + 4
    for entry in entries:
        field = entry.raw if entry.raw is not None else entry.value.ljust(4, b"\0")
        if len(field) > 4:
            padded = field + b"\0" * (len(field) % 2)
            field = struct.pack(order + "I", start)
            values.append(padded)
            start += len(padded)
        directory.append(struct.pack(order + "HHI", entry.tag, entry.kind, entry.count) + field)
    return b"".join([*directory, bytes(4), *values])


def with_first(block: bytes, entries: Sequence[NewEntry]) -> bytes:
    """The block with a new first directory, appended, so that everything else stays in place."""
    order, padded = byte_order(block), block + b"\0" * (len(block) % 2)
    header = padded[:4] + struct.pack(order + "I", len(padded))
    return header + padded[8:] + encoded(order, entries, len(padded))
