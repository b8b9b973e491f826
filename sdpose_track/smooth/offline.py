"""One person over a whole recording, smoothed as views are: in chunks, or causally as a whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sdpose_track.records import Float64, TrackArrays
from sdpose_track.skeletons import Skeleton
from sdpose_track.smooth.choices import Smoothing, SmoothSettings
from sdpose_track.smooth.grid import FrameTimes
from sdpose_track.smooth.pieces import CHUNK, margin_s, smooth_pieces


def smooth_track(
    track: TrackArrays,
    frame_times: Float64,
    settings: SmoothSettings | None = None,
    smoothing: Smoothing = Smoothing.OFFLINE,
    skeleton: Skeleton | None = None,
) -> TrackArrays:
    """Return `track` smoothed; see `smooth_pieces`. `track` itself is not changed.

    `frame_times` (T,) are the seconds of every frame of the recording, from frame 0 on, so that
    filled frames get their own times.
    Raises ValueError if the track has frames beyond the last of `frame_times`.
    """
    if not len(track):
        return track
    if int(track.indices[-1]) >= len(frame_times):
        raise ValueError(f"frame {track.indices[-1]} of the track has no time in frame_times")
    times = FrameTimes(0, np.asarray(frame_times, np.float64))
    return smooth_whole(track, times, smoothing, skeleton, settings or SmoothSettings())


def smooth_whole(
    track: TrackArrays,
    times: FrameTimes,
    smoothing: Smoothing,
    skeleton: Skeleton | None,
    chosen: SmoothSettings,
) -> TrackArrays:
    """Return `track`, which is not empty, smoothed as `smooth_track` does, whatever its times."""
    if smoothing.is_causal:
        return smooth_pieces([track], times, smoothing, skeleton, chosen)[0]
    chunks = np.unique(track.indices // CHUNK).tolist()
    margin = margin_s(smoothing, chosen)
    pieces = [cut(track, times, chunk, margin) for chunk in chunks]
    smooth = smooth_pieces(pieces, times, smoothing, skeleton, chosen)
    return _joined([core(part, chunk) for part, chunk in zip(smooth, chunks, strict=True)])


def cut(track: TrackArrays, times: FrameTimes, chunk: int, margin: float) -> TrackArrays:
    """Return the piece of `track` that has to be smoothed to know chunk `chunk` of it.

    `margin` are the seconds before and after it, see `margin_s`.
    """
    last = times.first + len(times.seconds) - 1
    begin, end = max(chunk * CHUNK, times.first), min((chunk + 1) * CHUNK - 1, last)
    first = np.searchsorted(track.times, times.seconds[begin - times.first] - margin)
    past = np.searchsorted(track.times, times.seconds[end - times.first] + margin, side="right")
    return track.rows(slice(int(first), int(past)))


def core(piece: TrackArrays, chunk: int) -> TrackArrays:
    """Return the frames of a smoothed `piece` that lie in chunk `chunk`."""
    ends = np.array([chunk * CHUNK, (chunk + 1) * CHUNK], np.int32)  # int64 would copy all
    first, past = np.searchsorted(piece.indices, ends)
    return piece.rows(slice(int(first), int(past)))


def _joined(parts: list[TrackArrays]) -> TrackArrays:
    if len(parts) == 1:
        return parts[0]
    return replace(
        parts[0],
        indices=np.concatenate([part.indices for part in parts]),
        times=np.concatenate([part.times for part in parts]),
        boxes=np.concatenate([part.boxes for part in parts]),
        box_scores=np.concatenate([part.box_scores for part in parts]),
        keypoints=np.concatenate([part.keypoints for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        provenance=np.concatenate([part.provenance for part in parts]),
    )
