"""Audio and other streams are copied where the container holds them, else encoded or noted."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")

from command_line import refuses, upscale
from ffmpeg_videos import CASES, described, doubled, ffmpeg, film, needs_ffmpeg, sound_s

pytestmark = needs_ffmpeg
VIDEO = ("-c:v", "mpeg4", "-bf", "0")
# Codecs that Matroska stores under names of its own, and with the header of a WAV file.
COPIED = {
    ".wmv": ("wmav2", "wmav1"),
    ".avi": ("adpcm_ms", "adpcm_ima_wav", "pcm_alaw", "pcm_mulaw", "mp3", "pcm_s16le", "ac3"),
    ".mov": ("pcm_alaw", "alac", "pcm_s16be", "pcm_s24le"),
    ".mpg": ("mp2",),
    ".mkv": ("flac", "libopus", "libvorbis"),
}


def sound_of(path: Path) -> str:
    """A hash of the samples that ffmpeg decodes."""
    return hashlib.sha256(ffmpeg("-i", path, "-map", "0:a:0", "-f", "s16le", "-")).hexdigest()


def kinds(path: Path) -> list[str]:
    return [stream["codec_type"] for stream in described(path)["streams"]]


@pytest.mark.parametrize(
    ("suffix", "codec"), [(suffix, codec) for suffix, names in COPIED.items() for codec in names]
)
def test_every_codec_that_matroska_holds_is_copied(suffix, codec, tmp_path):
    source = film(tmp_path / f"source{suffix}", *VIDEO, "-c:a", codec, "-strict", "-2",
                  "-metadata:s:a", "title=Tone")  # fmt: skip
    assert doubled(source, tmp_path / "big.mkv").notes == ()
    before, after = (
        next(s for s in described(path)["streams"] if s["codec_type"] == "audio")
        for path in (source, tmp_path / "big.mkv")
    )
    for key in ("codec_name", "sample_rate", "channels"):
        assert after[key] == before[key]
    assert after.get("tags", {}).get("title") == before.get("tags", {}).get("title")
    assert sound_of(tmp_path / "big.mkv") == sound_of(source)


def test_what_a_container_cannot_hold_is_left_out_with_a_note(tmp_path):
    source = film(tmp_path / "source.wmv", *VIDEO, "-c:a", "wmav2")
    (note,) = doubled(source, tmp_path / "big.mp4").notes
    assert "codec wmav2, which" in note and "--audio-codec" in note
    assert kinds(tmp_path / "big.mp4") == ["video"]


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("aac", ".mp4"), ("opus", ".webm"), ("mp3", ".mp4"), ("flac", ".mp4"), ("ac3", ".mov")],
)
def test_audio_codec_encodes_what_cannot_be_copied(name, suffix, tmp_path):
    source = film(tmp_path / "source.wmv", *VIDEO, "-c:a", "wmav2")
    options = {"preset": "12"} if suffix == ".webm" else {}
    outcome = doubled(source, tmp_path / f"big{suffix}", audio_codec=name, **options)
    assert (
        outcome.notes == ()
        and described(tmp_path / f"big{suffix}")["streams"][1]["codec_name"] == name
    )
    assert abs(sound_s(tmp_path / f"big{suffix}") - sound_s(source)) <= 0.05


def test_audio_codec_copies_what_can_be_copied(tmp_path):
    source = film(tmp_path / "source.mkv", *VIDEO, "-c:a", "libopus")
    doubled(source, tmp_path / "big.mkv", audio_codec="aac")
    assert described(tmp_path / "big.mkv")["streams"][1]["codec_name"] == "opus"


def empty_track(folder: Path) -> Path:
    """A transport stream whose second audio track is announced but has no packet."""
    path = film(folder / "two.ts", *VIDEO, "-map", "0:v", "-map", "1:a", "-map", "1:a", "-c:a",
                "mp2", "-mpegts_flags", "+resend_headers")  # fmt: skip
    data = path.read_bytes()
    packets = [data[i : i + 188] for i in range(0, len(data), 188)]
    kept = [packet for packet in packets if (packet[1] & 0x1F) << 8 | packet[2] != 0x102]
    assert len(kept) < len(packets)
    path.write_bytes(b"".join(kept))
    return path


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_an_empty_track_is_left_out_with_a_note(suffix, tmp_path):
    source = empty_track(tmp_path)
    (note,) = doubled(source, tmp_path / f"big{suffix}").notes
    assert "stream 2" in note and "announces audio but is empty" in note
    assert kinds(tmp_path / f"big{suffix}") == ["video", "audio"]


def three_sounds(folder: Path) -> Path:
    names = [text for i in range(3) for text in ("-map", "1:a", f"-metadata:s:a:{i}", f"title={i}")]
    return film(folder / "source.mkv", *VIDEO, "-map", "0:v", *names, "-c:a", "flac")


@pytest.mark.parametrize(
    ("choice", "titles"), [("0,2", ["1"]), ("v:0,a:2", ["2"]), ("v,a", ["0", "1", "2"]), ("v", [])]
)
def test_streams_are_chosen(choice, titles, tmp_path):
    doubled(three_sounds(tmp_path), tmp_path / "big.mkv", streams=choice)
    streams = described(tmp_path / "big.mkv")["streams"]
    assert [s["tags"]["title"] for s in streams if s["codec_type"] == "audio"] == titles


def test_the_first_chosen_video_is_upscaled(tmp_path):
    source = tmp_path / "two.mkv"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=32x32:d=0.2", "-f", "lavfi", "-i",
           "testsrc2=s=64x48:d=0.2", "-map", "0", "-map", "1", "-c:v", "mpeg4", source)  # fmt: skip
    doubled(source, tmp_path / "big.mkv", streams="1")
    assert [s["width"] for s in described(tmp_path / "big.mkv")["streams"]] == [128]
    doubled(source, tmp_path / "both.mkv")
    assert [s["width"] for s in described(tmp_path / "both.mkv")["streams"]] == [64, 64]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--streams", "7"], ["has no stream '7'", "0 (video), 1 (audio)", "--streams"]),
        (["--streams", "a:3"], ["has no stream 'a:3'"]),
        (["--streams", "a"], ["has no video (only audio)"]),
        (["--streams", "x"], ["has no stream 'x'"]),
        (["--audio-codec", "vorbis"], ["cannot hold the audio codec 'vorbis'", "aac, opus"]),
    ],
)
def test_choices_that_are_refused(arguments, words, model, tmp_path, capsys):
    source = film(tmp_path / "source.mkv", *VIDEO, "-c:a", "flac", seconds=0.2)
    code = upscale(model, source, "-o", tmp_path / "big.mkv", *arguments)
    refuses(capsys, code, *words)
    assert list(tmp_path.iterdir()) == [source]


def test_an_audio_codec_that_the_container_refuses(model, tmp_path, capsys):
    source = film(tmp_path / "source.mkv", *VIDEO, "-c:a", "flac", seconds=0.2)
    code = upscale(model, source, "-o", tmp_path / "big.webm", "--audio-codec", "aac")
    refuses(capsys, code, "cannot hold the audio codec 'aac', expected one of opus")


@pytest.mark.parametrize("name", ["27/in.wmv", "27/cam_adpcm.avi", "27/cam_alaw.mkv", "30/in.ts"])
def test_cases(name, tmp_path):
    if not (CASES / name).exists():
        pytest.skip(f"there is no ../shared/cases/{name}")
    doubled(CASES / name, tmp_path / "big.mkv")
    assert kinds(tmp_path / "big.mkv") == ["video", "audio"]
    assert sound_of(tmp_path / "big.mkv") == sound_of(CASES / name)
