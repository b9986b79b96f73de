"""Small ICC profiles for tests."""

from __future__ import annotations


def profile(space: str, words: bytes = b"") -> bytes:
    """A profile of a colour space, GRAY, RGB or CMYK, without tags; `words` tell it from others."""
    header = bytearray(128)
    header[8:12], header[12:24] = b"\x04\x30\0\0", b"mntr" + space.ljust(4).encode() + b"XYZ "
    header[36:40] = b"acsp"
    body = bytes(4) + words
    header[:4] = (128 + len(body)).to_bytes(4, "big")
    return bytes(header) + body
