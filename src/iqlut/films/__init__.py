"""Films: every frame enlarged, everything else kept.

The luma planes that the decoder gives go through the tables, chroma planes through the cubic kernel, and the encoder
takes them as they are: nothing becomes RGB on the way. Other streams are copied. Needs PyAV, but for y4m.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict, replace
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import iqlut
from iqlut.films import y4m
from iqlut.films.ahead import ahead
from iqlut.films.containers import container_of
from iqlut.films.film import Advance, Enlarger, Film, FilmError, Frame, Options, Outcome, Part
from iqlut.films.planes import Layout, enlarge

if TYPE_CHECKING:
    from iqlut.films import segments, streams

__all__ = [
    "Enlarger", "Film", "FilmError", "Options", "Outcome", "Part", "probe", "upscale", "upscale_to_y4m", "upscale_y4m",
]  # fmt: skip

_AHEAD = 4  # frames decoded, and frames enlarged, that wait for the next worker
_LOOKED_AT, _LOOKED_AT_EVERY = 48, 16  # frames at the beginning of a film, to choose a restoration strength
_LOOKED_AT_PIPE = 4  # of a film that comes through a pipe: they wait in memory
_FULL_RANGE = 2
_PYAV_LEAST = (17, 1)


def probe(path: Path, part: Part | None = None) -> Film:
    """What the film in a file is; FilmError, in one sentence, if it cannot be enlarged."""
    if importlib.util.find_spec("av") is None:
        raise FilmError(f"{path} is a film, and films need PyAV: pip install 'iqlut[video]'")
    found = metadata.version("av")
    if tuple(map(int, found.split(".")[:2])) < _PYAV_LEAST:
        least = ".".join(map(str, _PYAV_LEAST))
        raise FilmError(f"PyAV {found} is too old for films, wanted {least}: pip install -U 'iqlut[video]'")
    from iqlut.films import source

    return source.probe(path, part or Part())


def upscale(film: Film, target: Path, enlarger: Enlarger, options: Options, advance: Advance) -> Outcome:
    """Enlarge a film to a file, which appears when it is whole; an interrupted run is taken up where it ended.

    `advance` is called when another frame is done. Who calls this looks after files that exist.
    """
    from iqlut.films import encoders, segments, streams

    larger = enlarger.larger(film.layout, film.path)
    enlarger = _chosen(enlarger, film, options.part)
    options = encoders.choose(film, target, enlarger.scale, options)
    container = container_of(target)
    notes = [*film.notes, *streams.check_streams(film, container, target)]
    try:
        sidecar = segments.Sidecar(target, _plan(film, enlarger, options))
        resumed = sidecar.frames
        try:
            _fill(sidecar, film, enlarger, options, advance, notes)
            whole = sidecar.folder / "whole"
            streams.join(film, sidecar, whole, container, None if options.part.whole else _window(film, sidecar))
            whole.replace(target)
        except BaseException:
            sidecar.leave()
            raise
    except OSError as error:
        raise FilmError(
            f"{target} cannot be written ({error.strerror or error}); what is done is kept: mend that and run it again"
        ) from error
    sidecar.remove()
    return Outcome(sidecar.frames, resumed, film.layout, larger, tuple(notes), enlarger.choice)


def _chosen(enlarger: Enlarger, film: Film, part: Part) -> Enlarger:
    """The enlarger for a film, by frames spread over the first seconds: a resumed run decides the same."""
    if enlarger.choose is None:
        return enlarger
    from iqlut.films import source

    beginning = Part(part.first, min(part.first + _LOOKED_AT, part.end or sys.maxsize))
    with closing(source.frames(film, beginning, [])) as frames:
        some = [replace(frame, planes=[frame.planes[0].copy()]) for frame in islice(frames, 0, None, _LOOKED_AT_EVERY)]
    return enlarger.chosen(some, film.layout)


def _fill(
    sidecar: segments.Sidecar, film: Film, enlarger: Enlarger, options: Options, advance: Advance, notes: list[str]
) -> None:
    """Make the segments that are not there yet."""
    from iqlut.films import segments

    for _ in range(sidecar.frames):
        advance()
    if not sidecar.complete:
        part = replace(options.part, first=options.part.first + sidecar.frames)
        recipe = segments.Recipe(film, enlarger.scale, options, enlarger.threads)
        with closing(ahead(_enlarged(film, part, enlarger, notes), _AHEAD)) as frames:
            segments.write_segments(frames, sidecar, recipe, advance)
    if not sidecar.times:
        raise FilmError(f"{film.path} has no frames from {options.part.first} on; see --frames")


def upscale_to_y4m(film: Film, output: BinaryIO, enlarger: Enlarger, part: Part, advance: Advance) -> Outcome:
    """Enlarge a film to y4m, which has pictures alone and one frame rate."""
    larger = enlarger.larger(film.layout, film.path)
    enlarger = _chosen(enlarger, film, part)
    full = film.colour.range == _FULL_RANGE
    notes = [*film.notes, f"y4m keeps neither sound nor time stamps: {film.path} is written at {film.rate} frames/s"]
    output.write(y4m.header(larger, film.rate, film.aspect, full).line())
    count = 0
    with closing(ahead(_enlarged(film, part, enlarger, notes), _AHEAD)) as frames:
        for frame in frames:
            y4m.write_frame(output, frame.planes)
            count += 1
            advance()
    return Outcome(count, 0, film.layout, larger, tuple(notes), enlarger.choice)


def upscale_y4m(source: BinaryIO, name: str, output: BinaryIO, enlarger: Enlarger, part: Part) -> Outcome:
    """Enlarge y4m to y4m; `name` stands for the source in messages."""
    header = y4m.read_header(source, name)
    enlarger.larger(header.layout, name)
    larger = header.larger(enlarger.scale)
    output.write(larger.line())
    read = islice(y4m.read_frames(source, header.layout, name), part.first, part.end)
    numbered = (Frame(number, 1, planes) for number, planes in enumerate(read))
    if enlarger.choose is not None:
        first = list(islice(numbered, _LOOKED_AT_PIPE))
        enlarger, numbered = enlarger.chosen(first, header.layout), _after(first, numbered)
    count = 0
    with closing(ahead(_larger(ahead(numbered, _AHEAD), header.layout, enlarger), _AHEAD)) as frames:
        for frame in frames:
            y4m.write_frame(output, frame.planes)
            count += 1
    if count == 0:
        raise FilmError(f"{name} has no frames from {part.first} on; see --frames")
    return Outcome(count, 0, header.layout, larger.layout, choice=enlarger.choice)


def _after(first: list[Frame], rest: Generator[Frame, None, None]) -> Generator[Frame, None, None]:
    yield from first
    yield from rest


def _enlarged(film: Film, part: Part, enlarger: Enlarger, notes: list[str]) -> Generator[Frame, None, None]:
    """The larger frames of a part of a film; decoding goes ahead."""
    from iqlut.films import source

    damage: list[str] = []
    yield from _larger(ahead(source.frames(film, part, damage), _AHEAD), film.layout, enlarger)
    if damage:
        notes.append(f"{film.path} is damaged: {len(damage)} packets could not be decoded, first {damage[0]}")


def _larger(frames: Generator[Frame, None, None], layout: Layout, enlarger: Enlarger) -> Generator[Frame, None, None]:
    with closing(frames):
        for frame in frames:
            planes = enlarge(frame.planes, layout, enlarger.scale, enlarger.tables)
            yield replace(frame, planes=planes)


def _plan(film: Film, enlarger: Enlarger, options: Options) -> dict[str, Any]:
    """All that decides what the segments hold."""
    import av

    status = film.path.stat()
    return {
        "film": [str(film.path.resolve()), status.st_size, status.st_mtime_ns],
        "tables": [enlarger.name, enlarger.scale],
        "options": asdict(options),
        "versions": [iqlut.__version__, av.__version__],
    }


def _window(film: Film, sidecar: segments.Sidecar) -> streams.Window:
    """The time that the frames of a part are shown."""
    from iqlut.films import streams

    first, last = sidecar.times[0], sidecar.times[-1]
    return streams.Window(first.pts[0] * film.time_base, (last.pts[-1] + last.durations[-1]) * film.time_base)
