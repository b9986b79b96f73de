"""The segments of JPEG files (ITU-T T.81, annex B): metadata, and encoding in bands.

Encoded bands are joined by restart markers, so that a large picture needs no second copy in memory.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from iqlut.pictures.contents import Contents

_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_ICC, _PHOTOSHOP = b"ICC_PROFILE\0", b"Photoshop 3.0\0"
_APP1, _APP2, _APP13, _COMMENT = 0xE1, 0xE2, 0xED, 0xFE
_START, _END, _SCAN, _RESTART_INTERVAL = 0xD8, 0xD9, 0xDA, 0xDD
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE = (0x01, *range(0xD0, 0xD8))  # markers without contents
_CONTENT_BYTES_MAX = 65533
_RESTART_BLOCKS_MAX = 65535
_BAND_PX = 1 << 21
# A marker in the entropy-coded data that is neither a stuffed byte nor a restart nor padding.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
# Contents that describe the old file, its encoder or its thumbnail.
_OF_THE_OLD_FILE = (b"JFXX\0", b"Ducky", b"Adobe", b"MPF\0", b"AVI1", b"JFIF\0")
_NAMED = (
    (b"JP", "the content credentials (JUMBF)"),
    (b"urn:iso:std:iso:ts:21496:-1", "the gain map (HDR)"),
    (b"FPXR\0", "the FlashPix data"),
)
_THUMBNAILS = (1033, 1036)  # image resources of Photoshop
_GAIN_MAP = re.compile(rb"hdrgm|HDRGainMap|hdr-gain-map")


def _segments(data: bytes) -> Iterator[tuple[int, bytes, int, int]]:
    """The marker, contents, start and end of each segment up to the first scan, inclusive."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        if marker in _BARE:
            place += 2
            continue
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == _END or end > len(data):
            return
        yield marker, data[place + 4 : end], place, end
        if marker == _SCAN:
            return
        place = end


def contents(data: bytes) -> Contents:
    """Take a JPEG file apart. `pixels` ends with the first picture of the file."""
    kept, parts = [data[:2]], []
    rest = 2
    for marker, content, start, end in _segments(data):
        rest = start if marker == _SCAN else end
        is_data = 0xE0 <= marker <= 0xEF or marker == _COMMENT
        if is_data:
            parts.append((marker, content))
        if not is_data or content.startswith((b"JFIF\0", b"Adobe")):
            kept += [data[start:end]] if marker != _SCAN else []
    end = _end_of_picture(data, rest)
    extras, lost = _extras(parts)
    lost += _behind(data[end:], extras.get("xmp", b""))
    return Contents(b"".join([*kept, data[rest:end]]), extras, tuple(dict.fromkeys(lost)))


def _end_of_picture(data: bytes, place: int) -> int:
    """The offset after the end marker, or the length of the data if there is none."""
    while found := _MARKER.search(data, place):
        if data[found.start() + 1] in (_END, _START):
            return found.end() if data[found.start() + 1] == _END else len(data)
        place = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return len(data)


def _extras(parts: list[tuple[int, bytes]]) -> tuple[dict[str, Any], list[str]]:
    """The metadata in segments, and phrases for those that cannot be kept."""
    found: dict[str, list[bytes]] = {}
    lost: list[str] = []
    names = (
        (_APP1, _EXIF, "exif"),
        (_APP1, _XMP, "xmp"),
        (_APP1, _XMP_EXTENSION, "xmp_extension"),
        (_APP2, _ICC, "icc"),
        (_APP13, _PHOTOSHOP, "photoshop"),
        (_COMMENT, b"", "comments"),
    )
    for marker, content in parts:
        for number, prefix, key in names:
            if marker == number and content.startswith(prefix):
                found.setdefault(key, []).append(content[len(prefix) :])
                break
        else:
            if not content.startswith(_OF_THE_OLD_FILE):
                known = (name for start, name in _NAMED if content.startswith(start))
                lost.append(next(known, f"the data of segment APP{marker - 0xE0}"))
    extras: dict[str, Any] = {
        key: b"".join(found[key]) for key in ("exif", "photoshop") if key in found
    }
    extras |= {key: tuple(found[key]) for key in ("xmp_extension", "comments") if key in found}
    if "xmp" in found:
        extras["xmp"] = found["xmp"][0]
    if "icc" in found:
        extras["icc_profile"] = _profile(found["icc"])
    if "photoshop" in extras:
        extras["photoshop"] = _without_thumbnail(extras["photoshop"])
    return extras, lost


def _profile(parts: list[bytes]) -> bytes:
    """The colour profile in its numbered parts, or b"" if a part is missing."""
    numbered = {part[0]: part[2:] for part in parts if len(part) > 2}
    count = max((part[1] for part in parts if len(part) > 2), default=0)
    complete = sorted(numbered) == list(range(1, count + 1))
    return b"".join(numbered[number] for number in sorted(numbered)) if complete else b""


