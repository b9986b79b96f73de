"""Colour: luma, and the conversion of an image to the planes that are upscaled and back.

All functions take and return NumPy arrays. A plane is uint8 (h, w). An image is a plane, or uint8
(h, w, 2) gray and alpha, (h, w, 3) RGB or (h, w, 4) RGB and alpha. Alpha is straight, not
premultiplied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from iqlut import arithmetic as ar
from iqlut.errors import InvalidArgument
from iqlut.planes import cubic
from iqlut.planes.plane_types import check_uint8
from iqlut.planes.resize import resize

_LUMA_BITS = 16
# BT.601 full range, with the sum 2**16. Pillow's mode "L" uses the same weights.
_LUMA_RED, _LUMA_GREEN, _LUMA_BLUE = 19595, 38470, 7471
_BAND_PX = 1 << 17  # samples computed at a time, few enough to stay in the cache


def benchmark_luma(rgb: np.ndarray) -> np.ndarray:
    """The luma on which benchmarks are evaluated: uint8 (h, w, 3) to uint8 (h, w).

    Its values range from 16 to 235, as those of MATLAB's `rgb2ycbcr` do.
    """
    check_uint8(rgb, (3,), (3,))
    red, green, blue = (rgb[:, :, c].astype(np.int32) for c in range(3))
    return ((65481 * red + 128553 * green + 24966 * blue + 127500) // 255000 + 16).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Rest:
    """The components of an image besides its luma. Either of them may be missing.

    chroma   int16 (2, h, w): the differences red - green and blue - green
    alpha    uint8 (h, w)
    """

    chroma: np.ndarray | None = None
    alpha: np.ndarray | None = None


def split(image: np.ndarray) -> tuple[np.ndarray, Rest]:
    """Split an image into its luma plane, uint8 (h, w), which the tables upscale, and the rest.

    `join` is the inverse. Luma is BT.601 full range, so the luma of a gray pixel is its gray value.
    The two differences to green are stored exactly, so that no colour is lost and `join` at scale 1
    returns an equal image. Pixels of alpha 0 first take the alpha-weighted mean colour of their
    visible neighbours, so that hidden colours do not leak into visible pixels.
    """
    check_uint8(image, (2, 3))
    if image.ndim == 2:
        return image, Rest()
    colours, alpha = split_alpha(image)
    if colours.shape[2] == 1:
        return np.ascontiguousarray(colours[:, :, 0]), Rest(None, alpha)
    luma, *differences = luma_and_differences(
        *(colours[:, :, c].astype(np.int32) for c in range(3))
    )
    return luma.astype(np.uint8), Rest(np.stack(differences).astype(np.int16), alpha)


def luma_and_differences(red: Any, green: Any, blue: Any) -> tuple[Any, Any, Any]:
    """The luma and the differences red - green and blue - green of int32 arrays or tensors."""
    total = _LUMA_RED * red + _LUMA_GREEN * green + _LUMA_BLUE * blue
    return ar.round_shift(total, _LUMA_BITS), red - green, blue - green


def with_differences(luma_sr: Any, red: Any, blue: Any) -> tuple[Any, Any, Any]:
    """The inverse of `luma_and_differences`: red, green and blue, rounded once and clipped.

    The arguments are int32 arrays or tensors, and the differences are upscaled ones as
    `cubic.upscale_padded` returns them, scaled by 2**FRACTION_BITS.
    """
    shift = _LUMA_BITS + cubic.FRACTION_BITS
    half = (1 << (shift - 1)) - 1  # halves down, because `luma_and_differences` rounded halves up
    green = (luma_sr << shift) - (_LUMA_RED * red + _LUMA_BLUE * blue) + half
    colours = green + (red << _LUMA_BITS), green, green + (blue << _LUMA_BITS)
    red, green, blue = ((colour >> shift).clip(0, 255) for colour in colours)
    return red, green, blue


def split_alpha(image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Split an image, uint8 (h, w, c), into its colours and its alpha, or None if it has no alpha.

    In the colours, hidden pixels have the colour of their neighbours; see `fill_hidden`.
    """
    if image.shape[2] not in (2, 4):
        return image, None
    alpha = np.ascontiguousarray(image[:, :, -1])
    return fill_hidden(image[:, :, :-1], alpha), alpha


