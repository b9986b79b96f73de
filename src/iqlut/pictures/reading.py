"""Decoding of any supported picture file to an upright `Picture` of 8 or 16 bits per sample.

Files that are damaged, too large or not supported raise PictureError.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from iqlut import file_kinds
from iqlut.errors import PictureError
from iqlut.file_kinds import Family
from iqlut.fork_safe import ModuleLock
from iqlut.pictures import (
    animation,
    heif_boxes,
    metadata,
    opening,
    orientation,
    png,
    sixteen_bit_files,
    tiff_contents,
    transparent_colours,
    webp,
)
from iqlut.pictures.bits_per_sample import bits_per_sample, unusual_samples
from iqlut.pictures.contents import Contents
from iqlut.pictures.opened_header import header_of
from iqlut.pictures.picture import Picture, PictureHeader
from iqlut.planes import pillow_modes
from iqlut.printable_names import shown

PIXELS_MAX = 200_000_000  # in all frames of a picture together, before upscaling
_PIXEL_BYTES_MAX = 8  # RGB and alpha of 16 bits, not compressed
_METADATA_BYTES_MAX = 1 << 26
_CHUNK_BYTES = 1 << 20
Examine = Callable[[PictureHeader], object]
_LOSSY = ("JPEG", "AVIF", "HEIF")
_changes = ExitStack()  # of what is global in Pillow and Python, while a picture is read
_lock = ModuleLock(restore=_changes.close)


def file_bytes(path: Path | None, pixels_max: int = PIXELS_MAX) -> bytes:
    """The content of a file, or of stdin if `path` is None.

    Raises PictureError if it cannot be read, is empty, or has more bytes than a picture of
    `pixels_max` pixels can have. With the usual `pixels_max`, a file that does not begin like a
    picture may be only as large as metadata.
    """
    name = shown(path)
    if path is None and sys.stdin is None:
        raise PictureError("stdin is closed, expected a picture; name a file instead")
    try:
        if path is None:
            data = _read_bounded(sys.stdin.buffer, 0, name, pixels_max)
        else:
            with path.open("rb") as file:
                data = _read_bounded(file, path.stat().st_size, name, pixels_max)
    except FileNotFoundError:
        raise PictureError(f"there is no file {name}; check the name") from None
    except IsADirectoryError:
        raise PictureError(f"{name} is a folder, expected a picture; name a file") from None
    except OSError as error:
        raise PictureError(
            f"{name} cannot be read ({error.strerror}); check its permissions"
        ) from None
    if not data:
        raise PictureError(f"{name} is empty (0 bytes), expected a picture; obtain the file again")
    return data


def _read_bounded(file: BinaryIO, size_bytes: int, name: str, pixels_max: int) -> bytes:
    """The content of an open file, or PictureError once it is known to be too large.

    `size_bytes` is the size of the file, or 0 if it is not known, as that of a pipe.
    """
    start = file.read(file_kinds.START_BYTES)
    kind = file_kinds.kind_of_bytes(start)
    is_picture = kind is not None and kind.family is Family.PICTURE
    bytes_max = _METADATA_BYTES_MAX
    if is_picture or pixels_max > PIXELS_MAX:
        bytes_max += pixels_max * _PIXEL_BYTES_MAX
    chunks, read_bytes = [start], len(start)
    while max(size_bytes, read_bytes) <= bytes_max and (chunk := file.read(_CHUNK_BYTES)):
        chunks.append(chunk)
        read_bytes += len(chunk)
    if max(size_bytes, read_bytes) > bytes_max:
        raise PictureError(
            f"{name} has more than {bytes_max / 1e6:.0f} MB"
            f"{'' if is_picture else ' and does not begin like a picture'}, expected a picture of "
            f"at most {pixels_max / 1e6:g} million pixels; raise the limit with --max-megapixels "
            "if you trust the file"
        )
    return b"".join(chunks)


def _nothing(_header: PictureHeader) -> None:
    """Do not examine a picture before it is decoded."""


def read_file(
    path: Path | None,
    pixels_max: int = PIXELS_MAX,
    examine: Examine = _nothing,
) -> Picture:
    """Decode the picture in a file, or from stdin if `path` is None.

    Before the pixels are decoded, `examine` is called and may refuse the picture. Raises
    PictureError if there is no picture that can be read, or if its frames together have more than
    `pixels_max` pixels.
    """
    data = file_bytes(path, pixels_max)
    if path and file_kinds.is_camera_raw(path.suffix, data):
        raise PictureError(
            f"{shown(path)} is a camera raw file, expected a picture; convert it first"
        )
    return read(data, shown(path), pixels_max, examine)


def read(
    data: bytes,
    name: str = "the picture",
    pixels_max: int = PIXELS_MAX,
    examine: Examine = _nothing,
) -> Picture:
    """Decode the picture in the bytes of a file, which `name` stands for in messages.

    Raises PictureError as `read_file` does.
    """
    with _pillow_prepared(pixels_max):
        contents = metadata.take_apart(name, data)
        _check_complete_tiff(name, contents.pixels)
        try:
            image = opening.open_picture(name, contents.pixels, pixels_max)
        except PictureError:
            picture = _gray_alpha_tiff(name, contents, pixels_max, examine)
            if picture is None:
                raise
            return picture
        with image:
            frames = _check_size(name, image, data, pixels_max)
            contents = metadata.of_opened(image, contents)
            examine(header_of(data, image, frames, contents.orientation))
            return _decoded(name, data, image, contents)


def _check_complete_tiff(name: str, data: bytes) -> None:
    """Raise PictureError for a TIFF file of which a part is missing."""
    kind = file_kinds.kind_of_bytes(data[: file_kinds.START_BYTES])
    if kind is None or kind.name != "TIFF":
        return
    try:
        tiff_contents.check_complete(data)
    except ValueError as error:
        raise _damaged(name, error) from None


def _gray_alpha_tiff(
    name: str, contents: Contents, pixels_max: int, examine: Examine
) -> Picture | None:
    """Decode a gray TIFF file of 16 bits with alpha, the one 16-bit kind that Pillow cannot open.

    Returns None for any other file.
    """
    size = tiff_contents.size_of_16_bits(contents.pixels)
    if size is None:
        return None
    if size[0] * size[1] > pixels_max:
        raise opening.too_large(name, f"{size[0] * size[1] / 1e6:.0f}", pixels_max)
    upright = orientation.upright_size(size, contents.orientation)
    examine(PictureHeader("TIFF", upright, channels=2, bits=16, frames=1))
    return _deep(name, "TIFF", contents)


@contextmanager
def _pillow_prepared(pixels_max: int) -> Iterator[None]:
    """Replace Pillow's limit of pixels by `pixels_max`, and ignore warnings.

    Pillow raises an error at twice the number that it is given, and warns about unusual files,
    which does no harm. Both are global, which is why a lock is held.
    """
    with _lock, _changes:
        _changes.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        _changes.callback(setattr, Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
        Image.MAX_IMAGE_PIXELS = (pixels_max + 1) // 2
        yield


def _check_size(name: str, image: Image.Image, data: bytes, pixels_max: int) -> int:
    """The number of frames. Raises PictureError if there are too many frames or pixels."""
    if min(image.size) < 1:
        raise PictureError(f"{name} is {image.width}x{image.height} pixels, expected at least 1x1")
    try:
        frames = animation.frame_count(image, data)
    except Exception as error:  # counting the frames reads the whole file
        raise _damaged(name, error) from None
    if frames > 1 and image.format not in animation.MOVING:
        raise PictureError(
            f"{name} holds {frames} pictures, expected one; split it into single pictures first"
        )
    pixels = image.width * image.height * frames
    if image.format in ("AVIF", "HEIF"):
        try:
            pixels = max(pixels, heif_boxes.coded_pixels(data))
        except PictureError as error:
            raise _damaged(name, error) from None
    if pixels > pixels_max:
        raise opening.too_large(name, f"{pixels / 1e6:.0f}", pixels_max)
    return frames


def _decoded(name: str, data: bytes, image: Image.Image, contents: Contents) -> Picture:
    bits, source = bits_per_sample(data, image), str(image.format)
    lossy = source in _LOSSY or (source == "WEBP" and not webp.is_lossless(data))
    moving = animation.frame_count(image, data) > 1
    if unusual := unusual_samples(image):
        raise PictureError(
            f"{name} has {unusual} samples ({source}), expected unsigned ones of 8 or 16 bits; "
            "convert it first"
        )
    if bits > 8:
        if bits not in sixteen_bit_files.DEPTHS.get(source, ()) or moving:
            raise PictureError(
                f"{name} has {bits} bits per sample ({source}), expected 8, or 16 in a still PNG "
                "or TIFF file, or 10 or 12 in AVIF or HEIF; convert it first"
            )
        return _deep(name, source, contents, bits)
    try:
        if moving:
            frames, motion = animation.read(image, data)
        else:
            image.load()
            frames, motion = [image], None
        if source == "PNG" and not moving:
            png.check_complete(contents.pixels, image)
            transparent_colours.correct(contents.pixels, image)
    except Exception as error:  # decoders raise almost any exception for damaged data
        raise _damaged(name, error) from None
    plain = _of_one_mode(name, frames)
    pixels = tuple(orientation.upright(frame, contents.orientation) for frame in plain)
    extras = metadata.upright(contents)
    table = getattr(image, "quantization", {}).get(0)  # only JPEG files have one
    table = tuple(table) if table else None
    return Picture(pixels, extras, source, lossy, motion, table, contents.lost)


def _deep(name: str, source: str, contents: Contents, bits: int = 16) -> Picture:
    """Decode a picture of more than 8 bits per sample."""
    pixels = sixteen_bit_files.decode(name, contents.pixels, source, bits)
    try:
        if source == "PNG" and not pixels[-1].any():
            png.check_complete(contents.pixels)
    except Exception as error:
        raise _damaged(name, error) from None
    extras = contents.extras
    if source not in sixteen_bit_files.UPRIGHT:
        pixels = orientation.upright(pixels, contents.orientation)
        extras = metadata.upright(contents)
    return Picture((pixels,), extras, source, source in _LOSSY, lost=contents.lost)


def _damaged(name: str, error: Exception) -> PictureError:
    reason = " ".join(str(error).split())
    return PictureError(f"{name} is damaged or cut short ({reason}); obtain the file again")


def _of_one_mode(name: str, frames: list[Image.Image]) -> list[Image.Image]:
    """Convert all frames to the most general of their modes, without metadata."""
    modes = {_mode_of(name, frame) for frame in frames}
    mode = modes.pop() if len(modes) == 1 else "RGBA" if modes & {"LA", "RGBA"} else "RGB"
    return [_plain(frame, mode) for frame in frames]


def _mode_of(name: str, image: Image.Image) -> str:
    mode = pillow_modes.mode_for(image)
    if mode is None:
        raise PictureError(
            f"{name} has the colour mode {image.mode}, expected gray, RGB or CMYK; convert it first"
        )
    return mode


def _plain(image: Image.Image, mode: str) -> Image.Image:
    pixels: Any = image.copy() if image.mode == mode else image.convert(mode)
    pixels.info = {}
    return pixels
