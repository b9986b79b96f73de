"""The planes of a training set, and the patches of a step: cropped, damaged, flipped and rotated.

The patches of a step depend only on the seed and the number of the step, so that a resumed run sees
the same patches as an uninterrupted one. Damage is drawn anew for each patch (`patch_damage.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from iqlut import arithmetic as ar
from iqlut.network.configuration import DegradeConfig
from iqlut.planes.flips_rotations import flip_rotate
from iqlut.training import codec_damage, patch_damage

UNDAMAGED = DegradeConfig()
_DAMAGE = 1  # part of a seed, which separates the random numbers of the damage from others


@dataclass(frozen=True, eq=False)
class Planes:
    """All planes of a training set, stored one after the other in flat arrays.

    hr        uint8 (samples,): the high resolution; the sides of a plane are multiples of `scale`
    lr        uint8 (samples,): for each plane, (filters, h, w): downscaled by each of
              `damage.filters`
    sizes     int (planes, 2): low-resolution height and width of each plane
    skipped   names of the images that are smaller than a patch
    sha256    hash of the images and of everything that decides how planes are made from them
    sections  (number of planes, share of the patches) of groups at the end, the last group first
    chroma    uint8 (samples,): for each plane, (2, h, w): Cb and Cr; empty if not needed
    damage    the damage of low-resolution patches
    filters   the number of filters
    """

    hr: np.ndarray
    lr: np.ndarray
    sizes: np.ndarray
    scale: int
    skipped: tuple[str, ...]
    sha256: str
    sections: tuple[tuple[int, float], ...] = ()
    chroma: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint8))
    damage: DegradeConfig = UNDAMAGED
    filters: int = 1

    def __post_init__(self) -> None:
        areas = self.sizes.prod(axis=1)
        object.__setattr__(self, "_ends", np.cumsum(areas))

    def pair(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """The low-resolution plane (h, w) and the high-resolution one (scale * h, scale * w).

        The low resolution is undamaged and made by the first filter.
        """
        h, w = self.sizes[index]
        end = int(self._ends[index])  # type: ignore[attr-defined]
        start, r = end - h * w, self.scale
        low = self.lr[start * self.filters :][: h * w].reshape(h, w)
        return low, self.hr[start * r * r : end * r * r].reshape(h * r, w * r)

    def patches(
        self, seed: int, step: int, batch: int, patch: int,
        part: tuple[int, int] = (0, 1), strength: float = 0.0,
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """The patches of one step.

        These are the low resolution, uint8 (n, patch, patch), damaged as for `strength`, and the
        high resolution by phases, uint8 (n, patch, patch, scale**2). The probability of a plane is
        proportional to its area, except in `sections`. Each patch is flipped and rotated in one of
        eight ways. `part`, (i, count), selects every `count`-th patch of the batch from the i-th
        on, which is the share of one of `count` processes.
        """
        draws, r = self.draws(seed, step, batch, patch)[part[0] :: part[1]], self.scale
        hr = np.empty((len(draws), patch, patch, r * r), np.uint8)
        for n, (index, top, left, orientation) in enumerate(draws):
            _, plane = self.pair(index)
            crop = plane[top : top + r * patch, left : left + r * patch]
            hr[n] = ar.unshuffle(flip_rotate(crop, orientation), r)
        lows = self._damaged(draws, (seed, step, *part), patch, strength)
        low_and_orientation = zip(lows, draws[:, 3], strict=True)
        lr = np.stack([flip_rotate(low, orientation) for low, orientation in low_and_orientation])
        return lr, hr

    def _damaged(
        self, draws: np.ndarray, seeds: tuple[int, ...], patch: int, strength: float
    ) -> list[np.ndarray]:  # fmt: skip
        """The damaged low-resolution patches of these draws, not yet flipped or rotated."""
        rng = np.random.default_rng((*seeds, _DAMAGE))
        lows, recorded = [], []
        for n, (index, top, left, _) in enumerate(draws):
            damage = patch_damage.draw(self.damage, strength, rng)
            place = patch_damage.PatchPlace(
                self._low_planes(index, damage.filter),
                int(top) // self.scale,
                int(left) // self.scale,
                patch,
            )
            lows.append(patch_damage.apply(damage, place, rng))
            if damage.codec:
                recorded.append((n, damage, place))
        for n, low in codec_damage.encoded(recorded, rng):
            lows[n] = low
        return lows

    def _low_planes(self, index: int, filter_number: int) -> np.ndarray:
        """A low-resolution plane made by the filter of that number, uint8 (1 or 3, h, w).

        It is luma, and Cb and Cr if there are any.
        """
        h, w = self.sizes[index]
        end = int(self._ends[index])  # type: ignore[attr-defined]
        start = end - h * w
        first = start * self.filters + filter_number * h * w
        luma = self.lr[first : first + h * w].reshape(1, h, w)
        if not len(self.chroma):
            return luma
        return np.concatenate([luma, self.chroma[2 * start : 2 * end].reshape(2, h, w)])

    def draws(self, seed: int, step: int, batch: int, patch: int, grids: int = 1) -> np.ndarray:
        """Draw the patches of one step, int64 (batch, 4).

        The columns are the number of the plane, top and left of the patch in high-resolution
        pixels, and the number of the flip or rotation, 0 to 7. The positions are multiples of
        `scale // grids`, at least 1; with one grid they are whole low-resolution pixels.
        """
        ends, spacing = self._ends, max(1, self.scale // grids)  # type: ignore[attr-defined]
        where, down, right, orientation = np.random.default_rng((seed, step)).random((batch, 4)).T
        index = np.searchsorted(
            ends, (self._spread(where) * ends[-1]).astype(np.int64), side="right"
        )
        height, width = self.sizes[index].T
        top, left = (
            (draw * ((side - patch) * self.scale // spacing + 1)).astype(np.int64) * spacing
            for draw, side in ((down, height), (right, width))
        )
        orientation = (8 * orientation).astype(np.int64)
        return np.stack([index, top, left, orientation], axis=1)

    def _spread(self, where: np.ndarray) -> np.ndarray:
        """Map uniform draws in [0, 1) to positions in the area of all planes, as shares of it.

        The share of each section falls into that section, and the rest into the other planes.
        """
        ends = self._ends  # type: ignore[attr-defined]
        last, used, spread = len(ends), 0.0, where
        for count, part in self.sections:
            low, high = ends[last - count - 1] / ends[-1], ends[last - 1] / ends[-1]
            inside = low + (where - used) / part * (high - low)
            spread = np.where((used <= where) & (where < used + part), inside, spread)
            last, used = last - count, used + part
        images = ends[last - 1] / ends[-1]
        return (
            np.where(where < used, spread, (where - used) / (1 - used) * images) if used else where
        )
