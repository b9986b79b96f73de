"""What a run is: frozen dataclasses, one TOML file each. Every field has its unit and its reason.

A variant is a value: the paper's ablations, its ECNN baseline and our own trials are configurations of
the same code.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from iqlut.errors import BadConfig
from iqlut.tables import strengths
from iqlut.tables.symmetry import ORDERS

if sys.version_info >= (3, 11):
    import tomllib
else:  # a dependency of the extra `train` there
    import tomli as tomllib


FILTERS = ("bicubic", "box", "lanczos", "bilinear", "blurred")


@dataclass(frozen=True)
class ModelConfig:
    """The shape of a model: `blocks` 8 and `channels` 8 are the paper's L8C8."""

    scale: int = 4
    blocks: int = 8
    channels: int = 8
    kernel: int = 3  # taps a side of every block
    upsample_kernel: int = 2  # 2: reads a pixel and its right, lower and lower right neighbours
    first_levels: int = 16  # 4 bits, on luma
    levels: int = 7  # 3 bits, symmetric: -3..3 with a level exactly at zero
    upsample_levels: int = 8
    interpolate: bool = True  # DPFI (IQ-LUT eq. 5); False: nearest level
    residual: bool = True  # gated residual in each block, bilinear base at the end (eq. 3)
    gate: Literal["block", "channel"] = (
        "block"  # one alpha for a block (the paper), or one for each channel
    )
    knot_a: tuple[float, ...] = (
        0.5,
    )  # NUQD: signal +-a is bent to position +-b (eq. 4); one value for all
    knot_b: tuple[float, ...] = (
        0.5,
    )  # layers after the first, or one for each; a = b: uniform levels
    knots: Literal["fixed", "learned"] = "fixed"  # learned: a and b are where they start
    parameterisation: Literal["table", "network"] = "table"
    hidden: int = 32  # width of the three-layer sub-networks of "network"
    symmetry: int = (
        1  # 2, 4, 8: tables that are turns (and flips) of each other are one (symmetry.py)
    )
    strengths: tuple[
        float, ...
    ] = ()  # restoration strengths, from 0 up, each with a set of tables; (): one set

    def __post_init__(self) -> None:
        if self.scale not in (2, 3, 4):
            raise BadConfig(f"model.scale is {self.scale}, expected 2, 3 or 4")
        if self.blocks < 1 or not 1 <= self.channels <= 64:
            raise BadConfig(
                f"model has {self.blocks} blocks of {self.channels} channels, expected 1 or more of 1 to 64"
            )
        if self.kernel not in (1, 2, 3) or self.upsample_kernel not in (1, 2, 3):
            raise BadConfig(
                f"kernels are {self.kernel} and {self.upsample_kernel}, expected 1, 2 or 3"
            )
        if not all(2 <= n <= 256 for n in (self.first_levels, self.levels, self.upsample_levels)):
            raise BadConfig("a layer has 2 to 256 levels")
        if self.symmetry not in ORDERS or self.channels % self.symmetry:
            raise BadConfig(
                f"model.symmetry is {self.symmetry}, expected one of {ORDERS} that divides {self.channels} channels"
            )
        if self.symmetry > 1 and not self.kernel % 2 == self.upsample_kernel % 2 == 1:
            raise BadConfig(
                f"kernels are {self.kernel} and {self.upsample_kernel}, expected odd ones where there is symmetry"
            )
        if self.strengths:
            try:
                strengths.check(self.strengths)
            except ValueError as error:
                raise BadConfig(f"model.strengths: {error}") from None
            if self.parameterisation != "table" or self.knots != "fixed":
                raise BadConfig(
                    'model.strengths works with parameterisation = "table" and knots = "fixed" only'
                )
        for knots in (self.knot_a, self.knot_b):
            if len(knots) not in (1, self.blocks) or not all(0 < knot < 1 for knot in knots):
                raise BadConfig(
                    f"knots are {knots}, expected 1 or {self.blocks} numbers between 0 and 1"
                )


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained."""

    data: str = "../shared/data/train"  # folder of images, searched recursively
    exclude: tuple[str, ...] = ()  # file stems to leave out (shown elsewhere as examples)
    # which planes of an image are examples: luma from 16 to 235, as it is scored; from 0 to 255, as JPEGs have it
    planes: Literal["luma", "luma+rgb", "full-range luma"] = "luma"
    shrinks: tuple[float, ...] = (1.0,)  # each image is also used shrunk to these sizes
    grids: int = 1  # in each direction, of at most `scale`: low-resolution pixels may begin at any pixel of a picture
    flats: float = (
        0.0  # part of the patches that are one gray, any of the 256: photographs hardly have them
    )
    steps: int = 100_000  # 0: only the last act of a run, on what `start` holds (train/offset.py)
    batch: int = 16  # patches a step
    patch: int = 48  # low-resolution pixels a side
    margin: int = 0  # of them, at each side, that do not count: what is beyond they do not see, as in no picture
    optimiser: Literal["adam"] = "adam"
    learning_rate: float = 2e-3
    upsample_rate: float = (
        1.0  # of the upsampler's entries, against 1 for all others: less where many are summed
    )
    schedule: Literal["cosine", "linear", "paper"] = "cosine"
    warmup: float = 0.05  # part of the steps, not of "paper"
    loss: Literal["mse", "charbonnier", "psnr"] = "mse"
    start: str = ""  # a checkpoint to start from; its tables are read at this model's levels (the paper's stage 2)
    teacher: str = ""  # a checkpoint whose pixels are followed too
    distillation: float = 3.0  # weight of the distance to the teacher, against 1 for the pixels
    features: float = (
        0.0  # weight of the distance to what the teacher's blocks hand on; slow, in plain torch
    )
    beta2: float = 0.999
    ema: float = 0.999  # of the parameters; 0 switches it off
    seed: int = 1
    checkpoint_every: int = 2000  # steps
    validate_every: int = 10_000  # steps
    validation: str = "../shared/data/valid/Kodak24"  # folder, never a test set

    def __post_init__(self) -> None:
        if (
            min(self.batch, self.patch, self.checkpoint_every, self.validate_every) < 1
            or self.steps < 0
        ):
            raise BadConfig(
                "batch, patch, checkpoint_every and validate_every are 1 or more, steps 0 or more"
            )
        if (
            not min(self.learning_rate, self.upsample_rate) > 0
            or not 0 <= self.ema < 1
            or not 0 <= self.warmup < 1
        ):
            raise BadConfig(
                "learning_rate and upsample_rate are positive, ema and warmup lie in [0, 1)"
            )
        if not 0 <= 2 * self.margin < self.patch:
            raise BadConfig(
                f"train.margin is {self.margin}, expected 0 or more, and less than half of a patch"
            )
        if self.features < 0 or (self.features and not self.teacher):
            raise BadConfig(
                f"train.features is {self.features}, expected 0, or more than 0 and a train.teacher"
            )
        if not 0 <= self.flats < 1:
            raise BadConfig(f"train.flats is {self.flats}, expected a part in [0, 1)")


@dataclass(frozen=True)
class DegradeConfig:
    """How the low-resolution side of a patch is made and damaged (`train/degrade.py`).

    Severities are four numbers, for the strengths 0, 1, 2 and 3, linear between them. A model with `model.strengths`
    trains on all of its strengths, others on `strength`. By default a patch is MATLAB's bicubic, and undamaged.
    """

    filters: tuple[str, ...] = (
        "bicubic",
    )  # degradation.DOWNSCALERS, or "blurred": a slight blur before one of them
    filter_shares: tuple[float, ...] = (1.0,)  # of the patches, for each filter
    strength: float = 0.0
    spread: float = 0.3  # a patch is damaged as at a strength up to this part below or above
    noise_share: float = 0.0  # of the patches: only noise
    jpeg_share: float = 0.0  # only JPEG
    noise_jpeg_share: float = 0.0  # noise, then JPEG
    codec_share: float = (
        0.0  # a frame of H.264 or H.265 (needs PyAV), with noise before it in half of them
    )
    noise_sigma: tuple[float, ...] = (0.0, 5.0, 11.0, 20.0)  # grey levels
    jpeg_quality: tuple[float, ...] = (97.0, 70.0, 35.0, 10.0)  # libjpeg's
    codec_crf: tuple[float, ...] = (14.0, 22.0, 29.0, 37.0)  # x264's and x265's
    signal_noise_share: float = 0.3  # of noise that grows with the signal, as a sensor's does
    colour_share: float = 0.3  # of JPEGs in colour, half 4:2:0 and half 4:4:4; the others are gray
    twice_share: float = 0.15  # of JPEGs that are encoded a second time, on another grid
    graphics_share: float = (
        0.0  # of all patches: text, boxes, lines and charts, drawn at both resolutions
    )
    graphics: int = 600  # how many such pictures are drawn

    def __post_init__(self) -> None:
        shares = (self.noise_share, self.jpeg_share, self.noise_jpeg_share, self.codec_share)
        others = (
            self.signal_noise_share,
            self.colour_share,
            self.twice_share,
            self.graphics_share,
            self.spread,
        )
        if not all(0 <= share <= 1 for share in (*shares, *others)) or sum(shares) > 1 + 1e-9:
            raise BadConfig(
                "degrade: shares and spread lie in [0, 1], expected the shares of damage to sum to at most 1"
            )
        if len(self.filters) != len(self.filter_shares) or abs(sum(self.filter_shares) - 1) > 1e-6:
            raise BadConfig(
                "degrade.filter_shares: expected one share for each of degrade.filters, of sum 1"
            )
        if unknown := set(self.filters) - set(FILTERS):
            raise BadConfig(
                f"degrade.filters has {', '.join(sorted(unknown))}, expected some of {', '.join(FILTERS)}"
            )
        if any(len(four) != 4 for four in (self.noise_sigma, self.jpeg_quality, self.codec_crf)):
            raise BadConfig(
                "degrade.noise_sigma, jpeg_quality and codec_crf: expected four numbers each"
            )
        if not 0 <= self.strength <= strengths.STRENGTH_MAX or self.graphics < 1:
            raise BadConfig("degrade.strength lies in [0, 3], degrade.graphics is 1 or more")


@dataclass(frozen=True)
class Config:
    """A whole run: `name` is the model's name, as in `l8c8-x4`."""

    name: str = "l8c8-x4"
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    degrade: DegradeConfig = field(default_factory=DegradeConfig)
    purpose: str = "clean input"  # what the model is for, in a few words

    def __post_init__(self) -> None:
        if not 1 <= self.train.grids <= self.model.scale:
            raise BadConfig(
                f"train.grids is {self.train.grids}, expected 1 to {self.model.scale}, model.scale"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON has them."""
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return plain


def load(path: str | Path) -> Config:
    """The configuration in the TOML file at `path`; BadConfig in one sentence where it is none."""
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{path} is no TOML file: {error}") from None
    return from_dict(values)


def from_dict(values: Mapping[str, Any]) -> Config:
    """A Config from plain values; unknown names and wrong types are refused by name."""
    parts: dict[str, Any] = {**values}
    parts["model"] = _fill(ModelConfig, parts.get("model", {}), "model.")
    parts["train"] = _fill(TrainConfig, parts.get("train", {}), "train.")
    parts["degrade"] = _fill(DegradeConfig, parts.get("degrade", {}), "degrade.")
    return _fill(Config, parts, "")


def to_toml(config: Config) -> str:
    """What `load` reads as `config`: the values that are not the defaults."""
    lines = [f"name = {_toml(config.name)}"]
    if config.purpose != Config().purpose:
        lines.append(f"purpose = {_toml(config.purpose)}")
    for part in ("model", "train", "degrade"):
        values, defaults = getattr(config, part), getattr(Config(), part)
        own = {field.name: getattr(values, field.name) for field in dataclasses.fields(values)}
        changed = [
            f"{name} = {_toml(value)}"
            for name, value in own.items()
            if value != getattr(defaults, name)
        ]
        if changed or part != "degrade":
            lines += ["", f"[{part}]", *changed]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    return json.dumps(
        value
    )  # strings, numbers, truth values and lists of them: JSON and TOML agree


def _fill(kind: Any, values: Any, prefix: str) -> Any:
    if not isinstance(values, Mapping):
        raise BadConfig(f"{prefix}* is {values!r}, expected a table of names and values")
    known = {f.name: f for f in dataclasses.fields(kind)}
    for name in values:
        if name not in known:
            raise BadConfig(
                f"there is no {prefix}{name}; known are {', '.join(prefix + n for n in known)}"
            )
    return kind(**{name: _typed(value, known[name], prefix) for name, value in values.items()})


def _typed(value: Any, spec: dataclasses.Field[Any], prefix: str) -> Any:
    default = spec.default if spec.default is not dataclasses.MISSING else spec.default_factory()  # type: ignore[misc]
    if isinstance(default, tuple):
        value = tuple(value) if isinstance(value, list | tuple) else (value,)
    elif isinstance(default, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(default):
        raise BadConfig(f"{prefix}{spec.name} is {value!r}, expected a value like {default!r}")
    choices = _choices(str(spec.type))
    if choices and value not in choices:
        raise BadConfig(f"{prefix}{spec.name} is {value!r}, expected one of {', '.join(choices)}")
    return value


def _choices(annotation: str) -> tuple[str, ...]:
    """The strings of a Literal annotation (annotations are strings here)."""
    if not annotation.startswith("Literal["):
        return ()
    return tuple(part.strip().strip("\"'") for part in annotation[8:-1].split(","))
