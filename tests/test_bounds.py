"""Files that are larger, deeper or wider than any use needs are refused before they cost much."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iqlut.errors import BadModelFile, IllegalTables, ManifestError, PictureError
from iqlut.pictures import reading
from iqlut.ray import manifest
from iqlut.tables import file_format, integer_tables
from iqlut.tables.integer_tables import Tables
from iqlut.tables.symmetry import Symmetry
from random_tables import random_tables, symmetric_tables

PEAK_MB = 300  # the most memory that any refusal may take
SPARSE_BYTES = 8 << 30

# Every refusal in one process, which prints its peak of memory in MB at the end.
REFUSALS = r"""
import re, sys
from pathlib import Path
from iqlut.errors import IqlutError
from iqlut.pictures import reading
from iqlut.ray import manifest
from iqlut.tables import file_format

for number, path in enumerate(map(Path, sys.argv[1:])):
    read = {".iqlut": file_format.read, ".json": manifest.read}.get(path.suffix, reading.read_file)
    try:
        read(path)
    except IqlutError as error:
        print(error)
status = Path("/proc/self/status").read_text()
print(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024)
"""


def sparse(path: Path, start: bytes) -> Path:
    with path.open("wb") as file:
        file.write(start)
        file.truncate(SPARSE_BYTES)
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="sparse files and ru_maxrss as Linux has them")
def test_refusals_take_little_memory(tmp_path):
    png = b"\x89PNG\r\n\x1a\n"
    header = b'{"__metadata__":{"iqlut":"{}"}}'
    nested = b'{"__metadata__":{"iqlut":"' + b"[" * (8 << 20) + b'"}}'
    paths = [
        sparse(tmp_path / "a.png", png),
        sparse(tmp_path / "b.png", b""),
        sparse(tmp_path / "c.iqlut", len(header).to_bytes(8, "little") + header),
        sparse(tmp_path / "d.json", b"["),
        tmp_path / "e.iqlut",
    ]
    paths[-1].write_bytes(len(nested).to_bytes(8, "little") + nested)
    for name in ("zero.png", "zero.iqlut"):
        (tmp_path / name).symlink_to("/dev/zero")
        paths.append(tmp_path / name)
    done = subprocess.run([sys.executable, "-c", REFUSALS, *paths], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *sentences, peak_mb = done.stdout.splitlines()
    assert len(sentences) == len(paths) and all("expected" in one for one in sentences), sentences
    assert int(peak_mb) <= PEAK_MB


def test_the_size_of_a_picture_file_follows_from_its_pixels(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    Image.new("L", (40, 30)).save(path)
    path.write_bytes(path.read_bytes() + bytes(20_000))
    monkeypatch.setattr(reading, "_METADATA_BYTES_MAX", 10_000)
    assert len(reading.file_bytes(path, 2000)) > 20_000
    with pytest.raises(PictureError, match=r"more than 0 MB, .*--max-megapixels"):
        reading.file_bytes(path, 1000)
    path.write_bytes(bytes(20_000))
    with pytest.raises(PictureError, match=r"more than 0 MB and does not begin like a picture"):
        reading.file_bytes(path)
    monkeypatch.setattr(reading, "PIXELS_MAX", 1999)
    assert reading.file_bytes(path, 2000) == path.read_bytes()


def changed_header(data: bytes, **changes: object) -> bytes:
    """The bytes of a model file with other values in its header."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    own = json.loads(header["__metadata__"]["iqlut"]) | changes
    header["__metadata__"]["iqlut"] = json.dumps(own)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def nest(depth: int) -> dict[str, object]:
    value: dict[str, object] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"about": nest(300)}, "about"),
        ({"name": "n" * 101}, "name"),
        ({"format": 2, "strengths": [0, 10**400]}, "wrong type"),
        ({"format": 2, "strengths": [0, 1e999]}, "wrong type"),
        ({"layers": [[1, 2, True]] * 257}, "257 layers, expected at most 256"),
        ({"scale": 10**400}, "scale is 1000"),
    ],
)
def test_headers_of_models_are_bounded(changes, words):
    data = file_format.to_bytes(random_tables(np.random.default_rng(1), channels=2, blocks=1))
    with pytest.raises(BadModelFile, match=words):
        file_format.from_bytes(changed_header(data, **changes))


def test_a_model_has_at_most_256_layers(monkeypatch):
    first, block, last = random_tables(np.random.default_rng(1), 2, 2, 1).layers
    layers = (first, *[block] * 255, last)
    with pytest.raises(IllegalTables, match="there are 257 layers, expected at most 256"):
        Tables("long", 2, layers)
    monkeypatch.setattr(integer_tables, "LAYERS_MAX", 257)
    data = file_format.to_bytes(Tables("long", 2, layers))
    monkeypatch.undo()
    with pytest.raises(BadModelFile, match="there are 257 layers, expected at most 256"):
        file_format.from_bytes(data)


