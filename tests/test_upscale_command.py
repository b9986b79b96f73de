"""`iqlut upscale` upscales every kind of picture and refuses each bad input in one sentence."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from colour_profiles import profile
from command_line import refuses, upscale
from iqlut import atomic_files, cli, native, upscaling
from iqlut.command_line import exit_codes
from iqlut.native import inference as native_inference
from iqlut.pictures.bits_per_sample import bits_per_sample
from picture_files import BAD, noise, opened, png, save_kinds


def test_upscale_equals_the_library(photo, model, tmp_path):
    assert upscale(model, photo, "-o", tmp_path / "big.png", "-s", "4", "-t", "1") == 0
    expected = upscaling.upscale(np.array(opened(photo)), model=model, engine="reference")
    np.testing.assert_array_equal(np.array(opened(tmp_path / "big.png")), expected)


def test_upscale_keeps_kinds_and_formats(model, tmp_path):
    """Each mode in each format is upscaled and keeps its colours and transparency."""
    (tmp_path / "out").mkdir()
    kinds = save_kinds(tmp_path)
    assert upscale(model, *kinds, "-o", tmp_path / "out") == 0
    for source, mode in kinds.items():
        with Image.open(source) as before, Image.open(tmp_path / "out" / source.name) as after:
            after.load()
            assert after.format == before.format, source.name
            assert after.size == (4 * before.width, 4 * before.height), source.name
            assert after.mode == mode, source.name
            assert after.has_transparency_data == before.has_transparency_data, source.name


def test_upscale_keeps_metadata_and_turns_once(model, tmp_path):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera"  # orientation: a quarter turn; maker
    exif.get_ifd(0x8769).update({0xA002: 7, 0x829A: 0.5})  # pixel width, exposure time
    for suffix in (".jpg", ".png", ".webp", ".tif"):
        source, target = tmp_path / f"turned{suffix}", tmp_path / f"big{suffix}"
        noise("RGB", (7, 5)).save(source, exif=exif, icc_profile=profile("RGB"), dpi=(300, 300))
        assert upscale(model, source, "-o", target) == 0
        with Image.open(target) as big:
            assert big.size == (20, 28), suffix
            assert big.getexif().get(0x0112, 1) == 1 and big.getexif()[0x010F] == "Camera", suffix
            if suffix != ".tif":  # Pillow writes no EXIF folder into TIFF
                assert dict(big.getexif().get_ifd(0x8769)) == {0xA002: 20, 0x829A: 0.5}, suffix
            assert big.info["icc_profile"] == profile("RGB"), suffix
            if suffix != ".webp":  # has no place for it
                assert tuple(round(x) for x in big.info["dpi"]) == (300, 300), suffix


def test_upscale_drops_only_broken_metadata(model, tmp_path, capsys):
    source = tmp_path / "odd.jpg"
    noise("RGB", (7, 5)).save(source, exif=b"Exif\0\0not an EXIF block at all")
    assert upscale(model, source, "-o", tmp_path / "big.jpg") == 0
    with Image.open(tmp_path / "big.jpg") as big:
        assert big.size == (28, 20)


def test_upscale_cmyk_to_png_becomes_rgb(model, tmp_path):
    noise("CMYK", (6, 6)).save(tmp_path / "inks.jpg")
    assert upscale(model, tmp_path / "inks.jpg", "-o", tmp_path / "big.png") == 0
    assert opened(tmp_path / "big.png").mode == "RGB"


def test_upscale_opaque_alpha_may_become_jpeg(model, tmp_path):
    image = noise("RGB", (6, 6))
    image.putalpha(255)
    image.save(tmp_path / "screen.png")
    assert upscale(model, tmp_path / "screen.png", "-o", tmp_path / "screen.jpg") == 0
    assert opened(tmp_path / "screen.jpg").mode == "RGB"


def test_upscale_into_a_folder_and_over_a_file(photo, model, tmp_path):
    (tmp_path / "out").mkdir()
    target = tmp_path / "out" / "photo.png"
    target.write_bytes(b"old")
    assert upscale(model, photo, "-o", tmp_path / "out") == exit_codes.FAILED
    assert target.read_bytes() == b"old"
    assert upscale(model, photo, "-o", tmp_path / "out", "--overwrite") == 0
    assert opened(target).size == (28, 20)


def test_one_failure_does_not_stop_the_rest(photo, model, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert (
        upscale(model, tmp_path / "bad.png", tmp_path / "none.png", photo, "-o", tmp_path / "out")
        == exit_codes.FAILED
    )
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["photo.png"]
    assert "1 of 3 pictures upscaled, 2 failed, in 0:0" in capsys.readouterr().err


# what cannot be done


@pytest.mark.parametrize("name", BAD)
def test_bad_pictures(name, model, tmp_path, capsys):
    content, words = BAD[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    code = upscale(model, tmp_path / name, "-o", tmp_path / "big.png")
    assert code == exit_codes.FAILED
    refuses(capsys, code, name, words)
    assert not list(tmp_path.glob("*big*")) and not list(tmp_path.glob(".*"))


def test_depth_of_avif():
    image = Image.new("RGB", (1, 1))
    image.format = "AVIF"
    for flags, bits in ((0x0C, 8), (0x4C, 10), (0x6C, 12)):
        assert bits_per_sample(b"....av1C\x81\x00" + bytes([flags, 0]), image) == bits


def test_huge_pictures(photo, model, tmp_path, capsys):
    """The limit applies to all frames, and to the size in the header before decoding."""
    (tmp_path / "lying.png").write_bytes(png(60_000, 60_000, 8, rows=1))
    flip_rotate = [noise("P", (40, 30)).rotate(angle) for angle in range(9)]
    flip_rotate[0].save(tmp_path / "many.gif", save_all=True, append_images=flip_rotate[1:])
    noise("RGB", (40, 30)).save(tmp_path / "large.webp")
    for name, limit in (
        ("photo.png", 0.000034),
        ("lying.png", 200),
        ("many.gif", 0.006),
        ("large.webp", 0.001),
    ):
        code = upscale(
            model, tmp_path / name, "-o", tmp_path / "big.png", "--max-megapixels", limit
        )
        refuses(capsys, code, name, "million pixels", "--max-megapixels")
    assert upscale(model, photo, "-o", tmp_path / "big.png", "--max-megapixels", 0.000035) == 0


def test_wrong_arguments(photo, model, tmp_path, capsys):
    """Invalid arguments give exit code 2 before any picture is read."""
    (tmp_path / "more").mkdir()
    other = tmp_path / "more" / "photo.png"
    other.write_bytes(photo.read_bytes())
    out = tmp_path / "big.png"
    wrong: list[tuple[tuple[object, ...], str]] = [
        (("-o", out), "no input is named"),
        ((photo, "-o", tmp_path / "none" / "big.png"), "there is no folder"),
        ((photo, other, "-o", out), "is not a folder"),
        ((photo, other, "-o", tmp_path), "several files would become"),
        ((tmp_path, "-o", out), "is not a folder"),
        ((tmp_path / "more", "-o", tmp_path / "more"), "its own output"),
        ((tmp_path / "*.tif", "-o", tmp_path), "there is no picture or video in"),
        ((photo, "-o", out, "--format", "doc"), "the format 'doc' is unknown"),
        ((photo, "-o", out, "--format", "jpg"), "means PNG, expected JPEG as --format says"),
        ((photo, "-o", out, "--quality", 0), "expected 1 to 100"),
        ((photo, "-o", out, "--shard", "5/4"), "expected I/N"),
        ((photo, "-o", out, "--size", "big"), "expected WIDTHxHEIGHT"),
        ((photo, "-o", out, "--size", "0x9"), "1 or more"),
        ((photo, "-o", out, "--size", "9x9", "--width", 9), "leave the others out"),
        ((photo, "-o", out, "-s", 4, "--width", 9), "leave out -s or the size"),
        ((photo, "-o", out, "--max-megapixels", 0), "more than 0"),
        ((photo, "-o", "-", "--json"), "only one of them to use stdout"),
        (("-", photo, "-o", out), "expected one if - is used"),
        (("-", "-o", tmp_path), "has no name"),
        ((photo, "-o", tmp_path / "big.xyz"), "does not have the extension of a picture format"),
        ((photo, "-o", tmp_path / "big"), "does not have the extension of a picture format"),
        ((photo, "-o", out, "-s", 2), "the scale is 2, expected 4"),
        ((photo, "-o", out, "-t", 0), "expected 1 or more"),
        ((photo, "-o", out, "--engine", "abacus"), "reference, native, torch"),
        ((photo, "-o", out, "-m", "l1c1-x4"), "there is no model 'l1c1-x4'"),
        ((photo, "-o", out, "-s", 7), "the scale is 7, expected 4"),
    ]
    for arguments, words in wrong:
        code = upscale(model, *arguments)
        assert code == exit_codes.USAGE, words
        refuses(capsys, code, words)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "more", photo]


def test_default_model_of_an_unknown_scale(photo, tmp_path, capsys):
    code = cli.main(["upscale", str(photo), "-o", str(tmp_path / "big.png"), "-s", "7"])
    assert code == exit_codes.USAGE
    refuses(capsys, code, "the scale is 7, expected 2, 3 or 4", "--width, --height or --size")


def test_model_files_that_are_none(photo, tmp_path, capsys):
    (tmp_path / "text.iqlut").write_text("no tables")
    for name, words in (("text.iqlut", "not an iqlut model"), ("none.iqlut", "cannot be read")):
        code = upscale(str(tmp_path / name), photo, "-o", tmp_path / "big.png")
        assert code == exit_codes.FAILED
        refuses(capsys, code, name, words)


def test_outputs_that_are_in_the_way(photo, model, tmp_path, capsys):
    before = photo.read_bytes()
    target = tmp_path / "big.png"
    target.write_bytes(b"old")
    clear = tmp_path / "clear.png"
    noise("RGBA", (4, 4)).save(clear)
    tall = tmp_path / "tall.png"
    Image.new("L", (1, 5000)).save(tall)
    for arguments, words in (
        ((photo, "-o", target), "--overwrite"),
        ((photo, "-o", photo, "--overwrite"), "its own output"),
        ((photo, "-o", tmp_path), "its own output"),
        ((clear, "-o", tmp_path / "clear.jpg"), "cannot keep the transparency"),
        ((tall, "-o", tmp_path / "tall.webp"), "20000 pixels long"),
    ):
        code = upscale(model, *arguments)
        assert code == exit_codes.FAILED
        refuses(capsys, code, words)
    assert photo.read_bytes() == before and target.read_bytes() == b"old"
    assert not (tmp_path / "clear.jpg").exists() and not (tmp_path / "tall.webp").exists()


def test_interrupted_writing_leaves_nothing(photo, model, tmp_path, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic_files.os, "link", interrupt)
    assert upscale(model, photo, "-o", tmp_path / "big.png") == exit_codes.INTERRUPTED
    assert list(tmp_path.iterdir()) == [photo]


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_process(number, model, tmp_path):
    (tmp_path / "out").mkdir()
    pictures = [tmp_path / f"{i}.png" for i in range(60)]
    for picture in pictures:
        noise("RGB", (160, 160)).save(picture)
    command = [
        sys.executable,
        "-m",
        "iqlut",
        "upscale",
        "-m",
        model,
        "--engine",
        "reference",
        "-o",
        tmp_path / "out",
    ]
    with subprocess.Popen([*command, *pictures], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "0.png" in process.stderr.readline()
        process.send_signal(number)
        rest = process.stderr.read()
    assert (
        process.returncode == exit_codes.INTERRUPTED
        and "interrupted" in rest
        and "Traceback" not in rest
    )
    left = list((tmp_path / "out").iterdir())
    assert 1 <= len(left) < 60
    for file in left:
        opened(file)


def test_no_native_library(photo, model, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(native.importlib.util, "find_spec", lambda name: None)
    native_inference.library.cache_clear()
    monkeypatch.setattr(upscaling, "_built", type(upscaling._built)())
    code = cli.main(["upscale", str(photo), "-o", str(tmp_path / "big.png"), "-m", model])
    assert code == exit_codes.USAGE
    refuses(capsys, code, "without its native library", "reinstall")
    native_inference.library.cache_clear()


def test_unforeseen_errors(photo, model, tmp_path, capsys, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(upscaling, "upscale", fail)
    code = upscale(model, photo, "-o", tmp_path / "big.png")
    assert code == exit_codes.FAILED
    refuses(capsys, code, "deep inside", "--debug")
    assert upscale(model, photo, "-o", tmp_path / "big.png", "--debug") == exit_codes.FAILED
    assert "Traceback" in capsys.readouterr().err
