"""Seeded damage to the bytes of a file."""

from __future__ import annotations

import random
import re
import struct
import zlib

_EXTREMES = (0, 1, 2, 255, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_WORDS = (
    *(b"1e9", b"-1", b"0", b"nan", b"inf", b"true", b"null", b"[]", b"{}", b'"text"', b'""'),
    *(
        b"9" * 30,
        b"9" * 6000,
        b"[" * 3000,
        b'{"a":' * 3000,
        b"1979-05-27",
        b"\x1b[31m",
        b"\xc2\x85",
    ),
)
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_BYTES = 300  # half of the damage is done here, where formats keep sizes and types


def mutated(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """The bytes with one to four damages; `other` is a file of which a part may be taken.

    Checksums and lengths that would hide the damage from most of a reader are mostly corrected.
    """
    changed = data
    for _ in range(rng.choice((1, 1, 2, 4))):
        damage = rng.choice((_bits, _integer, _cut, _removed, _repeated, _spliced, _noise, _word))
        changed = damage(changed, other, rng) or b"\0"
    if rng.random() < 0.8:
        changed = _sealed(data, changed)
    return changed


def _place(data: bytes, rng: random.Random) -> int:
    if rng.random() < 0.5:
        return rng.randrange(min(len(data), _HEADER_BYTES))
    return rng.randrange(len(data))


def _bits(data: bytes, other: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        changed[_place(data, rng)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _integer(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at, kind = _place(data, rng), rng.choice(("<H", ">H", "<I", ">I", "<Q", ">Q"))
    size = struct.calcsize(kind)
    value = rng.choice(_EXTREMES) & ((1 << 8 * size) - 1)
    return data[:at] + struct.pack(kind, value) + data[at + size :]


def _cut(data: bytes, other: bytes, rng: random.Random) -> bytes:
    return data[: _place(data, rng)]


def _removed(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + data[at + rng.randint(1, 64) :]


def _repeated(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at, length = _place(data, rng), rng.randint(1, 256)
    return data[: at + length] * rng.choice((1, 1, 1, 20)) + data[at:]


def _spliced(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at, start = _place(data, rng), _place(other, rng)
    return data[:at] + other[start : start + rng.randint(1, 512)] + data[at:]


def _noise(data: bytes, other: bytes, rng: random.Random) -> bytes:
    at, length = _place(data, rng), rng.randint(1, 32)
    return data[:at] + rng.randbytes(length) + data[at + length :]


def _word(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Replace a number that is written as text, or otherwise insert a word."""
    numbers = list(_NUMBER.finditer(data[:4000]))
    if not numbers:
        at = _place(data, rng)
        return data[:at] + rng.choice(_WORDS) + data[at:]
    chosen = rng.choice(numbers)
    return data[: chosen.start()] + rng.choice(_WORDS) + data[chosen.end() :]


def _sealed(data: bytes, changed: bytes) -> bytes:
    """Correct the checksums of a PNG file, and the length of the header of a model file."""
    if data.startswith(_PNG_SIGNATURE) and changed.startswith(_PNG_SIGNATURE):
        return _with_checksums(changed)
    if data[8:9] == b"{" and changed[8:9] == b"{":
        length = int.from_bytes(data[:8], "little") + len(changed) - len(data)
        return max(length, 0).to_bytes(8, "little") + changed[8:]
    return changed


def _with_checksums(png: bytes) -> bytes:
    parts, at = [png[:8]], 8
    while at + 12 <= len(png):
        end = at + 8 + int.from_bytes(png[at : at + 4], "big")
        if end + 4 > len(png):
            break
        parts += [png[at:end], zlib.crc32(png[at + 4 : end]).to_bytes(4, "big")]
        at = end + 4
    return b"".join(parts) + png[at:]
