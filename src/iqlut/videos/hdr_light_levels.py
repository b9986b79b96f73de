"""HDR10 records of a frame, mastering display and content light level, in other notations.

They are the parameters of x265, and the elements of Matroska.
"""

from __future__ import annotations

import struct
from typing import Any

from iqlut.videos import matroska_tracks as matroska

_MAX_CLL, _MAX_FALL, _MASTERING, _FIRST_OF_MASTERING = 0x55BC, 0x55BD, 0x55D0, 0x55D1
_CHROMATICITY, _LUMINANCE = 50000, 10000  # units of x265: 1/50000, and 1/10000 cd/m2


def light_parameters(frame: Any) -> str:
    """The parameters `master-display=...:max-cll=...` of x265 for a frame.

    A parameter that the frame does not state is left out, so that the result may be empty.
    """
    parts = []
    display, light = _display(frame), _light(frame)
    if display is not None:
        red, green, blue, white = (
            f"({round(display[i] * _CHROMATICITY)},{round(display[i + 1] * _CHROMATICITY)})"
            for i in range(0, 8, 2)
        )
        least, most = (round(value * _LUMINANCE) for value in display[8:])
        parts.append(f"master-display=G{green}B{blue}R{red}WP{white}L({most},{least})")
    if light is not None:
        parts.append(f"max-cll={light[0]},{light[1]}")
    return ":".join(parts)


def light_elements(frame: Any) -> bytes:
    """The elements MaxCLL, MaxFALL and MasteringMetadata for a frame, as far as it states them."""
    elements = b""
    display, light = _display(frame), _light(frame)
    if light is not None:
        elements += matroska.integer(_MAX_CLL, light[0]) + matroska.integer(_MAX_FALL, light[1])
    if display is not None:
        values = (*display[:8], display[9], display[8])  # Matroska has the greatest luminance first
        elements += matroska.element(
            _MASTERING,
            b"".join(
                matroska.element(_FIRST_OF_MASTERING + i, struct.pack(">d", value))
                for i, value in enumerate(values)
            ),
        )
    return elements


def _light(frame: Any) -> tuple[int, int] | None:
    """The greatest content light level and frame-average light level in cd/m2."""
    data = frame.side_data.get("CONTENT_LIGHT_LEVEL")
    return None if data is None else struct.unpack_from("=2I", bytes(data))


def _display(frame: Any) -> list[float] | None:
    """The mastering display: x and y of red, green, blue and white, least and greatest luminance.

    FFmpeg's AVMasteringDisplayMetadata has them as ten fractions, which two flags follow. The
    result is None if it is incomplete.
    """
    data = frame.side_data.get("MASTERING_DISPLAY_METADATA")
    if data is None:
        return None
    numbers = struct.unpack_from("=22i", bytes(data))
    if not (numbers[20] and numbers[21]):
        return None
    return [
        numerator / denominator if denominator else 0.0
        for numerator, denominator in zip(numbers[0:20:2], numbers[1:20:2], strict=True)
    ]
