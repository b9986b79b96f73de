"""Picture files in and out: decoding, what a file says besides its pixels, and writing that is all or nothing."""

from __future__ import annotations

import io
import os
import secrets
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageOps

from iqlut.depth import bits_per_sample


class PictureError(Exception):
    """A picture that cannot be read or written. The message is one sentence."""


@dataclass(frozen=True)
class Format:
    """What a file format can hold, and how we save it."""

    alpha: bool
    side_max: int = 2**31 - 1
    options: dict[str, Any] = field(default_factory=dict)
    inks: bool = False  # CMYK


FORMATS = {
    "PNG": Format(True),
    "JPEG": Format(False, 65535, {"quality": 95, "subsampling": 0}, inks=True),
    "WEBP": Format(True, 16383, {"quality": 95}),
    "TIFF": Format(True, options={"compression": "tiff_adobe_deflate"}, inks=True),
    "AVIF": Format(True, 65535, {"quality": 95, "subsampling": "4:4:4"}),
    "JPEG2000": Format(True),
    "GIF": Format(True, 65535),
    "TGA": Format(True, 65535),
    "BMP": Format(False),
    "PPM": Format(False),
}
_MODES = {  # what a mode becomes before it is enlarged; others are refused
    "1": "L", "L": "L", "La": "LA", "LA": "LA", "PA": "RGBA", "RGB": "RGB", "RGBX": "RGB",
    "RGBa": "RGBA", "RGBA": "RGBA", "YCbCr": "RGB", "HSV": "RGB", "CMYK": "CMYK", "P": "RGB",
}  # fmt: skip
_WITH_ALPHA = {"L": "LA", "RGB": "RGBA"}


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture: upright, 8 bits, of mode L, LA, RGB, RGBA or CMYK.

    extras   what `Image.save` takes besides pixels: icc_profile, exif, xmp, dpi
    format   Pillow's name of the format it came from
    lossy    whether that format had already dropped details
    """

    image: Image.Image
    extras: dict[str, Any]
    format: str
    lossy: bool


def read(path: Path) -> Picture:
    """The picture in the file at `path`; PictureError says in one sentence why there is none."""
    data = _bytes(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata and of large pictures: neither is a fault here
        image = _open(path, data)
        deep = bits_per_sample(data, image)
        if deep > 8:
            raise PictureError(f"{path} has {deep} bits per sample, wanted 8; convert it to 8 bits first")
        frames = getattr(image, "n_frames", 1)
        if frames > 1 and image.format != "MPO":  # MPO: a photograph, and a preview or a second eye behind it
            raise PictureError(f"{path} holds {frames} pictures, wanted one; split it into single pictures first")
        try:
            image.load()
        except Exception as error:  # decoders raise nearly anything on damaged data
            raise PictureError(f"{path} is damaged or cut short ({error}); get it again") from None
        lossy = image.format in ("JPEG", "MPO", "AVIF") or (image.format == "WEBP" and not _is_lossless_webp(data))
        source = "JPEG" if image.format == "MPO" else str(image.format)
        upright, extras = _upright(image)
        return Picture(_eight_bit(path, upright), extras, source, lossy)


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise PictureError(f"there is no file {path}; check the name") from None
    except IsADirectoryError:
        raise PictureError(f"{path} is a folder, wanted a picture; name the files in it, as in {path}/*") from None
    except OSError as error:
        raise PictureError(f"{path} cannot be read ({error.strerror}); check its permissions") from None
    if not data:
        raise PictureError(f"{path} is empty (0 bytes), wanted a picture; get it again")
    return data


def _open(path: Path, data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data))
    except Image.DecompressionBombError:
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000
        raise PictureError(f"{path} has more than {limit} million pixels; cut it into parts first") from None
    except Exception:  # UnidentifiedImageError, and whatever a broken header makes a decoder raise
        raise PictureError(
            f"{path} is no picture, or only a part of one; wanted PNG, JPEG, WebP, TIFF or another common format"
        ) from None
    if min(image.size) < 1:
        raise PictureError(f"{path} is {image.width}x{image.height} pixels, wanted at least 1x1")
    return image


def _is_lossless_webp(data: bytes) -> bool:
    """Whether the pixels lie in a VP8L chunk: a walk over the RIFF chunks."""
    place = 12
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if name in (b"VP8L", b"VP8 "):
            return name == b"VP8L"
        place += 8 + size + size % 2
    return False


_EXIF_KEPT = (270, 271, 272, 305, 306, 315, 33432, 282, 283, 296)  # what describes, not what lays out the file
_EXIF_FOLDERS = (34665, 34853)  # the camera's settings, the place
_EXIF_SIZES = (40962, 40963)  # pixel width and height: no longer true


def _upright(image: Image.Image) -> tuple[Image.Image, dict[str, Any]]:
    """The picture as its EXIF orientation wants it seen, and its extras without that orientation."""
    try:
        turned = ImageOps.exif_transpose(image)
    except Exception:  # broken EXIF never stops a picture
        turned = image
    info = turned.info
    extras = {name: info[name] for name in ("icc_profile", "xmp", "dpi") if info.get(name)}
    try:
        exif = _exif(image)  # turning loses what a TIFF file says
    except Exception:
        exif = b""
    if exif:
        extras["exif"] = exif
    return turned, extras


def _exif(image: Image.Image) -> bytes:
    """The descriptive part of the EXIF block: no layout of the old file, no orientation, no thumbnail."""
    old, new = image.getexif(), Image.Exif()
    for tag in _EXIF_KEPT:
        if tag in old:
            new[tag] = old[tag]
    for folder in _EXIF_FOLDERS:
        content = {tag: value for tag, value in old.get_ifd(folder).items() if tag not in _EXIF_SIZES}
        if content:
            new.get_ifd(folder).update(content)
    return new.tobytes() if len(new) or any(new.get_ifd(folder) for folder in _EXIF_FOLDERS) else b""


def _eight_bit(path: Path, image: Image.Image) -> Image.Image:
    """The picture in one of the five modes, without a word beside its pixels."""
    if image.mode not in _MODES:
        raise PictureError(f"{path} has the colour mode {image.mode}, wanted gray, RGB or CMYK; convert it first")
    mode = _MODES[image.mode]
    if image.has_transparency_data:
        mode = _WITH_ALPHA.get(mode, mode)
    pixels = image.copy() if image.mode == mode else image.convert(mode)
    pixels.info = {}
    return pixels


def _from_cmyk(image: Image.Image, profile: bytes | None) -> Image.Image:
    """CMYK to RGB, by its profile where that works."""
    if profile:
        try:
            inks, screen = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, inks, screen, outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError):
            pass
    return image.convert("RGB")


def format_of(path: Path) -> str | None:
    """The format that the ending of a name stands for, if we write it."""
    name = Image.registered_extensions().get(path.suffix.lower())
    return name if name in FORMATS else None


def check_holds(path: Path, format_name: str, picture: Picture, scale: int) -> None:
    """PictureError if a file of that format cannot hold the enlarged picture."""
    if format_name not in FORMATS:
        raise PictureError(f"{path} cannot be written in the format {format_name}; name a .png with -o")
    limits, size = FORMATS[format_name], max(picture.image.size) * scale
    if size > limits.side_max:
        raise PictureError(f"{path} would be {size} pixels long, {format_name} holds {limits.side_max}; name a .png")
    if not limits.alpha and not _is_opaque(picture.image):
        raise PictureError(f"{path} cannot keep the transparency of its source ({format_name}); name a .png or .webp")


def _is_opaque(image: Image.Image) -> bool:
    return image.mode not in ("LA", "RGBA") or image.getchannel("A").getextrema() == (255, 255)


def write(path: Path, format_name: str, picture: Picture) -> bool:
    """Save under a temporary name, then rename: a file that exists is whole. False if the extras were left out."""
    image, extras, limits = picture.image, picture.extras, FORMATS[format_name]
    if not limits.alpha and image.mode in _WITH_ALPHA.values():
        image = image.convert(image.mode[:-1])
    if not limits.inks and image.mode == "CMYK":
        image = _from_cmyk(image, extras.get("icc_profile"))
        extras = {name: value for name, value in extras.items() if name != "icc_profile"}  # it speaks of inks
    options = dict(limits.options)
    if format_name == "WEBP" and not picture.lossy:
        options = {"lossless": True, "exact": True}
    try:
        return write_atomically(path, lambda file: _save(image, file, format_name, options, extras))
    except OSError as error:
        raise PictureError(f"{path} cannot be written ({error.strerror or error}); check the folder") from None
    except ValueError as error:
        raise PictureError(f"{path} cannot be written ({error}); name a .png with -o") from None


def _save(
    image: Image.Image, file: io.BufferedIOBase, name: str, options: dict[str, Any], extras: dict[str, Any]
) -> bool:
    encoded = io.BytesIO()
    try:
        image.save(encoded, name, **options, **extras)
        kept = True
    except Exception:
        if not extras:
            raise
        encoded = io.BytesIO()
        image.save(encoded, name, **options)  # odd metadata never costs the picture
        kept = False
    file.write(encoded.getbuffer())
    return kept


def write_atomically(path: Path, fill: Callable[[io.BufferedIOBase], Any]) -> Any:
    """Call `fill` with a file that becomes `path` when it returns, and vanishes when it raises."""
    path = path.resolve()
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as file:
            result = fill(file)
        os.replace(temporary, path)  # noqa: PTH105  (the words of every manual on atomic writing)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return result
