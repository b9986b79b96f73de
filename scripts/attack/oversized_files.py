"""Small files that state, or unpack to, far more than any use needs: pictures and other input.

Each is to be refused in one sentence before it costs memory or time. `FILES` names them; nothing
here holds the pixels that they state.
"""

from __future__ import annotations

import base64
import io
import re
import struct
import zlib
from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec

from PIL import Image, features

_BLOCK_BYTES = 1 << 20
_HUGE_PX = 65_500  # the longest side that JPEG has

_FLAT_AVIF = (
    b"c-muNU{FXasVqn=%S>Yc0uY^>nP!-"
    b"qnV9D5Xy^nKdYzkElE?r7iWw<6MNl?FL1uCZ0~+8f$SlbPvlxL`E;A=T8N_h`@fjhajKT~I+~<I7jm*rvG`LzRAS"
    b"aax%1bOWFm%q($p_n&m03_!0HnP$3zGAJv`A)gK`O*LqZ14aW*dMEfr8A6OppjO2L}g`;z=wsbZ(UA0SO5w=jRmV"
    b"CFfKCP3C1_YXAy~XBOnb`~-9u3nNoA3(!^9a#IpZgc!KE<-"
    b"ZplzqNM}lN2w9(H?Q(=f4jh>U#hG|Ht$P3=DqfPiY>XV$R)M5W9chl#Yz-Eer2Fzqmrphb^JSX3eheU#GP%xw=M;"
    b"=fwFN59faVYL=}w-"
    b"T$Dv{?$$F71J61{ms_D!+v4Y%c5VW*)7VZG|l}m*v+dT+Ps^le19IN7{oL2`<^_1cg@7wxe{_4J8Vyd&(}+D)7;^"
    b"C{b>k`f&ZNs%(vsO76yJfTfRyq*ZTU#wS^B@Rf9LVT`@_xTWNjYwoG8tw@7Zu&lg5RdNia*LwYo%M?-"
    b"ovq(?(~G^FVn(&^OliI>FI56)}X9N(I>%P!1+>aDfyuQKoC%{1-"
    b"(awp`<rMP*+&mwxp*`)3lN4?x4omNkr{m^nD+W~RQ%124pr~2=kcbF?g?D+2j0J|E9Yy"
)


