"""EXIF and XMP are carried as bytes; what cannot be carried is named, and nothing stops a picture.

`exif_blocks` assembles what cameras write; ExifTool reads the results where it is installed.
"""

from __future__ import annotations

import io
import json
import random
import shutil
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from command_line import rows, upscale
from exif_blocks import ARTIST_LATIN1, ARTIST_UTF8, MAKER_NOTE, THUMBNAIL, block
from iqlut.pictures import exif, jpeg, png, reading, tiff_directories, writing
from iqlut.pictures.picture import Picture
from picture_files import encoded, noise

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"
ENDINGS = (".jpg", ".png", ".webp", ".avif", ".tif")
ON_EXIFTOOL = pytest.mark.skipif(shutil.which("exiftool") is None, reason="ExifTool is missing")


def jpeg_with(exif_block: bytes, image: Image.Image | None = None) -> bytes:
    return encoded(image or noise("RGB", (7, 5)), "JPEG", exif=b"Exif\0\0" + exif_block)


def chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def png_with(*chunks: bytes) -> bytes:
    """A PNG file with more chunks after its header."""
    data = encoded(noise("RGB", (7, 5)), "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def read_by_exiftool(path: Path) -> dict[str, Any]:
    command = ["exiftool", "-json", "-G1", "-a", "-n", str(path)]
    (found,) = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("ending", ENDINGS)
def test_exif_is_carried_as_bytes(ending: str, order: str, model: str, tmp_path: Path) -> None:
    """Text in any encoding, all folders and the maker note stay; the thumbnail goes."""
    (tmp_path / "a.jpg").write_bytes(jpeg_with(block(order)))
    assert upscale(model, tmp_path / "a.jpg", "-o", tmp_path / f"b{ending}", "-q") == 0
    data = (tmp_path / f"b{ending}").read_bytes()
    for kept in (ARTIST_UTF8, ARTIST_LATIN1, MAKER_NOTE, b"R03\0", b"0100"):
        assert kept in data, kept
    assert THUMBNAIL[2:-2] not in data
    picture = reading.read(data)
    assert picture.size == (20, 28)
    found = picture.extras["exif"]
    order = tiff_directories.byte_order(found)
    folder = tiff_directories.first(found).get(0x8769)
    assert exif.orientation(found) is None and exif.is_adobe_rgb(found)
    place = int(tiff_directories.numbers(order, folder)[0])
    settings = tiff_directories.at(found, place)
    sides = [tiff_directories.numbers(order, settings.get(tag)) for tag in (0xA002, 0xA003)]
    assert sides == [(20,), (28,)]


def test_a_maker_note_stays_at_its_offset(model: str, tmp_path: Path) -> None:
    """Its values refer to offsets in the block, which is also the beginning of a TIFF file."""
    original = block()
    (tmp_path / "a.jpg").write_bytes(jpeg_with(original))
    for ending in (".jpg", ".png", ".webp", ".tif"):
        assert upscale(model, tmp_path / "a.jpg", "-o", tmp_path / f"b{ending}", "-q") == 0
        data = (tmp_path / f"b{ending}").read_bytes()
        header = data.find(original[:4])
        assert data.find(MAKER_NOTE) - header == original.find(MAKER_NOTE), ending


@ON_EXIFTOOL
@pytest.mark.parametrize("ending", ENDINGS)
def test_exiftool_reads_the_same_tags(ending: str, model: str, tmp_path: Path) -> None:
    """Every tag of EXIF but orientation, sizes and thumbnail, and no new warning."""
    (tmp_path / "a.jpg").write_bytes(jpeg_with(block()))
    assert upscale(model, tmp_path / "a.jpg", "-o", tmp_path / f"b{ending}", "-q") == 0
    before, after = (read_by_exiftool(tmp_path / name) for name in ("a.jpg", f"b{ending}"))
    groups = ("IFD0:", "ExifIFD:", "GPS:", "InteropIFD:")
    expected = {tag: value for tag, value in before.items() if tag.startswith(groups)}
    del expected["IFD0:Orientation"]
    expected |= {"ExifIFD:ExifImageWidth": 20, "ExifIFD:ExifImageHeight": 28}
    assert {tag: after.get(tag) for tag in expected} == expected
    assert after.get("ExifTool:Warning") == before.get("ExifTool:Warning")  # the maker note's
    assert not [tag for tag in after if tag.startswith("IFD1")]


@ON_EXIFTOOL
@pytest.mark.parametrize("number", ["01", "03"])
def test_stored_cases(number: str, model: str, tmp_path: Path) -> None:
    source, target = CASES / number / "in.jpg", tmp_path / "big.jpg"
    if not source.exists():
        pytest.skip("the stored cases are not here: ../shared/cases")
    assert upscale(model, source, "-o", target, "-q") == 0
    before, after = read_by_exiftool(source), read_by_exiftool(target)
    groups = ("IFD0:", "ExifIFD:", "GPS:", "InteropIFD:", "IFD1:")
    assert [(tag, value) for tag, value in after.items() if tag.startswith(groups)] == [
        (tag, value) for tag, value in before.items() if tag.startswith(groups)
    ]
    assert not [tag for tag in after if "Warning" in tag]


def test_tiff_gives_and_takes_exif_as_bytes(model: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg_with(block()))
    for source, target in (("a.jpg", "b.tif"), ("b.tif", "c.tif"), ("c.tif", "d.png")):
        assert upscale(model, tmp_path / source, "-o", tmp_path / target, "-q") == 0
    found = reading.read((tmp_path / "d.png").read_bytes()).extras["exif"]
    assert exif.is_adobe_rgb(found)
    for kept in (ARTIST_UTF8, ARTIST_LATIN1, MAKER_NOTE):
        assert kept in found


def test_sizes_in_xmp_are_those_of_the_result(model: str, tmp_path: Path) -> None:
    xmp = (
        b'<x tiff:Orientation="6" tiff:ImageWidth="7" exif:PixelXDimension=\'7\'>'
        b"<exif:PixelYDimension>5</exif:PixelYDimension>\xff</x>"
    )
    (tmp_path / "a.jpg").write_bytes(encoded(noise("RGB", (7, 5)), "JPEG", xmp=xmp))
    for ending in ENDINGS:
        assert upscale(model, tmp_path / "a.jpg", "-o", tmp_path / f"b{ending}", "-q") == 0
        assert reading.read((tmp_path / f"b{ending}").read_bytes()).extras["xmp"] == (
            b"<x tiff:ImageWidth=\"20\" exif:PixelXDimension='20'>"
            b"<exif:PixelYDimension>28</exif:PixelYDimension>\xff</x>"
        )


def test_no_damage_of_exif_stops_a_picture() -> None:
    """Any byte of the block may be wrong, and it may end anywhere."""
    chance, original = random.Random(5), block()
    image = noise("RGB", (7, 5))
    for trial in range(120):
        damaged = bytearray(original)
        for _ in range(1 + trial % 4):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        cut = len(damaged) if trial % 3 else chance.randrange(len(damaged))
        picture = reading.read(jpeg_with(bytes(damaged[:cut]), image))
        assert picture.size in ((7, 5), (5, 7))
        for format_name in ("JPEG", "TIFF"):
            written = writing.encode("a", format_name, picture).data
            assert reading.read(written).size == picture.size


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (jpeg_with(b"not EXIF at all"), "the damaged EXIF"),
        (jpeg_with(b"II*\0\xff\xff\0\0"), "the damaged EXIF"),
        (png_with(chunk(b"iCCP", b"name\0\0no zlib stream")), "the damaged colour profile"),
        (png_with(chunk(b"pHYs", b"12345")), "the damaged pHYs chunk"),
        (png_with(chunk(b"cHRM", b"1")), "the damaged cHRM chunk"),
        (png_with(chunk(b"gAMA", b"\0\0\xb1\x8f")[:-1] + b"?"), None),
        (png_with(chunk(b"zTXt", b"big\0\0" + zlib.compress(bytes(3_000_000)))), None),
        (png_with(chunk(b"iTXt", b"bad\0\1\0")), None),
        (png_with(chunk(b"eXIf", b"MM")), "the damaged EXIF"),
        (png_with(chunk(b"teSt", b"?")), "the teSt chunk"),
    ],
)
def test_damaged_metadata_costs_only_itself(data: bytes, words: str | None) -> None:
    picture = reading.read(data)
    assert picture.size == (7, 5) and picture.lost == (() if words is None else (words,))
    assert reading.read(writing.encode("a", picture.format, picture).data).size == (7, 5)


