"""Pictures of kinds that are not read: known, so that they are named as such and never passed over.

A camera's raw file often looks like a TIFF file of its thumbnail, which is not what anyone wants upscaled.
"""

from __future__ import annotations

_RAW_ENDINGS = (
    ".3fr", ".arw", ".cr2", ".cr3", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mrw", ".nef", ".nrw", ".orf", ".pef",
    ".raf", ".rw2", ".sr2", ".srf", ".srw", ".x3f",
)  # fmt: skip
ENDINGS = (*_RAW_ENDINGS, ".heic", ".heif", ".hif", ".jxl")
_READ = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
)  # what it is although its name says something else
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_JPEG_XL = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")


def is_raw(ending: str, data: bytes) -> bool:
    """Whether a file is what a camera's sensor saw, not a picture yet."""
    return ending.lower() in _RAW_ENDINGS and not data.startswith(_READ)


def kind(data: bytes) -> str | None:
    """The name of a format that is not read, by how a file begins."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "HEIF"
    return "JPEG XL" if data.startswith(_JPEG_XL) else None
