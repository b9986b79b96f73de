"""Any picture file to a `Picture`: upright, 8 or 16 bits; what is broken or too large is refused in one sentence."""

from __future__ import annotations

import io
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, TiffImagePlugin
from PIL.ExifTags import Base

from iqlut import file_kinds
from iqlut.errors import PictureError
from iqlut.file_kinds import Family
from iqlut.pictures import animation, metadata, png, sixteen_bit_files, tiff, webp
from iqlut.pictures.bits_per_sample import bits_per_sample
from iqlut.pictures.picture import Picture
from iqlut.printable_names import shown

PIXELS_MAX = 200_000_000  # of all frames of a picture, before it is upscaled
_MODES = {  # what a mode becomes before it is upscaled; others are refused
    "1": "L", "L": "L", "La": "LA", "LA": "LA", "PA": "RGBA", "RGB": "RGB", "RGBX": "RGB",
    "RGBa": "RGBA", "RGBA": "RGBA", "YCbCr": "RGB", "HSV": "RGB", "CMYK": "CMYK", "P": "RGB",
}  # fmt: skip
_WITH_ALPHA = {"L": "LA", "RGB": "RGBA"}
_LOSSY = ("JPEG", "MPO", "AVIF")
_pillow_limit = threading.Lock()


def file_bytes(path: Path | None) -> bytes:
    """What a file holds, or stdin for None; PictureError says in one sentence why there is nothing."""
    name = shown(path)
    if path is None and sys.stdin is None:
        raise PictureError("stdin is closed, expected a picture from it")
    try:
        data = sys.stdin.buffer.read() if path is None else path.read_bytes()
    except FileNotFoundError:
        raise PictureError(f"there is no file {name}; check the name") from None
    except IsADirectoryError:
        raise PictureError(f"{name} is a folder, expected a picture") from None
    except OSError as error:
        raise PictureError(
            f"{name} cannot be read ({error.strerror}); check its permissions"
        ) from None
    if not data:
        raise PictureError(f"{name} is empty (0 bytes), expected a picture; get it again")
    return data


def read_file(path: Path | None, pixels_max: int = PIXELS_MAX) -> Picture:
    """The picture in a file, or on stdin for None; PictureError says in one sentence why there is none."""
    data = file_bytes(path)
    if path and file_kinds.is_camera_raw(path.suffix, data):
        raise PictureError(
            f"{shown(path)} is a camera's raw file, expected a picture; develop it first"
        )
    return read(data, shown(path), pixels_max)


def read(data: bytes, name: str = "the picture", pixels_max: int = PIXELS_MAX) -> Picture:
    """The picture in the bytes of a file; PictureError says in one sentence why there is none."""
    with warnings.catch_warnings(), _own_limit(pixels_max):
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata: no fault here
        try:
            image = _open(name, data, pixels_max)
        except PictureError:
            picture = _gray_alpha_tiff(name, data, pixels_max)
            if picture is None:
                raise
            return picture
        with image:
            _check_size(name, image, pixels_max)
            return _decoded(name, data, image)


def _gray_alpha_tiff(name: str, data: bytes, pixels_max: int) -> Picture | None:
    """The one kind of 16 bits whose header Pillow cannot open."""
    tags = tiff.tags(data)
    if tags is None or tags.get(Base.BitsPerSample) not in (16, (16, 16)):
        return None
    pixels = int(tags.get(Base.ImageWidth, 0)) * int(tags.get(Base.ImageLength, 0))
    if pixels > pixels_max:
        raise _too_large(name, f"{pixels / 1e6:.0f}", pixels_max)
    told = Image.new("L", (1, 1))
    told.info = {
        "exif": data,
        "icc_profile": tags.get(Base.InterColorProfile),
        "xmp": tags.get(TiffImagePlugin.XMP),
    }
    return Picture((sixteen_bit_files.decode(name, data),), metadata.upright(told)[1], "TIFF")


