"""The torch engine: tables on any device of PyTorch, for planes and for batches of images.

    module = UpscaleModule(iqlut.load("everyday-x4").at(1.0)).to("cuda")
    large = module(small)     # (n, 3, h, w) or (n, 1, h, w), uint8, or float from 0 to 1

The pixels are those of `iqlut.upscale`, on every device. Accumulators are matrix products in
float32 of the weights of all levels (0 to 32 each) by their entries. Their sums are integers below
2**24, which float32 holds exactly in any order of addition. Everything else is int32.

It needs PyTorch: pip install 'iqlut[train]'.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from iqlut import arithmetic as ar
from iqlut.engines import check_plane
from iqlut.errors import InvalidArgument, MissingPackage
from iqlut.planes import colour, cubic
from iqlut.planes.plane_types import UpscalePlane
from iqlut.tables.integer_tables import Tables
from iqlut.tables.layer import Layer

try:
    import torch
    from torch.nn import functional
except ImportError:
    raise MissingPackage(
        "PyTorch is not installed, which the torch engine requires; run pip install 'iqlut[train]'"
    ) from None

# Input pixels that are processed at a time, which bounds the memory.
_BAND_CPU_PX, _BAND_GPU_PX = 1 << 14, 1 << 20


def build(tables: Tables, threads: int = 1, device: str | None = None) -> UpscalePlane:
    """See `iqlut.engines`.

    `device` is a device name of PyTorch; None selects the GPU if there is one, or else the CPU.
    """
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    module, (before, after) = UpscaleModule(tables).to(place), tables.halo
    band_px = _BAND_CPU_PX if place.type == "cpu" else _BAND_GPU_PX

    def upscale(luma: np.ndarray) -> np.ndarray:
        luma = np.ascontiguousarray(check_plane(luma))
        h, w = luma.shape
        rows = max(1, band_px // w)
        out = np.empty((tables.scale * h, tables.scale * w), np.uint8)
        with torch.no_grad(), _threads(threads):
            for top in range(0, h, rows):
                bottom, start = min(top + rows, h), max(0, top - before)
                band = torch.tensor(luma[start : bottom + after], device=place)
                band_sr = module(band[None, None])[0, 0, tables.scale * (top - start) :]
                out[tables.scale * top : tables.scale * bottom] = band_sr[
                    : tables.scale * (bottom - top)
                ].cpu()
        return out

    return upscale


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let PyTorch use `count` threads within the block, and restore the number afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class UpscaleModule(torch.nn.Module):
    """Upscale batches of gray or RGB images by the scale of the tables.

    Raises InvalidArgument if `tables` is not `Tables`.
    """

    def __init__(self, tables: Tables) -> None:
        super().__init__()
        if not isinstance(tables, Tables):
            raise InvalidArgument(
                f"the tables are {type(tables).__name__}, expected Tables; of a model with "
                "restoration strengths, pass model.at(strength)"
            )
        self.scale = tables.scale
        self.layers = torch.nn.ModuleList(map(_TableLayer, tables.layers))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Upscale (n, c, h, w), gray or RGB, to (n, c, scale * h, scale * w) of the same type.

        Floating-point images range from 0 to 1 and are rounded to 8 bits first. Raises
        InvalidArgument for another shape or type.
        """
        if images.ndim != 4 or images.shape[1] not in (1, 3) or min(images.shape[2:]) < 1:
            raise InvalidArgument(
                f"the batch is {tuple(images.shape)}, expected (n, 1, h, w) or (n, 3, h, w) with "
                "at least one pixel"
            )
        if images.is_floating_point():
            rounded = (images * ar.SIGNAL_MAX).round().clamp(0, ar.SIGNAL_MAX)
            return self._upscale(rounded.to(torch.int32)).to(images.dtype) / ar.SIGNAL_MAX
        if images.dtype != torch.uint8:
            raise InvalidArgument(
                f"the batch is {images.dtype}, expected torch.uint8 or a floating-point type"
            )
        return self._upscale(images.to(torch.int32)).to(torch.uint8)

    def _upscale(self, images: torch.Tensor) -> torch.Tensor:
        """Upscale int32 (n, c, h, w). Inside, the batch follows the rows and columns: (h, w, n)."""
        planes = images.permute(1, 2, 3, 0)
        if len(planes) == 1:
            return self._luma(planes[0])[:, None]
        luma, *differences = colour.luma_and_differences(*planes)
        chroma = (_cubic(difference, self.scale) for difference in differences)
        return torch.stack(colour.with_differences(self._luma(luma), *chroma), dim=1)

    def _luma(self, luma: torch.Tensor) -> torch.Tensor:
        """Planes int32 (h, w, n) to int32 (n, scale * h, scale * w)."""
        signal = luma[..., None]
        *blocks, last = self.layers
        for block in blocks:
            signal = block(signal)
        padded, phases = _pad(luma, 1, 1), range(self.scale)
        base = [ar.bilinear(padded, self.scale, p, q) for p in phases for q in phases]
        return ar.shuffle(last(signal, torch.stack(base, dim=3)).movedim(2, 0), self.scale)