def test_metadata_that_a_jpeg_file_cannot_hold(model: str, tmp_path: Path, capsys) -> None:
    """A segment of JPEG has 64 KB; PNG files hold more."""
    large = block() + bytes(70_000)
    xmp = b"<x>" + 70_000 * b"x" + b"</x>"
    data = png_with(chunk(b"eXIf", large), chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
    (tmp_path / "a.png").write_bytes(data)
    assert upscale(model, tmp_path / "a.png", "-o", tmp_path / "b.jpg", "--json", "-q") == 0
    (row,) = rows(capsys)
    assert "b.jpg does not hold EXIF of 7" in str(row["notes"]) and "XMP of 7" in str(row["notes"])
    assert upscale(model, tmp_path / "a.png", "-o", tmp_path / "b.png", "-q") == 0
    assert capsys.readouterr().err == ""
    assert reading.read((tmp_path / "b.png").read_bytes()).extras["xmp"] == xmp


def tiff_with(entries: dict[int, Any], **options: Any) -> bytes:
    return encoded(noise("RGB", (7, 5)), "TIFF", tiffinfo=entries, **options)


def five_bands() -> bytes:
    """An RGB TIFF file with two more bands, uncompressed."""
    numbers = {256: 2, 257: 1, 259: 1, 262: 2, 273: 8, 277: 5, 278: 1, 279: 10, 284: 1}
    entries = [tiff_directories.entry_of("<", tag, 4, [number]) for tag, number in numbers.items()]
    entries.append(tiff_directories.entry_of("<", 258, 3, [8] * 5))
    entries.append(tiff_directories.entry_of("<", 338, 3, [0, 0]))
    return tiff_directories.with_first(b"II*\0\0\0\0\0" + bytes(range(10)), entries)


_JPEG = encoded(noise("RGB", (7, 5)), "JPEG")
_TEXT = PngInfo()
_TEXT.add_text("Title", "a picture")


@pytest.mark.parametrize(
    ("data", "format_name", "words"),
    [
        (_JPEG + encoded(noise("L", (4, 4)), "JPEG", comment=b"hdrgm:Version"), "JPEG", "gain map"),
        (_JPEG + _JPEG, "JPEG", "the further pictures"),
        (_JPEG + b"\0\0\0\x18ftypmp42" + bytes(99), "JPEG", "the video of the motion photograph"),
        (_JPEG + b"some more", "JPEG", "the 9 bytes that follow"),
        (tiff_with({33550: (1.0, 1.0, 0.0)}), "TIFF", "the geographic tags"),
        (five_bands(), "TIFF", "2 extra bands"),
        (encoded(noise("RGB", (7, 5)), "PNG", pnginfo=_TEXT), "JPEG", "the PNG texts"),
        (encoded(noise("RGB", (7, 5)), "JPEG", comment=b"hello"), "WEBP", "the comment"),
        (encoded(noise("L", (7, 5)), "GIF", comment=b"hello"), "PNG", "the comment"),
        (jpeg_with(block()), "BMP", "EXIF"),
        (tiff_with({}, big_tiff=True), "PNG", "the descriptive tags (BigTIFF)"),
    ],
)
def test_what_is_lost_is_named(data: bytes, format_name: str, words: str) -> None:
    picture = reading.read(data)
    result = writing.encode("a", format_name, picture)
    assert any(words in phrase for phrase in result.lost), result.lost
    assert reading.read(result.data).size == picture.size


def test_one_note_names_all_that_is_lost(model: str, tmp_path: Path, capsys) -> None:
    """The note is one line on stderr and one value in the JSON; --strip asks for the loss."""
    _TEXT.add_text("Author", "someone")
    data = encoded(noise("RGB", (7, 5)), "PNG", pnginfo=_TEXT, exif=block())
    (tmp_path / "a.png").write_bytes(data)
    for strip in ([], ["--strip"]):
        target = tmp_path / f"b{len(strip)}.bmp"
        assert upscale(model, tmp_path / "a.png", "-o", target, "--json", "-q", *strip) == 0
        printed = capsys.readouterr()
        note = json.loads(printed.out)[0]["notes"]
        expected = f"{target} does not hold {{}} of {tmp_path / 'a.png'}"
        whole = expected.format("the colour space (Adobe RGB), the PNG texts and EXIF")
        assert note == ("" if strip else whole)
        assert printed.err == ("" if strip else f"iqlut: {whole}\n")


def test_comments_texts_and_image_resources_are_kept_in_their_formats() -> None:
    resources = b"8BIM\x04\x04\0\0\0\0\0\x04IPTC" + b"8BIM\x04\x0c\0\0\0\0\0\x02__"
    segment = b"Photoshop 3.0\0" + resources
    marker = b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment
    data = encoded(noise("RGB", (7, 5)), "JPEG", comment=b"hello")
    picture = reading.read(data[:2] + marker + data[2:])
    for format_name in ("JPEG", "TIFF"):
        again = reading.read(writing.encode("a", format_name, picture).data)
        assert again.extras["photoshop"] == resources[:16]  # without the thumbnail
    assert reading.read(writing.encode("a", "JPEG", picture).data).extras["comments"] == (b"hello",)
    data = encoded(noise("RGB", (7, 5)), "PNG", pnginfo=_TEXT)
    large = writing.encode("a", "PNG", reading.read(data)).data
    kept = [part for part in png.chunks(data) if part[0] == b"tEXt"]
    assert [part for part in png.chunks(large) if part[0] == b"tEXt"] == kept != []


def test_jpeg_bands_are_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bands joined by restart markers decode to the pixels of a file that is encoded at once."""
    monkeypatch.setattr(jpeg, "_BAND_PX", 1000)
    for mode in ("L", "RGB", "CMYK"):
        image = noise(mode, (61, 203))
        whole = io.BytesIO()
        image.save(whole, "JPEG", quality=95, subsampling=0)
        (found,) = reading.read(writing.encode("a", "JPEG", Picture((image,))).data).frames
        (expected,) = reading.read(whole.getvalue()).frames
        assert isinstance(found, Image.Image) and isinstance(expected, Image.Image)
        assert found.tobytes() == expected.tobytes(), mode


def test_folders_of_a_tiff_file_that_loop() -> None:
    """A folder that points to itself, or to the first directory."""
    for tag in (0x8769, 0xA005, 0x8825):
        place = len(tiff_with({271: "Camera"}))
        data = bytearray(tiff_with({271: "Camera"}) + bytes(place % 2))
        folder = len(data)
        entries = [tiff_directories.entry_of("<", one, 4, [folder]) for one in (0x8769, 0xA005)]
        data += tiff_directories.encoded("<", entries, folder)
        first = tiff_directories.first(bytes(data))
        kept = [tiff_directories.kept(bytes(data), entry) for entry in first.entries]
        whole = tiff_directories.with_first(
            bytes(data), [*kept, tiff_directories.entry_of("<", tag, 4, [folder])]
        )
        assert reading.read(whole).size == (7, 5)
