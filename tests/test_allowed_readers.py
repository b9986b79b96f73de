"""Files are opened only by decoders and demuxers that read the file alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from PIL import Image

import iqlut
from command_line import refuses, upscale
from iqlut.errors import PictureError, VideoError
from iqlut.file_kinds import is_picture_in_folder, is_video_in_folder
from iqlut.pictures import opening, reading
from picture_files import encoded, noise

SOURCE = Path(iqlut.__file__).parent
# Formats of Pillow that are not read, each with the start of a file that it would open.
UNREAD = {
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
    "EPS of DOS": b"\xc5\xd0\xd3\xc6" + bytes(26) + b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "XPM": b'/* XPM */\nstatic char *a[] = {\n"9 9 1 1",\n',
    "XBM": b"#define a_width 9\n#define a_height 9\nstatic char a_bits[] = {\n0x00};\n",
    "FLI": b"\x80\0\0\0\x12\xaf\x01\0\x09\0\x09\0\x08\0" + bytes(114),
}
PLAYLISTS = {
    "ffconcat": b"ffconcat version 1.0\nfile real.mkv\n",
    "HLS": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nreal.mkv\n#EXT-X-ENDLIST\n",
    "SDP": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 5004 RTP/AVP 96\r\n",
}
# Known to FFmpeg by more than their first bytes, and therefore refused by its list of readers.
OTHER_LISTS = {
    "DASH": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles='
    b'"urn:mpeg:dash:profile:isoff-on-demand:2011"></MPD>',
    "HLS": b"\xef\xbb\xbf#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nreal.mkv\n",
    "VobSub": b"# VobSub index file, v7\nid: en, index: 0\n",
}


@pytest.mark.parametrize("kind", UNREAD)
@pytest.mark.parametrize("name", ["a.png", "a.eps"])
def test_no_other_decoder_of_pillow_is_asked(kind, name, model, tmp_path, capsys, monkeypatch):
    def run(*_):
        raise AssertionError("a decoder that is not in the list was asked")

    Image.init()
    for format_name, (_, accept) in list(Image.OPEN.items()):
        if format_name not in (*opening.FORMATS, "HEIF"):
            monkeypatch.setitem(Image.OPEN, format_name, (run, accept))
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", run)
    (tmp_path / name).write_bytes(UNREAD[kind] + bytes(500))
    refuses(capsys, upscale(model, tmp_path / name, "-o", tmp_path / "big.png"), name)
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    "format_name", ["PNG", "ICO", "PCX", "SGI", "DDS", "QOI", "DIB", "TGA", "PPM", "JPEG2000"]
)
def test_listed_formats_are_read(format_name):
    picture = noise("RGB", (16, 16))
    read = reading.read(encoded(picture, format_name)).frames[0]
    assert isinstance(read, Image.Image)
    assert read.convert("RGB").tobytes() == picture.tobytes()


def test_a_picture_is_opened_by_the_decoder_of_its_signature_alone(monkeypatch):
    """A damaged PNG file is not offered to the decoders of other formats."""
    asked = []

    def remember(file, formats):
        asked.append(formats)
        raise SyntaxError

    monkeypatch.setattr(opening.Image, "open", remember)
    for data in (encoded(noise("RGB", (4, 4)), "PNG"), b"unknown" * 9):
        with pytest.raises(PictureError, match="is not a picture or is incomplete"):
            reading.read(data)
    assert asked == [("PNG",), opening.FORMATS]


def test_every_call_that_opens_a_picture_names_formats():
    calls = [
        (file.name, {keyword.arg for keyword in node.keywords})
        for file in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Image.open"
    ]
    assert "opening.py" in {file for file, _ in calls}
    assert all("formats" in keywords for _, keywords in calls), calls


def test_playlists_in_folders(tmp_path):
    """One that is called like a video is reported; others are passed over as before."""
    for name, found in (("a.mkv", True), ("a.m3u8", False), ("a.txt", False)):
        (tmp_path / name).write_bytes(PLAYLISTS["HLS"])
        assert is_video_in_folder(tmp_path / name) is found
        assert not is_picture_in_folder(tmp_path / name)


def test_lists_of_other_files_are_refused(model, tmp_path, capsys):
    made = pytest.importorskip(
        "video_files", reason="videos need PyAV: pip install 'iqlut[video]'", exc_type=ImportError
    )
    real = made.write_video(tmp_path / "real.mkv", made.pictures(2, 32, 24))
    for kind, data in PLAYLISTS.items():
        for name, target in (("list.mkv", "a.mkv"), ("list.m3u8", "a.png"), ("list.png", "a.png")):
            (tmp_path / name).write_bytes(data)
            code = upscale(model, tmp_path / name, "-o", tmp_path / target)
            refuses(capsys, code, f"{name} is a playlist ({kind})", "expected", "name those files")
            (tmp_path / name).unlink()
    for data in OTHER_LISTS.values():
        (tmp_path / "list.mp4").write_bytes(data)
        code = upscale(model, tmp_path / "list.mp4", "-o", tmp_path / "big.mkv")
        refuses(capsys, code, "list.mp4 is ", "expected a video", "obtain")
        (tmp_path / "list.mp4").unlink()
    assert list(tmp_path.iterdir()) == [real]


def test_ffmpeg_refuses_what_is_not_listed(tmp_path, monkeypatch):
    """Also where our own table of signatures does not know a list."""
    made = pytest.importorskip(
        "video_files", reason="videos need PyAV: pip install 'iqlut[video]'", exc_type=ImportError
    )
    from iqlut.videos import decoding

    made.write_video(tmp_path / "real.mkv", made.pictures(2, 32, 24))
    (tmp_path / "list.mkv").write_bytes(PLAYLISTS["ffconcat"])
    monkeypatch.setattr(decoding, "kind_of", lambda path: None)
    with (
        pytest.raises(VideoError, match="of a format that is not read"),
        decoding.opened(tmp_path / "list.mkv"),
    ):
        pass
    with decoding.opened(tmp_path / "real.mkv") as container:
        assert container.format.name == "matroska,webm"