def join(
    luma_sr: np.ndarray, rest: Rest, scale: int, alpha_sr: np.ndarray | None = None
) -> np.ndarray:
    """Join an upscaled luma plane, uint8 (scale * h, scale * w), and the rest of the small image.

    The colour differences are upscaled by the bicubic kernel in integers, and red, green and blue
    are then rounded once and clipped. The result is exactly gray where the differences are 0.
    `alpha_sr` is alpha upscaled in the same way as luma, or None to upscale it by the bicubic
    kernel. In both cases it is clipped to the smallest and largest alpha of the surrounding 3x3
    pixels, so that opaque areas stay 255 and transparent areas stay 0.

    Raises InvalidArgument if the luma plane does not have `scale` times the sides of the rest.
    """
    check_uint8(luma_sr, (2,))
    for component in (rest.chroma, rest.alpha):
        if component is None:
            continue
        h, w = component.shape[-2:]
        if luma_sr.shape != (scale * h, scale * w):
            raise InvalidArgument(
                f"luma is {luma_sr.shape}, expected {(scale * h, scale * w)}: {scale} times the "
                "rest; upscale the luma plane that was split from the same image"
            )
    if rest.chroma is None and rest.alpha is None:
        return luma_sr
    image = luma_sr[:, :, None]
    if rest.chroma is not None:
        image = _colours(luma_sr, rest.chroma, scale)
    if rest.alpha is None:
        return image
    alpha = upscale_alpha(rest.alpha, scale, alpha_sr)
    return np.concatenate([image, alpha[:, :, None]], axis=2)


def _colours(luma_sr: np.ndarray, chroma: np.ndarray, scale: int) -> np.ndarray:
    """Convert luma and colour differences to RGB, uint8 (scale * h, scale * w, 3)."""
    h, w = chroma.shape[1:]
    out = np.empty((*luma_sr.shape, 3), np.uint8)
    padded = [cubic.pad(plane, 255) for plane in chroma]
    offsets = cubic.centred(scale), cubic.centred(scale)
    band = max(1, _BAND_PX // (w * scale * scale))
    for top in range(0, h, band):
        bottom = min(top + band, h)
        rows = slice(scale * top, scale * bottom)
        reach = bottom + cubic.BEFORE + cubic.AFTER
        red, blue = (cubic.upscale_padded(plane[top:reach], scale, offsets) for plane in padded)
        colours = with_differences(luma_sr[rows].astype(np.int32), red, blue)
        for channel, colour in enumerate(colours):
            out[rows, :, channel] = colour
    return out


def upscale_alpha(alpha: np.ndarray, scale: int, alpha_sr: np.ndarray | None = None) -> np.ndarray:
    """Upscale alpha within the bounds of its neighbourhood: uint8 (scale * h, scale * w).

    See `join` for `alpha_sr` and the bounds.
    """
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
    """Replace the colours of pixels of alpha 0 by the alpha-weighted mean of visible pixels nearby.

    `colours` is uint8 (h, w, c), and so is the result. Premultiplied colours are summed over blocks
    of 2x2, 4x4, ... pixels. A hidden pixel takes the mean of the smallest block around it that
    holds a visible pixel.
    """
    hidden = alpha == 0
    if not hidden.any() or hidden.all():
        return colours
    weight = alpha[:, :, None].astype(np.int64)
    return np.where(hidden[:, :, None], _visible_mean(colours * weight, weight), colours).astype(
        np.uint8
    )


def _visible_mean(total: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """`total / weight`, rounded; where the weight is 0, the mean of a larger block around."""
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