def _without_thumbnail(resources: bytes) -> bytes:
    """Image resources of Photoshop without the thumbnail; unchanged from the first damaged one."""
    kept, place = [], 0
    while resources[place : place + 4] == b"8BIM" and place + 12 <= len(resources):
        name_end = place + 6 + (resources[place + 6] // 2 * 2 + 2)
        size = int.from_bytes(resources[name_end : name_end + 4], "big")
        end = name_end + 4 + size + size % 2
        if end > len(resources) + size % 2:
            break
        if int.from_bytes(resources[place + 4 : place + 6], "big") not in _THUMBNAILS:
            kept.append(resources[place:end])
        place = end
    return b"".join([*kept, resources[place:]])


def _behind(rest: bytes, xmp: bytes) -> list[str]:
    """Phrases for what follows the picture in its file."""
    lost = []
    if bytes([0xFF, _START, 0xFF]) in rest:
        is_gain_map = _GAIN_MAP.search(xmp) or _GAIN_MAP.search(rest[:1_000_000])
        lost.append("the gain map (HDR)" if is_gain_map else "the further pictures in the file")
    if b"ftyp" in rest:
        lost.append("the video of the motion photograph")
    if not lost and rest.strip(b"\0\xff\r\n "):
        lost.append(f"the {len(rest):,} bytes that follow the picture")
    return lost


def holds(key: str, value: Any) -> bool:
    """Whether this piece of metadata fits into the segments of a JPEG file."""
    prefix = {"exif": _EXIF, "xmp": _XMP}.get(key)
    if prefix is not None:
        return len(prefix) + len(value) <= _CONTENT_BYTES_MAX
    return key != "icc_profile" or len(value) <= 255 * _profile_part_bytes()


def _profile_part_bytes() -> int:
    return _CONTENT_BYTES_MAX - len(_ICC) - 2


def _metadata(extras: dict[str, Any]) -> Iterator[bytes]:
    """The segments that hold this metadata."""
    if "exif" in extras:
        yield _segment(_APP1, _EXIF + extras["exif"])
    if "xmp" in extras:
        yield _segment(_APP1, _XMP + extras["xmp"])
    for part in extras.get("xmp_extension", ()):
        yield _segment(_APP1, _XMP_EXTENSION + part)
    size, profile = _profile_part_bytes(), extras.get("icc_profile", b"")
    count = -(-len(profile) // size)
    for number in range(count):
        part = profile[number * size : (number + 1) * size]
        yield _segment(_APP2, _ICC + bytes([number + 1, count]) + part)
    resources, size = extras.get("photoshop", b""), _CONTENT_BYTES_MAX - len(_PHOTOSHOP)
    for start in range(0, len(resources), size):
        yield _segment(_APP13, _PHOTOSHOP + resources[start : start + size])
    for comment in extras.get("comments", ()):
        yield _segment(_COMMENT, comment)


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def encoded(samples: np.ndarray, options: dict[str, Any], extras: dict[str, Any]) -> bytes:
    """Encode samples, uint8 (h, w), (h, w, 3) RGB or (h, w, 4) CMYK, as the bytes of a JPEG file.

    `options` are those of Pillow's `save`, with full chroma resolution. `extras` is the metadata,
    as in `Picture.extras`.
    """
    height, width = samples.shape[:2]
    blocks = -(-width // 8)
    rows = 8 * max(1, min(_BAND_PX // (8 * width), _RESTART_BLOCKS_MAX // blocks))
    if "dpi" in extras:
        options = options | {"dpi": tuple(round(value) for value in extras["dpi"])}
    parts: list[bytes] = []
    for number, top in enumerate(range(0, height, rows)):
        band = _saved(samples[top : top + rows], options)
        segments = list(_segments(band))
        if number == 0:
            parts += _header(segments, band, height, rows // 8 * blocks if rows < height else 0)
            parts[1 + _leading(segments) : 1 + _leading(segments)] = _metadata(extras)
        else:
            parts.append(bytes([0xFF, 0xD0 + (number - 1) % 8]))
        parts.append(band[segments[-1][3] : -2])
    return b"".join([*parts, bytes([0xFF, _END])])


def _leading(segments: list[tuple[int, bytes, int, int]]) -> int:
    """1 if the file begins with a JFIF segment, which has to come first; otherwise 0."""
    return int(segments[0][1].startswith(b"JFIF\0"))


def _header(
    segments: list[tuple[int, bytes, int, int]], band: bytes, height: int, restart_blocks: int
) -> list[bytes]:
    """The start of a file of `height` rows, up to its scan, from that of its first band."""
    parts = [band[:2]]
    for marker, content, start, end in segments:
        if marker in _FRAME_HEADERS:
            parts.append(_segment(marker, content[:1] + struct.pack(">H", height) + content[3:]))
            continue
        if marker == _SCAN and restart_blocks:
            parts.append(_segment(_RESTART_INTERVAL, struct.pack(">H", restart_blocks)))
        parts.append(band[start:end])
    return parts


def _saved(samples: np.ndarray, options: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    mode = {2: "L"}.get(samples.ndim) or {3: "RGB", 4: "CMYK"}[samples.shape[2]]
    image = Image.frombytes(mode, samples.shape[1::-1], np.ascontiguousarray(samples).tobytes())
    image.save(file, "JPEG", **options)
    return file.getvalue()
