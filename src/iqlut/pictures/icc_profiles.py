"""ICC colour profiles (ICC.1:2022): their colour space, and equivalent ones for other pixels.

Each function that returns a profile returns an exact equivalent, or None if there is none.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import ImageCms

Point = tuple[float, float]  # CIE 1931 x and y
_HEADER_BYTES = 128
_D50 = (0.9642, 1.0, 0.8249)
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_CHANNELS = ("r", "g", "b")
# The sums of the colourants of a profile that maps equal samples to neutral colours.
_NEUTRAL_TOLERANCE = 0.002
GRAY, RGB, CMYK = "GRAY", "RGB ", "CMYK"


def space(profile: bytes) -> str | None:
    """The colour space, such as GRAY, RGB or CMYK; None for a damaged profile."""
    try:
        ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (OSError, ImageCms.PyCMSError):
        return None
    return profile[16:20].decode("latin-1")


def _tags(profile: bytes) -> dict[str, bytes]:
    """The contents of the tags by their signatures."""
    count = struct.unpack_from(">I", profile, _HEADER_BYTES)[0]
    found = {}
    for number in range(count):
        name, start, size = struct.unpack_from(">4sII", profile, _HEADER_BYTES + 4 + 12 * number)
        found[name.decode("latin-1")] = profile[start : start + size]
    return found


def _joined(header: bytes, colour_space: str, tags: Mapping[str, bytes]) -> bytes:
    """A profile with the fields of this header, for another colour space and with these tags.

    The illuminant is D50, as the standard demands and browsers check.
    """
    table, contents = [struct.pack(">I", len(tags))], b""
    start = _HEADER_BYTES + 4 + 12 * len(tags)
    for name, content in tags.items():
        place = start + len(contents)
        table.append(struct.pack(">4sII", name.encode("latin-1"), place, len(content)))
        contents += content + bytes(-len(content) % 4)
    body = b"".join([*table, contents])
    size = struct.pack(">I", _HEADER_BYTES + len(body))
    fields = size + header[4:16] + colour_space.encode() + header[20:68] + _fixed(_D50)
    fields += header[80:84]
    return fields.ljust(_HEADER_BYTES, b"\0") + body


def for_rgb(profile: bytes) -> bytes | None:
    """The equivalent of a gray profile for pixels whose red, green and blue are equal."""
    tags = _tags(profile)
    if "kTRC" not in tags or profile[20:24] != b"XYZ ":
        return None
    colourants = _colourants(((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)), (0.3127, 0.3290))
    curve = tags.pop("kTRC")
    matrix = {f"{c}XYZ": _xyz(column) for c, column in zip(_CHANNELS, colourants.T, strict=True)}
    return _joined(profile, RGB, tags | matrix | {f"{c}TRC": curve for c in _CHANNELS})


def for_gray(profile: bytes) -> bytes | None:
    """The equivalent of an RGB profile for gray pixels.

    There is one if the curves of the three channels are equal and equal samples are neutral.
    """
    tags = _tags(profile)
    curves = {tags.get(f"{c}TRC", b"") for c in _CHANNELS}
    if len(curves) != 1 or b"" in curves or "A2B0" in tags or profile[20:24] != b"XYZ ":
        return None
    columns = [_from_xyz(tags.get(f"{c}XYZ", b"")) for c in _CHANNELS]
    if np.abs(np.sum(columns, axis=0) - _D50).max() > _NEUTRAL_TOLERANCE:
        return None
    kept = {name: content for name, content in tags.items() if name[1:] not in ("TRC", "XYZ")}
    return _joined(profile, GRAY, kept | {"kTRC": curves.pop()})


def _from_xyz(content: bytes) -> tuple[float, ...]:
    if len(content) < 20:
        return (0.0, 0.0, 0.0)
    return tuple(value / 65536 for value in struct.unpack_from(">3i", content, 8))


def matrix_profile(
    name: str, primaries: Sequence[Point], white: Point, curve: Sequence[float]
) -> bytes | None:
    """A profile of RGB colours with these primaries and white; None if they span no space.

    `curve` holds the parameters of a parametric curve: g, or g, a, b, c and d (ICC.1, 10.18).
    """
    try:
        colourants = [_xyz(column) for column in _colourants(primaries, white).T]
        adaptation = b"sf32" + bytes(4) + _fixed(_adaptation(white).ravel())
        trc = b"para" + bytes(4) + struct.pack(">HH", {1: 0, 5: 3}[len(curve)], 0) + _fixed(curve)
    except (ArithmeticError, ValueError, struct.error):  # singular, or not finite, or too large
        return None
    header = bytearray(_HEADER_BYTES)
    header[8:12] = b"\x04\x30\0\0"  # version 4.3
    header[12:24] = b"mntrRGB XYZ "
    header[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    header[36:40] = b"acsp"
    tags = {"desc": _text(name), "cprt": _text("No copyright"), "wtpt": _xyz(_D50)}
    tags |= {"chad": adaptation}
    tags |= {f"{c}XYZ": column for c, column in zip(_CHANNELS, colourants, strict=True)}
    return _joined(bytes(header), RGB, tags | {f"{c}TRC": trc for c in _CHANNELS})


def _colourants(primaries: Sequence[Point], white: Point) -> np.ndarray:
    """The XYZ values of the primaries in the columns, adapted to D50."""
    columns = np.array([_xyz_of(point) for point in primaries]).T
    return _adaptation(white) @ (columns * np.linalg.solve(columns, _xyz_of(white)))


def _adaptation(white: Point) -> np.ndarray:
    """The chromatic adaptation from a white to D50, by the Bradford transform."""
    ratio = (_BRADFORD @ np.array(_D50)) / (_BRADFORD @ _xyz_of(white))
    return np.linalg.solve(_BRADFORD, np.diag(ratio) @ _BRADFORD)


def _xyz_of(point: Point) -> np.ndarray:
    x, y = point
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _fixed(values: Sequence[float] | np.ndarray) -> bytes:
    """Numbers as signed fractions of 65,536."""
    return struct.pack(f">{len(values)}i", *(round(float(value) * 65536) for value in values))


def _xyz(values: Sequence[float] | np.ndarray) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(values)


def _text(words: str) -> bytes:
    encoded = words.encode("utf-16-be")
    return (
        b"mluc"
        + bytes(4)
        + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28)
        + (encoded)
    )
