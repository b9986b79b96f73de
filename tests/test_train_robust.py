"""Long runs that are stopped or killed, that have no disk space left, or that get bad input.

Each failure is one sentence on stderr with an exit code other than 0, and the last good checkpoint
is kept.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'iqlut[train]'")

from command_line import refuses
from iqlut import atomic_files, cli
from iqlut.command_line import exit_codes
from iqlut.network import configuration
from iqlut.training import checkpoint as states
from iqlut.training import loop, training_images
from states import equal

MODEL = "[model]\nblocks = 1\nchannels = 2\nscale = 2\n"
STEPS, EVERY = 1200, 20  # of a whole run, between checkpoints


def picture(side: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (side // 4, side // 4, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((side, side))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    picture(64).save(folder / "one.png")
    return folder


def written(folder: Path, data: Path, steps: int, model: str = MODEL, **train: Any) -> Path:
    """A configuration file of a tiny run; each one writes over the last."""
    values = {"data": str(data), "validation": str(data), "steps": steps, "batch": 2, "patch": 8}
    values |= {"checkpoint_every": EVERY, "validate_every": 100_000, **train}
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    path = folder / "tiny.toml"
    path.write_text('name = "tiny"\n' + model + "[train]\n" + "\n".join(lines))
    return path


def train(config: Path, *more: str) -> int:
    return cli.main(["train", str(config), "--out", str(config.parent / "run"), "-t", "1", *more])


def process(config: Path, *more: str) -> subprocess.Popen[str]:
    """The same in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "iqlut",
        "train",
        str(config),
        "--out",
        str(config.parent / "run"),
        "-t",
        "1",
    ]
    return subprocess.Popen([*command, *more], stderr=subprocess.PIPE, text=True)


def until(run: Path, checkpoints: int, running: subprocess.Popen[str]) -> None:
    """Waits until the run has written so many checkpoints."""
    deadline, log = time.monotonic() + 120, run / "log.jsonl"
    while not log.exists() or len(log.read_text().splitlines()) < checkpoints:
        assert running.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The images of a run that nothing ended, and its last state."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "images").mkdir()
    picture(64).save(folder / "images/one.png")
    config = written(folder, folder / "images", STEPS)
    return folder / "images", states.read(loop.train(configuration.load(config), folder / "run"))


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_an_ended_run_goes_on_bit_for_bit(
    whole: tuple[Path, dict[str, Any]], tmp_path: Path, sign: signal.Signals
) -> None:
    """What ends a run costs the steps since the last checkpoint, and nothing else."""
    config, run = written(tmp_path, whole[0], STEPS), tmp_path / "run"
    with process(config) as running:
        until(run, 3, running)
        running.send_signal(sign)
        assert running.stderr is not None
        said = running.stderr.read()
    if sign == signal.SIGKILL:
        assert running.returncode == -signal.SIGKILL
    else:
        assert running.returncode == exit_codes.INTERRUPTED
        assert said.splitlines()[-1] == f"iqlut: interrupted; continue from {run} with --resume"
        assert "Traceback" not in said and not list(run.glob(".*.part"))
    step = states.read(run / "checkpoint.pt")["step"]
    logged = [json.loads(line)["step"] for line in (run / "log.jsonl").read_text().splitlines()]
    assert 3 * EVERY <= step < STEPS and step % EVERY == 0
    assert step - logged[-1] in (0, EVERY)  # a line is written after its checkpoint
    assert train(config, "--resume") == 0
    assert equal(states.read(run / "checkpoint.pt"), whole[1])


@pytest.mark.skipif(os.name != "posix", reason="locks as POSIX has them")
def test_what_a_killed_run_left_half_written_goes_away(images: Path, tmp_path: Path) -> None:
    config, run = written(tmp_path, images, steps=1), tmp_path / "run"
    assert train(config) == 0
    (run / ".checkpoint.pt.iqlut-0123abcd.part").write_bytes(b"half")
    assert train(config, "--resume") == 0
    assert not list(run.glob(".*.part"))


