"""HEIF files (.heic), which Pillow reads and writes with the optional pillow-heif."""

from __future__ import annotations

from iqlut.errors import PictureError

ENDINGS = (".heic", ".heif", ".hif")


def register(name: str) -> None:
    """Add the format to Pillow. Raises PictureError, which names the file, if it is missing."""
    try:
        from pillow_heif import register_heif_opener
    except (ImportError, OSError):
        raise PictureError(
            f"{name} is a HEIF file, which requires pillow-heif; run pip install 'iqlut[heif]'"
        ) from None
    register_heif_opener()
