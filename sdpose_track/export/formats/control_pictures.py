"""Pose pictures of an export: looks by name, how large they are, and who is drawn where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sdpose_track.export.job import Job
from sdpose_track.export.options import LEAST, ExportOptions
from sdpose_track.export.presets import PRESETS, Preset
from sdpose_track.records import Float32, UInt8
from sdpose_track.render import wan_look
from sdpose_track.render.letterbox import Letterbox, Size
from sdpose_track.render.openpose_look import draw_openpose, draw_xinsir
from sdpose_track.render.wan_look import draw_wan
from sdpose_track.skeletons import Skeleton

Draw = Callable[[UInt8, Skeleton, Float32, Float32, float], None]
"""Draws a person: picture, skeleton, keypoints (K, 2), confidences (K,), threshold."""

LOOKS: dict[str, Draw] = {"openpose": draw_openpose, "xinsir": draw_xinsir, "wan": draw_wan}


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws people of a session into pose pictures."""

    look: str
    skeleton: Skeleton
    threshold: float
    box: Letterbox

    def blank(self) -> UInt8:
        """Return a black (H, W, 3) picture."""
        width, height = self.box.size
        return np.zeros((height, width, 3), np.uint8)

    def draw(self, image: UInt8, keypoints: Float32, scores: Float32) -> None:
        """Draw in place a person whose (K, 2) `keypoints` are pixels of the source."""
        where = self.box.points(keypoints)
        LOOKS[self.look](image, self.skeleton, where, scores, self.threshold)

    def described(self) -> dict[str, Any]:
        """Return what stands in the description beside the file."""
        return {
            "look": self.look,
            "threshold": self.threshold,
            "size": list(self.box.size),
            "source_in_it": {
                "size": list(self.box.inner),
                "origin": list(self.box.origin),
                "scale": list(self.box.scale),
                "pixel_centres": "whole numbers: x' = (x + 0.5) * scale - 0.5 + origin",
            },
        }


def pen_of(job: Job, look: str, preset: Preset | None = None) -> Pen:
    """Return what the choices of `job` draw with; the size is theirs, or else that of `preset`."""
    source = (job.view.source.width, job.view.source.height)
    box = Letterbox(source, _size(job.options, source, preset))
    least = job.options.threshold_or(wan_look.THRESHOLD if look == "wan" else LEAST)
    return Pen(look, job.view.skeleton, least, box)


def drawn(job: Job, pen: Pen) -> Iterator[UInt8]:
    """Yield every picture of the export, (H, W, 3) RGB; the next one is drawn into the same memory.

    People lie upon each other by ascending id. Where a frame was lost or nobody is there it is
    black.
    """
    image = pen.blank()
    for frame in job.frames():
        image[:] = 0
        for pose in frame.people:
            pen.draw(image, pose.keypoints, pose.scores)
        yield image


def _size(options: ExportOptions, source: Size, preset: Preset | None) -> Size:
    if options.size is not None:
        return options.size
    if options.preset is not None:
        preset = PRESETS[options.preset]
    return source if preset is None else preset.size(*source)
