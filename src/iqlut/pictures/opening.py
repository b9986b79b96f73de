"""Opening of picture files by those decoders of Pillow that iqlut uses.

Pillow has others that start programs (EPS runs Ghostscript), that read further files, or that are
rarely tested with files from strangers. It chooses the decoder by the content of a file, so these
are left out by naming the formats.
"""

from __future__ import annotations

import io

from PIL import Image

from iqlut import file_kinds
from iqlut.errors import PictureError
from iqlut.file_kinds import Family, Kind
from iqlut.pictures import heif_boxes, heif_plugin

# Formats with signatures that say little come last.
FORMATS = (
    *("PNG", "JPEG", "WEBP", "TIFF", "AVIF", "GIF", "BMP", "PPM", "JPEG2000", "PSD", "QOI", "DDS"),
    *("ICO", "SGI", "DIB", "PCX", "TGA"),
)
_OF_A_PLUGIN = "HEIF"  # Pillow has it once `heif_plugin` has registered it


def open_picture(name: str, data: bytes, pixels_max: int) -> Image.Image:
    """Open the picture in the bytes of a file, without decoding its pixels.

    `name` stands for the file in messages. Raises PictureError if there is no picture that is read,
    or if Pillow finds more than its limit of pixels, which is to be that of `pixels_max`.
    """
    kind = file_kinds.kind_of_bytes(data[: file_kinds.START_BYTES])
    if kind is not None and kind.family is Family.PLAYLIST:
        raise PictureError(file_kinds.refusal_of_playlist(name, kind))
    if kind is not None and kind.family is not Family.PICTURE:
        raise PictureError(
            f"{name} is {kind.name}, which is not a supported picture format; convert it first"
        )
    if kind is not None and kind.name == "HEIF" and not heif_boxes.is_avif(data):
        heif_plugin.register(name)
    try:
        return open_image(data, _formats_of(kind))
    except Image.DecompressionBombError:
        raise too_large(name, f"more than {pixels_max / 1e6:g}", pixels_max) from None
    except Exception:  # UnidentifiedImageError, or anything for a damaged header
        raise PictureError(
            f"{name} is not a picture or is incomplete, expected PNG, JPEG, WebP, TIFF or another "
            "common format; obtain the file again or convert it"
        ) from None


def too_large(name: str, found: str, pixels_max: int) -> PictureError:
    """The error for a picture with too many pixels; `found` is their number in millions."""
    return PictureError(
        f"{name} has {found} million pixels, at most {pixels_max / 1e6:g} million pixels are "
        "allowed; raise the limit with --max-megapixels if you trust the file"
    )


def _formats_of(kind: Kind | None) -> tuple[str, ...]:
    """The formats of Pillow that a picture of this kind, or of an unknown kind, may have."""
    if kind is None:
        return FORMATS
    if kind.name == _OF_A_PLUGIN:  # an AVIF file may begin in the same way
        return ("AVIF", _OF_A_PLUGIN) if _OF_A_PLUGIN in Image.OPEN else ("AVIF",)
    return (kind.name,)


def open_image(data: bytes, formats: tuple[str, ...]) -> Image.Image:
    """Open a picture of one of these formats of Pillow, without decoding its pixels.

    Raises what Pillow raises: UnidentifiedImageError if the file has none of `formats`, or almost
    anything for a damaged header.
    """
    return Image.open(io.BytesIO(data), formats=formats)
