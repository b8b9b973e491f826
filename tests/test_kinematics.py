"""Kinematics on figures whose angles, lengths, speeds and steps are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdpose_track.errors import SettingsError
from sdpose_track.kinematics.angles import Facing, angles, facing_of
from sdpose_track.kinematics.bones import BoneLengths, bone_lengths
from sdpose_track.kinematics.contacts import ContactSettings, foot_contacts, stances
from sdpose_track.kinematics.jitter import jitter, third_derivatives
from sdpose_track.kinematics.rolling import rolling_quantile
from sdpose_track.kinematics.speeds import centre_speed, speeds, velocities
from sdpose_track.kinematics.table import KinematicsSettings, column_units, kinematics
from sdpose_track.kinematics.trace import Trace, body_heights, trace
from sdpose_track.records import Float32, Float64, Provenance, TrackArrays
from sdpose_track.skeletons import COCO17, WHOLEBODY133, Skeleton

HIP, NECK = np.array([300.0, 300.0]), np.array([300.0, 200.0])
SIDES = ("left", "right")
MIRRORED = np.array([-1, 1], np.float32)
UPRIGHT = 20 + 100 + 90 + 90  # ear to neck to hip to knee to ankle
UNEVEN = np.cumsum([0, 0.03, 0.05, 0.01, 0.04, 0.02, 0.08, 0.03, 0.03, 0.04])


def towards(start: Float64, length: float, degrees: float) -> Float64:
    """Return a point `length` from `start`: 0 degrees is down, 90 is to the right."""
    angle = np.radians(degrees)
    return start + length * np.array([np.sin(angle), np.cos(angle)])


def beside(start: Float64, x: float, y: float) -> Float64:
    return np.add(start, (x, y), dtype=np.float64)


def figure(skeleton: Skeleton, bend: dict[str, float] | None = None) -> Float32:
    """Return the (K, 2) keypoints of somebody seen from their right, bent at joints as named."""
    by = dict.fromkeys(("hip", "knee", "ankle", "shoulder", "elbow", "wrist"), 0.0) | (bend or {})
    ear = beside(NECK, 0, -20)
    eye = beside(ear, 8, -3)
    points = {"nose": beside(ear, 20, 2), "left_eye": eye, "right_eye": eye}
    points |= {"left_ear": ear, "right_ear": ear}
    for side, apart in zip(SIDES, (3.0, -3.0), strict=True):
        hip, shoulder = beside(HIP, apart, 0), beside(NECK, apart, 0)
        knee = towards(hip, 90, by["hip"])
        shank = by["hip"] - by["knee"]
        ankle = towards(knee, 90, shank)
        foot = shank + 90 + by["ankle"]
        heel = towards(ankle, 8, foot - 135)
        arm = by["shoulder"] + by["elbow"]
        elbow = towards(shoulder, 60, by["shoulder"])
        wrist = towards(elbow, 50, arm)
        mine = {
            "hip": hip, "shoulder": shoulder, "knee": knee, "ankle": ankle, "heel": heel,
            "big_toe": towards(heel, 40, foot), "elbow": elbow, "wrist": wrist,
            "hand_root": wrist, "forefinger1": towards(wrist, 15, arm + by["wrist"]),
            "middle_finger1": towards(wrist, 15, arm + by["wrist"]),
        }  # fmt: skip
        points |= {f"{side}_{name}": where for name, where in mine.items()}
    nowhere = np.full(2, np.nan)
    return np.array([points.get(name, nowhere) for name in skeleton.keypoints], np.float32)


def person(
    keypoints: Float32 | Float64, times: Float64 | None = None, height: float = 320
) -> TrackArrays:
    """Return a track of (F, K, 2) `keypoints` at 30 frames per second, or at `times`."""
    count, points = keypoints.shape[:2]
    return TrackArrays(
        track_id=4,
        indices=np.arange(count, dtype=np.int32),
        times=np.arange(count) / 30 if times is None else times,
        boxes=np.tile(np.array([0, 0, 100, height], np.float32), (count, 1)),
        box_scores=np.full(count, 0.9, np.float32),
        keypoints=keypoints.astype(np.float32),
        scores=np.isfinite(keypoints[..., 0]).astype(np.float32),
        provenance=np.full((count, points), Provenance.MEASURED, np.uint8),
    )


def moved(skeleton: Skeleton, where: Float64) -> Float32:
    """Return an upright figure at each of (F, 2) places."""
    return np.asarray(figure(skeleton)[None] + where[:, None], np.float32)


def held(count: int, skeleton: Skeleton = COCO17) -> Float32:
    return moved(skeleton, np.zeros((count, 2)))


def traced(track: TrackArrays, skeleton: Skeleton = COCO17) -> Trace:
    return trace(track, skeleton)


# -- angles ----------------------------------------------------------------------------------------

STANDING = dict.fromkeys(("ankle", "knee", "hip", "shoulder", "elbow", "wrist", "foot"), 0.0) | {
    "thigh": -90, "shank": -90, "arm": -90, "forearm": -90, "trunk": 90, "head_mid_ear": 90,
}  # fmt: skip
VECTORS = [
    ({}, {}),
    ({"knee": 90}, {"knee": 90, "shank": -180, "foot": -90}),
    ({"hip": 90, "knee": 90}, {"hip": 90, "knee": 90, "thigh": 0}),
    ({"elbow": 90}, {"elbow": 90, "forearm": 0}),
    ({"shoulder": 90}, {"shoulder": 90, "arm": 0, "forearm": 0}),
    ({"shoulder": 180}, {"shoulder": -180, "arm": 90, "forearm": 90}),
    ({"ankle": 20}, {"ankle": 20, "foot": 20}),
    ({"wrist": 30}, {"wrist": 30}),
]


@pytest.mark.parametrize("skeleton", [COCO17, WHOLEBODY133], ids=lambda s: s.name)
@pytest.mark.parametrize("facing", ["right", "left"])
@pytest.mark.parametrize(("bend", "expected"), VECTORS, ids=str)
def test_a_pose_has_the_angles_of_sports2d(
    bend: dict[str, float], expected: dict[str, float], facing: Facing, skeleton: Skeleton
) -> None:
    seen = figure(skeleton, bend)[None]
    if facing == "left":
        seen = seen * MIRRORED
    found = angles(seen, skeleton, facing)

    for name, value in (STANDING | expected).items():
        for key in {name, f"{name}_left", f"{name}_right"} & set(found):
            off = (found[key][0] - value + 180) % 360 - 180
            assert off == pytest.approx(0, abs=0.01), key
    assert angles(seen, skeleton).keys() == found.keys()
    for key, values in angles(seen, skeleton, "auto").items():
        assert values == pytest.approx(found[key], abs=1e-9)


def test_ankles_wrists_and_feet_are_measured_where_the_skeleton_has_them() -> None:
    few, many = (set(angles(figure(s)[None], s)) for s in (COCO17, WHOLEBODY133))

    assert len(few) == 20
    assert many - few == {f"{n}_{side}" for n in ("ankle", "wrist", "foot") for side in SIDES}


bends = st.floats(-170, 170)


@settings(deadline=None)
@given(hip=bends, knee=bends, shoulder=bends, elbow=bends, turn=st.floats(-180, 180))
def test_joint_angles_do_not_change_when_the_picture_is_turned_moved_and_scaled(
    hip: float, knee: float, shoulder: float, elbow: float, turn: float
) -> None:
    bend = {"hip": hip, "knee": knee, "shoulder": shoulder, "elbow": elbow}
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    points = figure(COCO17, bend).astype(np.float64) @ np.array([[cos, sin], [-sin, cos]]) * 3 - 70
    found = angles(points[None], COCO17, "right")

    for joint, value in bend.items():
        for side in SIDES:
            assert found[f"{joint}_{side}"][0] == pytest.approx(value, abs=0.01)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1000), min_size=34, max_size=34))
def test_angles_are_never_beyond_their_range(numbers: list[float]) -> None:
    found = angles(np.array(numbers).reshape(1, 17, 2), COCO17)

    for name, values in found.items():
        most = 90 if name in ("pelvis", "shoulders") else 180
        assert np.isnan(values[0]) or -most <= values[0] < most


def test_a_limb_a_hair_from_the_end_of_the_range_is_at_its_beginning() -> None:
    front = figure(COCO17).astype(np.float64)
    knee, ankle = (COCO17.index(f"left_{joint}") for joint in ("knee", "ankle"))
    front[ankle] = front[knee] + (-100.0, -1e-6)
    (degrees,) = angles(front[None], COCO17, "right")["shank_left"]
    assert degrees == -180
    front[ankle] = front[knee] + (-100.0, 1e-3)
    assert angles(front[None], COCO17, "right")["shank_left"] == pytest.approx(-180, abs=1e-3)
    front[ankle] = front[knee] + (-100.0, -1e-3)
    assert angles(front[None], COCO17, "right")["shank_left"] == pytest.approx(180, abs=1e-3)


def test_a_raised_left_hip_tilts_the_pelvis_the_way_of_a_raised_line() -> None:
    front = figure(COCO17)
    front[COCO17.index("left_hip")] = (320, 290)
    front[COCO17.index("right_hip")] = (280, 300)
    found = angles(front[None], COCO17, "right")

    assert found["pelvis"][0] == pytest.approx(np.degrees(np.arctan2(10, 40)), abs=1e-4)


def test_an_angle_is_unknown_where_a_point_of_it_is() -> None:
    seen = np.stack([figure(COCO17), figure(COCO17)])
    seen[1, COCO17.index("left_knee")] = np.nan
    unknown = {name for name, values in angles(seen, COCO17).items() if np.isnan(values[1])}

    assert unknown == {"knee_left", "hip_left", "shank_left", "thigh_left"}
    assert not any(np.isnan(values[0]) for values in angles(seen, COCO17).values())


def test_an_angle_at_points_that_coincide_is_unknown() -> None:
    seen = figure(COCO17)[None].copy()
    seen[0, COCO17.index("left_knee")] = seen[0, COCO17.index("left_ankle")]
    found = angles(seen, COCO17)

    assert np.isnan(found["knee_left"][0])
    assert np.isnan(found["shank_left"][0])


def test_the_head_is_measured_by_the_one_ear_that_is_seen_from_the_side() -> None:
    seen = figure(COCO17)[None].copy()
    seen[0, COCO17.index("left_ear")] = np.nan

    assert angles(seen, COCO17)["head_mid_ear"][0] == pytest.approx(90, abs=0.01)


def test_somebody_looks_where_most_frames_say() -> None:
    right, left = figure(COCO17), figure(COCO17) * MIRRORED

    assert facing_of(np.stack([left, right, right]), COCO17) == "right"
    assert facing_of(np.stack([left, left, right]), COCO17) == "left"


def test_frames_from_the_front_do_not_say_where_somebody_looks() -> None:
    right, front = figure(COCO17), figure(COCO17)
    front[COCO17.index("nose")] = front[COCO17.index("left_ear")] + np.array([-10, 1])

    assert facing_of(np.stack([front, front, right]), COCO17) == "right"


def test_toes_say_more_of_where_somebody_looks_than_the_nose() -> None:
    seen = figure(WHOLEBODY133)[None].copy()
    seen[0, 0] = (0, 180)
    without = seen.copy()
    without[0, 17:23] = np.nan

    assert facing_of(seen, WHOLEBODY133) == "right"
    assert facing_of(without, WHOLEBODY133) == "left"


def test_somebody_of_whom_nothing_is_known_faces_right() -> None:
    assert facing_of(np.full((3, 17, 2), np.nan), COCO17) == "right"


def test_facing_anywhere_else_is_refused() -> None:
    with pytest.raises(SettingsError, match="nobody faces 'up'; choose one of auto, right, left"):
        angles(held(1), COCO17, "up")  # type: ignore[arg-type]


# -- body height -----------------------------------------------------------------------------------


def test_a_body_is_as_high_as_it_stands_whatever_the_box_says() -> None:
    poses = [{}, {"shoulder": 180.0}, {"hip": 90.0, "knee": 90.0}, {"hip": 150.0, "knee": 150.0}]
    for bend in poses:
        seen = person(np.stack([figure(COCO17, bend)] * 3), height=500)
        assert traced(seen).heights == pytest.approx(UPRIGHT / 0.9, rel=0.005)


def test_a_body_whose_legs_are_out_of_the_picture_is_as_high_as_its_box() -> None:
    seen = held(5)
    seen[:, COCO17.index("left_ankle")] = seen[:, COCO17.index("right_ankle")] = np.nan

    assert traced(person(seen, height=210)).heights.tolist() == [210] * 5


def test_one_frame_with_a_mistake_does_not_change_the_height() -> None:
    seen = held(31)
    seen[15, COCO17.index("left_ankle")] += 400

    assert traced(person(seen)).heights == pytest.approx(UPRIGHT / 0.9, rel=0.005)


def test_a_body_grows_with_somebody_who_comes_nearer() -> None:
    scale = np.linspace(0.5, 2, 121)
    seen = figure(COCO17)[None] * scale[:, None, None]
    heights = traced(person(seen)).heights

    assert heights[30:90] == pytest.approx(scale[30:90] * UPRIGHT / 0.9, rel=0.02)


def test_a_height_is_a_pixel_at_least() -> None:
    nowhere = np.full((2, 17, 2), np.nan, np.float32)
    flat = np.zeros((2, 4), np.float32)

    assert body_heights(nowhere, COCO17, flat, np.array([0.0, 1.0])).tolist() == [1, 1]


@settings(deadline=None)
@given(
    steps=st.lists(st.floats(0.001, 0.5), min_size=1, max_size=30),
    share=st.floats(0, 1),
    width=st.floats(0.01, 1),
    data=st.data(),
)
def test_a_rolling_quantile_is_that_of_every_window_by_itself(
    steps: list[float], share: float, width: float, data: st.DataObject
) -> None:
    times = np.cumsum(steps)
    cells = st.one_of(st.just(np.nan), st.floats(-9, 9))
    values = np.array(data.draw(st.lists(cells, min_size=len(steps), max_size=len(steps))))
    found = rolling_quantile(values, times, width, share)

    for i, now in enumerate(times):
        near = values[(times >= now - width) & (times <= now + width)]
        near = np.sort(near[np.isfinite(near)])
        if near.size:
            assert found[i] == near[int(share * (near.size - 1))]
        else:
            assert np.isnan(found[i])


# -- bones -----------------------------------------------------------------------------------------


def bone(found: BoneLengths, name: str) -> int:
    return found.names.index(name)


def test_bones_are_as_long_as_they_were_drawn() -> None:
    found = bone_lengths(traced(person(held(4, WHOLEBODY133)), WHOLEBODY133))
    drawn = {
        "upper_arm": 60, "forearm": 50, "thigh": 90, "shank": 90, "trunk": 100, "foot": 40,
        "hand": 15, "shoulders": 6, "hips": 6,
    }  # fmt: skip

    assert len(found.names) == 15
    for i, name in enumerate(found.names):
        length = drawn[name.removesuffix("_left").removesuffix("_right")]
        assert found.px[:, i] == pytest.approx(length, rel=1e-4)
        assert found.usual_px[i] == pytest.approx(length, rel=1e-4)
        assert found.body_heights[:, i] == pytest.approx(length / UPRIGHT * 0.9, rel=0.01)
        assert found.variation[i] == pytest.approx(0, abs=1e-4)
    assert not found.too_long.any()


def test_the_usual_length_is_the_ninetieth_percentile_of_the_longer_side() -> None:
    seen = held(11)
    wrist = {side: COCO17.index(f"{side}_wrist") for side in SIDES}
    seen[:, wrist["left"], 1] += np.arange(11)
    seen[:, wrist["right"], 1] += np.arange(11) / 2
    found = bone_lengths(traced(person(seen)))

    assert found.usual_px[bone(found, "forearm_left")] == pytest.approx(59, abs=1e-3)
    assert found.usual_px[bone(found, "forearm_right")] == pytest.approx(59, abs=1e-3)
    left = 50 + np.arange(11)
    variation = found.variation[bone(found, "forearm_left")]
    assert variation == pytest.approx(left.std() / left.mean(), abs=1e-4)


def test_a_bone_that_is_suddenly_too_long_is_flagged_in_that_frame_only() -> None:
    seen = held(30)
    seen[12, COCO17.index("left_wrist"), 1] += 50 * 0.31
    seen[13, COCO17.index("left_wrist"), 1] += 50 * 0.29
    found = bone_lengths(traced(person(seen)))

    assert np.argwhere(found.too_long).tolist() == [[12, bone(found, "forearm_left")]]


def test_coming_nearer_makes_no_bone_too_long() -> None:
    seen = figure(COCO17)[None] * np.linspace(0.5, 2, 300)[:, None, None]
    found = bone_lengths(traced(person(seen)))

    assert not found.too_long.any()
    assert found.variation.max() < 0.05


def test_a_bone_that_is_never_seen_has_no_length() -> None:
    seen = held(3)
    seen[:, COCO17.index("left_wrist")] = np.nan
    found = bone_lengths(traced(person(seen)))
    i = bone(found, "forearm_left")

    assert np.isnan(found.px[:, i]).all()
    assert np.isnan(found.variation[i])
    assert found.usual_px[i] == pytest.approx(50, rel=1e-4)


# -- speeds ----------------------------------------------------------------------------------------


def test_even_motion_has_its_speed_at_uneven_times() -> None:
    where = np.stack([30 * UNEVEN, -40 * UNEVEN], axis=1)
    seen = traced(person(moved(COCO17, where), UNEVEN))

    assert speeds(seen) == pytest.approx(np.full((10, 17), 50), rel=1e-3)
    assert centre_speed(seen) == pytest.approx(np.full(10, 50), rel=1e-3)
    assert speeds(seen, [9]).shape == (10, 1)


def test_a_fall_has_its_speed_at_even_times() -> None:
    t = np.arange(20) / 25
    points = np.stack([np.zeros(20), 400 * t**2], axis=1)

    assert velocities(points, np.arange(20, dtype=np.int32), t)[1:-1, 1] == pytest.approx(
        800 * t[1:-1]
    )


def test_no_speed_is_made_up_across_a_gap() -> None:
    indices = np.array([0, 1, 2, 7, 8, 12], np.int32)
    points = np.array([[0.0, 0], [1, 0], [2, 0], [100, 0], [102, 0], [500, 0]])
    found = velocities(points, indices, indices / 10)

    assert found[:5, 0] == pytest.approx([10, 10, 10, 20, 20])
    assert np.isnan(found[5]).all()


def test_a_missing_keypoint_leaves_its_neighbours_the_step_on_their_other_side() -> None:
    points = np.array([[0.0, 0], [1, 0], [np.nan, np.nan], [7, 0], [9, 0], [11, 0]])
    found = velocities(points, np.arange(6, dtype=np.int32), np.arange(6) / 10)

    assert found[[0, 1, 3, 4, 5], 0] == pytest.approx([10, 10, 20, 20, 20])
    assert np.isnan(found[2]).all()


def test_two_frames_at_one_time_have_no_speed_between_them() -> None:
    points = np.array([[0.0, 0], [5, 0]])

    assert np.isnan(velocities(points, np.arange(2, dtype=np.int32), np.zeros(2))).all()


# -- contacts --------------------------------------------------------------------------------------

STEP_S = 0.5


def walk(
    rate: float, seconds: float = 4, noise: float = 0, skeleton: Skeleton = COCO17
) -> tuple[TrackArrays, dict[str, Float64]]:
    """Return somebody whose feet stand and swing in turn, 0.5 s each, and how far each swing is."""
    t = np.arange(round(rate * seconds)) / rate
    body = moved(skeleton, np.stack([150 * t, 0 * t], axis=1))
    swings = {}
    for side, phase in (("left", 0.0), ("right", STEP_S)):
        cycle, within = np.divmod(t + phase, 2 * STEP_S)
        swing = np.clip((within - STEP_S) / STEP_S, 0, 1)
        ahead = 150 * (cycle + swing) - 150 * phase / (2 * STEP_S)
        lift = -40 * np.sin(np.pi * swing)
        for part in ("ankle", "heel", "big_toe"):
            if f"{side}_{part}" in skeleton.keypoints:
                k = skeleton.index(f"{side}_{part}")
                body[:, k] = figure(skeleton)[k] + np.stack([ahead, lift], axis=1)
        swings[side] = swing
    body += np.random.default_rng(0).normal(0, noise, body.shape).astype(np.float32)
    return person(body, t), swings


@pytest.mark.parametrize("rate", [24, 30, 60])
@pytest.mark.parametrize("noise", [0, 1])
@pytest.mark.parametrize("skeleton", [COCO17, WHOLEBODY133], ids=lambda s: s.name)
def test_the_feet_of_somebody_who_walks_stand_in_turn(
    rate: float, noise: float, skeleton: Skeleton
) -> None:
    track, swings = walk(rate, noise=noise, skeleton=skeleton)
    found = foot_contacts(trace(track, skeleton), camera_moves=False)

    assert found is not None
    for side in SIDES:
        stands = swings[side] % 1 == 0
        assert (found[side] == 1)[~stands & (np.abs(swings[side] - 0.5) < 0.25)].sum() == 0
        assert np.mean((found[side] == 1) == stands) > 0.85


def test_stances_tell_when_and_how_long_each_foot_stood() -> None:
    track, _ = walk(30)
    seen = traced(track)
    found = foot_contacts(seen)
    assert found is not None
    steps = stances(seen, found)

    assert [step.foot for step in steps] == ["left", "right"] * 4
    assert [step.start_s for step in steps] == pytest.approx(np.arange(8) * STEP_S, abs=0.1)
    assert [step.duration_s for step in steps] == pytest.approx([STEP_S] * 8, abs=0.15)
    assert (steps[1].last + 1 - steps[1].first) / 30 == pytest.approx(steps[1].duration_s)


def test_a_camera_that_moves_leaves_no_contacts() -> None:
    assert foot_contacts(traced(walk(30)[0]), camera_moves=True) is None


def test_a_foot_held_still_in_the_air_does_not_stand() -> None:
    seen = held(60)
    seen[20:40, COCO17.index("left_ankle"), 1] -= 40
    found = foot_contacts(traced(person(seen)))

    assert found is not None
    assert found["left"][22:38].sum() == 0
    assert found["left"][:15].all()
    assert found["right"].all()


def test_a_standing_foot_goes_on_standing_a_little_beyond_where_it_began() -> None:
    seen = held(40)
    seen[20:, COCO17.index("left_ankle"), 1] -= 0.06 * UPRIGHT / 0.9
    found = foot_contacts(traced(person(seen)))
    strict = foot_contacts(traced(person(seen)), ContactSettings(release=1))

    assert found is not None
    assert strict is not None
    assert found["left"][30] == 1
    assert strict["left"][30] == 0


@pytest.mark.parametrize(("frames", "stands"), [(2, False), (3, True)])
def test_a_foot_stands_for_three_frames_at_least(frames: int, stands: bool) -> None:
    seen = traced(person(held(frames)))
    found = foot_contacts(seen, ContactSettings(least_s=0.01))

    assert found is not None
    assert found["left"].tolist() == [float(stands)] * frames


@pytest.mark.parametrize(("rate", "stands"), [(30, True), (60, False)])
def test_a_foot_stands_for_a_tenth_of_a_second_at_least(rate: float, stands: bool) -> None:
    found = foot_contacts(traced(person(held(3), np.arange(3) / rate)))

    assert found is not None
    assert found["left"].tolist() == [float(stands)] * 3


def test_contact_is_unknown_where_the_foot_is_and_does_not_last_across_a_gap() -> None:
    seen = held(20)
    seen[8:10, COCO17.index("left_ankle")] = np.nan
    track = person(seen)
    track = replace(track, indices=np.where(track.indices < 15, track.indices, track.indices + 9))
    there = traced(track)
    found = foot_contacts(there)

    assert found is not None
    assert np.flatnonzero(np.isnan(found["left"])).tolist() == [8, 9]
    runs = [(s.first, s.last) for s in stances(there, found) if s.foot == "left"]
    assert runs == [(0, 7), (10, 14), (24, 28)]


# -- jitter ----------------------------------------------------------------------------------------


def test_a_cubic_has_its_third_derivative_at_uneven_times() -> None:
    t = UNEVEN
    points = np.stack([3 * t**3 - t, 4 * t**3 + t**2], axis=1)[:, None]
    indices = np.arange(t.size, dtype=np.int32)

    assert third_derivatives(points, indices, t)[:, 0] == pytest.approx(np.tile([18, 24], (7, 1)))
    assert jitter(points, indices, t, np.full(t.size, 10.0)) == pytest.approx(3)


@pytest.mark.parametrize("rate", [24.0, 60.0])
def test_white_noise_has_the_jitter_that_theory_says(rate: float) -> None:
    count = 20_000
    noise = np.random.default_rng(1).normal(0, 2, (count, 3, 2))
    indices = np.arange(count, dtype=np.int32)
    found = jitter(noise, indices, indices / rate, np.full(count, 400.0))

    assert found == pytest.approx(np.sqrt(40) * 2 / 400 * rate**3, rel=0.02)


def test_a_jump_across_a_gap_or_a_missing_keypoint_is_no_jitter() -> None:
    indices = np.array([0, 1, 2, 3, 4, 9, 10, 11, 12, 13], np.int32)
    points = np.where(indices < 5, 10.0, 500.0)[:, None, None] * np.ones((1, 2, 2))
    points[2, 1] = np.nan
    heights = np.full(10, 100.0)

    assert jitter(points, indices, indices / 30, heights) == 0
    assert np.isnan(jitter(points[:5, 1:], indices[:5], indices[:5] / 30, heights[:5]))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_fewer_than_four_frames_have_no_jitter(count: int) -> None:
    indices = np.arange(count, dtype=np.int32)

    assert np.isnan(jitter(np.zeros((count, 2, 2)), indices, indices / 30, np.ones(count)))


# -- the table -------------------------------------------------------------------------------------


def test_the_columns_are_named_by_what_they_are_and_end_in_their_unit() -> None:
    units = column_units(COCO17)

    assert list(units)[:3] == ["body_height_px", "knee_left_deg", "knee_right_deg"]
    assert list(units)[-7:] == [
        "speed_centre_bh_s", "speed_left_wrist_bh_s", "speed_right_wrist_bh_s",
        "speed_left_ankle_bh_s", "speed_right_ankle_bh_s", "contact_left", "contact_right",
    ]  # fmt: skip
    assert units["length_upper_arm_left_px"] == "px"
    assert units["bones_too_long"] == "count"
    assert units["contact_left"] == "bool"
    assert units["speed_centre_bh_s"] == "bh/s"
    assert units["head_mid_ear_deg"] == "deg"
    assert len(units) == 1 + 20 + 11 + 1 + 5 + 2
    assert set(column_units(WHOLEBODY133)) > set(units)


def test_the_table_holds_what_the_parts_measure() -> None:
    track, _ = walk(30)
    seen = traced(track)
    found = kinematics(track, COCO17)

    assert (found.track_id, found.facing, len(found)) == (4, "right", 120)
    assert found.times is track.times
    assert set(found.units) == set(found.columns)
    knee = angles(track.keypoints, COCO17, "right")["knee_left"]
    assert found.columns["knee_left_deg"] == pytest.approx(knee, abs=1e-4)
    wrist = speeds(seen)[:, COCO17.index("left_wrist")] / seen.heights
    assert found.columns["speed_left_wrist_bh_s"] == pytest.approx(wrist, rel=1e-5)
    assert found.columns["speed_centre_bh_s"].mean() == pytest.approx(
        np.mean(150 / seen.heights), rel=1e-3
    )
    shank = found.bones.px[:, bone(found.bones, "shank_left")]
    assert found.columns["length_shank_left_px"] == pytest.approx(shank, rel=1e-6)
    contacts = foot_contacts(seen)
    assert contacts is not None
    assert np.array_equal(found.columns["contact_right"], contacts["right"])
    with pytest.raises(ValueError, match="read-only"):
        found.columns["knee_left_deg"][0] = 1


def test_what_the_network_is_unsure_of_counts_as_unknown_but_an_edit_counts() -> None:
    track = person(held(10))
    scores, origin = track.scores.copy(), track.provenance.copy()
    wrists = [COCO17.index(f"{side}_wrist") for side in SIDES]
    scores[:, wrists] = 0.2
    origin[:, wrists[0]] = Provenance.EDITED
    track = replace(track, scores=scores, provenance=origin)
    found, all_of_it = (
        kinematics(track, COCO17, s).columns for s in (None, KinematicsSettings(least_score=0.1))
    )

    assert np.isnan(found["elbow_right_deg"]).all()
    assert np.isfinite(found["elbow_left_deg"]).all()
    assert np.isfinite(all_of_it["elbow_right_deg"]).all()


def test_facing_can_be_told_and_a_moving_camera_too() -> None:
    track = person(np.stack([figure(COCO17, {"knee": 40})] * 5))
    found = kinematics(track, COCO17, KinematicsSettings(facing="left", camera_moves=True))

    assert found.facing == "left"
    assert found.columns["knee_left_deg"] == pytest.approx(-40, abs=0.01)
    assert np.isnan(found.columns["contact_left"]).all()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_person_of_hardly_any_frames_has_a_table_all_the_same(count: int) -> None:
    found = kinematics(person(held(count)), COCO17)

    assert all(len(values) == count for values in found.columns.values())


def test_a_person_without_a_single_keypoint_has_a_table_of_unknowns() -> None:
    found = kinematics(person(np.full((4, 17, 2), np.nan, np.float32), height=50), COCO17)
    known = {name for name, values in found.columns.items() if not np.isnan(values).any()}

    assert known == {"body_height_px", "bones_too_long"}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"least_score": 1.5}, "least_score is 1.5; choose a confidence from 0 to 1"),
        ({"least_score": float("nan")}, "least_score is nan"),
        ({"facing": "up"}, "facing is 'up'; choose one of auto, right, left"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        KinematicsSettings(**wrong)  # type: ignore[arg-type]