@contextmanager
def _own_limit(pixels_max: int) -> Iterator[None]:
    """Our limit of pixels in place of Pillow's, which refuses twice the number it is given."""
    with _pillow_limit:
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = (pixels_max + 1) // 2
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _open(name: str, data: bytes, pixels_max: int) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data))
    except Image.DecompressionBombError:
        raise _too_large(name, "more than the limit", pixels_max) from None
    except Exception:  # UnidentifiedImageError, and whatever a broken header makes a decoder raise
        kind = file_kinds.kind_of_bytes(data[: file_kinds.START_BYTES])
        if kind is not None and kind.family is not Family.PICTURE:
            raise PictureError(
                f"{name} is {kind.name}, which is not read as a picture; convert it first"
            ) from None
        raise PictureError(
            f"{name} is no picture, or only a part of one; expected PNG, JPEG, WebP, TIFF or another common format"
        ) from None


def _check_size(name: str, image: Image.Image, pixels_max: int) -> None:
    if min(image.size) < 1:
        raise PictureError(f"{name} is {image.width}x{image.height} pixels, expected at least 1x1")
    try:
        frames = getattr(image, "n_frames", 1)
    except Exception as error:  # counting them reads the whole file
        raise _damaged(name, error) from None
    frames = (
        1 if image.format == "MPO" else frames
    )  # a photograph, and a preview or a second eye behind it
    if frames > 1 and image.format not in animation.MOVING:
        raise PictureError(
            f"{name} holds {frames} pictures, expected one; split it into single pictures first"
        )
    pixels = image.width * image.height * frames
    if pixels > pixels_max:
        raise _too_large(name, f"{pixels / 1e6:.0f}", pixels_max)


def _too_large(name: str, found: str, pixels_max: int) -> PictureError:
    limit = f"{found} of {pixels_max / 1e6:g} million pixels"
    return PictureError(f"{name} has {limit}; raise it with --max-megapixels if you trust the file")


def _decoded(name: str, data: bytes, image: Image.Image) -> Picture:
    bits, source = bits_per_sample(data, image), str(image.format)
    lossy = source in _LOSSY or (source == "WEBP" and not webp.is_lossless(data))
    moving = getattr(image, "n_frames", 1) > 1 and source != "MPO"
    source = "JPEG" if source == "MPO" else source
    if bits > 8:
        if bits != 16 or source not in sixteen_bit_files.FORMATS or moving:
            wanted = "wanted 8, or 16 in a still PNG or TIFF"
            raise PictureError(
                f"{name} has {bits} bits per sample ({source}), {wanted}; convert it first"
            )
        extras = metadata.upright(image)[1]
        pixels = sixteen_bit_files.decode(name, data)
        try:
            if source == "PNG" and not pixels[-1].any():
                png.check_complete(data)
        except Exception as error:
            raise _damaged(name, error) from None
        return Picture((pixels,), extras, source)
    try:
        if moving:
            frames, how = animation.read(image, data)
        else:
            image.load()
            frames, how = [image], None
        if source == "PNG":
            png.check_complete(data, frames[0])
    except Exception as error:  # decoders raise nearly anything on damaged data
        raise _damaged(name, error) from None
    flip_rotate = [metadata.upright(frame) for frame in frames]
    pixels = _of_one_mode(name, [frame for frame, _ in flip_rotate])
    table = getattr(image, "quantization", {}).get(0)  # of JPEGs alone
    return Picture(
        tuple(pixels), flip_rotate[0][1], source, lossy, how, tuple(table) if table else None
    )


def _damaged(name: str, error: Exception) -> PictureError:
    reason = " ".join(str(error).split())
    return PictureError(f"{name} is damaged or cut short ({reason}); get it again")


def _of_one_mode(name: str, frames: list[Image.Image]) -> list[Image.Image]:
    """The frames in the widest of their modes, without a word beside the pixels."""
    modes = {_mode_of(name, frame) for frame in frames}
    mode = modes.pop() if len(modes) == 1 else "RGBA" if modes & {"LA", "RGBA"} else "RGB"
    return [_plain(frame, mode) for frame in frames]


def _mode_of(name: str, image: Image.Image) -> str:
    if image.mode not in _MODES:
        raise PictureError(
            f"{name} has the colour mode {image.mode}, expected gray, RGB or CMYK; convert it first"
        )
    mode = _MODES[image.mode]
    return _WITH_ALPHA.get(mode, mode) if image.has_transparency_data else mode


def _plain(image: Image.Image, mode: str) -> Image.Image:
    pixels: Any = image.copy() if image.mode == mode else image.convert(mode)
    pixels.info = {}
    return pixels
