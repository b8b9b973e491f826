"""Sessions of people with 133 keypoints, whose every number is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sessions import source_info

from sdpose_track.export import ExportOptions, export
from sdpose_track.records import NO_DETECTIONS, Float32, FramePoses, FrameResult, Pose
from sdpose_track.session.recording import Recording
from sdpose_track.session.schema import ModelRecord, SessionHeader
from sdpose_track.session.view import View
from sdpose_track.session.writer import SessionWriter
from sdpose_track.skeletons import WHOLEBODY133
from sdpose_track.smooth.choices import Smoothing

K = len(WHOLEBODY133)
FACE = range(23, 91)
LEFT_HAND, RIGHT_HAND = range(91, 112), range(112, 133)


def whole_points(index: int) -> Float32:
    """Return the (K, 2) keypoints of the person in a frame, who walks to the right."""
    k = np.arange(K)
    x, y = 40 + 9.5 * (k % 12) + 1.25 * index, 20 + 16.5 * (k // 12)
    return np.stack([x, y], axis=1).astype(np.float32)


def whole_person(
    index: int = 0, missing: Sequence[int] = (), weak: Sequence[int] = (), track_id: int = 1
) -> Pose:
    """Return somebody by `whole_points`, 0.9 sure of all but the `weak` keypoints."""
    where, scores = whole_points(index), np.full(K, 0.9, np.float32)
    box = np.concatenate([where.min(axis=0), where.max(axis=0)])
    scores[list(weak)] = 0.1
    where[list(missing)], scores[list(missing)] = np.nan, 0
    return Pose(track_id, box, 0.8, where, scores, np.zeros(K, np.uint8))


def exported_whole(
    folder: Path, name: str, frames: Sequence[Sequence[Pose]], options: ExportOptions | None = None
) -> Path:
    """Write a session at 30 frames per second with the people of each frame, and export it."""
    model = ModelRecord("sdpose-wholebody", "a" * 64)
    info = source_info(count=len(frames))
    header = SessionHeader(info, WHOLEBODY133.name, model, model, {}, "0.1.0")
    path = folder / "clip.sdpose"
    with SessionWriter.create(path, header, replace=True) as writer:
        for index, people in enumerate(frames):
            poses = FramePoses(index, index, index * info.time_base, tuple(people))
            writer.append([FrameResult(poses, NO_DETECTIONS, np.empty(0, np.int32))])
        writer.finish({})
    with Recording.open(path) as recording:
        return export(View(recording, Smoothing.OFF), name, folder / "out", "clip", options)
