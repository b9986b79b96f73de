"""The options that all files of a run share."""

from __future__ import annotations

from dataclasses import dataclass, field

from iqlut import videos
from iqlut.batch.output_size import Size
from iqlut.pictures import reading
from iqlut.restoration import choose_strength
from iqlut.tables.shipped_models import Model


@dataclass(frozen=True)
class UpscaleOptions:
    """How files are upscaled and written.

    ladder           the models that may be used, one for each scale
    size             the size of the results
    engine, threads  see `iqlut.engines`; None is one thread for each core
    format           Pillow's name of the format to write; None takes it from the ending of a target
                     that the user named, or else from the source
    quality          1 to 100, for formats that have it
    strip            leave out the colour profile, EXIF, XMP and resolution
    pixels_max       the largest picture or frame that is opened, in pixels
    overwrite        replace results that exist
    target_is_named  the user named the target file, so that its ending decides the format
    ensemble         the number of flips and rotations to average, see `planes.self_ensemble`
    video            how videos are encoded, and which part of them
    restore          the restoration strength for models that have several: "auto" or a number
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
