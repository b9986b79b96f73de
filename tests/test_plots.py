"""The plots of docs/images: nothing overlaps, everything is there, and the bytes are the same each
time.
"""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from matplotlib.figure import Figure
from PIL import Image

from scripts.render import plot_learning, plot_quality
from scripts.shared import learning_curves, plot_style, result_files


def boxes(figure: Figure) -> list[list[Any]]:
    """Return the boxes of the names in each panel of a plot."""
    renderer = plot_style.FigureCanvasAgg(figure).get_renderer()
    return [[text.get_window_extent(renderer) for text in axes.texts] for axes in figure.axes]


@pytest.mark.skipif(
    matplotlib.__version_info__ < (3, 11), reason="letters have other sizes before Matplotlib 3.11"
)
@pytest.mark.parametrize(
    "draw", [lambda: plot_quality.draw(plot_quality.methods()), plot_learning.draw]
)
def test_no_name_in_a_plot_covers_another(draw: Any) -> None:
    panels = boxes(draw())
    assert all(panels)
    for panel in panels:
        assert not any(one.overlaps(other) for one, other in combinations(panel, 2))


def test_every_published_model_is_in_the_plot() -> None:
    names = {one.name.partition(" (")[0] for one in plot_quality.methods()}
    assert {row["model"] for row in result_files.load("published")["rows"]} <= names
    of_the_paper = [one for one in plot_quality.methods() if one.kind == "paper"]
    timed = {one.name for one in of_the_paper if one.ratio}
    assert timed == {"IQ-L8C8", "IQ-L12C8", "IQ-L8C16"} and len(of_the_paper) == 4


@pytest.mark.parametrize(
    ("module", "name"), [(plot_quality, "quality"), (plot_learning, "learning")]
)
def test_a_plot_is_the_same_bytes_each_time(module: Any, name: str, tmp_path: Path) -> None:
    files = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        module.main(folder)
        files.append([(folder / f"{name}.{ending}").read_bytes() for ending in ("svg", "png")])
    assert files[0] == files[1]
    text = files[0][0].decode()
    assert "iqlut-5k-x4" in text and not re.search(r"<dc:date>|matplotlib.org/ ?v", text)
    with Image.open(tmp_path / "first" / f"{name}.png") as picture:
        assert min(picture.size) > 600


def test_a_learning_curve_goes_through_all_stages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = "[train]\nbatch = 4\npatch = 50\n"  # 10,000 pixels a step
    two_stages = '[[stage]]\nname = "first"\n[[stage]]\nname = "second"\n'
    (tmp_path / "small.toml").write_text(f'name = "small"\n{train}{two_stages}')
    (tmp_path / "large.toml").write_text(f'name = "large"\n{train}start = "checkpoints/small.pt"\n')
    rows = [{"step": 100, "seconds": 60}, {"step": 200, "seconds": 30, "psnr_db": 28.0}]
    for stage in ("small-first", "small", "large"):
        (tmp_path / f"{stage}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setattr(learning_curves, "LOGS", tmp_path)
    monkeypatch.setattr(learning_curves, "CONFIGS", tmp_path)
    small, large = learning_curves.curve("small"), learning_curves.curve("large")
    assert (small.start, small.steps, large.start, large.steps) == ("", (200, 200), "small", (200,))
    assert [(seen.megapixels, seen.minutes) for seen in small.points] == [(2, 1.5), (4, 3)]
    assert [(seen.megapixels, seen.minutes) for seen in large.points] == [
        (4, 3),
        (6, 4.5),
    ]  # from where it begins