def zeros_deflated(size_bytes: int) -> bytes:
    """That many zeros as a zlib stream (RFC 1950), which takes a thousandth of them.

    A block that ends with a full flush refers to nothing before it, so it can be repeated.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(_BLOCK_BYTES)) + packer.flush(zlib.Z_FULL_FLUSH)
    whole, rest = divmod(size_bytes, _BLOCK_BYTES)
    last = zlib.compressobj(9, zlib.DEFLATED, -15)
    end = last.compress(bytes(rest)) + last.flush()
    checksum = size_bytes % 65521 << 16 | 1  # Adler-32 of zeros
    return b"\x78\xda" + block * whole + end + struct.pack(">I", checksum)


def _png_chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(name))
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png(
    size: tuple[int, int], colour: int = 2, bits: int = 8, extra: bytes = b"", rows: int = -1
) -> bytes:
    """A black PNG file; `extra` holds chunks before its pixels, and `rows` limits its rows."""
    width, height = size
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row_bytes = 1 + (width * channels * bits + 7) // 8
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    pixels = zeros_deflated(row_bytes * (height if rows < 0 else rows))
    palette = _png_chunk(b"PLTE", bytes(3)) if colour == 3 else b""
    return b"".join([
        b"\x89PNG\r\n\x1a\n", _png_chunk(b"IHDR", header), extra, palette,
        _png_chunk(b"IDAT", pixels), _png_chunk(b"IEND", b""),
    ])  # fmt: skip


def _png_with_packed(name: bytes, before: bytes) -> bytes:
    """A small PNG file with a compressed chunk that unpacks to a gigabyte."""
    return png((4, 4), extra=_png_chunk(name, before + zeros_deflated(1 << 30)))


def _apng(side: int, frames: int) -> bytes:
    parts = [_png_chunk(b"acTL", struct.pack(">II", frames, 0))]
    one = zeros_deflated((1 + 4 * side) * side)
    for number in range(frames):
        control = struct.pack(">IIIIIHHBB", 2 * number, side, side, 0, 0, 1, 10, 0, 0)
        parts.append(_png_chunk(b"fcTL", control))
        name = b"fdAT" if number else b"IDAT"
        parts.append(_png_chunk(name, (struct.pack(">I", number) if number else b"") + one))
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    return b"".join([
        b"\x89PNG\r\n\x1a\n", _png_chunk(b"IHDR", header), *parts, _png_chunk(b"IEND", b"")
    ])  # fmt: skip


def _changed(kind: str, old: bytes, new: bytes) -> bytes:
    """A small valid file of a kind in which every `old` is replaced by `new`."""
    data = _small(kind)
    if old not in data:
        raise ValueError(f"the {kind} file does not contain {old!r}")
    return data.replace(old, new)


@cache
def _small(kind: str, frames: int = 1) -> bytes:
    """A picture of 9 x 7 pixels as a file, as Pillow writes it."""
    if kind == "HEIF":
        from pillow_heif import register_heif_opener

        register_heif_opener()
    file, image = io.BytesIO(), Image.linear_gradient("L").resize((9, 7)).convert("RGB")
    rest = [image.rotate(180)] * (frames - 1)
    animated = {"save_all": True, "append_images": rest} if rest else {}
    image.save(file, kind, **animated)
    return file.getvalue()


def _gif(side: int, frames: int) -> bytes:
    """A GIF file with a canvas of this side, whose frames have one pixel each."""
    head = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6)
    frame = b"!\xf9\x04\0\x05\0\0\0," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02D\x01\0"
    return head + frame * frames + b";"


def _webp(side: int, frames: int) -> bytes:
    """An animated WebP file whose canvas has this side."""
    still = _small("WEBP")[12:]
    frame = struct.pack("<I", 0)[:3] * 2 + b"\x08\0\0\x06\0\0\x28\0\0\0" + still
    packed = (side - 1).to_bytes(3, "little")
    chunks = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + packed * 2
    chunks += b"ANIM" + struct.pack("<I", 6) + bytes(6)
    chunks += (b"ANMF" + struct.pack("<I", len(frame)) + frame + b"\0" * (len(frame) % 2)) * frames
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def _webp_lossless(side: int) -> bytes:
    """A WebP file whose lossless stream states this side, up to 16,384, and ends."""
    stream = b"/" + struct.pack("<I", (side - 1) | (side - 1) << 14) + bytes(8)
    chunk = b"VP8L" + struct.pack("<I", len(stream)) + stream + b"\0" * (len(stream) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def _jpeg(width: int, height: int) -> bytes:
    old = b"\x08" + struct.pack(">HH", 7, 9)
    return _changed("JPEG", old, b"\x08" + struct.pack(">HH", height, width))


def _tiff(*entries: tuple[int, int, int, int], width: int = 4, height: int = 4) -> bytes:
    """A gray TIFF file with one strip, and further entries (tag, type, count, value)."""
    basic = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1)]
    basic += [(262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height)]
    basic += [(279, 4, 1, width * height & 0xFFFFFFFF)]
    named = {entry[0]: entry for entry in (*basic, *entries)}
    directory = struct.pack("<H", len(named)) + b"".join(
        struct.pack("<HHII", *entry) for _, entry in sorted(named.items())
    )
    return b"II*\0" + struct.pack("<I", 24) + bytes(16) + directory + bytes(4)


def _tiff_of_overlaps(is_big: bool) -> bytes:
    """A TIFF file of 65,535 values, each of which is nearly the whole file."""
    size = 2 << 20
    head = b"II+\0\x08\0\0\0" + struct.pack("<Q", 16) if is_big else b"II*\0" + struct.pack("<I", 8)
    entry = struct.Struct("<HHQQ" if is_big else "<HHII")
    entries = b"".join(entry.pack(tag, 7, size - 16, 16) for tag in range(65_535))
    count = struct.pack("<Q" if is_big else "<H", 65_535)
    return (head + count + entries).ljust(size, b"\0")


def _avif_of_overlaps() -> bytes:
    """The boxes of an AVIF file with EXIF in 60,000 parts, each of which is the whole file."""

    def box(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(content), name) + content

    size, count = 1 << 20, 60_000
    entry = box(b"infe", struct.pack(">IHH4sB", 2 << 24, 1, 0, b"Exif", 0))
    items = box(b"iinf", struct.pack(">IH", 0, 1) + entry)
    parts = struct.pack(">II", 0, size) * count
    places = box(b"iloc", struct.pack(">IHHHHH", 0, 0x4400, 1, 1, 0, count) + parts)
    start = box(b"ftyp", b"avif\0\0\0\0avifmif1")
    return (start + box(b"meta", bytes(4) + items + places)).ljust(size, b"\0")


def _bmp(width: int, height: int, compression: int = 0) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 1024, 0, 0, 54 + 1024) + header + bytes(1100)


def _psd(side: int) -> bytes:
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, side, side, 8, 3)
    return head + bytes(14) + bytes(4000)


def _ico(data: bytes) -> bytes:
    """An icon that holds a PNG file."""
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(data), 22) + data


def _with_stated_size(kind: str, side: int) -> bytes:
    """A small AVIF or HEIF file whose container states another size (ISO/IEC 23008-12, ispe)."""
    return re.sub(
        rb"(ispe.{4}).{8}", rb"\g<1>" + struct.pack(">II", side, side), _small(kind), flags=re.S
    )


def _flat_avif() -> bytes:
    """An AVIF file of 13,000 x 14,000 gray pixels, which takes 3 KB."""
    return zlib.decompress(base64.b85decode(_FLAT_AVIF))


def _qoi(side: int) -> bytes:
    return b"qoif" + struct.pack(">IIBB", side, side, 4, 0) + b"\xfd" * 4000 + bytes(7) + b"\1"


def _dds(side: int) -> bytes:
    words = [124, 0x1007, side, side, 0, 0, 0, *[0] * 11, 32, 4]
    words += [int.from_bytes(b"DXT1", "little"), *[0] * 5, 0x1000, *[0] * 4]
    return b"DDS " + struct.pack(f"<{len(words)}I", *words) + bytes(4000)


def _sgi(side: int) -> bytes:
    return struct.pack(">HBBHHHH", 474, 1, 1, 3, side, side, 3).ljust(512, b"\0") + bytes(4000)


def _pcx(side: int) -> bytes:
    head = struct.pack("<BBBBHHHHHH", 10, 5, 1, 8, 0, 0, side - 1, side - 1, 72, 72)
    return (head + bytes(49) + b"\x03" + struct.pack("<HH", side, 1)).ljust(128, b"\0") + bytes(999)


def _tga(side: int) -> bytes:
    return struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, side, side, 24, 0) + bytes(4000)


# Each file with the ending of its name.
FILES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "PNG of 3.9 GB of pixels": ("png", partial(png, (36_000, 36_000))),
    "PNG of 1 bit": ("png", partial(png, (200_000, 200_000), 0, 1)),
    "PNG of 16 bits": ("png", partial(png, (20_000, 20_000), 2, 16)),
    "PNG of 1 pixel more than the limit": ("png", partial(png, (200_000_001, 1), 0)),
    "PNG whose result needs 400 GB": ("png", partial(png, (14_100, 14_100), 2, 16)),
    "PNG with a profile of 1 GB": ("png", partial(_png_with_packed, b"iCCP", b"a\0\0")),
    "PNG with a text of 1 GB": ("png", partial(_png_with_packed, b"zTXt", b"a\0\0")),
    "PNG with XMP of 1 GB": (
        "png",
        partial(_png_with_packed, b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0"),
    ),
    "PNG with a raw profile of 1 GB": (
        "png",
        partial(_png_with_packed, b"zTXt", b"Raw profile type exif\0\0"),
    ),
    "APNG of 300 frames": ("png", partial(_apng, 2000, 300)),
    "APNG of 2 large frames": ("png", partial(_apng, 12_000, 2)),
    "JPEG of 65,500 x 65,500": ("jpg", partial(_jpeg, _HUGE_PX, _HUGE_PX)),
    "WebP animation of 16,383 x 16,383": ("webp", partial(_webp, 16_383, 2)),
    "WebP animation of 3,000 frames": ("webp", partial(_webp, 2000, 3000)),
    "lossless WebP of 16,383 x 16,383": ("webp", partial(_webp_lossless, 16_383)),
    "GIF of 65,535 x 65,535": ("gif", partial(_gif, 65_535, 1)),
    "GIF of 5,000 frames": ("gif", partial(_gif, 8000, 5000)),
    "TIFF of 100,000 x 100,000": ("tif", partial(_tiff, width=100_000, height=100_000)),
    "TIFF of 4,294,967,295 rows": ("tif", partial(_tiff, width=1, height=0xFFFFFFFF)),
    "TIFF with an integer as XMP": ("tif", partial(_tiff, (700, 4, 1, 0xF0000000))),
    "TIFF with XMP of 4 GB": ("tif", partial(_tiff, (700, 1, 0xFFFFFFF0, 8))),
    "TIFF with 4 billion strips": ("tif", partial(_tiff, (273, 4, 0xFFFFFFFF, 8))),
    "TIFF with text as width": ("tif", partial(_tiff, (256, 2, 4, 0x41414141))),
    "TIFF with 60,000 samples per pixel": ("tif", partial(_tiff, (277, 3, 1, 60_000))),
    "TIFF of values that overlap": ("tif", partial(_tiff_of_overlaps, False)),
    "BigTIFF of values that overlap": ("tif", partial(_tiff_of_overlaps, True)),
    "AVIF of EXIF that overlaps": ("avif", _avif_of_overlaps),
    "BMP of 60,000 x 60,000": ("bmp", partial(_bmp, 60_000, 60_000)),
    "BMP with run lengths": ("bmp", partial(_bmp, 100_000, 100_000, 1)),
    "PPM of 100,000 x 100,000": ("ppm", lambda: b"P6\n100000 100000\n255\n" + bytes(999)),
    "PGM of 9,999,999,999 x 9": ("pgm", lambda: b"P5\n9999999999 9\n255\n" + bytes(999)),
    "PSD of 30,000 x 30,000": ("psd", partial(_psd, 30_000)),
    "ICO with a PNG of 3.9 GB": ("ico", lambda: _ico(png((36_000, 36_000)))),
    "QOI of 60,000 x 60,000": ("qoi", partial(_qoi, 60_000)),
    "DDS of 60,000 x 60,000": ("dds", partial(_dds, 60_000)),
    "SGI of 65,535 x 65,535": ("sgi", partial(_sgi, 65_535)),
    "PCX of 65,535 x 65,535": ("pcx", partial(_pcx, 65_535)),
    "TGA of 65,535 x 65,535": ("tga", partial(_tga, 65_535)),
}
if features.check("avif"):
    FILES |= {
        "AVIF of 3 KB and 182 million pixels": ("avif", _flat_avif),
        "AVIF of 30,000 x 30,000": ("avif", partial(_with_stated_size, "AVIF", 30_000)),
    }
if find_spec("pillow_heif"):
    FILES |= {
        f"HEIF of {side:,} x {side:,}": ("heic", partial(_with_stated_size, "HEIF", side))
        for side in (16_000, 60_000)
    }
if features.check("jpg_2000"):
    FILES["JPEG 2000 of 60,000 x 60,000"] = (
        "jp2",
        lambda: _changed(
            "JPEG2000", struct.pack(">II", 9, 7), struct.pack(">II", 60_000, 60_000)
        ).replace(struct.pack(">II", 7, 9), struct.pack(">II", 60_000, 60_000)),
    )
