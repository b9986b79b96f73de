"""The metadata of PNG files (W3C PNG, third edition), read and written as chunks."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from iqlut.pictures import png
from iqlut.pictures.contents import PIXEL_ASPECT, Contents

Chunk = tuple[bytes, bytes]

_XMP = b"XML:com.adobe.xmp"
_INCH_M = 0.0254
_INFLATED_BYTES_MAX = 1 << 26  # of one profile or text
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")  # `apng` reads them
_COLOURS = {b"cICP": "cicp", b"sRGB": "srgb", b"gAMA": "gamma", b"cHRM": "chromaticities"}
_LENGTHS = {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32, b"pHYs": 9}
_HDR = (b"mDCV", b"cLLI")
# What upscaling makes meaningless, or what says nothing about the picture.
_IGNORED = (b"sBIT", b"bKGD", b"hIST", b"sPLT", b"iDOT", b"tIME")
# Text chunks in which ImageMagick and ExifTool store profiles as hexadecimal digits.
_RAW_PROFILES = {
    b"Raw profile type exif": "exif",
    b"Raw profile type APP1": "exif",
    b"Raw profile type xmp": "xmp",
    b"Raw profile type icc": "icc_profile",
    b"Raw profile type icm": "icc_profile",
}
_RAW_PROFILE = re.compile(rb"\s*\S+\s+\d+\s+([0-9a-fA-F\s]*)")


def contents(data: bytes) -> Contents:
    """Take a PNG file apart."""
    extras: dict[str, Any] = {}
    pixels, lost, place = [data[: len(png.SIGNATURE)]], [], len(png.SIGNATURE)
    for name, content in png.chunks(data):
        end = min(len(data), place + 12 + len(content))
        is_whole = end == place + 12 + len(content)
        if not is_whole or name[:1].isupper() or name == b"tRNS":
            pixels.append(data[place:end])
        elif name not in _ANIMATION:
            lost += _collect(extras, name, content)
        place = end
    pixels.append(data[place:])
    return Contents(b"".join(pixels), extras, tuple(dict.fromkeys(lost)))


def _collect(extras: dict[str, Any], name: bytes, content: bytes) -> list[str]:
    """Add the content of a chunk to `extras`, or return a phrase for what is lost."""
    if name in _IGNORED:
        return []
    if len(content) != _LENGTHS.get(name, len(content)):
        return [f"the damaged {name.decode()} chunk"]
    if name in _COLOURS:
        extras[_COLOURS[name]] = _whole_numbers(name, content)
    elif name in _HDR:
        extras["hdr"] = (*extras.get("hdr", ()), (name, content))
    elif name == b"eXIf":
        extras["exif"] = content
    elif name == b"iCCP":
        extras["icc_profile"] = _inflated(content.partition(b"\0")[2][1:])
    elif name == b"pHYs":
        across, up, unit = struct.unpack(">IIB", content)
        if unit == 1 and across and up:
            extras["dpi"] = across * _INCH_M, up * _INCH_M
        elif unit == 0 and across != up:
            return [PIXEL_ASPECT]
    elif name in _TEXTS:
        _collect_text(extras, name, content)
    else:
        return [f"the {name.decode('latin-1')} chunk"]
    return []


def _whole_numbers(name: bytes, content: bytes) -> tuple[int, ...]:
    if name in (b"cICP", b"sRGB"):
        return tuple(content)
    return struct.unpack(f">{len(content) // 4}I", content)


def _collect_text(extras: dict[str, Any], name: bytes, content: bytes) -> None:
    keyword, _, rest = content.partition(b"\0")
    if name == b"iTXt" and keyword == _XMP:
        flag, rest = rest[:1], rest[2:].split(b"\0", 2)[-1]
        extras["xmp"] = _inflated(rest) if flag == b"\1" else rest
        return
    key = _RAW_PROFILES.get(keyword)
    if key is not None and key not in extras and name in (b"tEXt", b"zTXt"):
        found = _RAW_PROFILE.match(rest if name == b"tEXt" else _inflated(rest[1:]))
        digits = b"".join(found[1].split()) if found else b""
        if digits:
            extras[key] = bytes.fromhex(digits[: len(digits) // 2 * 2].decode())
            return
    extras["texts"] = (*extras.get("texts", ()), (name, content))


def _inflated(content: bytes) -> bytes:
    """The decompressed content, or b"" if it is damaged or too large."""
    try:
        inflate = zlib.decompressobj()
        data = inflate.decompress(content, _INFLATED_BYTES_MAX)
    except zlib.error:
        return b""
    return data if inflate.eof else b""


def metadata_chunks(extras: dict[str, Any]) -> Iterator[Chunk]:
    """The chunks that hold this metadata, which stand before the pixels."""
    for name, key in _COLOURS.items():
        if key in extras:
            numbers = extras[key]
            form = "B" if name in (b"cICP", b"sRGB") else "I"
            yield name, struct.pack(f">{len(numbers)}{form}", *numbers)
    yield from extras.get("hdr", ())
    if "icc_profile" in extras:
        yield b"iCCP", b"ICC Profile\0\0" + zlib.compress(extras["icc_profile"])
    if "dpi" in extras:
        yield b"pHYs", struct.pack(">IIB", *(round(dots / _INCH_M) for dots in extras["dpi"]), 1)
    if "exif" in extras:
        yield b"eXIf", extras["exif"]
    if "xmp" in extras:
        yield b"iTXt", _XMP + b"\0\0\0\0\0" + extras["xmp"]
    yield from extras.get("texts", ())
