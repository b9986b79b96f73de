"""Opening of picture files by those decoders of Pillow that iqlut uses.

Pillow has others that start programs (EPS runs Ghostscript), that read further files, or that are
rarely tested with files from strangers. It chooses the decoder by the content of a file, so these
are left out by naming the formats.
"""

from __future__ import annotations

import io

from PIL import Image

from iqlut.file_kinds import Kind

# Formats with signatures that say little come last.
FORMATS = (
    *("PNG", "JPEG", "WEBP", "TIFF", "AVIF", "GIF", "BMP", "PPM", "JPEG2000", "PSD", "QOI", "DDS"),
    *("ICO", "SGI", "DIB", "PCX", "TGA"),
)
_OF_A_PLUGIN = "HEIF"  # Pillow has it once `heif_plugin` has registered it


def formats_of(kind: Kind | None) -> tuple[str, ...]:
    """The formats of Pillow that a picture of this kind, or of an unknown kind, may have."""
    if kind is None:
        return FORMATS
    if kind.name == _OF_A_PLUGIN:  # an AVIF file may begin in the same way
        return ("AVIF", _OF_A_PLUGIN) if _OF_A_PLUGIN in Image.OPEN else ("AVIF",)
    return (kind.name,)


def open_image(data: bytes, formats: tuple[str, ...]) -> Image.Image:
    """Open the picture in the bytes of a file, without decoding its pixels.

    Raises what Pillow raises: UnidentifiedImageError if the file has none of `formats`, or almost
    anything for a damaged header.
    """
    return Image.open(io.BytesIO(data), formats=formats)
