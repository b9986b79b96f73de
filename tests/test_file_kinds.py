"""The content of a file decides its kind. The ending of the name decides if the content cannot."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from iqlut import file_kinds
from iqlut.file_kinds import Family, is_picture_in_folder, is_video, is_video_in_folder, kind_of
from picture_files import encoded, noise

SOURCE = Path(file_kinds.__file__).parent


@pytest.mark.parametrize("name", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "AVIF"])
def test_pictures_of_every_format_are_recognised_under_any_name(name: str, tmp_path: Path) -> None:
    file = tmp_path / "named wrongly.mp4"
    file.write_bytes(encoded(noise("RGB", (8, 6)), name))
    kind = kind_of(file)
    assert kind is not None and (kind.family, kind.name) == (Family.PICTURE, name)
    assert is_picture_in_folder(file) and not is_video(file) and not is_video_in_folder(file)


@pytest.mark.parametrize(
    ("name", "start", "family", "picture", "video"),
    [
        ("a.png", b"....ftypM4A ", Family.SOUND, False, False),
        ("a.png", b"RIFF....WAVE", Family.SOUND, False, False),
        ("a.png", b"RIFF....AVI ", Family.VIDEO, False, True),
        ("a.tif", b"II*\0....CR\x02", Family.CAMERA_RAW, True, False),
        ("a.mov", b"....ftypcrx ", Family.CAMERA_RAW, True, False),
        ("a.mp4", b"....ftypheic", Family.PICTURE, True, False),
        ("a.png", b"8BPS", Family.PICTURE, False, False),
        ("a.weba", b"\x1aE\xdf\xa3", Family.VIDEO, False, False),
        ("a.png", b"unknown", None, True, False),
        ("a.nef", b"unknown", None, True, False),
        ("a.mkv", b"unknown", None, False, True),
        ("a.ts", b"unknown", None, False, False),
        ("a.pdf", b"unknown", None, False, False),
        ("a.txt", b"unknown", None, False, False),
    ],
)
def test_what_a_folder_holds(
    name: str, start: bytes, family: Family | None, picture: bool, video: bool, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(start)
    kind = kind_of(file)
    assert (kind and kind.family) == family
    assert (is_picture_in_folder(file), is_video_in_folder(file)) == (picture, video)


@pytest.mark.parametrize(
    ("suffix", "start", "raw"),
    [
        (".nef", b"II*\0", True),
        (".NEF", b"unknown", True),
        (".tif", b"II*\0", False),
        (".dng", b"\xff\xd8\xff", False),
        (".jpg", b"FUJIFILMCCD-RAW", True),
    ],
)
def test_camera_raw(suffix: str, start: bytes, raw: bool) -> None:
    assert file_kinds.is_camera_raw(suffix, start) is raw


def test_a_file_that_is_not_there_has_no_kind(tmp_path: Path) -> None:
    assert kind_of(tmp_path / "nothing.png") is None


def test_no_other_module_has_signatures() -> None:
    """A literal of bytes that one of the signatures begins with stands in `file_kinds` alone."""
    magic = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*", b"MM\0", b"8BPS", b"\x1aE\xdf", b"YUV4")
    writers = {
        "gif.py",
        "tiff.py",
        "tiff_directories.py",
        "exif.py",
    }  # the headers of the files that they write
    for file in SOURCE.rglob("*.py"):
        if file.name == "file_kinds.py" or file.name in writers:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
                assert not node.value.startswith(magic), f"{file.name}:{node.lineno}"
