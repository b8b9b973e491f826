"""What a picture tells the tracker beside boxes: the camera's move, cuts, and people's looks."""

from __future__ import annotations

from sdpose_track.records import Cues, Detections, UInt8
from sdpose_track.track.appearance import describe
from sdpose_track.track.camera import CameraFollower


class Observer:
    """Looks at each frame once, in order. Deterministic; not thread-safe.

    Only the frame before is remembered, so whoever shows it that frame first gets the very cues
    that an observer of the whole recording gets.
    """

    def __init__(self) -> None:
        self._camera = CameraFollower()

    def observe(self, image: UInt8, detections: Detections) -> Cues:
        """Return the cues of a frame: `image` (H, W, 3) BGR, and who was detected in it."""
        move = self._camera.follow(image, detections.boxes)
        return Cues(move.moved, describe(image, detections.boxes), move.is_cut)
