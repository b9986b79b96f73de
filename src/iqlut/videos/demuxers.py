"""The readers of FFmpeg that may open a video, and what they may access.

FFmpeg chooses a reader by the content of a file. Some of its readers open other files that the file
names, or connect to other machines: playlists (ffconcat, HLS, DASH, IMF), descriptions of sessions
(SDP), subtitle indexes (VobSub), patterns of picture files, and devices. Only the readers listed
here are allowed, each of which reads the file alone.
"""

from __future__ import annotations

_READERS = (
    *("mov", "mp4", "matroska", "webm", "avi", "asf", "asf_o", "flv", "live_flv", "kux", "ogg"),
    *("mpeg", "mpegts", "mpegtsraw", "mpegvideo", "m4v", "h261", "h263", "h264", "hevc", "vvc"),
    *("evc", "vc1", "vc1test", "obu", "av1", "ivf", "cavsvideo", "avs2", "avs3", "dirac", "apv"),
    *("mjpeg", "mjpeg_2000", "smjpeg", "mpjpeg", "dnxhd", "dv", "dhav", "gxf", "mxf", "nsv", "nut"),
    *("nuv", "rm", "ivr", "swf", "wtv", "yuv4mpegpipe"),
)
SAFE_OPTIONS = {"format_whitelist": ",".join(_READERS), "protocol_whitelist": "file"}
