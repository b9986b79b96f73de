"""The room on the disk that a result needs, checked before it is made."""

from __future__ import annotations

import shutil
from pathlib import Path

from iqlut.errors import PictureError
from iqlut.path_states import is_device, is_folder
from iqlut.pictures.picture import PictureHeader

_UNCOMPRESSED = ("BMP", "PPM", "TGA")
_COMPRESSION_MAX = 500  # samples per byte of the file; photographs reach a tenth of it


def check(
    name: str, target: Path | None, format_name: str, picture: PictureHeader, size: tuple[int, int]
) -> None:
    """Raise PictureError if the disk has no room for a picture, upscaled to `size`.

    The size of a compressed file is unknown beforehand, so only what cannot fit is refused. `name`
    stands for the target in messages.
    """
    if target is None or is_device(target):
        return
    samples = size[0] * size[1] * picture.channels * picture.frames * picture.bits // 8
    needed = samples if format_name in _UNCOMPRESSED else samples // _COMPRESSION_MAX
    folder = next((one for one in target.absolute().parents if is_folder(one)), None)
    free = shutil.disk_usage(folder).free if folder else needed
    if free < needed:
        raise PictureError(
            f"{name} needs at least {needed / 1e6:.1f} MB, expected as much room on the disk, "
            f"which has {free / 1e6:.1f} MB; free some space or name another folder with -o"
        )
