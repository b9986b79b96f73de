"""Every format x mode x metadata: what comes back is what went in, upscaled."""

from __future__ import annotations

import io
import itertools
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from colour_profiles import profile
from command_line import upscale
from iqlut import upscaling
from iqlut.errors import PictureError
from iqlut.pictures import formats, reading
from iqlut.pictures import png as png_container
from picture_files import encoded, noise, png

PROFILE = profile("RGB", b"profile of colours" * 9)
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="6" dc:title="\xc3\xa9"/></x:xmpmeta>'
)
MODES = {  # of a source: which mode its upscaling has
    "1": "L", "L": "L", "LA": "LA", "P": "RGB", "P transparent": "RGBA", "L key": "LA",
    "RGB": "RGB", "RGBA": "RGBA", "CMYK": "CMYK",
}  # fmt: skip
HOLDS = {
    "PNG": ("1", "L", "LA", "P", "P transparent", "L key", "RGB", "RGBA"),
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK"),
    "BMP": ("1", "L", "P", "RGB"),
    "AVIF": ("RGB", "RGBA"),
    "GIF": ("L", "P", "P transparent"),
}
KEPT = {  # besides the pixels, as those formats that cannot hold all of it
    "GIF": set[str](), "BMP": {"dpi"},
}  # fmt: skip
EXTRAS = {"icc_profile", "exif", "xmp", "dpi"}
METADATA = ("nothing", "icc_profile", "exif", "xmp", "dpi", "turned", "everything")
CASES = [(name, mode) for name, modes in HOLDS.items() for mode in modes]


def source(format_name: str, mode: str, metadata: str) -> bytes:
    """A picture of 7x5 pixels in that format and mode."""
    kind, _, key = mode.partition(" ")
    image = noise("RGB", (7, 5)).quantize(16) if kind == "P" else noise(kind, (7, 5))
    options: dict[str, Any] = {"transparency": 3 if kind == "P" else 7} if key else {}
    if format_name == "WEBP":
        options = {"lossless": True, "exact": True}
    exif = Image.Exif()
    if metadata in ("exif", "everything"):
        exif[0x010F], exif[0x0131] = "Camera", "Program"
        exif.get_ifd(0x8769).update({0x829A: 0.5, 0xA002: 7, 0x9003: "2024:02:03 04:05:06"})
        exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 30.5)})
    if metadata in ("turned", "everything"):
        exif[0x0112] = 6
    space = {"L": "GRAY", "LA": "GRAY", "1": "GRAY", "CMYK": "CMYK"}.get(kind)
    given: dict[str, Any] = {
        "icc_profile": profile(space) if space else PROFILE,
        "xmp": XMP,
        "dpi": (200, 300),
    }
    wanted = {
        name
        for name in ("icc_profile", "xmp", "dpi", "exif")
        if name == metadata or metadata == "everything" or (metadata == "turned" and name == "exif")
    }
    if "xmp" in wanted and format_name == "TIFF":
        exif[700], wanted = XMP, wanted | {"exif"}
    if "xmp" in wanted and format_name == "PNG":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode())
    given["exif"] = exif.tobytes() if format_name != "TIFF" else exif
    file = io.BytesIO()
    image.save(file, format_name, **{name: given[name] for name in wanted}, **options)
    return file.getvalue()


def exif_of(extras: dict[str, object]) -> dict[object, Any]:
    exif = Image.Exif()
    exif.load(extras.get("exif", b""))  # type: ignore[arg-type]
    folders = {folder: dict(exif.get_ifd(folder)) for folder in (0x8769, 0x8825)}
    return {
        tag: value
        for tag, value in exif.items()
        if tag not in folders and tag not in (282, 283, 296)
    } | folders


def without_sizes(exif: dict[object, Any]) -> dict[object, Any]:
    folder = {tag: value for tag, value in exif[0x8769].items() if tag not in (0xA002, 0xA003)}
    return exif | {0x8769: folder}


