"""The options of `[model]`: the shape of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from iqlut.network.option_types import BadConfig, Channels, KernelSide, Knot, Levels, per_layer
from iqlut.tables.file_format import FILE_BYTES_MAX
from iqlut.tables.strengths import STRENGTH_MAX
from iqlut.tables.strengths import check as check_strengths
from iqlut.tables.symmetry import FLIPS_ROTATIONS, Symmetry


@dataclass(frozen=True)
class ModelConfig:
    """The shape of a network. The network L8C8 of the paper has 8 blocks of 8 channels."""

    scale: Annotated[int, Meta(ge=2, le=4), "times"] = 4
    """How many times larger the upscaled image is, in each direction."""

    blocks: Annotated[int, Meta(ge=1, le=64)] = 8
    """How many blocks come before the upsampler. Time and table size grow in proportion."""

    channels: Annotated[int, Meta(ge=1, le=64)] = 8
    """Channels of each block. Time and table size grow with the square."""

    kernel: KernelSide | tuple[KernelSide, ...] = 3
    """Side length of the convolution of the blocks: one number, or one for each block."""

    spatial_channels: Channels | tuple[Channels, ...] = 0
    """Channels between which the tables of the blocks after the first have k x k taps; all other
    pairs of channels are connected by the tap at the centre only. One number, or one for each of
    these blocks; 0 means all channels.
    """

    upsample_spatial_channels: Channels = 0
    """Channels of which the upsampler reads k x k taps; of the others it reads the centre only. 0
    means all channels.
    """

    taps: Literal["square", "lines"] = "square"
    """Taps of the blocks after the first. "square" means all of them; with "lines", which needs
    symmetry = 8, half of the channels read a row of three pixels and the others a column.
    """

    upsample_kernel: KernelSide = 2
    """Side length of the upsampler's convolution. 2 reads a pixel and its right, lower and lower
    right neighbours.
    """

    first_levels: Levels = 16
    """Levels of the first block, which reads luma: 16 levels are 4 bits."""

    levels: Levels | tuple[Levels, ...] = 7
    """Levels of the blocks after the first: one number, or one for each of them.

    An odd number places a level exactly at zero; 7 levels are -3 to 3.
    """

    upsample_levels: Levels = 8
    """Levels of the upsampler."""

    interpolate: bool = True
    """Whether a signal is interpolated between two levels (DPFI, IQ-LUT eq. 5); otherwise the
    nearest level is read.
    """

    residual: bool = True
    """Whether each block has a gated residual and the output is added to the bilinear image (IQ-LUT
    eq. 3).
    """

    gate: Literal["block", "channel"] = "block"
    """Whether a block has one gate, as in the paper, or one for each channel."""

    knot_a: tuple[Knot, ...] = (0.5,)
    """Where levels lie (NUQD, IQ-LUT eq. 4): the signal +-a is mapped to the position +-b.

    One value for all layers after the first, or one for each.
    """

    knot_b: tuple[Knot, ...] = (0.5,)
    """See knot_a. If knot_b equals knot_a, the levels are uniform; if it is greater, more of them
    are near zero.
    """

    knots: Literal["fixed", "learned"] = "fixed"
    """Whether the levels stay where knot_a and knot_b place them, or are trained from there."""

    parameterisation: Literal["table", "network"] = "table"
    """Whether table entries are trained directly, or computed by small networks of one input, as in
    the paper.
    """

    hidden: Annotated[int, Meta(ge=1, le=1024)] = 32
    """Width of these three-layer networks; used with parameterisation = "network"."""

    symmetry: Annotated[int, Meta(ge=1, le=8)] = 1
    """How many flips and rotations of a table are stored as a single one: 1 means no symmetry, 2
    the rotation by 180 degrees, 4 all rotations and 8 all flips and rotations. Above 1, kernels are
    odd.
    """

    negative: bool = False
    """Whether the tables are shared by channels that see the image and others that see its
    negative. The first block then has no skip.
    """

    strengths: tuple[Annotated[float, Meta(ge=0, le=STRENGTH_MAX)], ...] = ()
    """Restoration strengths in rising order from 0, each with its own set of tables; empty for a
    single set.
    """

    def __post_init__(self) -> None:
        if self.symmetry not in FLIPS_ROTATIONS or self.channels % self.group.order:
            known = ", ".join(map(str, FLIPS_ROTATIONS))
            with_negative = " and negative = true" if self.negative else ""
            raise BadConfig(
                f"model.symmetry is {self.symmetry}{with_negative} with {self.channels} channels, "
                f"expected one of {known}, and channels in groups of it, or of twice as many with "
                "negative = true; change one of these"
            )
        sides = (*self.block_kernels, self.upsample_kernel)
        if self.symmetry > 1 and not all(side % 2 for side in sides):
            raise BadConfig(
                f"model.kernel and model.upsample_kernel are {self.kernel} and "
                f"{self.upsample_kernel}, expected odd numbers with symmetry; set both to 1 or 3"
            )
        if self._entries > FILE_BYTES_MAX:
            raise BadConfig(
                f"the model has {self._entries} table entries, expected at most {FILE_BYTES_MAX}, "
                "as many as fit into a model file; lower model.blocks, channels or levels"
            )
        self._check_negative()
        self._check_strengths()
        self._check_spatial_channels()
        self._check_lines()
        for name, knots in (("knot_a", self.knot_a), ("knot_b", self.knot_b)):
            if len(knots) not in (1, self.blocks):
                raise BadConfig(
                    f"model.{name} has {len(knots)} values, expected 1 or {self.blocks} (layers "
                    "after the first); change their number"
                )

    def _check_spatial_channels(self) -> None:
        """Raise BadConfig for channels with taps that do not fit the channels or the kernels."""
        sides = (*self.block_kernels, self.upsample_kernel)
        names = (*["spatial_channels"] * self.blocks, "upsample_spatial_channels")
        for name, few, side in zip(names, self.layer_spatial_channels, sides, strict=True):
            if few and side != 3:
                raise BadConfig(
                    f"model.{name} is {few} with a kernel of {side}, expected a kernel of 3; set "
                    f"model.{name} to 0, or change the kernel"
                )
            if few % self.group.order or few > self.channels:
                raise BadConfig(
                    f"model.{name} is {few}, expected a multiple of {self.group.order}, which "
                    f"share a table, of at most {self.channels} channels; change it"
                )

    def _check_lines(self) -> None:
        """Raise BadConfig for lines of taps without what they need."""
        if self.taps == "lines" and self.blocks == 1:
            raise BadConfig(
                "model.taps is 'lines' with one block, expected two or more, because the first "
                "block has all taps; raise model.blocks, or set model.taps to 'square'"
            )
        if self.taps == "lines" and (
            self.symmetry != 8
            or self.negative
            or any(self.layer_spatial_channels[:-1])
            or set(self.block_kernels[1:]) != {3}
        ):
            raise BadConfig(
                f"model.taps is 'lines' with symmetry = {self.symmetry}, negative = "
                f"{str(self.negative).lower()}, kernel = {self.kernel} and spatial_channels = "
                f"{self.spatial_channels}, expected 8, false, 3 and 0; change these, or set "
                "model.taps to 'square'"
            )

    def _check_negative(self) -> None:
        """Raise BadConfig for levels that an image and its negative do not read alike."""
        if not self.negative:
            return
        if 255 % (self.first_levels - 1):
            raise BadConfig(
                f"model.first_levels is {self.first_levels} with negative = true, "
                "expected 2, 4, 6, 16, 18, 52, 86 or 256, whose levels are evenly spaced over the "
                "signals 0 to 255; change one of the two"
            )
        if self.knots != "fixed":
            raise BadConfig(
                f"model.knots is {self.knots!r} with negative = true, expected 'fixed'; change one "
                "of the two"
            )

    def _check_strengths(self) -> None:
        """Raise BadConfig for illegal strengths, and for options that exclude strengths."""
        if not self.strengths:
            return
        try:
            check_strengths(self.strengths)
        except ValueError as error:
            raise BadConfig(f"model.strengths: {error}") from None
        if self.parameterisation != "table" or self.knots != "fixed":
            raise BadConfig(
                f"model.strengths is set with parameterisation = {self.parameterisation!r} and "
                f"knots = {self.knots!r}, expected 'table' and 'fixed'; change these, or leave "
                "strengths out"
            )

    @property
    def group(self) -> Symmetry:
        """The symmetry group of the tables."""
        return Symmetry(self.symmetry, self.negative)

    @property
    def block_kernels(self) -> tuple[int, ...]:
        """The side length of the convolution of each block."""
        return per_layer(self.kernel, self.blocks, "model.kernel")

    @property
    def layer_spatial_channels(self) -> tuple[int, ...]:
        """The channels with taps off the centre of each layer, 0 for all."""
        later = self.blocks - 1
        inner = per_layer(self.spatial_channels, later, "model.spatial_channels") if later else ()
        return 0, *inner, self.upsample_spatial_channels

    @property
    def layer_has_lines(self) -> tuple[bool, ...]:
        """Whether the taps of each layer are lines."""
        return False, *[self.taps == "lines"] * (self.blocks - 1), False

    @property
    def layer_levels(self) -> tuple[int, ...]:
        """The number of levels of each layer: the first block, the later blocks, the upsampler."""
        later = self.blocks - 1
        if not later:
            return self.first_levels, self.upsample_levels
        inner = per_layer(self.levels, later, "model.levels")
        return self.first_levels, *inner, self.upsample_levels

    @property
    def _entries(self) -> int:
        """Entries of all layers and strengths. Raises BadConfig for a wrong number of values."""
        ins = (1, *[self.channels] * self.blocks)
        outs = (*ins[1:], self.scale**2)
        sides = (*self.block_kernels, self.upsample_kernel)
        shapes = zip(ins, self.layer_levels, sides, outs, strict=True)
        return max(1, len(self.strengths)) * sum(c * n * k * k * d for c, n, k, d in shapes)

    def layer_knot_parameters(self) -> tuple[tuple[float, float], ...]:
        """The pair (a, b) of each later block, and then of the upsampler."""
        pairs = (
            knot * self.blocks if len(knot) == 1 else knot for knot in (self.knot_a, self.knot_b)
        )
        return tuple(zip(*pairs, strict=True))
