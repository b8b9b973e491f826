"""Confused left and right limbs are exchanged back; crossing legs and turning people are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from synthetic_motion import HEIGHT, Walker, frame_times, spoilt, track_of

from sdpose_track.records import Float64, Provenance, TrackArrays
from sdpose_track.skeletons import COCO17, WHOLEBODY133, Skeleton
from sdpose_track.smooth.choices import Smoothing, SmoothSettings
from sdpose_track.smooth.offline import smooth_track
from sdpose_track.smooth.sides import confused_sides, exchanged, repaired

SETTINGS = SmoothSettings()
RATES = [24, 30, 60, None]
RUNS = Walker(COCO17, stride=0.9, wave=1.0, steps_hz=1.6, waves_hz=2.2)
VIEWS = {
    "front": (0.0, 0.0),
    "profile": (np.pi / 2, 0.0),
    "turning": (0.0, 2.0),
    "fast": (0.0, 6.0),
}
LEGS = ("hip", "knee", "ankle", "big_toe", "small_toe", "heel")


def walking(walker: Walker, rate: float | None, view: str, seed: int = 0) -> TrackArrays:
    begin, turn = VIEWS[view]
    times = frame_times(rate, 15, seed)
    points, _ = spoilt(walker.seen(times, begin + turn * times), seed, outliers=0.0)
    return track_of(times, points)


def limb(skeleton: Skeleton, *parts: str) -> npt.NDArray[np.intp]:
    """Return the keypoints of both sides whose names begin with one of `parts`."""
    names = [name.split("_", 1)[-1] for name in skeleton.keypoints]
    return np.flatnonzero([name.startswith(parts) for name in names])


def confuse(
    track: TrackArrays, skeleton: Skeleton, seed: int = 0
) -> tuple[TrackArrays, npt.NDArray[np.bool_]]:
    """Return `track` with limbs exchanged for one or five frames, again and again, and where."""
    rng = np.random.default_rng(seed)
    hand = ("wrist", "elbow", "shoulder", "hand", "thumb", "fore", "middle", "ring", "pinky")
    arms, legs = limb(skeleton, *hand), limb(skeleton, *LEGS)
    wrong = np.zeros(track.scores.shape, np.bool_)
    begin = 0.6
    while begin < track.times[-1] - 1:
        first = int(np.searchsorted(track.times, begin))
        which = [arms, legs, np.concatenate([arms, legs])][rng.integers(3)]
        wrong[first : first + rng.choice([1, 5]), which] = True
        begin += rng.uniform(1.0, 1.4)
    return exchanged(track, skeleton, wrong), wrong


def apart(track: TrackArrays, skeleton: Skeleton) -> npt.NDArray[np.bool_]:
    """Return where the two sides are far enough from each other to matter."""
    points = track.keypoints
    between = np.linalg.norm(points - points[:, list(skeleton.mirror)], axis=-1)
    return np.asarray(between > 0.08 * HEIGHT)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("walker", [Walker(COCO17), RUNS], ids=["walks", "runs"])
def test_crossing_legs_and_turning_are_no_confusion(walker: Walker, view: str) -> None:
    for rate in RATES:
        for seed in range(3):
            track = walking(walker, rate, view, seed)
            assert not confused_sides(track, COCO17, SETTINGS).any()


@pytest.mark.parametrize("skeleton", [COCO17, WHOLEBODY133], ids=lambda s: s.name)
@pytest.mark.parametrize("view", VIEWS)
def test_confusions_are_found_and_little_else(skeleton: Skeleton, view: str) -> None:
    right = wrong = missed = 0
    for rate in RATES:
        track = walking(Walker(skeleton), rate, view)
        broken, where = confuse(track, skeleton)
        found, matters = confused_sides(broken, skeleton, SETTINGS), apart(track, skeleton)
        right += int((found & where & matters).sum())
        wrong += int((found & ~where & matters).sum())
        missed += int((~found & where & matters).sum())
    assert right / (right + wrong) > 0.98
    assert right / (right + missed) > 0.85


def test_scores_are_exchanged_too_and_all_stays_measured() -> None:
    track = walking(Walker(COCO17), 30, "front")
    track.scores[:, 15], track.scores[:, 16] = 0.9, 0.4
    wrong = np.zeros(track.scores.shape, np.bool_)
    wrong[100:105, limb(COCO17, *LEGS)] = True
    back = repaired(exchanged(track, COCO17, wrong), COCO17, SETTINGS)
    np.testing.assert_array_equal(back.keypoints, track.keypoints)
    np.testing.assert_array_equal(back.scores, track.scores)
    assert (back.provenance == Provenance.MEASURED).all()


def test_a_confusion_that_lasts_is_left_alone() -> None:
    track = walking(Walker(COCO17), 30, "front")
    wrong = np.zeros(track.scores.shape, np.bool_)
    wrong[100:130, limb(COCO17, *LEGS)] = True
    broken = exchanged(track, COCO17, wrong)
    assert not confused_sides(broken, COCO17, SETTINGS).any()


def test_what_a_person_put_there_is_never_exchanged() -> None:
    track = walking(Walker(COCO17), 30, "front")
    wrong = np.zeros(track.scores.shape, np.bool_)
    wrong[100:105, limb(COCO17, *LEGS)] = True
    broken = exchanged(track, COCO17, wrong)
    ankle = COCO17.index("left_ankle")
    broken.provenance[102, ankle] = Provenance.EDITED
    found = confused_sides(broken, COCO17, SETTINGS)
    assert not found[:, ankle].any()
    assert not found[:, COCO17.index("right_ankle")].any()
    assert found[100:105, COCO17.index("left_knee")].all()


def smoothed(track: TrackArrays, smoothing: Smoothing, settings: SmoothSettings) -> Float64:
    found = smooth_track(track, track.times, settings, smoothing, COCO17)
    return np.asarray(found.keypoints, np.float64)


def test_views_repair_sides_unless_told_not_to_and_live_never() -> None:
    track = walking(Walker(COCO17), 30, "front")
    wrong = np.zeros(track.scores.shape, np.bool_)
    wrong[100:112, limb(COCO17, *LEGS)] = True
    broken = exchanged(track, COCO17, wrong)
    off = replace(SETTINGS, repair_sides=False)
    for smoothing in (Smoothing.OFFLINE, Smoothing.BUTTERWORTH, Smoothing.SAVGOL):
        whole = smoothed(track, smoothing, SETTINGS)
        np.testing.assert_allclose(smoothed(broken, smoothing, SETTINGS), whole, atol=1e-3)
        assert np.abs(smoothed(broken, smoothing, off) - whole).max() > 50
    for smoothing in (Smoothing.LIVE, Smoothing.ONE_EURO):
        both = [smoothed(broken, smoothing, settings) for settings in (SETTINGS, off)]
        np.testing.assert_array_equal(both[0], both[1])


def test_too_few_frames_and_missing_limbs_are_no_trouble() -> None:
    track = walking(Walker(COCO17), 30, "front")
    track.keypoints[:, limb(COCO17, "ankle")] = np.nan
    track.keypoints[40:60] = np.nan
    assert not confused_sides(track, COCO17, SETTINGS).any()
    for count in range(5):
        short = track.rows(slice(0, count))
        assert not confused_sides(short, COCO17, SETTINGS).any()


def crossing(rate: float, hz: float, reach: float) -> TrackArrays:
    """Return somebody whose arms cross before the body `hz` times a second."""
    times = frame_times(rate, 10)
    points = Walker(COCO17, stride=0, wave=0).seen(times)
    swing = reach * np.sin(2 * np.pi * hz * times)
    for sign, side in ((1, "left"), (-1, "right")):
        wrist, elbow = (COCO17.index(f"{side}_{joint}") for joint in ("wrist", "elbow"))
        points[:, wrist] = np.stack([600 + sign * swing, np.full_like(swing, 300)], axis=-1)
        points[:, elbow, 0] = 600 + sign * (50 + 0.3 * swing)
    return track_of(times, spoilt(points, outliers=0.0)[0])


def alternating(rate: float, hz: float) -> TrackArrays:
    """Return somebody in profile who drums and pedals `hz` times a second."""
    times = frame_times(rate, 10)
    points = Walker(COCO17, stride=0, wave=0).seen(times, np.pi / 2)
    for phase, side in ((0.0, "left"), (np.pi, "right")):
        swing = np.sin(2 * np.pi * hz * times + phase)
        aside = np.cos(2 * np.pi * hz * times + phase)
        points[:, COCO17.index(f"{side}_wrist")] = np.stack(
            [np.full_like(swing, 700), 300 + 60 * swing], axis=-1
        )
        points[:, COCO17.index(f"{side}_elbow"), 1] = 330 + 25 * swing
        points[:, COCO17.index(f"{side}_ankle")] = np.stack(
            [640 + 45 * aside, 560 + 45 * swing], axis=-1
        )
        points[:, COCO17.index(f"{side}_knee"), 1] = 440 + 40 * swing
    return track_of(times, spoilt(points, outliers=0.0)[0])


@pytest.mark.parametrize("rate", [12, 15])
def test_nothing_is_exchanged_where_frames_are_too_far_apart_to_tell(rate: float) -> None:
    tracks = [crossing(rate, hz, reach) for hz, reach in ((2, 120), (3, 150), (4, 100))]
    tracks += [alternating(rate, hz) for hz in (2, 3, 4)]
    for track in tracks:
        assert not confused_sides(track, COCO17, SETTINGS).any()


def test_a_lost_frame_is_no_low_frame_rate() -> None:
    track = walking(Walker(COCO17), 30, "front")
    wrong = np.zeros(track.scores.shape, np.bool_)
    wrong[100:105, limb(COCO17, *LEGS)] = True
    broken = exchanged(track, COCO17, wrong).rows(np.arange(len(track)) != 102)
    found = confused_sides(broken, COCO17, SETTINGS)
    assert found[100:104, COCO17.index("left_ankle")].all()
