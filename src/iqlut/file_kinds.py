"""Detection of the formats of picture, video, sound and camera raw files by one signature table.

The content of a file decides whenever it can. The suffix of the file name counts only if the
content is unknown or if the container does not say enough: a TIFF file may be a camera raw file,
and an MP4 or Matroska file may hold sound only.
"""

from __future__ import annotations

import io
import re
import stat
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from PIL import Image

START_BYTES = 256  # the bytes that `kind_of` reads, which suffice for every signature
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
Y4M_NAME, Y4M_SIGNATURE = "YUV4MPEG2", b"YUV4MPEG2"
BIG_TIFF_SIGNATURES = (b"II+\0", b"MM\0+")  # TIFF files with offsets of 64 bits


class Family(Enum):
    """Groups of file formats that are handled in the same way."""

    PICTURE = "picture"
    UNREAD_PICTURE = "picture of an unsupported format"
    CAMERA_RAW = "camera raw file"
    VIDEO = "video"
    SOUND = "sound"
    PLAYLIST = "list of other files"


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


# The headers of units that may begin a raw stream: delimiters and parameter sets.
_FIRST_UNITS = {
    "H.264 stream": (b"\x09", b"\x27", b"\x47", b"\x67"),
    "HEVC stream": (b"\x40\x01", b"\x42\x01", b"\x46\x01"),
    "VVC stream": (b"\0\x71", b"\0\x79", b"\0\xa1"),
    "MPEG-1 or MPEG-2 stream": (b"\xb3",),
    "MPEG-4 stream": (b"\xb0",),
    "VC-1 stream": (b"\x0f",),
}

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
    _kind(Family.UNREAD_PICTURE, "EPS", (0, b"%!PS")),
    _kind(Family.UNREAD_PICTURE, "EPS", (0, b"\xc5\xd0\xd3\xc6")),
    _kind(Family.UNREAD_PICTURE, "PDF", (0, b"%PDF")),
    _kind(Family.PLAYLIST, "ffconcat", (0, b"ffconcat version")),
    _kind(Family.PLAYLIST, "HLS", (0, b"#EXTM3U")),
    *(_kind(Family.PLAYLIST, "SDP", (0, b"v=0" + end)) for end in (b"\n", b"\r\n")),
    *_iso_kinds(Family.SOUND, "MPEG-4 sound", b"M4A ", b"M4B ", b"M4P "),
    _kind(Family.SOUND, "WAV", (0, b"RIFF"), (8, b"WAVE")),
    _kind(Family.SOUND, "FLAC", (0, b"fLaC")),
    _kind(Family.SOUND, "MP3", (0, b"ID3")),
    _kind(Family.VIDEO, "MP4", (4, b"ftyp")),
    *(_kind(Family.VIDEO, "MP4", (4, box)) for box in (b"moov", b"mdat", b"wide", b"free")),
    _kind(Family.VIDEO, "Matroska", (0, b"\x1aE\xdf\xa3")),
    _kind(Family.VIDEO, Y4M_NAME, (0, Y4M_SIGNATURE)),
    _kind(Family.VIDEO, "FLV", (0, b"FLV\x01")),
    _kind(Family.VIDEO, "ASF", (0, b"0&\xb2u")),
    _kind(Family.VIDEO, "MPEG program stream", (0, b"\0\0\x01\xba")),
    _kind(Family.VIDEO, "RealMedia", (0, b".RMF")),
    _kind(Family.VIDEO, "AVI", (0, b"RIFF"), (8, b"AVI ")),
    _kind(Family.VIDEO, "NUT", (0, b"nut/multimedia")),
    _kind(Family.VIDEO, "IVF", (0, b"DKIF")),
    _kind(Family.VIDEO, "Ogg video", (0, b"OggS"), (28, b"\x80theora")),
    _kind(Family.VIDEO, "MXF", (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02")),
    _kind(Family.VIDEO, "WTV", (0, b"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e")),
    _kind(Family.VIDEO, "DHAV", (0, b"DHAV")),
    *(_kind(Family.VIDEO, "DV", (0, b"\x1f\x07\x00" + system)) for system in (b"\x3f", b"\xbf")),
    # Raw streams begin with a start code and the first unit of a sequence.
    *(
        _kind(Family.VIDEO, name, (0, start + unit))
        for start in (b"\0\0\0\x01", b"\0\0\x01")
        for name, units in _FIRST_UNITS.items()
        for unit in units
    ),
    _kind(Family.VIDEO, "AV1 stream", (0, b"\x12\0\x0a")),
    # The sync bytes of two packets of 188 bytes, or of 192 with a time stamp before or 204 with a
    # checksum after each.
    _kind(Family.VIDEO, "MPEG transport stream", (0, b"G"), (188, b"G")),
    _kind(Family.VIDEO, "MPEG transport stream", (4, b"G"), (196, b"G")),
    _kind(Family.VIDEO, "MPEG transport stream", (0, b"G"), (204, b"G")),
)

_JPEG_BYTES_MAX = 32 << 20  # in which the first two pictures of a Motion JPEG video are looked for
_JPEG_FRAMES = tuple(bytes([0xFF, 0xC0 | i]) for i in range(16) if i not in (4, 8, 12))
_JPEG_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
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
    A JPEG file is a Motion JPEG video if more pictures of its size follow, unless its name says
    that it is a picture.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            kind = kind_of_bytes(file.read(START_BYTES))
            if kind is not None and kind.name == "JPEG" and not _is_named_jpeg(path):
                file.seek(0)
                if _is_motion_jpeg(file):
                    return Kind(Family.VIDEO, "Motion JPEG")
            return kind
    except OSError:
        return None


def _is_named_jpeg(path: Path) -> bool:
    return Image.registered_extensions().get(path.suffix.lower()) == "JPEG"


def _is_motion_jpeg(file: BinaryIO) -> bool:
    """Whether a JPEG picture is followed at once by another one of the same size.

    Stereo pictures are so too, but have an index in the multi-picture format (MPF).
    """
    sizes = []
    for _ in range(2):
        data = file.read(_JPEG_BYTES_MAX)
        size, end = _jpeg_size_and_end(data)
        if not end or b"MPF\0" in data[:end]:
            return False
        sizes.append(size)
        file.seek(end - len(data), io.SEEK_CUR)
    return sizes[0] == sizes[1] is not None


def _jpeg_size_and_end(data: bytes) -> tuple[bytes | None, int]:
    """The size in a JPEG picture as its bytes, and where the picture ends; 0 if it does not."""
    place, size = 2, None
    if not data.startswith(b"\xff\xd8"):
        return None, 0
    while 0 <= place < len(data) - 3:
        marker = data[place : place + 2]
        if marker == b"\xff\xd9":
            return size, place + 2
        if marker[0] != 0xFF:
            return None, 0
        if marker in _JPEG_FRAMES:
            size = data[place + 5 : place + 9]
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == b"\xff\xda":  # coded samples follow, up to the next marker
            found = _JPEG_NEXT_MARKER.search(data, place)
            place = found.start() if found else -1
    at_end = data[place : place + 2] == b"\xff\xd9"
    return (size, place + 2) if at_end else (None, 0)


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
    if kind is None or kind.family is Family.PLAYLIST:
        return path.suffix.lower() in _VIDEO_SUFFIXES
    return kind.family is Family.VIDEO


def refusal_of_playlist(name: str, kind: Kind) -> str:
    """The sentence for a playlist in place of a picture or video; `name` stands for its file."""
    return (
        f"{name} is a playlist ({kind.name}), which names other files and is not read, expected a "
        "picture or a video; name those files instead"
    )


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
