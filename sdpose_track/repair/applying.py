"""Raw people as a person repaired them: identities exchanged, keypoints put in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sdpose_track.records import Float32, Provenance, TrackArrays
from sdpose_track.repair.blending import Keyframe, corrections
from sdpose_track.repair.edits import MOST_BLEND_S
from sdpose_track.repair.identities import Piece
from sdpose_track.repair.repairs import Placed, Places, Repairs

SURE = 1.0
"""Confidence of what a person put in place."""


class Spot(NamedTuple):
    """A keyframe of a person: where a person put a keypoint, to be blended."""

    frame: int
    keypoint: int
    placed: Placed


def shown_people(
    raw: Mapping[int, TrackArrays], repairs: Repairs, keypoints: Sequence[str]
) -> dict[int, TrackArrays]:
    """Return, by shown id, the people that are shown for `raw`, which is by tracked id.

    `keypoints` are the names of the skeleton. Keyframes are not blended in here: that is done on
    what is shown in the end (`blended`).
    """
    parts: dict[int, list[TrackArrays]] = {}
    for tracked, track in raw.items():
        put = _put_in_place(track, repairs.placed.get(tracked, {}), keypoints)
        for first, last, shown in repairs.identities.stretches(tracked):
            piece = _between(put, first, last)
            if shown and len(piece):
                parts.setdefault(shown, []).append(piece)
    return {shown: joined(shown, parts[shown]) for shown in sorted(parts)}


def shown_person(
    shown: int, parts: Iterable[TrackArrays], repairs: Repairs, keypoints: Sequence[str]
) -> TrackArrays | None:
    """Return `shown`, who is made of `parts` of tracked people; None if these hold no frame."""
    found = [part for part in parts if len(part)]
    put = [_put_in_place(p, repairs.placed.get(p.track_id, {}), keypoints) for p in found]
    return joined(shown, put) if put else None


def keyframes(
    repairs: Repairs, pieces: Mapping[int, Sequence[Piece]], keypoints: Sequence[str]
) -> dict[int, tuple[Spot, ...]]:
    """Return the keyframes of everybody who has some, by shown id and ascending frame.

    `pieces` says what each shown person is made of.
    """
    found = {
        shown: tuple(
            sorted(
                (
                    Spot(frame, keypoints.index(name), placed)
                    for tracked, first, last in parts
                    for (frame, name), placed in repairs.placed.get(tracked, {}).items()
                    if placed.blend_s > 0 and first <= frame <= last
                ),
                key=lambda spot: (spot.frame, spot.keypoint),
            )
        )
        for shown, parts in (pieces.items() if repairs.placed else ())
    }
    return {shown: spots for shown, spots in found.items() if spots}


def blended(
    track: TrackArrays,
    spots: Sequence[Spot],
    time_of: Callable[[int], float],
    shown_at: Callable[[int, int], Float32],
) -> TrackArrays:
    """Return `track` with the keyframes `spots` of its person in it.

    Keypoints are as sure as the correction is theirs, or surer.

    `time_of` gives the seconds of a frame; `shown_at` the (2,) position of a keypoint in a frame
    without any keyframe, NaN where there is none.
    """
    if not len(track):
        return track
    near = [s for s in spots if _is_near(time_of(s.frame), track)]
    if not near:
        return track
    positions, origin = track.keypoints.copy(), track.provenance.copy()
    scores = track.scores.copy()
    for keypoint in {spot.keypoint for spot in near}:
        own = [spot for spot in near if spot.keypoint == keypoint]
        keys = [_key(spot, time_of(spot.frame), shown_at(spot.frame, keypoint)) for spot in own]
        if known := [key for key in keys if key is not None]:
            moved, share = corrections(track.times, known)
            free = (share > 0) & (track.provenance[:, keypoint] != Provenance.EDITED)
            free &= np.isfinite(positions[:, keypoint]).all(axis=-1)
            positions[free, keypoint] += moved[free].astype(np.float32)
            origin[free, keypoint] = Provenance.EDITED
            vouched = (share * SURE)[free].astype(np.float32)
            scores[free, keypoint] = np.maximum(scores[free, keypoint], vouched)
        for spot in own:
            row = np.flatnonzero(track.indices == spot.frame)
            positions[row, keypoint] = spot.placed.x, spot.placed.y
            scores[row, keypoint] = SURE
            origin[row, keypoint] = Provenance.EDITED
    return replace(track, keypoints=positions, scores=scores, provenance=origin)


def _is_near(time_s: float, track: TrackArrays) -> bool:
    """Tell whether a keyframe at `time_s` may reach into `track`, also by way of another one."""
    reach = 2 * MOST_BLEND_S
    return bool(track.times[0] - reach <= time_s <= track.times[-1] + reach)


def _key(spot: Spot, time_s: float, shown: Float32) -> Keyframe | None:
    """Return the correction of a keyframe; None where there is nothing to correct."""
    if not np.isfinite(shown).all():
        return None
    correction = (spot.placed.x - float(shown[0]), spot.placed.y - float(shown[1]))
    return Keyframe(time_s, spot.placed.blend_s, correction)


def _put_in_place(track: TrackArrays, places: Places, keypoints: Sequence[str]) -> TrackArrays:
    """Return `track` with the keypoints that belong to one frame only where a person put them."""
    spots = [(frame, placed) for (frame, _), placed in places.items() if not placed.blend_s]
    rows = np.searchsorted(track.indices, np.array([frame for frame, _ in spots], np.int32))
    here = [
        (row, placed)
        for row, (frame, placed) in zip(rows.tolist(), spots, strict=True)
        if row < len(track) and track.indices[row] == frame
    ]
    if not here:
        return track
    positions, scores, origin = track.keypoints.copy(), track.scores.copy(), track.provenance.copy()
    for row, placed in here:
        keypoint = keypoints.index(placed.keypoint)
        positions[row, keypoint] = placed.x, placed.y
        scores[row, keypoint] = SURE
        origin[row, keypoint] = Provenance.EDITED
    return replace(track, keypoints=positions, scores=scores, provenance=origin)


def _between(track: TrackArrays, first: int, last: int) -> TrackArrays:
    """Return the frames `first` to `last` of `track`, without a copy."""
    begin = int(np.searchsorted(track.indices, np.int32(first)))
    end = int(np.searchsorted(track.indices, np.int32(last), side="right"))
    return track if (begin, end) == (0, len(track)) else track.rows(slice(begin, end))


def joined(shown: int, parts: Sequence[TrackArrays]) -> TrackArrays:
    """Return `parts`, which share no frame, as the person `shown`."""
    if len(parts) == 1:
        return replace(parts[0], track_id=shown)
    order = np.argsort(np.concatenate([part.indices for part in parts]), kind="stable")
    names = ("indices", "times", "boxes", "box_scores", "keypoints", "scores", "provenance")
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])[order] for name in names
    }
    return TrackArrays(track_id=shown, **columns)
