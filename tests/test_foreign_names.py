"""Links and pipes that somebody has put under the names of our locks and working files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iqlut import atomic_files, videos
from iqlut.batch import pending_jobs
from iqlut.batch.job import Job
from iqlut.videos import result_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and pipes as POSIX has them")
PRECIOUS = "not ours"


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    (tmp_path / "precious").write_text(PRECIOUS)
    return tmp_path / "precious"


def taken(kind: str, path: Path, precious: Path) -> None:
    """Let a name belong to something that is no file of ours."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(precious if kind == "link" else precious.with_name("nothing") / "a")


KINDS = ("link", "dangling link", "pipe", "folder")


@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_is_a_file(kind, precious, tmp_path):
    path = tmp_path / "lock"
    taken(kind, path, precious)
    with pytest.raises(OSError, match=r"lock is (a link|not a file)|Is a directory"):
        atomic_files.open_to_lock(path)
    assert precious.read_text() == PRECIOUS


@pytest.mark.parametrize("kind", KINDS)
def test_a_claim_that_cannot_be_made_stops_no_work(kind, precious, tmp_path):
    (tmp_path / "out").mkdir()
    taken(kind, tmp_path / "out" / ".a.png.iqlut-claim.part", precious)
    job = Job(None, tmp_path / "out" / "a.png", "a.png")
    assert list(pending_jobs.shared([job])) == [job]
    assert precious.read_text() == PRECIOUS and len(list((tmp_path / "out").iterdir())) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["", "lock"])
def test_a_working_folder_is_ours(kind, name, precious, tmp_path):
    """Else the result could not be written. A folder is used if it is a folder of ours."""
    folder = tmp_path / ".a.mkv.parts"
    if name:
        folder.mkdir()
    taken(kind, folder / name, precious)
    if not name and kind == "folder":
        with result_folder.locked_folder(tmp_path / "a.mkv") as found:
            assert found == folder
        return
    with pytest.raises(OSError), result_folder.locked_folder(tmp_path / "a.mkv"):
        pass
    assert precious.read_text() == PRECIOUS


@pytest.mark.parametrize("name", ["complete.json", "000000.json", "000000.mkv"])
def test_segments_are_new_files(name, precious, tmp_path):
    pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")
    from iqlut.videos import resumable_segments

    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / name).symlink_to(precious)
    segments = resumable_segments.Segments(tmp_path / "segments", {})
    (tmp_path / "new").write_bytes(b"frames")
    segments.add(tmp_path / "new", resumable_segments.Times([0], [1], 0))
    segments.finish()
    again = resumable_segments.Segments(tmp_path / "segments", {})
    assert again.complete and again.frames == 1
    assert precious.read_text() == PRECIOUS


def test_the_error_names_what_is_in_the_way(precious, tmp_path):
    pytest.importorskip("av", reason="videos need PyAV: pip install 'iqlut[video]'")
    from iqlut.videos.upscale_video import _errors_of_target

    target = tmp_path / "a.mkv"
    (tmp_path / ".a.mkv.parts").symlink_to(tmp_path)
    with (
        pytest.raises(videos.VideoError, match=r"a.mkv cannot be written \(.a.mkv.parts is a link"),
        _errors_of_target(target),
        result_folder.locked_folder(target),
    ):
        pass
