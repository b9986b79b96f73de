"""Upscaling of videos: every frame is upscaled, and everything else in the file is kept.

The functions are in `upscale_video` and `upscale_to_y4m`. They require PyAV, except for pipes.
"""

from iqlut.videos.upscale_to_y4m import upscale_to_y4m, upscale_y4m
from iqlut.videos.upscale_video import probe, upscale
from iqlut.videos.video_types import Options, Outcome, Part, Upscaler, Video, VideoError

__all__ = [
    "Options",
    "Outcome",
    "Part",
    "Upscaler",
    "Video",
    "VideoError",
    "probe",
    "upscale",
    "upscale_to_y4m",
    "upscale_y4m",
]
