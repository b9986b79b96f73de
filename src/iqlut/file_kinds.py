"""Detection of the formats of picture, video, sound and camera raw files by one signature table.

The content of a file decides whenever it can. The suffix of the file name counts only if the
content is unknown or if the container does not say enough: a TIFF file may be a camera raw file,
and an MP4 or Matroska file may hold sound only.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from PIL import Image

START_BYTES = 256  # the bytes that `kind_of` reads, which suffice for every signature
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
Y4M_SIGNATURE = b"YUV4MPEG2"
BIG_TIFF_SIGNATURES = (b"II+\0", b"MM\0+")  # TIFF files with offsets of 64 bits


class Family(Enum):
    """Groups of file formats that are handled in the same way."""

    PICTURE = "picture"
    UNREAD_PICTURE = "picture of an unsupported format"
    CAMERA_RAW = "camera raw file"
    VIDEO = "video"
    SOUND = "sound"


@dataclass(frozen=True)
class Kind:
    """A file format. `name` is Pillow's name for pictures and the usual name for anything else."""

    family: Family
    name: str


def _kind(family: Family, name: str, *fragments: tuple[int, bytes]) -> tuple[Kind, tuple]:
    """One signature: a file must contain every fragment, given as (offset in bytes, bytes)."""
    return Kind(family, name), fragments


def _iso_kinds(family: Family, name: str, *brands: bytes) -> list[tuple[Kind, tuple]]:
    """One signature for each major brand of an ISO base media file (ISO/IEC 14496-12)."""
    return [_kind(family, name, (4, b"ftyp" + brand)) for brand in brands]


# The first matching signature decides, so specific ones precede general ones.
_SIGNATURES = (
    _kind(Family.CAMERA_RAW, "CR2", (0, b"II*\0"), (8, b"CR\x02")),
    _kind(Family.CAMERA_RAW, "ORF", (0, b"IIRO")),
    _kind(Family.CAMERA_RAW, "ORF", (0, b"IIRS")),
    _kind(Family.CAMERA_RAW, "ORF", (0, b"MMOR")),
    _kind(Family.CAMERA_RAW, "RW2", (0, b"IIU\0")),
    _kind(Family.CAMERA_RAW, "RAF", (0, b"FUJIFILMCCD-RAW")),
    _kind(Family.CAMERA_RAW, "X3F", (0, b"FOVb")),
    _kind(Family.CAMERA_RAW, "MRW", (0, b"\0MRM")),
    *_iso_kinds(Family.CAMERA_RAW, "CR3", b"crx "),
    _kind(Family.PICTURE, "PNG", (0, b"\x89PNG")),
    _kind(Family.PICTURE, "JPEG", (0, b"\xff\xd8\xff")),
    _kind(Family.PICTURE, "GIF", (0, b"GIF8")),
    _kind(Family.PICTURE, "WEBP", (0, b"RIFF"), (8, b"WEBP")),
    _kind(Family.PICTURE, "TIFF", (0, b"II*\0")),
    _kind(Family.PICTURE, "TIFF", (0, b"MM\0*")),
    *(_kind(Family.PICTURE, "TIFF", (0, signature)) for signature in BIG_TIFF_SIGNATURES),
    _kind(Family.PICTURE, "BMP", (0, b"BM")),
    *(_kind(Family.PICTURE, "PPM", (0, start)) for start in (b"P4\n", b"P5\n", b"P6\n")),
    _kind(Family.PICTURE, "PSD", (0, b"8BPS")),
    _kind(Family.PICTURE, "JPEG2000", (4, b"jP  ")),
    *_iso_kinds(Family.PICTURE, "AVIF", b"avif", b"avis"),
    *_iso_kinds(
        Family.PICTURE, "HEIF", b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"
    ),
    *_iso_kinds(Family.UNREAD_PICTURE, "JPEG XL", b"jxl "),
    _kind(Family.UNREAD_PICTURE, "JPEG XL", (0, b"\0\0\0\x0cJXL \r\n\x87\n")),
    _kind(Family.UNREAD_PICTURE, "JPEG XL", (0, b"\xff\x0a")),
    *_iso_kinds(Family.SOUND, "MPEG-4 sound", b"M4A ", b"M4B ", b"M4P "),
    _kind(Family.SOUND, "WAV", (0, b"RIFF"), (8, b"WAVE")),
    _kind(Family.SOUND, "FLAC", (0, b"fLaC")),
    _kind(Family.SOUND, "MP3", (0, b"ID3")),
    _kind(Family.VIDEO, "MP4", (4, b"ftyp")),
    *(_kind(Family.VIDEO, "MP4", (4, box)) for box in (b"moov", b"mdat", b"wide", b"free")),
    _kind(Family.VIDEO, "Matroska", (0, b"\x1aE\xdf\xa3")),
    _kind(Family.VIDEO, "YUV4MPEG2", (0, Y4M_SIGNATURE)),
    _kind(Family.VIDEO, "FLV", (0, b"FLV\x01")),
    _kind(Family.VIDEO, "ASF", (0, b"0&\xb2u")),
    _kind(Family.VIDEO, "MPEG program stream", (0, b"\0\0\x01\xba")),
    _kind(Family.VIDEO, "RealMedia", (0, b".RMF")),
    _kind(Family.VIDEO, "AVI", (0, b"RIFF"), (8, b"AVI ")),
    _kind(Family.VIDEO, "NUT", (0, b"nut/multimedia")),
    # The sync bytes of two packets, which have 188 bytes, or 192 with a time stamp before each.
    _kind(Family.VIDEO, "MPEG transport stream", (0, b"G"), (188, b"G")),
    _kind(Family.VIDEO, "MPEG transport stream", (4, b"G"), (196, b"G")),
)

