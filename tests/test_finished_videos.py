"""A finished video is compared with what was decoded, while its container is open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")
import video_files
from command_line import upscale
from iqlut.videos import decoding, muxing
from iqlut.videos.track_properties import properties_of


class OnlyWhileOpen:
    """A container or stream that must not be used after its container was closed."""

    def __init__(self, wrapped: Any, closed: list[bool]) -> None:
        self._wrapped, self._closed = wrapped, closed

    def __getattr__(self, name: str) -> Any:
        assert not self._closed, f"{name} was read after the container was closed"
        found = getattr(self._wrapped, name)
        if name == "streams":
            return [OnlyWhileOpen(stream, self._closed) for stream in found]
        return found

    def demux(self, *streams: Any) -> Any:
        return self._wrapped.demux(*(stream._wrapped for stream in streams))


def test_nothing_is_read_of_a_closed_container(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyAV frees a stream with its container; its time base is then an arbitrary number."""
    compared: list[Path] = []
    check_finished = muxing.check_finished

    @contextmanager
    def opened(path: Path) -> Iterator[Any]:
        closed: list[bool] = []
        with decoding.opened(path) as container:
            yield OnlyWhileOpen(container, closed)
        closed.append(True)
        compared.append(path)

    def of_wrapped(stream: OnlyWhileOpen, frame: Any) -> Any:
        return properties_of(stream._wrapped, frame)

    def checked(*arguments: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(muxing, "opened", opened)
            patch.setattr(muxing, "properties_of", of_wrapped)  # it needs a real stream
            return check_finished(*arguments)

    monkeypatch.setattr(muxing, "check_finished", checked)
    source = video_files.write_video(tmp_path / "a.mkv", video_files.pictures(4, 16, 12))
    assert upscale(model, source, "-o", tmp_path / "b.mkv", "--debug") == 0
    assert len(compared) == 1
