"""The options of `[train]`: the images, the length and the optimiser of a training run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from iqlut.network.option_types import (
    STEPS_MAX,
    BadConfig,
    Decay,
    Interval,
    Positive,
    Weight,
)


@dataclass(frozen=True)
class TrainConfig:
    """How a network is trained."""

    data: str = "data/train"
    """Folder of the training images, searched recursively."""

    exclude: tuple[str, ...] = ()
    """Names, without extension, of images to leave out, for example because they are shown as
    results.
    """

    planes: Literal["luma", "luma+rgb", "full-range luma"] = "luma"
    """Which planes of an image are trained on.

    "luma" has the range 16 to 235, on which benchmarks are scored; "full-range luma" has the range
    0 to 255, as in JPEG files.
    """

    shrinks: tuple[Annotated[float, Meta(gt=0, le=1)], ...] = (1.0,)
    """Sizes at which each image is used, as factors of its own size."""

    grids: Annotated[int, Meta(ge=1, le=4)] = 1
    """Number of pixel offsets, in each direction, from which images are downscaled, at most
    model.scale.
    """

    flats: Annotated[float, Meta(ge=0, lt=1), "proportion"] = 0.0
    """Share of the patches that have a single gray level, which is rare in photographs."""

    steps: Annotated[int, Meta(ge=0, le=STEPS_MAX), "steps"] = 100_000
    """Length of the run. 0 only removes the mean error of the network in `start`
    (training/mean_error.py).
    """

    batch: Annotated[int, Meta(ge=1, le=65536), "patches"] = 16
    """Patches in each step."""

    patch: Annotated[int, Meta(ge=1, le=4096), "low-resolution pixels"] = 48
    """Side length of a patch."""

    margin: Annotated[int, Meta(ge=0, le=2048), "low-resolution pixels"] = 0
    """Border of a patch that the loss leaves out, because its neighbours are not in the patch."""

    optimiser: Literal["adam"] = "adam"
    """The optimiser."""

    learning_rate: Positive = 2e-3
    """The largest learning rate of the run."""

    upsample_rate: Positive = 1.0
    """Learning-rate multiplier of the upsampler's entries; below 1 where many entries are summed.
    """

    schedule: Literal["cosine", "linear", "paper"] = "cosine"
    """How the learning rate falls; "paper" halves it at 20, 40, 60 and 80 % of the steps."""

    warmup: Decay = 0.05
    """Share of the steps in which the learning rate rises from 0; not used by schedule = "paper".
    """

    loss: Literal["mse", "charbonnier", "psnr"] = "mse"
    """What is minimised: the mean squared error ("mse"), a smooth mean absolute error
    ("charbonnier"), or the mean over patches of the logarithm of their mean squared error ("psnr").
    """

    start: str = ""
    """Checkpoint to start from, whose tables are read at this model's levels; empty for a random
    initialisation.

    A stage without this option starts from the stage before it.
    """

    teacher: str = ""
    """Checkpoint of a teacher whose output is also approximated (distillation); empty for none."""

    distillation: Weight = 3.0
    """Weight of the distance to the teacher's output. The distance to the original image has the
    weight 1.
    """

    features: Weight = 0.0
    """Weight of the distance to the signals after each of the teacher's blocks. It is slow, because
    it is computed in plain PyTorch.
    """

    beta2: Annotated[float, Meta(gt=0, lt=1)] = 0.999
    """Adam's decay of the squared gradients."""

    ema: Decay = 0.999
    """Decay of the moving average of the parameters. The average is what is scored and converted; 0
    switches it off.
    """

    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 1
    """Seed of all random numbers."""

    checkpoint_every: Interval = 2000
    """Steps between two checkpoints, each with a line in the log."""

    validate_every: Interval = 10_000
    """Steps between two scores on the validation images, rounded to checkpoints."""

    validation: str = "data/valid/Kodak24"
    """Folder of the validation images; never a test set."""

    def __post_init__(self) -> None:
        if 2 * self.margin >= self.patch:
            raise BadConfig(
                f"train.margin is {self.margin}, expected less than half of a patch of "
                f"{self.patch}; lower train.margin or raise train.patch"
            )
        if self.features and not self.teacher:
            raise BadConfig(
                f"train.features is {self.features}, expected 0 without a train.teacher; name a "
                "teacher, or set train.features to 0"
            )