def same_metadata(before: dict[str, object], after: dict[str, object], kept: set[str]) -> None:
    for name in ("icc_profile", "xmp"):
        assert after.get(name) == (before.get(name) if name in kept else None), name
    if "exif" in kept:
        assert without_sizes(exif_of(after)) == without_sizes(exif_of(before))
    else:
        assert "exif" not in after
    if "dpi" in kept and "dpi" in before:
        np.testing.assert_allclose(after["dpi"], before["dpi"], atol=0.02)  # type: ignore[arg-type]  (dots per metre)


@pytest.mark.parametrize("format_name, mode", CASES, ids=lambda value: str(value).replace(" ", "_"))
def test_matrix(format_name: str, mode: str, model: str, tmp_path: Path) -> None:
    """In its own format; lossless ones with the very pixels of the library."""
    for metadata in METADATA:
        data = source(format_name, mode, metadata)
        name = f"{metadata}{formats.ENDINGS[format_name]}"
        (tmp_path / name).write_bytes(data)
        assert upscale(model, tmp_path / name, "-o", tmp_path / f"big-{name}", "-q") == 0
        before, after = reading.read(data), reading.read((tmp_path / f"big-{name}").read_bytes())
        (small,), (large,) = before.frames, after.frames
        if metadata == "everything":
            lacking = {"WEBP": {"dpi"}, "AVIF": {"dpi"}, "GIF": EXTRAS, "BMP": EXTRAS - {"dpi"}}
            assert set(before.extras) == EXTRAS - lacking.get(format_name, set())
        expected = upscaling.upscale(small, model=model, engine="reference")
        assert after.format == format_name and large.size == expected.size, metadata
        if format_name != "GIF":
            assert large.mode == MODES[mode] == expected.mode, metadata
        if format_name in ("PNG", "TIFF", "BMP", "WEBP"):
            np.testing.assert_array_equal(np.array(large), np.array(expected), metadata)
        same_metadata(before.extras, after.extras, KEPT.get(format_name, set(before.extras)))
        with Image.open(tmp_path / f"big-{name}") as big:
            assert big.getexif().get(0x0112, 1) == 1, metadata


@pytest.mark.parametrize("format_name", HOLDS)
def test_any_format_from_any(format_name: str, model: str, tmp_path: Path) -> None:
    for other in HOLDS:
        (tmp_path / f"{other}.any").write_bytes(
            source(other, "L" if other in ("GIF",) else "RGB", "everything")
        )
    sources = [tmp_path / f"{other}.any" for other in HOLDS]
    assert (
        upscale(model, *sources, "-o", tmp_path / "out", "--format", format_name.lower(), "-q") == 0
    )
    for other in HOLDS:
        large = reading.read(
            (tmp_path / "out" / f"{other}.any{formats.ENDINGS[format_name]}").read_bytes()
        )
        before = reading.read((tmp_path / f"{other}.any").read_bytes())
        assert large.format == format_name
        same_metadata(
            before.extras,
            large.extras,
            set(before.extras) & KEPT.get(format_name, set(before.extras)),
        )


def test_turned_pixels(model: str, tmp_path: Path) -> None:
    """The eight orientations, told by EXIF or by XMP alone, all become the one upright picture."""
    upright = noise("RGB", (7, 5))
    undo = {
        2: 0,
        3: 3,
        4: 1,
        5: 5,
        6: 2,
        7: 6,
        8: 4,
    }  # orientation: Pillow's way from upright to stored
    expected = np.array(upscaling.upscale(upright, model=model, engine="reference"))
    for orientation, ending in itertools.product(range(1, 9), (".png", ".tif", ".webp")):
        stored = (
            upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
        )
        exif = Image.Exif()
        exif[0x0112] = orientation
        path, target = tmp_path / f"{orientation}{ending}", tmp_path / f"big{orientation}{ending}"
        stored.save(path, exif=exif, **({"lossless": True} if ending == ".webp" else {}))
        assert upscale(model, path, "-o", target, "-q") == 0
        for file in (target, target):  # reading it again turns it no further
            np.testing.assert_array_equal(
                np.array(reading.read(file.read_bytes()).frames[0]), expected
            )


