"""Our records as other libraries' values."""

from __future__ import annotations

from typing import Any

import numpy as np

from sdpose_track.records import FramePoses


def to_supervision(frame: FramePoses) -> tuple[Any, Any]:
    """Return `frame` as supervision's `Detections` and `KeyPoints`, row for row the same people.

    For supervision's annotators, zones and counters. `Detections.tracker_id` holds the track ids;
    keypoints without a position are (0, 0) with confidence 0, as supervision expects.

    Args:
        frame: The people of one frame, of a `Recording` or a `View`.
    """
    import supervision

    people = frame.people
    if not people:
        return supervision.Detections.empty(), supervision.KeyPoints.empty()
    detections = supervision.Detections(
        xyxy=np.stack([person.box for person in people]),
        confidence=np.array([person.score for person in people], np.float32),
        class_id=np.zeros(len(people), int),
        tracker_id=np.array([person.track_id for person in people]),
    )
    points = np.nan_to_num(np.stack([person.keypoints for person in people]), nan=0.0)
    scores = np.stack([person.scores for person in people])
    return detections, supervision.KeyPoints(xy=points, keypoint_confidence=scores)
