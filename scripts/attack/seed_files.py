"""Small valid files of every format that iqlut reads, from which damaged ones are made."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np
from PIL import Image, PngImagePlugin

import iqlut
from iqlut.tables import file_format
from iqlut.tables.integer_tables import Tables
from iqlut.tables.layer import Layer
from iqlut.tables.restoration_tables import RestorationTables

_EXIF = Image.Exif()
_EXIF[0x0112], _EXIF[0x010F] = 6, "Camera"  # orientation and maker
_EXIF.get_ifd(0x8769)[0x829A] = 0.5  # exposure time
_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF></rdf:RDF></x:xmpmeta>'


def files_of(kind: str) -> list[bytes]:
    """The content of valid files of a kind, which is one of `kinds()`."""
    return list(_MAKERS[kind]())


def kinds() -> tuple[str, ...]:
    """The endings of the kinds of files that the installed packages can read."""
    needs = {"mkv": "av", "toml": "tomlkit", "pt": "torch"}
    return tuple(kind for kind in _MAKERS if find_spec(needs.get(kind, "iqlut")) is not None)


def _pixels(mode: str, size: tuple[int, int] = (9, 7)) -> Image.Image:
    rng = np.random.default_rng(len(mode))
    noise = rng.integers(0, 256, (*size[::-1], 4), dtype=np.uint8)
    return Image.fromarray(noise).convert(mode)


def _saved(image: Image.Image, format_name: str, options: dict[str, object]) -> bytes:
    file = io.BytesIO()
    image.save(file, format_name, **options)
    return file.getvalue()


def _pictures(format_name: str, *modes: str) -> Callable[[], Iterator[bytes]]:
    """A maker of still pictures in these modes and, where the format has them, of an animation."""
    metadata = {"exif": _EXIF, "icc_profile": b"profile" * 9, "dpi": (300, 300), "xmp": _XMP}

    def make() -> Iterator[bytes]:
        for mode in modes:
            yield _saved(_pixels(mode), format_name, dict(metadata))
        if format_name in ("PNG", "GIF", "WEBP"):
            rest = [_pixels(modes[0], (9, 7)).rotate(180) for _ in range(2)]
            options = {"save_all": True, "append_images": rest, "duration": 40, "loop": 0}
            yield _saved(_pixels(modes[0]), format_name, options)
        if format_name == "PNG":
            deep = Image.fromarray(np.arange(63, dtype=np.uint16).reshape(7, 9) * 1000)
            text = PngImagePlugin.PngInfo()
            text.add_itxt("XML:com.adobe.xmp", _XMP.decode())
            yield _saved(deep, "PNG", {"pnginfo": text})

    return make


def _layer(inputs: int, outputs: int, skip: int) -> Layer:
    lut = np.random.default_rng(1).integers(-99, 100, (inputs, 3, 3, 3, outputs)).astype(np.int8)
    constants = [np.full(outputs, value, np.int16) for value in (50, skip)]
    bias = np.full(outputs, 5000, np.int32)
    return Layer(lut, np.array([0, 90, 255], np.uint8), *constants, bias, 3, 12)


def tables() -> Tables:
    """The tables of a small model of scale 2."""
    return Tables("small", 2, (_layer(1, 2, 3000), _layer(2, 4, 200)), {"seed": 1, "psnr_db": {}})


def _models() -> Iterator[bytes]:
    yield file_format.to_bytes(tables())
    yield file_format.to_bytes(RestorationTables((0, 1.5), (tables(), tables())))


def _manifests() -> Iterator[bytes]:
    rows = [{"source": f"{n}.png", "target": f"out/{n}.png", "size": n} for n in range(3)]
    yield "\n".join(map(json.dumps, rows)).encode()
    yield json.dumps(rows).encode()
    yield b"source,target\n" + b"".join(b'%d.png,"out/%d.png"\n' % (n, n) for n in range(3))


def _configurations() -> Iterator[bytes]:
    model = "[model]\nscale = 2\nblocks = 1\nchannels = 2\nlevels = 5\nknot_a = [0.3]\n"
    train = 'name = "a"\nsteps = 100\nlearning_rate = 2e-3\nexclude = ["x"]\n'
    shared = 'name = "small-x2"\n' + model + "[train]\n" + train.partition("\n")[2]
    yield shared.encode()
    yield (shared + "[degrade]\njpeg_share = 0.5\njpeg_quality = [97, 70, 35, 10]\n").encode()
    yield (shared + '[[stage]]\nname = "a"\n[stage.train]\nsteps = 9\n').encode()


def _y4m() -> Iterator[bytes]:
    for colour, plane_bytes in (("420jpeg", 96), ("mono", 64), ("420p10", 192)):
        head = f"YUV4MPEG2 W8 H8 F25:1 Ip A1:1 C{colour}\n".encode()
        yield head + (b"FRAME\n" + bytes(range(plane_bytes))) * 2


def _videos() -> Iterator[bytes]:
    import av

    for container, codec in (("matroska", "ffv1"), ("mp4", "libx264"), ("avi", "mjpeg")):
        file = io.BytesIO()
        with av.open(file, "w", container) as output:
            stream = output.add_stream(codec, 25, width=16, height=16)
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            for number in range(3):
                picture = _pixels("RGB", (16, 16)).rotate(90 * number)
                output.mux(stream.encode(av.VideoFrame.from_image(picture)))
            output.mux(stream.encode())
        yield file.getvalue()


def _checkpoints() -> Iterator[bytes]:
    import torch

    from iqlut.network import configuration
    from iqlut.network.network import Network

    config = configuration.from_dict({"model": {"scale": 2, "blocks": 1, "channels": 2}})
    network, file = Network(config.model).state_dict(), io.BytesIO()
    values = {"config": config.to_dict(), "step": 1, "data_sha256": "", "ema": network}
    torch.save(values, file)
    yield file.getvalue()


def _unread() -> Iterator[bytes]:
    """Nearly empty files with the signatures of formats that are not read."""
    for start in (
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"ffconcat version 1.0\nfile a.png\n",
        b"#EXTM3U\n",
    ):
        yield start + struct.pack("<4I", 1, 2, 3, 4) + iqlut.__version__.encode()


_MAKERS: dict[str, Callable[[], Iterator[bytes]]] = {
    "png": _pictures("PNG", "RGB", "RGBA", "L", "P", "1", "LA"),
    "jpg": _pictures("JPEG", "RGB", "L", "CMYK"),
    "webp": _pictures("WEBP", "RGB", "RGBA"),
    "tif": _pictures("TIFF", "RGB", "L", "CMYK", "RGBA"),
    "gif": _pictures("GIF", "P", "L"),
    "bmp": _pictures("BMP", "RGB", "L"),
    "avif": _pictures("AVIF", "RGB", "RGBA"),
    "ppm": _pictures("PPM", "RGB", "L"),
    "jp2": _pictures("JPEG2000", "RGB", "L"),
    "unread": _unread,
    "iqlut": _models,
    "json": _manifests,
    "toml": _configurations,
    "y4m": _y4m,
    "mkv": _videos,
    "pt": _checkpoints,
}
