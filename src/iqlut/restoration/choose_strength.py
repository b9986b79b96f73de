"""Choose the restoration strength of an image (`restore="auto"`) from its luma plane and its file.

Two small networks with one hidden layer each (`auto_strength.safetensors`) are evaluated: the first
estimates noise from the features of `damage_features`, the second the strength from both. They
were fitted on training images with many kinds of damage (`scripts/dev/fit_auto_strength.py`). The
strength is rounded to a sixteenth, so that an image gets the same strength on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from iqlut.errors import InvalidArgument
from iqlut.planes import colour
from iqlut.planes.high_bit_depth import rounded_to_8_bits
from iqlut.restoration import damage_features
from iqlut.restoration.damage_features import NO_JPEG, MeasuredDamage
from iqlut.tables.strengths import STRENGTH_MAX

if TYPE_CHECKING:
    from PIL.Image import Image

AUTO = "auto"
_STEPS = 16  # strengths are rounded to 1 / _STEPS
_AS_THEY_ARE = ("L", "LA", "RGB", "RGBA")  # Pillow modes that need no conversion
_OTHERS = {"1": "L", "La": "LA", "RGBa": "RGBA"}  # what some are converted to; all others to RGB
_DRAWN = 0.55  # least share of repeated samples around edges in clean drawings and screenshots
_NOISE_SEEN = 1.25  # grey levels: the least noise that the reason mentions
_SEEN = 0.5  # the least strength that the reason calls damage
_WEIGHTS = Path(__file__).with_name("auto_strength.safetensors")


@dataclass(frozen=True)
class Choice:
    """A restoration strength, and the reason for it as a phrase."""

    strength: float
    reason: str


def parse(text: str | float) -> float | None:
    """The strength, 0 to 3, in `text`; None for "auto". Raises InvalidArgument otherwise."""
    if text == AUTO:
        return None
    try:
        strength = float(text)
    except (TypeError, ValueError):
        strength = float("nan")
    if not 0 <= strength <= STRENGTH_MAX:
        raise InvalidArgument(
            f"the restoration strength is {text}, expected {AUTO} or a number from 0 to "
            f"{STRENGTH_MAX:g}; leave it out for {AUTO}"
        )
    return strength


def choose(images: Sequence[np.ndarray | Image], jpeg_table: Sequence[int] | None = None) -> Choice:
    """Choose the strength for an image, or for a video from some of its frames.

    images      uint8 or uint16 arrays (h, w) or (h, w, c), or Pillow images
    jpeg_table  the luma quantisation table, 64 steps, of the JPEG file that holds the image;
                an implausible one is ignored

    An image of one gray value needs no restoration.
    """
    windows = [window for one in images for window in _luma_windows(_pixels(one))]
    if all(window.min() == window.max() for window in windows):
        return Choice(0.0, "the picture has one gray value")
    if damage_features.repeated(windows) >= _DRAWN:
        return Choice(0.0, "it is a clean drawing")
    quality = damage_features.quality_of(np.asarray(jpeg_table)) if jpeg_table else None
    damage = damage_features.look_at(windows, quality)
    strength = strength_for(damage.vector)
    return Choice(strength, _reason(damage, quality, strength))


def decide(
    restore: float | str,
    images: Sequence[np.ndarray | Image],
    most: float,
    jpeg_table: Sequence[int] | None = None,
) -> Choice:
    """The strength to use: the requested one, or for "auto" that of `choose`, limited to `most`.

    `most` is the last strength of the model. ValueError for a `restore` that `parse` refuses.
    """
    asked = parse(restore)
    if asked is not None:
        return Choice(asked, "as requested")
    choice = choose(images, jpeg_table)
    return replace(choice, strength=min(choice.strength, most))


def _pixels(one: np.ndarray | Image) -> np.ndarray:
    """The image as a uint8 array, gray or in colour; one black pixel if it is no image."""
    if not isinstance(one, np.ndarray):
        one = np.asarray(
            one if one.mode in _AS_THEY_ARE else one.convert(_OTHERS.get(one.mode, "RGB"))
        )
    if one.dtype.kind == "u" and one.dtype.itemsize == 2:
        one = rounded_to_8_bits(one)
    fits = (
        one.dtype == np.uint8
        and one.size > 0
        and one.ndim in (2, 3)
        and one.shape[2:] in ((), (2,), (3,), (4,))
    )
    return np.asarray(one) if fits else np.zeros((1, 1), np.uint8)


def _luma_windows(pixels: np.ndarray) -> list[np.ndarray]:
    """The luma planes of windows of an image, uint8 (h, w) each."""
    return [
        window if window.ndim == 2 else colour.split(np.ascontiguousarray(window))[0]
        for window in damage_features.windows(pixels)
    ]


def strength_for(vector: np.ndarray) -> float:
    """The strength, 0 to 3 in sixteenths, for the features in `MeasuredDamage.vector`."""
    return round(min(max(_network("strength", seen(vector)), 0.0), STRENGTH_MAX) * _STEPS) / _STEPS


def seen(vector: np.ndarray) -> np.ndarray:
    """The input of the second network: log2(1 + noise sigma), followed by the features."""
    return np.concatenate([[max(0.0, _network("noise", vector))], vector])


def noise_of(damage: MeasuredDamage) -> float:
    """The estimated standard deviation of the noise, in grey levels."""
    return float(2 ** seen(damage.vector)[0] - 1)


def _network(name: str, vector: np.ndarray) -> float:
    """Evaluate one of the two networks."""
    own = weights()[name]
    hidden = np.tanh((vector - own["mean"]) / own["deviation"] @ own["hidden"] + own["hidden_bias"])
    return float(hidden @ own["output"] + own["output_bias"][0])


@lru_cache(maxsize=1)
def weights() -> dict[str, dict[str, np.ndarray]]:
    """The arrays of each network, float64, by network and name."""
    import safetensors.numpy  # not above: `import iqlut` should not wait for it

    networks: dict[str, dict[str, np.ndarray]] = {}
    for name, array in safetensors.numpy.load(_WEIGHTS.read_bytes()).items():
        network, _, key = name.partition(".")
        networks.setdefault(network, {})[key] = array.astype(np.float64)
    return networks


def _reason(damage: MeasuredDamage, file_quality: float | None, strength: float) -> str:
    """Describe what was found, for people. There may be damage without a clear cause."""
    parts = []
    if damage.quality < NO_JPEG:
        where = (
            "a JPEG"
            if file_quality is not None and damage.quality >= round(file_quality) - 1
            else "a former JPEG"
        )
        parts.append(f"{where} of quality {damage.quality:.0f}")
    if noise_of(damage) >= _NOISE_SEEN:
        parts.append(f"noise of {noise_of(damage):.0f} gray levels")
    if not parts and strength >= _SEEN:
        return "it looks slightly damaged"
    return " and ".join(parts) or "it looks clean"
