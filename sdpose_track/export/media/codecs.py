"""How the pictures of a video are coded: FFmpeg's encoders, and what was measured of them.

On juggle_single.mp4 (720p, 2 cores) with the qualities below, 150 pictures: H.264 130 pictures/s,
1.50 MB; H.265 29 pictures/s, 1.18 MB, and 75 MB more memory; AV1 80 pictures/s, 1.10 MB, nearest to
the source, and 170 MB more memory; ProRes 37 pictures/s, 112 MB (`prores_ks` 8 pictures/s and less
near). `veryfast` of x264 makes half the bytes of `superfast` at the same quality; `medium` of x265
saves nothing over its `veryfast`.

Without B-frames every picture is stored in order with its exact time and duration, and no edit
list has to repair the start, which editing programs read in different ways. AV1 has no such order.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import av

from sdpose_track.errors import SettingsError

HUGE = 4096 * 4096
"""Pixels from which an encoder looks ahead at no other frames, to not hold dozens of them."""


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoder of FFmpeg, and how it is set."""

    name: str
    encoder: str
    options: Mapping[str, str]
    for_huge: Mapping[str, str]
    """Instead, for pictures of `HUGE` pixels or more."""
    quality: int | None
    """The constant rate factor that suits it; None where it has none."""
    worst: int = 51
    pixels: str = "yuv420p"
    container: str = "mp4"
    tag: str | None = None
    """What Apple's players know it by, where that is not what FFmpeg writes."""
    muxer: Mapping[str, str] = field(default_factory=dict)
    """Options of the container."""

    def settings(self, quality: int | None, area: int) -> dict[str, str]:
        """Return the encoder's options for pictures of `area` pixels; None is what suits it.

        Raises SettingsError if it has no such quality, or is not in the FFmpeg at hand.
        """
        if self.encoder not in av.codecs_available:
            raise SettingsError(f"codec {self.name} is not in this FFmpeg; choose another codec")
        if quality is not None and quality > self.worst:
            raise SettingsError(
                f"quality {quality}: {self.name} has qualities from 0, best, to {self.worst}"
            )
        factor = self.quality if quality is None else quality
        crf = {} if factor is None else {"crf": str(factor)}
        return {**self.options, **(self.for_huge if area > HUGE else {}), **crf}


H264 = Codec(
    "h264",
    "libx264",
    {"preset": "veryfast", "bf": "0"},
    {"x264-params": "rc-lookahead=0:sync-lookahead=0", "threads": "1"},
    quality=20,
)
_X265 = "bframes=0:log-level=error"
H265 = Codec(
    "h265",
    "libx265",
    {"preset": "veryfast", "x265-params": _X265},
    {"x265-params": f"{_X265}:rc-lookahead=0:frame-threads=1:pools=1"},
    quality=24,
    tag="hvc1",
)
AV1 = Codec(
    "av1",
    "libsvtav1",
    {"preset": "8", "svtav1-params": "lookahead=0"},
    {"svtav1-params": "lookahead=0:lp=1"},
    quality=35,
    worst=63,
)
PRORES_HQ = Codec(
    "prores",
    "prores_aw",
    {"profile": "3"},
    {"threads": "1"},
    quality=None,
    pixels="yuv422p10le",
    container="mov",
)
CHOICES = (H264, H265, AV1)


def find_codec(name: str) -> Codec:
    """Return the codec that is chosen as `name`, one of the options' choices."""
    return next(codec for codec in CHOICES if codec.name == name)


os.environ.setdefault("SVT_LOG", "1")  # else that library writes its settings on the terminal
