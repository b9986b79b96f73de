"""Plots the learning curves of the shipped benchmark models: docs/images/learning.svg and .png.

python -m scripts.render.plot_learning
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from scripts.shared import learning_curves, plot_style

LEAST_DB = 28.2  # a score below this, after too high a learning rate, is drawn here


def draw() -> Figure:
    """Return the figure: a line for each model, which begins at the model it started from."""
    with matplotlib.rc_context(plot_style.SETTINGS):
        figure = Figure(figsize=(8.6, 6.2), layout="constrained")
        axes = figure.add_subplot()
        colours = matplotlib.colormaps["tab10"].colors  # type: ignore[attr-defined]
        ends, names, lines = [], [], []
        for model, colour in zip(learning_curves.MODELS, colours, strict=False):
            points = learning_curves.curve(model).points
            seen = [point.megapixels for point in points]
            scores = [max(point.psnr_db, LEAST_DB) for point in points]
            axes.plot(seen, scores, color=colour, linewidth=1.5)
            axes.plot(seen[-1:], scores[-1:], "o", color=colour, markersize=5)
            lines.append(list(zip(seen, scores, strict=True)))
            ends.append((model, seen[-1], scores[-1]))
            names.append(matplotlib.colors.to_hex(colour))
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:,.10g}")
        axes.set_xlabel("low-resolution pixels seen in training, millions")
        axes.set_ylabel("PSNR on Kodak, x4, dB")
        first, last = axes.get_xlim()
        axes.set_xlim(first, last * 4)
        plot_style.label_points(axes, ends, names, lines)
    return figure


def main(folder: Path = plot_style.IMAGES) -> None:
    """Write the plot."""
    plot_style.save(draw(), "learning", folder)


if __name__ == "__main__":
    main()
