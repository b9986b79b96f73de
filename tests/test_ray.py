"""Manifests on a local Ray: a run that is killed and resumed loses nothing and repeats nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

import iqlut.ray
from command_line import refuses
from iqlut import cli
from iqlut.batch.output_size import Size
from iqlut.batch.planning import Job
from iqlut.batch.results import Result
from iqlut.batch.upscale_options import UpscaleOptions
from iqlut.ray import manifest
from iqlut.ray.worker_process import Child
from iqlut.tables import shipped_models
from picture_files import noise, opened

ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
WITH_RAY = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install 'iqlut[ray]'"
)
PICTURES, BROKEN = 40, 2


# manifests


@pytest.mark.parametrize(
    "text",
    [
        '{"source": "a.png", "target": "/out/ä.png", "width": 3}\n\n'
        '{"source": "b\\nc.png", "target": "/out/b.png"}\n',
        '[{"source": "a.png", "target": "/out/ä.png"}, '
        '{"source": "b\\nc.png", "target": "/out/b.png"}]',
        '\ufeffsource,size,target\r\na.png,3,/out/ä.png\r\n"b\nc.png",4,/out/b.png\r\n',
    ],
)
def test_manifests(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "manifest").write_text(text, encoding="utf-8", newline="")
    jobs = manifest.read(Path("manifest"))
    assert [job.source for job in jobs] == [tmp_path / "a.png", tmp_path / "b\nc.png"]
    assert [job.target for job in jobs] == [Path("/out/ä.png"), Path("/out/b.png")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "has no column source and target"),
        (b"source,target\n", "names no file"),
        (b"source,goal\na,b\n", "has no column target"),
        (b'{"source": "a"}\n', "entry 1 lacks source or target"),
        (b'{"source": "a", "target": 3}\n', "entry 1 lacks"),
        (b'{"source": "a", \n', "neither JSON Lines nor CSV"),
        (b"[1]", "entry 1 lacks"),
        (b"source,target\na,c\nb,c\n", "entries 1 and 2 would both become"),
        (b"\xff\xfe\0", "is not UTF-8"),
    ],
)
def test_bad_manifests(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(data)
    with pytest.raises(manifest.ManifestError, match=words) as caught:
        manifest.read(tmp_path / "m.csv")
    assert len(str(caught.value).splitlines()) == 1


def test_refusals(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    code = cli.main(["ray", str(tmp_path / "none.csv"), "-m", model])
    if importlib.util.find_spec("ray"):
        refuses(capsys, code, "none.csv cannot be read")
    capsys.readouterr()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    refuses(capsys, cli.main(["ray", "m.csv"]), "pip install 'iqlut[ray]'")


@WITH_RAY
def test_stdout_is_for_results(
    model: str, photo: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    def talkative(*_: object) -> Generator[Result, None, None]:
        print("(raylet) A worker died")
        yield Result(str(photo), "big.png", "done")

    monkeypatch.setattr("iqlut.ray.upscale_manifest", talkative)
    (tmp_path / "m.jsonl").write_text(
        json.dumps({"source": str(photo), "target": str(tmp_path / "big.png")})
    )
    assert cli.main(["ray", str(tmp_path / "m.jsonl"), "-m", model, "--json", "-q"]) == 0
    captured = capsys.readouterr()
    assert [row["status"] for row in json.loads(captured.out)] == [
        "done"
    ] and "(raylet)" in captured.err


# the process that does them


@ON_POSIX
def test_a_file_that_ends_its_process_is_named(model: str, photo: Path, tmp_path: Path) -> None:
    options = UpscaleOptions(
        (shipped_models.load(model),), Size(4), "reference", 1, target_is_named=True
    )
    child, pipe = Child(pickle.dumps(options)), tmp_path / "deadly.png"
    os.mkfifo(pipe)
    try:
        assert child.do(Job(photo, tmp_path / "big.webp", "")).result.status == "done"
        assert child.do(Job(photo, tmp_path / "big.webp", "")).result.status == "skipped"
        assert child._process
        timer = threading.Timer(0.5, child._process.kill)  # as too little memory does
        timer.start()
        answer = child.do(Job(pipe, tmp_path / "never.png", ""))
        timer.join()
        assert (
            answer.result.status == "failed"
            and "deadly.png ended its process (signal 9)" in str(answer.result.reason)
        )
        assert child.do(Job(photo, tmp_path / "other.png", "")).result.status == "done"
        lost = child.do(Job(tmp_path / "none.png", tmp_path / "x.png", "")).result
        assert lost.status == "failed" and "there is no file" in str(lost.reason)
    finally:
        child.close()
    assert opened(tmp_path / "big.webp").format == "WEBP"
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


# Ray


def descendants(process: int) -> list[int]:
    """All processes below one, by Linux's /proc."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rpartition(")")[2].split()[1]
                )
            except OSError:
                continue
    found, now = [], [process]
    while now:
        now = [child for child, parent in parents.items() if parent in now]
        found += now
    return found