_UNREAD_SUFFIXES = frozenset({".heic", ".heif", ".hif", ".jxl"})
_RAW_SUFFIXES = frozenset({
    ".3fr", ".arw", ".cr2", ".cr3", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mrw", ".nef", ".nrw",
    ".orf", ".pef", ".raf", ".rw2", ".sr2", ".srf", ".srw", ".x3f",
})  # fmt: skip
_VIDEO_SUFFIXES = frozenset({
    ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".m2ts", ".m2v", ".m4v", ".mkv", ".mov",
    ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogm", ".ogv", ".rm", ".rmvb", ".ts", ".vob",
    ".webm", ".wmv", ".y4m",
})  # fmt: skip
_SOUND_SUFFIXES = frozenset(
    {".aac", ".aax", ".m4a", ".m4b", ".m4p", ".mka", ".oga", ".weba", ".wma"}
)
# Files with these suffixes are often not videos but, for example, TypeScript sources. When they are
# found in a folder, they count as videos only if their content says so.
_AMBIGUOUS_VIDEO_SUFFIXES = frozenset({".ts", ".mts", ".m2ts"})
# Pillow opens these formats, but a folder of pictures is not expected to include them.
_NOT_MEANT_IN_FOLDERS = frozenset({"PDF", "MPEG", "PSD", "EPS", "WMF"})


def kind_of_bytes(start: bytes) -> Kind | None:
    """The kind of a file by its first `START_BYTES` bytes, or None if it is unknown."""
    for kind, fragments in _SIGNATURES:
        if all(start.startswith(fragment, offset) for offset, fragment in fragments):
            return kind
    return None


def kind_of(path: Path) -> Kind | None:
    """The kind of a file by its content, or None if it is unknown or the file cannot be read.

    Pipes and devices are not opened, since what is read from them is gone.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            return kind_of_bytes(file.read(START_BYTES))
    except OSError:
        return None


def is_camera_raw(suffix: str, data: bytes) -> bool:
    """Whether a file is a camera raw file, by its content and the suffix of its name.

    Most raw files are also TIFF files that contain a thumbnail, which should not be upscaled. The
    suffix therefore decides for TIFF and for unknown content.
    """
    kind = kind_of_bytes(data[:START_BYTES])
    if kind is None or kind.name == "TIFF":
        return suffix.lower() in _RAW_SUFFIXES
    return kind.family is Family.CAMERA_RAW


def is_video(path: Path) -> bool:
    """Whether a file that the user named is a video, by its content or, if unknown, its suffix."""
    kind = kind_of(path)
    return path.suffix.lower() in _VIDEO_SUFFIXES if kind is None else kind.family is Family.VIDEO


def is_video_in_folder(path: Path) -> bool:
    """Whether a file that was found in a folder is a video.

    Files that hold sound only and program sources with an ambiguous suffix are excluded.
    """
    suffix = path.suffix.lower()
    if suffix in _SOUND_SUFFIXES or not is_video(path):
        return False
    return suffix not in _AMBIGUOUS_VIDEO_SUFFIXES or kind_of(path) is not None


def is_picture_in_folder(path: Path) -> bool:
    """Whether a file found in a folder is a picture, by its content or, if unknown, its suffix.

    Pictures of unsupported formats count as well, so that they are reported instead of being
    skipped silently.
    """
    kind, suffix = kind_of(path), path.suffix.lower()
    if kind is not None:
        pictures = (Family.PICTURE, Family.UNREAD_PICTURE, Family.CAMERA_RAW)
        return kind.family in pictures and kind.name not in _NOT_MEANT_IN_FOLDERS
    if suffix in _UNREAD_SUFFIXES | _RAW_SUFFIXES:
        return True
    format_name = Image.registered_extensions().get(suffix)
    return format_name is not None and format_name not in _NOT_MEANT_IN_FOLDERS
