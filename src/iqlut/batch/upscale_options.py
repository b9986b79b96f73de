"""How files are upscaled and saved: what all files of a run share."""

from __future__ import annotations

from dataclasses import dataclass, field

from iqlut import videos
from iqlut.batch.output_size import Size
from iqlut.pictures import reading
from iqlut.restoration import choose_strength
from iqlut.tables.shipped_models import Model


@dataclass(frozen=True)
class UpscaleOptions:
    """How files are upscaled and saved.

    ladder           the model of each scale that may be used
    size             how large the results are
    engine, threads  see `iqlut.engines`; None is one thread for each core
    format           Pillow's name of the format to write; None: by the ending of a named file, or as the source
    quality          1 to 100, for formats that have it
    strip            leave colour profile, EXIF, XMP and resolution out
    pixels_max       the largest picture or frame that is opened
    overwrite        replace results that exist
    target_is_named  the user named the file of the result, so its ending says the format
    ensemble         flips and rotations of which the mean is taken, see `planes.self_ensemble`
    video            how videos are encoded, and which part of them
    restore          the restoration strength, for models that have several: "auto" or a number
    """

    ladder: tuple[Model, ...]
    size: Size
    engine: str = "native"
    threads: int | None = None
    format: str | None = None
    quality: int | None = None
    strip: bool = False
    pixels_max: int = reading.PIXELS_MAX
    overwrite: bool = False
    target_is_named: bool = False
    ensemble: int = 1
    video: videos.Options = field(default_factory=videos.Options)
    restore: float | str = choose_strength.AUTO
