"""The live view: a causal filter that needs only what has been seen, and adds no frame of lag.

What a measurement does to what is known stands in `causal`; here are the two ways of asking for
it: frame by frame, and for whole recordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sdpose_track.records import (
    Float32,
    Float64,
    Int32,
    Provenance,
    TrackArrays,
    UInt8,
    box_heights,
)
from sdpose_track.smooth.causal import (
    People,
    joined,
    measured,
    recall,
    rows,
    shown,
    step,
    strangers,
)
from sdpose_track.smooth.choices import SmoothSettings
from sdpose_track.smooth.measuring import somewhere


class LiveSmoother:
    """Filters the keypoints of everybody in one call per frame. Deterministic; not thread-safe."""

    def __init__(self, settings: SmoothSettings | None = None) -> None:
        self._settings = settings or SmoothSettings()
        self._people: People | None = None

    def update(
        self, time_s: float, track_ids: Int32, keypoints: Float32, scores: Float32, heights: Float32
    ) -> tuple[Float32, UInt8]:
        """Return the (N, K, 2) filtered keypoints in pixels and their (N, K) `Provenance`.

        `track_ids` (N,) are distinct; `keypoints` (N, K, 2) are pixels, NaN where missing; `scores`
        (N, K) are 0 or more, and those above 1 count as 1; `heights` (N,) are those of the boxes in
        pixels. What has neither a measurement nor a recent past is NaN. Somebody not seen for
        `forget_s` is forgotten, and so is everybody when `time_s` jumps back by as much; a smaller
        step back counts as none.
        Raises ValueError when the number of keypoints is not that of the people remembered.
        """
        ids, count = np.asarray(track_ids, np.int64), keypoints.shape[1]
        if self._people is None:
            self._people = strangers(ids[:0], count, time_s)
        if self._people.p00.shape[1] != count:
            known = self._people.p00.shape[1]
            raise ValueError(f"{count} keypoints a person after {known}; use another LiveSmoother")
        here, elsewhere = recall(self._people, ids, time_s, self._settings.forget_s)
        moments = np.full(ids.size, time_s)
        seen = measured(moments, keypoints, scores, heights, self._settings)
        here, origin = step(here, seen, self._settings)
        self._people = joined(elsewhere, here)
        return shown(here), origin


def smooth_live(track: TrackArrays, settings: SmoothSettings | None = None) -> TrackArrays:
    """Return `track` as the live view would have shown it: causal, nothing filled in.

    Keypoints that a person put in place stay there, with their scores. A keypoint that follows no
    measurement has the score of the last one that it followed, and 0 where it has no position.
    """
    return live_pieces([track], settings or SmoothSettings())[0]


def live_pieces(pieces: Sequence[TrackArrays], settings: SmoothSettings) -> list[TrackArrays]:
    """Return each of `pieces` as `smooth_live` would, side by side: one step serves them all."""
    order = sorted(range(len(pieces)), key=lambda i: -len(pieces[i]))
    longest_first = [pieces[i] for i in order]
    keypoints = [piece.keypoints.copy() for piece in longest_first]
    origin = [piece.provenance.copy() for piece in longest_first]
    heights = [box_heights(piece.boxes) for piece in longest_first]
    people: People | None = None
    for row in range(len(longest_first[0]) if pieces else 0):
        there = sum(len(piece) > row for piece in longest_first)
        now = np.array([piece.times[row] for piece in longest_first[:there]])
        people = _continued(people, now, keypoints[0].shape[1], settings.forget_s)
        seen = measured(
            now,
            np.stack([piece.keypoints[row] for piece in longest_first[:there]]),
            np.stack([piece.scores[row] for piece in longest_first[:there]]),
            np.array([values[row] for values in heights[:there]], np.float32),
            settings,
        )
        people, came_from = step(people, seen, settings)
        now_at = shown(people)
        for i in range(there):
            keypoints[i][row], origin[i][row] = now_at[i], came_from[i]
    found = zip(longest_first, keypoints, origin, strict=True)
    done = [_kept(piece, points, came_from) for piece, points, came_from in found]
    return [done[order.index(i)] for i in range(len(pieces))]


def _continued(people: People | None, now: Float64, keypoints: int, forget_s: float) -> People:
    """Return the first of `people` (as many as `now`), those away for too long as strangers."""
    unknown = strangers(np.arange(now.size), keypoints, 0.0)._replace(seen=now)
    if people is None:
        return unknown
    same = rows(people, np.arange(now.size))
    gone = now - same.seen > forget_s
    if not gone.any():
        return same
    pairs = zip(same, unknown, strict=True)
    return People._make(
        np.where(gone.reshape(-1, *[1] * (mine.ndim - 1)), new, mine) for mine, new in pairs
    )


def _kept(track: TrackArrays, keypoints: Float32, origin: UInt8) -> TrackArrays:
    """Return `track` with what was found, and with what a person put in place."""
    followed = (origin == Provenance.MEASURED) & somewhere(keypoints)
    frames = np.where(followed, np.arange(len(track))[:, None], 0)
    last = np.maximum.accumulate(frames, axis=0)
    last_score = np.take_along_axis(track.scores, last, axis=0)
    origin[followed & (track.provenance == Provenance.MEASURED_FAST)] = Provenance.MEASURED_FAST
    edited = (track.provenance == Provenance.EDITED) & somewhere(track.keypoints)
    keypoints[edited], origin[edited] = track.keypoints[edited], Provenance.EDITED
    scores = np.where(somewhere(keypoints), last_score, 0.0).astype(np.float32)
    scores[edited] = track.scores[edited]
    return replace(track, keypoints=keypoints, scores=scores, provenance=origin)
