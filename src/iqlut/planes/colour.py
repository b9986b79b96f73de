"""Colour: luma, and the way from an image to the planes that are upscaled and back.

All functions map NumPy arrays to NumPy arrays. A plane is uint8 (h, w); an image is a plane, or
uint8 (h, w, 2) gray + alpha, (h, w, 3) RGB or (h, w, 4) RGB + alpha (straight, not premultiplied).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iqlut.planes import cubic
from iqlut.planes.plane_types import check_uint8
from iqlut.planes.resize import resize

_LUMA_BITS = 16
_LUMA_RED, _LUMA_GREEN, _LUMA_BLUE = (
    19595,
    38470,
    7471,
)  # BT.601 full range, sum 2**16: Pillow's "L" too
_BAND_PX = 1 << 17  # samples that are computed at a time: they stay in the cache


def luma(rgb: np.ndarray) -> np.ndarray:
    """The luma that the field evaluates on: uint8 (h, w, 3) to uint8 (h, w), 16 to 235, as MATLAB's `rgb2ycbcr`."""
    check_uint8(rgb, (3,), (3,))
    red, green, blue = (rgb[:, :, c].astype(np.int32) for c in range(3))
    return ((65481 * red + 128553 * green + 24966 * blue + 127500) // 255000 + 16).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Rest:
    """What an image is besides its luma; either part may be missing.

    chroma   int16 (2, h, w): red - green and blue - green
    alpha    uint8 (h, w)
    """

    chroma: np.ndarray | None = None
    alpha: np.ndarray | None = None


def split(image: np.ndarray) -> tuple[np.ndarray, Rest]:
    """An image to its luma plane, uint8 (h, w), which the tables upscale, and the rest; see `join`.

    Luma is BT.601 full range, so gray pixels are their own luma. The two differences to green are kept
    as they are: no colour is lost, and `join` at scale 1 gives back the very image. Pixels of alpha 0
    first take the alpha-weighted colour of their visible neighbours: what they hid shines through nowhere.
    """
    check_uint8(image, (2, 3))
    if image.ndim == 2:
        return image, Rest()
    colours, alpha = split_alpha(image)
    if colours.shape[2] == 1:
        return np.ascontiguousarray(colours[:, :, 0]), Rest(None, alpha)
    red, green, blue = (colours[:, :, c].astype(np.int32) for c in range(3))
    half = 1 << (_LUMA_BITS - 1)
    total = _LUMA_RED * red + _LUMA_GREEN * green + _LUMA_BLUE * blue + half
    chroma = np.stack([red - green, blue - green]).astype(np.int16)
    return (total >> _LUMA_BITS).astype(np.uint8), Rest(chroma, alpha)


def split_alpha(image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """An image, uint8 (h, w, c), to its colours, in which hidden pixels look like their neighbours, and alpha."""
    if image.shape[2] not in (2, 4):
        return image, None
    alpha = np.ascontiguousarray(image[:, :, -1])
    return fill_hidden(image[:, :, :-1], alpha), alpha


def join(
    luma_sr: np.ndarray, rest: Rest, scale: int, alpha_sr: np.ndarray | None = None
) -> np.ndarray:
    """The image of an upscaled luma plane, uint8 (scale * h, scale * w), and the rest of the small image.

    The colour differences are upscaled by the bicubic kernel in integers; red, green and blue are then
    rounded once and clipped. Where they are zero the result is exactly gray.
    `alpha_sr` is alpha upscaled as luma was, or None for bicubic. Either way it is held between the
    smallest and the largest alpha of the 3x3 pixels around: opaque stays 255, empty stays 0.
    """
    check_uint8(luma_sr, (2,))
    for part in (rest.chroma, rest.alpha):
        if part is not None and luma_sr.shape != (scale * part.shape[-2], scale * part.shape[-1]):
            h, w = part.shape[-2:]
            raise ValueError(
                f"luma is {luma_sr.shape}, expected {(scale * h, scale * w)}: {scale} times the rest"
            )
    parts = (
        [luma_sr[:, :, None]] if rest.chroma is None else [_colours(luma_sr, rest.chroma, scale)]
    )
    if rest.alpha is not None:
        parts.append(upscale_alpha(rest.alpha, scale, alpha_sr)[:, :, None])
    if len(parts) == 1:
        return luma_sr if rest.chroma is None else parts[0]
    return np.concatenate(parts, axis=2)


def _colours(luma_sr: np.ndarray, chroma: np.ndarray, scale: int) -> np.ndarray:
    """Luma and colour differences to RGB, uint8 (h, w, 3), a band of rows at a time."""
    h, w = chroma.shape[1:]
    out = np.empty((*luma_sr.shape, 3), np.uint8)
    padded = [cubic.pad(plane, 255) for plane in chroma]
    offsets = cubic.centred(scale), cubic.centred(scale)
    band = max(1, _BAND_PX // (w * scale * scale))
    shift = _LUMA_BITS + cubic.FRACTION_BITS
    for top in range(0, h, band):
        bottom = min(top + band, h)
        rows = slice(scale * top, scale * bottom)
        reach = bottom + cubic.BEFORE + cubic.AFTER
        red, blue = (cubic.upscale_padded(plane[top:reach], scale, offsets) for plane in padded)
        green = luma_sr[rows].astype(np.int32) << shift
        green -= _LUMA_RED * red + _LUMA_BLUE * blue
        green += (1 << (shift - 1)) - 1  # halves down, since `split` rounded luma with halves up
        out[rows, :, 1] = (green >> shift).clip(0, 255)
        out[rows, :, 0] = ((green + (red << _LUMA_BITS)) >> shift).clip(0, 255)
        out[rows, :, 2] = ((green + (blue << _LUMA_BITS)) >> shift).clip(0, 255)
    return out


def upscale_alpha(alpha: np.ndarray, scale: int, alpha_sr: np.ndarray | None = None) -> np.ndarray:
    """Upscaled alpha within the bounds of its neighbourhood, uint8 (scale * h, scale * w); see `join`."""
    h, w = alpha.shape
    if alpha.min() == alpha.max():
        return np.full((scale * h, scale * w), alpha[0, 0])
    if alpha_sr is None:
        alpha_sr = resize(alpha, scale * h, scale * w)
    padded = np.pad(alpha, 1, mode="edge")
    low = high = alpha
    for i in range(3):
        for j in range(3):
            near = padded[i : i + h, j : j + w]
            low, high = np.minimum(low, near), np.maximum(high, near)
    low, high = (bound.repeat(scale, axis=0).repeat(scale, axis=1) for bound in (low, high))
    return alpha_sr.clip(low, high)


def fill_hidden(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colours, uint8 (h, w, c), in which pixels of alpha 0 take the alpha-weighted mean of visible ones near.

    Sums of premultiplied colours over 2x2, 4x4, ... pixels; a hidden pixel reads the first that sees anything.
    """
    hidden = alpha == 0
    if not hidden.any() or hidden.all():
        return colours
    weight = alpha[:, :, None].astype(np.int64)
    return np.where(hidden[:, :, None], _visible_mean(colours * weight, weight), colours).astype(
        np.uint8
    )


def _visible_mean(total: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """`total / weight` rounded; where the weight is 0, that of the 2x2 pixels (4x4, ...) around."""
    h, w = weight.shape[:2]
    mean = (total + weight // 2) // np.maximum(weight, 1)
    if h * w == 1 or weight.all():
        return mean
    even = ((0, h % 2), (0, w % 2), (0, 0))
    total, weight_2 = (
        np.pad(part, even).reshape((h + 1) // 2, 2, (w + 1) // 2, 2, -1).sum(axis=(1, 3))
        for part in (total, weight)
    )
    coarse = _visible_mean(total, weight_2).repeat(2, axis=0).repeat(2, axis=1)[:h, :w]
    return np.where(weight > 0, mean, coarse)
