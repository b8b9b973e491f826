"""Poses as JSON, for the WebSocket: pure text, always strict and ASCII."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np

from sdpose_track import __version__
from sdpose_track.broadcast.message import PoseMessage, confidence, triples
from sdpose_track.records import Pose, Provenance
from sdpose_track.skeletons import Skeleton

PROTOCOL = 1
"""Grows when a receiver made for the number before would misread what is sent."""

SOURCES = {
    Provenance.MEASURED: "measured",
    Provenance.PREDICTED: "predicted",
    Provenance.FILLED: "filled",
    Provenance.EDITED: "edited",
    Provenance.MEASURED_FAST: "fast",
}
"""What a receiver reads of where a keypoint came from; a live run fills and edits nothing."""


@lru_cache(maxsize=8)
def hello(skeleton: Skeleton) -> bytes:
    """Return what a receiver must know to draw people: names, bones, and what numbers mean."""
    return _text(
        {
            "type": "hello",
            "program": "sdpose-track",
            "version": __version__,
            "protocol": PROTOCOL,
            "skeleton": skeleton.name,
            "keypoints": skeleton.keypoints,
            "edges": skeleton.edges,
            "contours": skeleton.contours,
            "groups": {name: [part.start, part.stop] for name, part in skeleton.groups},
            "sources": [SOURCES[number] for number in sorted(SOURCES)],
        }
    )


def poses(message: PoseMessage) -> bytes:
    """Return a frame; positions are in pixels, `0, 0, 0` where there is none."""
    return _text(
        {
            "type": "pose",
            "frame": message.frame,
            "time_s": round(message.time_s, 6),
            "w": message.width,
            "h": message.height,
            "people": [_person(pose) for pose in message.people],
        }
    )


def _person(pose: Pose) -> dict[str, Any]:
    points = triples(pose, (1, 1), (0, 0)).astype(np.float64).round(3)
    return {
        "id": pose.track_id,
        "score": round(confidence(pose), 3),
        "kp": points.tolist(),
        "source": pose.provenance.tolist(),
    }


def _text(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")