class _TableLayer(torch.nn.Module):
    """A layer: its hats (256, levels), the weight of each level for each value of a signal; its
    entries as a matrix (c * levels, k * k * d); and the constants of `arithmetic.requantise`.
    """

    hats: torch.Tensor
    entries: torch.Tensor
    gain: torch.Tensor
    skip: torch.Tensor
    bias: torch.Tensor

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.kernel, self.acc_shift, self.shift = layer.kernel, layer.acc_shift, layer.shift
        matrix = layer.lut.reshape(layer.channels_in * layer.levels, -1)
        for name, array in (("hats", layer.hats), ("entries", matrix)):
            self.register_buffer(name, torch.from_numpy(array.astype(np.float32)))
        for name in ("gain", "skip", "bias"):
            self.register_buffer(name, torch.from_numpy(getattr(layer, name).astype(np.int32)))

    def forward(self, signal: torch.Tensor, base: torch.Tensor | None = None) -> torch.Tensor:
        """Signals int32 (h, w, n, c) to int32 (h, w, n, d); `base` is for the upsampler."""
        h, w, k = signal.shape[0], signal.shape[1], self.kernel
        padded = _pad(signal, *ar.footprint(k))
        taps = functional.embedding(padded, self.hats).flatten(3) @ self.entries
        taps = taps.unflatten(3, (k, k, len(self.gain)))
        places = [(i, j) for i in range(k) for j in range(k)]
        acc = torch.stack([taps[i : i + h, j : j + w, :, i, j] for i, j in places]).sum(dim=0)
        own = ar.skip_signal(signal, len(self.gain)) if base is None else base
        return ar.requantise(acc.to(torch.int32), own, self)


def _pad(planes: torch.Tensor, before: int, after: int) -> torch.Tensor:
    """Replicate the edges of (h, w, ...).

    `before` pixels are added above and on the left, `after` below and on the right.
    """
    for axis in (0, 1):
        size = planes.shape[axis]
        nearest = torch.arange(-before, size + after, device=planes.device).clamp(0, size - 1)
        planes = planes.index_select(axis, nearest)
    return planes


def _cubic(planes: torch.Tensor, scale: int) -> torch.Tensor:
    """`cubic.upscale_padded` of centred planes: int32 (h, w, n) to (n, scale * h, scale * w)."""
    h, w, _ = planes.shape
    padded = _pad(planes, cubic.BEFORE, cubic.AFTER)
    phases = cubic.phases(scale, cubic.centred(scale))
    tall = torch.stack([_weighted(padded, first, weights, h) for first, weights in phases], dim=1)
    lines = tall.flatten(0, 1).movedim(1, 0)
    wide = torch.stack([_weighted(lines, first, weights, w) for first, weights in phases], dim=1)
    return ar.round_shift(wide.flatten(0, 1), 2 * cubic.WEIGHT_BITS - cubic.FRACTION_BITS).permute(
        2, 1, 0
    )


def _weighted(
    padded: torch.Tensor, first: int, weights: tuple[int, ...], size: int
) -> torch.Tensor:
    """The weighted sum of neighbours along the first axis, for `size` positions."""
    top = cubic.BEFORE + first
    return sum(  # type: ignore[return-value]
        weight * padded[top + k : top + k + size] for k, weight in enumerate(weights) if weight
    )
