"""What `iqlut upscale` does when its inputs are films."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, cast

from tyro.conf import arg

from iqlut import films
from iqlut.batch.one_file import Result
from iqlut.batch.plan import Job, Plan
from iqlut.commands.console import FAILED, OK, Stop, complain, narrate, progress, unforeseen
from iqlut.commands.reporting import Report
from iqlut.files import write_atomically
from iqlut.films import Enlarger, FilmError, Options, Outcome, Part, y4m
from iqlut.films.containers import CONTAINERS

PIPE = Path("-")
ARGUMENTS = ("codec", "crf", "preset", "frames")  # of the command, for films alone
SUFFIXES = (
    ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".m2ts", ".m2v", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg",
    ".mpg", ".mts", ".mxf", ".nut", ".ogm", ".ogv", ".rm", ".rmvb", ".ts", ".vob", ".webm", ".wmv", ".y4m",
)  # fmt: skip
_Y4M = ".y4m"
_BEGINNINGS = (  # of files that hold films, and where
    (0, b"\x1aE\xdf\xa3"), (0, y4m.MAGIC), (0, b"FLV\x01"), (0, b"0&\xb2u"), (0, b"\0\0\x01\xba"), (0, b".RMF"),
    (8, b"AVI "), (4, b"moov"), (4, b"mdat"), (4, b"wide"), (4, b"free"), (0, b"nut/multimedia"),
)  # fmt: skip
_PICTURES = (
    (0, b"\x89PNG"), (0, b"\xff\xd8\xff"), (0, b"GIF8"), (8, b"WEBP"), (0, b"II*\0"), (0, b"MM\0*"), (0, b"BM"),
    (0, b"8BPS"), (4, b"jP  "),
)  # fmt: skip
_PICTURE_BRANDS = (b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix", b"hevc", b"heim", b"heis", b"jxl ")

Codec = Annotated[
    str | None,
    arg(
        metavar="CODEC",
        help="of a film: h264, hevc, av1, vp9 or ffv1 (lossless)",
        help_behavior_hint="(default: h264, or hevc deeper than 8 bits; av1 in .webm)",
    ),
]
Crf = Annotated[
    float | None,
    arg(metavar="CRF", help="quality of a film, smaller is better", help_behavior_hint="(default: 18 for h264)"),
]
Preset = Annotated[
    str | None,
    arg(metavar="PRESET", help="how long the encoder may take", help_behavior_hint="(default: medium for h264)"),
]
Frames = Annotated[
    str | None,
    arg(metavar="A:B", help="the frames A to B - 1 of a film, from 0", help_behavior_hint="(default: all)"),
]


def is_film(path: Path) -> bool:
    """Whether a file holds a film rather than a picture: by how it begins, else by its ending."""
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError:
        start = b""
    if any(start[place:].startswith(word) for place, word in _PICTURES):
        return False
    if start[4:8] == b"ftyp":
        return start[8:12] not in _PICTURE_BRANDS
    return any(start[place:].startswith(word) for place, word in _BEGINNINGS) or path.suffix.lower() in SUFFIXES


def is_film_pipe() -> bool:
    """Whether a y4m film, not a picture, comes on stdin; nothing is taken from it."""
    peek = getattr(sys.stdin.buffer, "peek", None)
    return peek is not None and peek(len(y4m.MAGIC)).startswith(y4m.MAGIC)


def film_target(source: Path, output: Path) -> Path:
    """The file that a film becomes in a folder: its own name, but .mkv where its kind is not written."""
    kept = source.suffix.lower() in (*CONTAINERS, _Y4M)
    return output / (source.name if kept else f"{source.stem}.mkv")


def part(frames: str | None) -> Part:
    """What `--frames A:B` means."""
    first, colon, end = (frames or ":").partition(":")
    if not colon or not all(word.isdecimal() for word in (first, end) if word):
        raise Stop(f"--frames is {frames}, wanted A:B with frame numbers, as in 100:200, 100: or :200")
    chosen = Part(int(first or 0), int(end) if end else None)
    if chosen.end is not None and chosen.end <= chosen.first:
        raise Stop(f"--frames is {frames}: no frame is in it; wanted A smaller than B")
    return chosen


@dataclass(frozen=True)
class Wishes:
    """The arguments of the command that films take, besides what enlarges them."""

    options: Options
    overwrite: bool = False
    json: bool = False
    quiet: bool = False
    debug: bool = False


def are_meant(inputs: Sequence[Path]) -> bool:
    """Whether films are named, not pictures; Stop where both are. Films that lie in folders must be named."""
    films_named = [path for path in inputs if (is_film_pipe() if path == PIPE else is_film(path))]
    if films_named and len(films_named) < len(inputs):
        raise Stop(f"{_name(films_named[0])} is a film and others are not; give them in separate runs")
    return bool(films_named)


def refuse(given: Mapping[str, object], what: str) -> None:
    """Stop if an argument that is for the other kind of input was given."""
    for name, value in given.items():
        if value not in (None, False):
            raise Stop(f"{name.replace('_', '-')} is for {what}; leave it out")


def run(inputs: Sequence[Path], output: Path, enlarger: Enlarger, wishes: Wishes) -> int:
    """Every film to a file; the exit code. Of several, what exists is skipped and what fails does not stop the rest."""
    jobs = _jobs(inputs, output)
    several = len(jobs) > 1
    if wishes.json and output == PIPE:
        raise Stop("--json and -o - both want stdout; name a file with -o")
    report = Report(Plan(tuple(jobs), is_batch=False), wishes.json, wishes.quiet)
    try:
        for job in jobs:
            if several and not wishes.overwrite and job.target and job.target.exists():
                report.add(Result(str(job.source), str(job.target), "skipped", "it exists"))
                continue
            start = time.perf_counter()
            try:
                report.add(upscale_film(job.source or PIPE, job.target or PIPE, enlarger, wishes))
            except FilmError as error:
                report.fail(job, str(error), time.perf_counter() - start)
            except MemoryError:
                report.fail(job, f"{_name(job.source)} needs more memory than there is", time.perf_counter() - start)
            except (BrokenPipeError, Stop):
                raise
            except Exception as error:
                if wishes.debug:
                    raise
                report.fail(job, unforeseen(error, _name(job.source)), time.perf_counter() - start)
    finally:
        report.close()
    if several and not wishes.quiet:
        narrate(f"{len(jobs) - report.failed} of {len(jobs)} films are there, {report.failed} failed")
    return FAILED if report.failed else OK


def _jobs(inputs: Sequence[Path], output: Path) -> list[Job]:
    if output != PIPE and output.is_dir():
        if PIPE in inputs:
            raise Stop(f"a film from a pipe has no name for the folder {output}; name a file with -o")
        targets = [film_target(source, output) for source in inputs]
        if len(set(targets)) < len(targets):
            raise Stop("several films would become the same file; give them in separate runs, to separate folders")
    elif len(inputs) > 1:
        raise Stop(f"{output} is not a folder, but there are {len(inputs)} films; create the folder first")
    else:
        targets = [output]
    return [
        Job(None if source == PIPE else source, None if target == PIPE else target, source.name)
        for source, target in zip(inputs, targets, strict=True)
    ]


def upscale_film(source: Path, target: Path, enlarger: Enlarger, wishes: Wishes) -> Result:
    """One film to a file; "-" is y4m on stdin or stdout. FilmError says why nothing was done."""
    start = time.perf_counter()
    os.environ.setdefault("SVT_LOG", "1")  # the AV1 encoder has much to say
    _check_target(source, target, wishes.overwrite)
    if PIPE in (source, target) or target.suffix.lower() == _Y4M:
        outcome = _to_y4m(source, target, enlarger, wishes)
    else:
        film = films.probe(source, wishes.options.part)
        with progress(film.frames, "frames", wishes.quiet) as advance:
            outcome = films.upscale(film, target, enlarger, wishes.options, advance)
    for note in outcome.notes:
        complain(note)
    return _result(source, target, outcome, time.perf_counter() - start)


def _check_target(source: Path, target: Path, overwrite: bool) -> None:
    if target == PIPE:
        return
    if target.is_dir():
        raise FilmError(f"{target} is a folder, wanted a file; name another output with -o")
    if target.exists():
        if source != PIPE and source.exists() and target.samefile(source):
            raise FilmError(f"{source} would be its own output; name another file or folder with -o")
        if not overwrite:
            raise FilmError(f"{target} exists; give --overwrite to replace it")
    if not target.parent.is_dir():
        raise FilmError(f"there is no folder {target.parent} for {target.name}; create it first")


def _to_y4m(source: Path, target: Path, enlarger: Enlarger, wishes: Wishes) -> Outcome:
    options = wishes.options
    if target != PIPE and target.suffix.lower() != _Y4M:
        raise FilmError(f"y4m from a pipe becomes y4m, not {target}; write to - or to a .y4m, or name a file as input")
    if options.codec or options.crf is not None or options.preset:
        raise FilmError("y4m is not encoded and takes no --codec, --crf or --preset; leave them out")
    if target == PIPE:
        outcome = _write_y4m(source, sys.stdout.buffer, enlarger, wishes)
        sys.stdout.buffer.flush()
        return outcome
    try:
        return write_atomically(target, lambda file: _write_y4m(source, cast(BinaryIO, file), enlarger, wishes))
    except OSError as error:
        raise FilmError(f"{target} cannot be written ({error.strerror or error}); check the folder") from None


def _write_y4m(source: Path, output: BinaryIO, enlarger: Enlarger, wishes: Wishes) -> Outcome:
    chosen = wishes.options.part
    with _opened_y4m(source) as file:
        if file is not None:
            return films.upscale_y4m(file, _name(source), output, enlarger, chosen)
    film = films.probe(source, chosen)
    with progress(film.frames, "frames", wishes.quiet) as advance:
        return films.upscale_to_y4m(film, output, enlarger, chosen, advance)


@contextmanager
def _opened_y4m(source: Path) -> Iterator[BinaryIO | None]:
    """The file if it is y4m, or None."""
    if source == PIPE:
        yield sys.stdin.buffer
        return
    try:
        file = source.open("rb")
    except OSError as error:
        raise FilmError(f"{source} cannot be read ({error.strerror}); check the name") from None
    with file:
        yield file if file.peek(len(y4m.MAGIC)).startswith(y4m.MAGIC) else None


def _name(path: Path | None) -> str:
    return "the pipe" if path in (None, PIPE) else str(path)


def _result(source: Path, target: Path, outcome: Outcome, elapsed_s: float) -> Result:
    old, new = outcome.layout, outcome.larger
    return Result(
        str(source),
        str(target),
        "done",
        f"{outcome.resumed} of them earlier" if outcome.resumed else None,
        old.width,
        old.height,
        new.width,
        new.height,
        target.suffix.lower().removeprefix(".") or "y4m",
        outcome.frames,
        old.depth,
        1000 * elapsed_s,
    )
