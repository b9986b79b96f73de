"""HDR metadata of a frame, mastering display and content light level, as parameters of x265."""

from __future__ import annotations

import struct
from typing import Any

_CHROMATICITY, _LUMINANCE = 50000, 10000  # units of x265: 1/50000, and 1/10000 cd/m2


def light_parameters(frame: Any) -> str:
    """The parameters `master-display=...:max-cll=...` of a frame.

    A parameter that the frame does not state is left out, so that the result may be empty.
    """
    parts = []
    display = frame.side_data.get("MASTERING_DISPLAY_METADATA")
    if display is not None:
        parts.append(_master_display(bytes(display)))
    light = frame.side_data.get("CONTENT_LIGHT_LEVEL")
    if light is not None:
        content, average = struct.unpack_from("=2I", bytes(light))
        parts.append(f"max-cll={content},{average}")
    return ":".join(part for part in parts if part)


def _master_display(data: bytes) -> str:
    """The parameter for FFmpeg's AVMasteringDisplayMetadata, or "" if that is incomplete.

    The structure consists of ten fractions and two flags. The fractions are x and y of red, green,
    blue and white, and the least and the greatest luminance.
    """
    numbers = struct.unpack_from("=22i", data)
    if not (numbers[20] and numbers[21]):
        return ""
    values = [
        numerator / denominator if denominator else 0.0
        for numerator, denominator in zip(numbers[0:20:2], numbers[1:20:2], strict=True)
    ]
    red, green, blue, white = (
        f"({round(values[i] * _CHROMATICITY)},{round(values[i + 1] * _CHROMATICITY)})"
        for i in range(0, 8, 2)
    )
    least, most = (round(value * _LUMINANCE) for value in values[8:])
    return f"master-display=G{green}B{blue}R{red}WP{white}L({most},{least})"
