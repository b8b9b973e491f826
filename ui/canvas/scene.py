"""What there is to paint: one frame's picture and its own people, never those of another frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PyQt6.QtGui import QImage

from sdpose_track.records import Pose, Provenance
from sdpose_track.skeletons import Skeleton
from ui.document.document import Document
from ui.document.reading import Kind

People = tuple[Pose, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One frame, ready to be painted."""

    frame: int
    size: tuple[int, int]
    """Of the picture, in pixels."""
    image: QImage | None
    """None without a video, before the first picture, and of a lost frame."""
    is_lost: bool
    is_late: bool
    """Another frame is wanted, and will be shown when it is there."""
    raw: People | None
    """None: not read yet."""
    smooth: People | None
    skeleton: Skeleton | None
    """None without a session."""

    def people(self, kind: Kind) -> People:
        """Return who is to be drawn: the raw poses until there are smoothed ones."""
        own = self.raw if kind is Kind.RAW else self.smooth
        return own if own is not None else self.raw or ()

    def differs(self, other: Scene | None) -> bool:
        """Tell whether it looks otherwise than `other`."""
        if other is None or self.image is not other.image or self.skeleton is not other.skeleton:
            return True
        if self.raw is not other.raw or self.smooth is not other.smooth:
            return True
        return (self.frame, self.is_lost, self.size) != (other.frame, other.is_lost, other.size)


def scene_of(document: Document, before: Scene | None) -> Scene | None:
    """Return what to paint now; `before` is what is painted, of the same document.

    The picture that was asked for may not be decoded yet; then the nearest one is shown, as it is.
    Poses that are being read again stay as they were. None: nothing is open.
    """
    info = document.info
    if info is None:
        return None
    wanted = document.player.frame
    picture = document.pictures.get(wanted) or document.pictures.nearest(wanted)
    frame = wanted if picture is None else picture.index
    image = None if picture is None else picture.image
    raw = document.poses.at(frame, Kind.RAW)  # read first: it is there long before the other
    smooth = document.poses.at(frame, Kind.SMOOTH)
    if frame != wanted and raw is not None:
        for kind in Kind:
            document.poses.at(wanted, kind)  # read while its picture is decoded
    if before is not None and before.frame == frame:
        raw = before.raw if _is_same(raw, before.raw) else raw
        smooth = before.smooth if _is_same(smooth, before.smooth) else smooth
    return Scene(
        frame,
        (info.width, info.height) if image is None else (image.width(), image.height()),
        image,
        picture is not None and image is None and frame == wanted,
        frame != wanted,
        raw,
        smooth,
        None if document.facts is None else document.facts.skeleton,
    )


def _is_same(people: People | None, before: People | None) -> bool:
    """Tell whether nothing else is known of a frame than `before`."""
    if people is None or before is None:
        return people is None
    return len(people) == len(before) and all(
        a.track_id == b.track_id
        and np.array_equal(a.keypoints, b.keypoints, equal_nan=True)
        and np.array_equal(a.scores, b.scores)
        and np.array_equal(a.provenance, b.provenance)
        for a, b in zip(people, before, strict=True)
    )


def with_keypoint(scene: Scene, track_id: int, number: int, at: tuple[float, float]) -> Scene:
    """Return `scene` as it is with one keypoint of a person at another pixel `at`."""

    def moved(people: People | None) -> People | None:
        if people is None:
            return None
        return tuple(
            pose if pose.track_id != track_id else _moved(pose, number, at) for pose in people
        )

    return replace(scene, raw=moved(scene.raw), smooth=moved(scene.smooth))


def _moved(pose: Pose, number: int, at: tuple[float, float]) -> Pose:
    keypoints, scores = pose.keypoints.copy(), pose.scores.copy()
    provenance = pose.provenance.copy()
    keypoints[number], scores[number] = at, 1
    provenance[number] = Provenance.EDITED
    return replace(pose, keypoints=keypoints, scores=scores, provenance=provenance)