def test_strip(model: str, tmp_path: Path) -> None:
    for format_name in ("PNG", "JPEG", "WEBP", "TIFF", "AVIF"):
        path = tmp_path / f"a{formats.ENDINGS[format_name]}"
        path.write_bytes(source(format_name, "RGB", "everything"))
        assert upscale(model, path, "-o", tmp_path / f"b{path.suffix}", "--strip", "-q") == 0
        stripped = reading.read((tmp_path / f"b{path.suffix}").read_bytes())
        assert stripped.extras == {} and stripped.size == (20, 28)


def test_quality(model: str, tmp_path: Path) -> None:
    noise("RGB", (16, 16)).save(tmp_path / "a.png")
    for ending in (".jpg", ".webp", ".avif"):
        sizes = []
        for quality in (20, 95):
            target = tmp_path / f"{quality}{ending}"
            assert upscale(model, tmp_path / "a.png", "-o", target, "--quality", quality, "-q") == 0
            sizes.append(target.stat().st_size)
        assert sizes[0] < sizes[1], ending


def test_formats_go_by_content(model: str, tmp_path: Path) -> None:
    """A PNG called .jpg stays one in a folder; a target that is named says what it becomes."""
    noise("RGBA", (7, 5)).save(tmp_path / "photo.png")
    (tmp_path / "in").mkdir()
    (tmp_path / "photo.png").rename(tmp_path / "in" / "photo.jpg")
    assert upscale(model, tmp_path / "in", "-o", tmp_path / "out", "-q") == 0
    assert reading.read((tmp_path / "out" / "photo.jpg").read_bytes()).format == "PNG"
    assert upscale(model, tmp_path / "in" / "photo.jpg", "-o", tmp_path / "big.webp", "-q") == 0
    assert reading.read((tmp_path / "big.webp").read_bytes()).format == "WEBP"


def test_short_interlaced_png_is_told_from_a_whole_one() -> None:
    from iqlut.pictures.png import _is_short

    for bits in (8, 16):
        assert not _is_short(png(9, 7, bits)) and _is_short(png(9, 7, bits, rows=6))
    for size in (
        (1, 1),
        (3, 2),
        (9, 17),
    ):  # interlaced, by the integer arithmetic of the seven passes: made of the passes' own rows
        passes = [
            (0, 0, 8, 8),
            (4, 0, 8, 8),
            (0, 4, 4, 8),
            (2, 0, 4, 4),
            (0, 2, 2, 4),
            (1, 0, 2, 2),
            (0, 1, 1, 2),
        ]
        rows = [
            len(range(x, size[0], dx)) for x, y, dx, dy in passes for _ in range(y, size[1], dy)
        ]
        data = b"".join(b"\0" + bytes(3 * row) for row in rows if row)
        assert not _is_short(png(*size, 8, interlaced=data))
        assert _is_short(png(*size, 8, interlaced=data[:-1]))


def test_a_whole_png_is_inflated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only an image whose last row is zero, as Pillow fills missing rows, is inflated again."""
    inflated: list[int] = []
    monkeypatch.setattr(png_container, "_is_short", lambda data: bool(inflated.append(1)))
    reading.read(encoded(noise("RGB", (9, 7)), "PNG"))
    assert not inflated
    reading.read(png(9, 7, 8))
    assert len(inflated) == 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("missing", [1, 5])
@pytest.mark.parametrize("after", [b"", bytes(50)])
def test_png_files_that_end_early_are_refused(mode: str, missing: int, after: bytes) -> None:
    """Valid checksums and a valid stream of fewer bytes than the header says."""
    whole = encoded(noise(mode, (9, 7)), "PNG")
    parts = [
        (name, zlib.compress(zlib.decompress(data)[:-missing]) + after if name == b"IDAT" else data)
        for name, data in png_container.chunks(whole)
    ]
    with pytest.raises(PictureError, match="is damaged or cut short"):
        reading.read(png_container.joined(parts))
