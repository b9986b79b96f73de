"""HDR light levels: what a frame says of the display it was made on, as the parameters of x265."""

from __future__ import annotations

import struct
from typing import Any

_CHROMATICITY, _LUMINANCE = 50000, 10000  # units: 1/50000, and 1/10000 cd/m2


def light_parameters(frame: Any) -> str:
    """`master-display=...:max-cll=...`, or as much of it as the frame says; "" if nothing."""
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
    """FFmpeg's AVMasteringDisplayMetadata: ten fractions (red, green, blue, white, least and most light), two flags."""
    numbers = struct.unpack_from("=22i", data)
    if not (numbers[20] and numbers[21]):
        return ""
    values = [
        above / below if below else 0.0
        for above, below in zip(numbers[0:20:2], numbers[1:20:2], strict=True)
    ]
    red, green, blue, white = (
        f"({round(values[i] * _CHROMATICITY)},{round(values[i + 1] * _CHROMATICITY)})"
        for i in range(0, 8, 2)
    )
    least, most = (round(value * _LUMINANCE) for value in values[8:])
    return f"master-display=G{green}B{blue}R{red}WP{white}L({most},{least})"