def run_ray(path: Path, model: str, output: Path) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "iqlut",
        "ray",
        path,
        "-m",
        model,
        "--workers",
        "2",
        "--json",
        "-q",
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    with output.open("wb") as printed, output.with_suffix(".err").open("wb") as said:
        return subprocess.Popen(command, stdout=printed, stderr=said, env=environment)


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Of all that is complete: which file it is, and when it was written."""
    files = [file for file in folder.rglob("*.png") if not file.name.startswith(".")]
    return {
        str(file.relative_to(folder)): (file.stat().st_ino, file.stat().st_mtime_ns)
        for file in files
    }


def pictures_and_manifest(folder: Path) -> list[dict[str, str]]:
    """Pictures in `in`, some of them broken, and the manifest `m.jsonl`; its rows."""
    source, target = folder / "in", folder / "out"
    source.mkdir()
    for number in range(PICTURES):
        noise("RGB", (200, 180)).rotate(3 * number).save(source / f"{number}.png")
    for number in range(BROKEN):
        (source / f"{20 * number + 5}.png").write_bytes(b"no picture")
    rows = [
        {"source": str(file), "target": str(target / "deep" / file.name)}
        for file in source.iterdir()
    ]
    (folder / "m.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return rows


def run_ray_and_kill(folder: Path, model: str) -> None:
    """Run the manifest, and kill every process of the run when a fifth of the pictures is done."""
    run = run_ray(folder / "m.jsonl", model, folder / "first.json")
    while len(stamps(folder / "out")) < PICTURES // 5:
        assert run.poll() is None, (folder / "first.err").read_text()
        time.sleep(0.05)
    below = descendants(run.pid)
    assert len(below) > 2
    for process in (run.pid, *below):  # the driver, those of Ray, the workers
        with suppress(ProcessLookupError):  # it ended with its parent
            os.kill(process, signal.SIGKILL)
    run.wait()


@WITH_RAY
def test_which_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """A local one unless an address is given, never one that happens to run here."""
    import ray

    options, begun = UpscaleOptions((), Size(4), threads=3), []
    monkeypatch.setattr(
        ray, "init", lambda address, **options: begun.append((address, options.get("num_cpus")))
    )
    iqlut.ray._start(iqlut.ray.Cluster(workers=2), options)
    iqlut.ray._start(iqlut.ray.Cluster("auto"), options)
    monkeypatch.setenv("RAY_ADDRESS", "ray://other:10001")  # only the command line reads it
    iqlut.ray._start(iqlut.ray.Cluster("ray://head:10001"), options)
    iqlut.ray._start(iqlut.ray.Cluster(workers=1), options)
    assert begun == [("local", 6), ("auto", None), ("ray://head:10001", None), ("local", 3)]


@pytest.mark.slow
@WITH_RAY
@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
def test_killed_and_resumed(model: str, tmp_path: Path) -> None:
    source, target, alone = (tmp_path / name for name in ("in", "out", "alone"))
    rows = pictures_and_manifest(tmp_path)
    run_ray_and_kill(tmp_path, model)
    before = stamps(target)
    assert PICTURES // 5 <= len(before) < PICTURES - BROKEN

    second = run_ray(tmp_path / "m.jsonl", model, tmp_path / "second.json")
    assert second.wait(timeout=300) == 1, (tmp_path / "second.err").read_text()
    results = json.loads((tmp_path / "second.json").read_text())
    after = stamps(target)
    assert before.items() <= after.items()  # nothing was done twice
    assert {Path(row["target"]).name for row in results if row["status"] == "skipped"} == {
        Path(name).name for name in before
    }
    assert sorted(row["source"] for row in results) == sorted(row["source"] for row in rows)
    assert (
        sum(row["status"] == "failed" and "is not a picture" in row["reason"] for row in results)
        == BROKEN
    )
    assert (
        len(after) == PICTURES - BROKEN == len(list((target / "deep").iterdir()))
    )  # nothing half written is left

    assert cli.main(["upscale", str(source), "-o", str(alone), "-m", model, "-q"]) == 1
    for file in alone.iterdir():
        assert (target / "deep" / file.name).read_bytes() == file.read_bytes(), file.name
