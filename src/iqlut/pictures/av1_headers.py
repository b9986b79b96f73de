"""Size and colour description in the sequence header of an AV1 stream (AV1 bitstream, 5.5)."""

from __future__ import annotations

from collections.abc import Iterator

_SEQUENCE_HEADER = 1
_SELECTED = 2  # the value that a choice for each frame stands for


class _Bits:
    """Reads numbers of some bits from bytes; `place` is the number of bits read."""

    def __init__(self, data: bytes) -> None:
        self._number, self._size, self.place = int.from_bytes(data, "big"), 8 * len(data), 0

    def read(self, bits: int) -> int:
        self.place += bits
        if self.place > self._size:
            raise ValueError("a sequence header is cut short")
        return (self._number >> (self._size - self.place)) & ((1 << bits) - 1)


def with_colour_description(stream: bytes, primaries: int, transfer: int) -> bytes:
    """The stream with these numbers of ITU-T H.273 in each sequence header that states any."""
    edited = bytearray(stream)
    for start, end in _sequence_headers(stream):
        place = _colour_description(_Bits(stream[start:end]))
        if place is not None:
            number, shift = int.from_bytes(edited[start:end], "big"), 8 * (end - start) - place - 16
            number &= ~(0xFFFF << shift)
            number |= (primaries << 8 | transfer) << shift
            edited[start:end] = number.to_bytes(end - start, "big")
    return bytes(edited)


def _sequence_headers(stream: bytes) -> Iterator[tuple[int, int]]:
    """The start and end of the contents of each sequence header."""
    place = 0
    while place < len(stream):
        header = stream[place]
        place += 2 if header & 4 else 1
        size = len(stream) - place
        if header & 2:  # the size is stated, in groups of 7 bits
            size = shift = 0
            while place < len(stream):
                size |= (stream[place] & 127) << shift
                shift, place = shift + 7, place + 1
                if not stream[place - 1] & 128:
                    break
        if header >> 3 & 15 == _SEQUENCE_HEADER:
            yield place, min(place + size, len(stream))
        place += size


def sizes(stream: bytes) -> Iterator[tuple[int, int]]:
    """The width and height of the largest frame, as each sequence header states them."""
    for start, end in _sequence_headers(stream):
        bits = _Bits(stream[start:end])
        bits.read(4)  # the profile, and whether it is a still picture
        if size := _read_size(bits, bits.read(1)):
            yield size


def _read_size(bits: _Bits, is_reduced: int) -> tuple[int, int] | None:
    """The width and height after the kind of the header; None if there is timing information."""
    if is_reduced:
        bits.read(5)
    elif not _read_operating_points(bits):
        return None
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    return bits.read(width_bits) + 1, bits.read(height_bits) + 1


def _colour_description(bits: _Bits) -> int | None:
    """The bit at which the primaries of the colour begin, or None if there are none."""
    profile, _, is_reduced = bits.read(3), bits.read(1), bits.read(1)
    if _read_size(bits, is_reduced) is None:
        return None
    if not is_reduced and bits.read(1):
        bits.read(7)
    bits.read(3)
    if not is_reduced:
        _read_tools(bits)
    bits.read(3)
    is_deep = bits.read(1)
    if profile == 2 and is_deep:
        bits.read(1)
    is_gray = profile != 1 and bits.read(1)
    return bits.place if bits.read(1) and not is_gray else None


def _read_operating_points(bits: _Bits) -> bool:
    """Skip the operating points; False if there is timing information, which pictures lack."""
    if bits.read(1):
        return False
    has_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read(1)
        if has_delay and bits.read(1):
            bits.read(4)
    return True


def _read_tools(bits: _Bits) -> None:
    """Skip the flags of coding tools."""
    bits.read(4)
    has_order = bits.read(1)
    if has_order:
        bits.read(2)
    screen_content = _SELECTED if bits.read(1) else bits.read(1)
    if screen_content and not bits.read(1):
        bits.read(1)
    if has_order:
        bits.read(3)
