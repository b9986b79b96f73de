"""Every input that is to be refused for its size: `oversized_files`, and what is no picture.

Each case writes its file and names the command that reads it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from iqlut.command_line.exit_codes import FAILED, OK, USAGE
from scripts.attack import oversized_files

_SPARSE_BYTES = 8 << 30
_PNG_START = b"\x89PNG\r\n\x1a\n"
_MODEL_HEADER = b'{"__metadata__":{"iqlut":"%s"}}'
_CHECKPOINT_BYTES = 3 << 29  # 1.6 GB of zeros, which take a few MB in a file


@dataclass(frozen=True)
class Oversized:
    """A file, and the command that is to refuse it.

    name          of the file
    write         makes the file at a path
    arguments     of the command, where `file` stands for the file
    codes         the exit codes that are right; OK where the command may leave something out
    needs_torch   whether the command imports PyTorch before it reads the file
    """

    name: str
    write: Callable[[Path], object]
    arguments: tuple[str, ...]
    codes: tuple[int, ...] = (FAILED,)
    needs_torch: bool = False


def cases() -> dict[str, Oversized]:
    """All files, by what they are."""
    return dict(_pictures()) | dict(_others()) | (dict(_of_training()) if _trains() else {})


def _trains() -> bool:
    return bool(find_spec("torch") and find_spec("tomlkit"))


def _written(content: Callable[[], bytes], path: Path) -> None:
    path.write_bytes(content())


def _pictures() -> Iterator[tuple[str, Oversized]]:
    for name, (ending, make) in oversized_files.FILES.items():
        target = f"b.{ending if ending in ('avif', 'heic') else 'png'}"
        arguments = ("upscale", "file", "-o", target)
        yield name, Oversized(f"a.{ending}", partial(_written, make), arguments, (OK, FAILED))


def _sparse(start: bytes, path: Path) -> None:
    """Write a file of 8 GB, of which nearly all is a hole."""
    with path.open("wb") as file:
        file.write(start)
        file.truncate(_SPARSE_BYTES)


def _zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _model(text: bytes, path: Path) -> None:
    header = _MODEL_HEADER % text
    path.write_bytes(len(header).to_bytes(8, "little") + header)


def _others() -> Iterator[tuple[str, Oversized]]:
    picture, info = ("upscale", "file", "-o", "b.png"), ("info", "file")
    for kind, start, name, arguments in (
        ("PNG", _PNG_START, "a.png", picture),
        ("picture without a signature", b"", "a.png", picture),
        ("model", b"", "a.iqlut", info),
        ("Matroska video", b"\x1aE\xdf\xa3", "a.mkv", ("upscale", "file", "-o", "b.mkv")),
    ):
        yield f"{kind} of 8 GB", Oversized(name, partial(_sparse, start), arguments)
    yield "picture without an end", Oversized("a.png", _zeros, picture)
    yield "model without an end", Oversized("a.iqlut", _zeros, info)
    for what, text in (
        ("model with a nested header", b"[" * (8 << 20)),
        ("model with a header of digits", b'{\\"scale\\":' + b"9" * (1 << 19) + b"}"),
        ("model of 1,000,000 layers", b'{\\"layers\\":[' + b"{}," * (1 << 18) + b"{}]}"),
    ):
        yield what, Oversized("a.iqlut", partial(_model, text), info)
    head = b"YUV4MPEG2 W999999 H999999 F25:1 Ip A1:1 C420jpeg\nFRAME\n"
    video = ("upscale", "file", "-o", "b.y4m")
    yield "y4m of 999,999 x 999,999", Oversized("a.y4m", partial(_written, lambda: head), video)
    manifest = ("ray", "file")
    yield "manifest of 8 GB", Oversized("a.json", partial(_sparse, b"["), manifest, (USAGE,))
    for what, text in (("nested manifest", b"[" * (4 << 20)), ("digits", b"9" * (4 << 20))):
        write = partial(Path.write_bytes, data=text)
        yield f"manifest: {what}", Oversized("a.json", write, manifest, (USAGE,))


def _of_training() -> Iterator[tuple[str, Oversized]]:
    train, convert = ("train", "file"), ("convert", "file", "-o", "b.iqlut")
    yield (
        "configuration of 8 GB",
        Oversized("a.toml", partial(_sparse, b""), train, (USAGE,), needs_torch=True),
    )
    for line in ("blocks = 1e9", "channels = 1000000000", "levels = 1000000000"):
        write = partial(Path.write_bytes, data=f"[model]\n{line}\n".encode())
        yield (
            f"configuration with {line}",
            Oversized("a.toml", write, train, (USAGE,), needs_torch=True),
        )
    for what, write in (("of 8 GB", partial(_sparse, b"")), ("that unpacks to 1.6 GB", _packed)):
        yield f"checkpoint {what}", Oversized("a.pt", write, convert, needs_torch=True)


def _packed(path: Path) -> None:
    """Write a checkpoint with a compressed record of zeros."""
    block = bytes(1 << 20)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("a/data/0", "w", force_zip64=True) as record,
    ):
        for _ in range(_CHECKPOINT_BYTES // len(block)):
            record.write(block)