def test_a_full_disk_keeps_the_checkpoint(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A limit on the size of files stands for the disk: writing fails in the middle of the file."""
    config, checkpoint = written(tmp_path, images, steps=2 * EVERY), tmp_path / "run/checkpoint.pt"
    assert train(config, "--minutes", "0") == 0
    kept, limits = checkpoint.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    capsys.readouterr()
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(kept) // 2, limits[1]))
    try:
        code = train(config, "--resume")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    last = capsys.readouterr().err.splitlines()[-1]
    assert code == exit_codes.FAILED and last.startswith(f"iqlut: {checkpoint} cannot be written")
    assert all(words in last for words in ("File too large", "is kept", "--resume"))
    assert checkpoint.read_bytes() == kept
    assert not list(checkpoint.parent.glob(".*.part"))
    assert train(config, "--resume") == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
def test_a_full_disk_for_the_log(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, log = written(tmp_path, images, steps=2 * EVERY), tmp_path / "run/log.jsonl"
    assert train(config, "--minutes", "0") == 0
    log.unlink()
    log.symlink_to("/dev/full")
    capsys.readouterr()
    assert train(config, "--resume") == exit_codes.FAILED
    last = capsys.readouterr().err.splitlines()[-1]
    assert "log.jsonl cannot be written (No space left on device)" in last
    assert states.read(tmp_path / "run/checkpoint.pt")["step"] == EVERY


def test_a_full_disk_for_the_decoded_images(
    images: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_files, "write_atomically", full)
    assert train(written(tmp_path, images, steps=1)) == exit_codes.FAILED
    said = capsys.readouterr().err.splitlines()[-1]
    assert "(No space left on device), expected room for the decoded images" in said


def test_what_is_no_number_keeps_the_last_good_checkpoint(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether the interval or the minutes end first."""
    config, checkpoint = written(tmp_path, images, steps=4 * EVERY), tmp_path / "run/checkpoint.pt"
    assert train(config, "--minutes", "0") == 0
    saved = torch.load(checkpoint, weights_only=True)
    saved["network"]["alpha"].fill_(torch.nan)
    torch.save(saved, checkpoint)
    kept = checkpoint.read_bytes()
    for minutes in ([], ["--minutes", "0"]):
        capsys.readouterr()
        code = train(config, "--resume", *minutes)
        assert code == exit_codes.FAILED
        assert "is not finite" in capsys.readouterr().err.splitlines()[-1]
        assert checkpoint.read_bytes() == kept


def damaged(checkpoint: Path, how: str) -> None:
    saved = torch.load(checkpoint, weights_only=True)
    if how == "cut":
        checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    elif how == "empty":
        checkpoint.write_bytes(b"")
    elif how == "text":
        checkpoint.write_text("no checkpoint")
    else:
        del saved["optimiser"]
        torch.save(saved, checkpoint)


def test_bad_checkpoints(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, checkpoint = written(tmp_path, images, steps=1), tmp_path / "run/checkpoint.pt"
    assert train(config) == 0
    good = checkpoint.read_bytes()
    for how in ("cut", "empty", "text", "lacking"):
        checkpoint.write_bytes(good)
        damaged(checkpoint, how)
        capsys.readouterr()
        refuses(capsys, train(config, "--resume"), "is not a complete checkpoint")
    checkpoint.write_bytes(good)
    refuses(
        capsys,
        train(written(tmp_path, images, steps=1, seed=2), "--resume"),
        "another configuration",
    )
    checkpoint.rename(tmp_path / "first.pt")
    refuses(capsys, train(config, "--resume"), "does not exist")
    other = MODEL.replace("scale = 2", "scale = 3")
    narrow = MODEL.replace("channels = 2", "channels = 1")
    for name, model, sentence in (
        ("start", narrow, "more blocks, channels"),
        ("teacher", other, "upscales 2"),
    ):
        config = written(
            tmp_path, images, steps=1, model=model, **{name: str(tmp_path / "first.pt")}
        )
        assert train(config) in (exit_codes.FAILED, exit_codes.USAGE)
        assert sentence in capsys.readouterr().err.splitlines()[-1]


def test_bad_images(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder, sentence in ((empty, "holds no images"), (tmp_path / "none", "is not a folder")):
        refuses(capsys, train(written(tmp_path, folder, steps=1)), sentence)
    code = train(written(tmp_path, images, steps=1, patch=100))
    assert code == exit_codes.FAILED
    assert "every image in" in capsys.readouterr().err.splitlines()[-1]
    (images / "cut.png").write_bytes((images / "one.png").read_bytes()[:300])
    (images / "text.png").write_text("no picture")
    Image.fromarray(np.zeros((64, 64), np.uint16)).save(images / "deep.png")
    code = train(written(tmp_path, images, steps=1))
    last = capsys.readouterr().err.splitlines()[-1]
    assert code == exit_codes.FAILED
    for words in ("cut.png is damaged or cut short", "text.png is not a picture", "remove"):
        assert words in last
    assert "one.png" not in last and not (tmp_path / "run").exists()


def test_images_smaller_than_a_patch_are_left_out_and_counted(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture(12).save(images / "small.png")
    assert train(written(tmp_path, images, steps=1)) == 0
    assert "1 images are smaller than a patch and are left out" in capsys.readouterr().err
    assert json.loads((tmp_path / "run/config.json").read_text())["skipped"] == ["small.png"]


def test_folders_as_div2k_is_distributed(tmp_path: Path) -> None:
    """HR images are examples; their small versions and those for validation are not."""
    root = tmp_path / "DIV2K"
    for part, names in (("train", ("0001", "0002")), ("valid", ("0801",))):
        for folder, side, end in (
            (f"DIV2K_{part}_HR", 64, ""),
            (f"DIV2K_{part}_LR_bicubic/X4", 16, "x4"),
        ):
            (root / folder).mkdir(parents=True)
            for seed, name in enumerate(names):
                picture(side, seed).save(root / folder / f"{name}{end}.png")
    for where, validation, count in (
        (root / "DIV2K_train_HR", root / "DIV2K_valid_HR", 2),
        (root, root / "DIV2K_valid_HR", 2),
        (root, tmp_path, 3),
        (root / "DIV2K_train_LR_bicubic", tmp_path, 2),
    ):
        train = configuration.TrainConfig(data=str(where), validation=str(validation), patch=2)
        planes = training_images.load(train, 4, tmp_path / "cache", lambda *_: None)
        assert len(planes.sizes) == count
        assert planes.sizes[0].tolist() == ([4, 4] if "LR" in where.name else [16, 16])