def test_entries_that_symmetry_restores_count(monkeypatch):
    tables = random_tables(np.random.default_rng(1), channels=8, blocks=1)
    data = file_format.to_bytes(tables)
    monkeypatch.setattr(file_format, "FILE_BYTES_MAX", len(data))
    assert file_format.from_bytes(data).sha256 == tables.sha256
    with pytest.raises(BadModelFile, match=rf"entries, expected at most {len(data)}"):
        file_format.from_bytes(changed_header(data, symmetry=8))
    monkeypatch.setattr(file_format, "FILE_BYTES_MAX", len(data) - 1)
    with pytest.raises(IllegalTables, match=f"{len(data)} bytes, expected at most"):
        file_format.to_bytes(tables)


def test_no_file_is_written_that_no_reader_takes():
    """Symmetric tables that are small in the file and large outside it."""
    rng, group = np.random.default_rng(1), Symmetry(8)
    first, block, last = symmetric_tables(rng, group, 2, shape=(64, 64)).layers
    tables = Tables("large", 2, (first, *[block] * 15, last), symmetry=8)
    with pytest.raises(IllegalTables, match="entries, expected at most 33554432"):
        file_format.to_bytes(tables)


@pytest.mark.parametrize("strengths", [[], [0], "0, 1", [0, None]])
def test_strengths_that_there_cannot_be(strengths):
    tables = random_tables(np.random.default_rng(1), channels=2, blocks=1)
    data = file_format.to_bytes(tables)
    with pytest.raises(BadModelFile):
        file_format.from_bytes(changed_header(data, format=2, strengths=strengths))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"a": ' + "9" * 9000 + "}"])
def test_manifests_without_end_are_refused(text, tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text(text)
    with pytest.raises(ManifestError, match="expected"):
        manifest.read(path)


@pytest.mark.skipif(os.name != "posix", reason="file descriptors as POSIX has them")
@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_results_do_not_depend_on_stderr(redirection, photo, model):
    """With stderr closed or full, stdout holds the picture and nothing else."""
    folder = photo.with_name("out")
    for files, output, code in ((f"'{photo}' absent.png", folder, 1), (f"'{photo}'", "-", 0)):
        command = f"'{sys.executable}' -m iqlut upscale {files} -m '{model}' -o '{output}'"
        done = subprocess.run(f"{command} {redirection}", shell=True, capture_output=True)
        assert (done.returncode, done.stderr) == (code, b"")
        assert done.stdout == (b"" if code else (folder / photo.name).read_bytes())


def test_configurations_are_bounded(tmp_path):
    pytest.importorskip("tomlkit", reason="training needs PyTorch: pip install 'iqlut[train]'")
    from iqlut.network import stages
    from iqlut.network.configuration import BadConfig

    path = tmp_path / "a.toml"
    for text in (
        "[model]\nblocks = 1e9",
        "[model]\nblocks = 64\nchannels = 64\nlevels = 256",
        "[model]\nstrengths = [" + "0.1," * 2000 + "]",
        "a = " + "[" * 3000,
        "a = " + "9" * 9000,
        "name = 1979-05-27",
        "[[stage]]\nname = []",
        "# " + "a" * (1 << 20),
    ):
        path.write_text(text)
        with pytest.raises(BadConfig):
            stages.load(path)


def test_checkpoints_are_bounded(tmp_path):
    torch = pytest.importorskip(
        "torch", reason="training needs PyTorch: pip install 'iqlut[train]'"
    )
    import zipfile

    from iqlut.errors import TrainingStopped
    from iqlut.network.configuration import Config, ModelConfig
    from iqlut.network.network import Network
    from iqlut.training import checkpoint

    config = replace(Config(), model=ModelConfig(scale=2, blocks=1, channels=2))
    good = {
        "config": config.to_dict(),
        "step": 1,
        "data_sha256": "",
        "ema": Network(config.model).state_dict(),
    }
    path = tmp_path / "a.pt"
    torch.save(good, path)
    assert checkpoint.average(path)[1] == config
    wide = config.to_dict() | {"model": {"blocks": 1e9}}
    for changes in ({"config": wide}, {"step": "1"}, {"data_sha256": 1}, {"ema": {}}, {"ema": 5}):
        torch.save(good | changes, path)
        with pytest.raises(TrainingStopped, match="expected"):
            checkpoint.average(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data", bytes(1 << 20))
    checkpoint_max = checkpoint._FILE_BYTES_MAX
    assert checkpoint_max > path.stat().st_size
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "_FILE_BYTES_MAX", (1 << 20) - 1)
        with pytest.raises(ValueError, match=f"{1 << 20} bytes"):
            checkpoint._check_size(path)
