"""Videos: every frame upscaled, everything else kept. `upscale_video` does it; needs PyAV, but for y4m."""

from iqlut.videos.upscale_video import probe, upscale, upscale_to_y4m, upscale_y4m
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
