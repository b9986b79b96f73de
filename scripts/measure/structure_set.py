"""The second validation set of shapes: 24 training images of drawings, text and buildings.

Kodak contains photographs of nature and people. A shape that is better on straight lines and sharp
edges does not show it there, and the benchmarks contain more of both. The images are taken from the
training images, so whoever scores on them leaves them out of training, as well as other pieces of
the same originals.
"""

from __future__ import annotations

from pathlib import Path

DRAWINGS = (
    *("7269540950af", "4f525355bda7", "b044bd9f3647", "2db029d64bb1"),
    *("778e2ebfba68", "fd9779bc6996", "867d1540c60b", "91609b7345ad"),
)
TEXT = (  # and diagrams
    *("782c75624521", "2a7b8e986eb5", "c614b9d8a79e", "a546efa7b231"),
    *("f5c2cae7c4eb", "1be1cb2e349b", "94ff16b620e3", "4abe0995f69c"),
)
BUILDINGS = (
    *("5c010792fa1d", "a280aed85cf5", "b952d69758f5", "6b47bafd3adb"),
    *("4a69a4771cd5", "3148e2276d22", "27845224c825", "77aad304fb87"),
)
IMAGES = (*DRAWINGS, *TEXT, *BUILDINGS)
SAME_ORIGINALS = (
    *("0a8c64ed77c3", "9d5b0392c372", "0e622b349c1f", "8d029afdfa99"),
    *("c6c05ceefe84", "a7a2b69e7c85"),
)
LEFT_OUT = (*IMAGES, *SAME_ORIGINALS)  # for `train.exclude`


def link(images: Path, folder: Path) -> Path:
    """Make `folder` with links to the 24 images in the folder `images`, and return it.

    FileNotFoundError if one of them is not there.
    """
    folder.mkdir(parents=True)
    for stem in IMAGES:
        (folder / f"{stem}.webp").symlink_to((images / f"{stem}.webp").resolve(strict=True))
    return folder
