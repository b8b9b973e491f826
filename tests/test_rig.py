"""The flat skeleton, of people whose every angle is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from flat_people import (
    HANGING,
    LENGTHS,
    LIMBS,
    NEXT,
    PICTURE,
    body,
    direction,
    off,
    seen_directions,
    track_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from sdpose_track.export.rig import POSITION, Clip, Rig, make_rig
from sdpose_track.export.rig_joints import JOINTS, NAMES, PARENTS
from sdpose_track.records import Float32, Float64
from sdpose_track.skeletons import COCO17

ANGLES = st.floats(-180, 180)
SWING = 60 * np.sin(np.arange(90) / 7)


def rig_of(points: Float32, rows: npt.ArrayLike | None = None) -> Rig:
    track = track_of(points, rows)
    times = np.arange(int(track.indices[-1]) + 5) / 30
    return make_rig(track, track.indices.astype(np.int64), Clip(COCO17, times, PICTURE, 0.3))


def without(points: Float32, *keypoints: str, frames: slice | list[int] = slice(None)) -> Float32:
    some = points.copy()
    for name in keypoints:
        some[frames, COCO17.index(name)] = np.nan
    return some


def joint(rig: Rig, name: str) -> Float64:
    return rig.positions()[:, NAMES.index(name)]


def directions(rig: Rig) -> dict[str, Float64]:
    """Return the (T,) degrees of every bone between two joints."""
    found = {one: direction(joint(rig, one), joint(rig, other)) for one, other in NEXT.items()}
    world = rig.turns[:, [NAMES.index(n) for n in ("Hips", "Spine", "Neck")]].sum(axis=1)
    return found | {"Neck": 90 + world}


# -- exact where it can be -------------------------------------------------------------------------


@given(st.fixed_dictionaries(dict.fromkeys(HANGING, ANGLES)), st.sampled_from([1, -1]))
@settings(max_examples=60, deadline=None)
def test_any_pose_of_a_stiff_body_comes_back(pose: dict[str, float], left: int) -> None:
    points = body(pose, left=left)
    rig = rig_of(points)

    for name, found in directions(rig).items():
        assert off(found, seen_directions(points, PICTURE)[name]).max() < 1e-3


def test_a_stiff_body_that_keeps_its_trunk_upright_is_met_to_the_pixel() -> None:
    pose = {"LeftArm": SWING - 90, "LeftForeArm": SWING, "RightLeg": -90 - abs(SWING)}
    points = body(pose, hips=np.stack([150 + SWING, 200 + SWING / 3], axis=1))
    rig = rig_of(points)

    assert rig.error_px < 1e-3
    assert rig.never_seen == ()
    assert rig.made_up == {}
    wrist = points[:, COCO17.index("left_wrist")]
    assert joint(rig, "LeftHand")[:, 0] == pytest.approx(wrist[:, 0], abs=1e-3)
    assert joint(rig, "LeftHand")[:, 1] == pytest.approx(PICTURE - wrist[:, 1], abs=1e-3)


def test_a_limb_that_points_at_the_camera_can_be_bridged() -> None:
    points = body({"LeftForeArm": np.zeros(60)})
    elbow, wrist = COCO17.index("left_elbow"), COCO17.index("left_wrist")
    points[30:33, wrist] = points[30:33, elbow] + np.array([[-3, 0], [0, 2], [-2, -2]], np.float32)
    track = track_of(points, None)
    rows, times = track.indices.astype(np.int64), np.arange(60) / 30

    turns = {
        share: make_rig(track, rows, Clip(COCO17, times, PICTURE, 0.3, share))
        for share in (0.0, 0.25)
    }
    steps = {
        share: np.abs(np.diff(directions(rig)["LeftForeArm"])).max() for share, rig in turns.items()
    }
    assert steps[0.0] > 80
    assert steps[0.25] < 1e-6
    assert turns[0.0].made_up == {}
    assert np.flatnonzero(turns[0.25].made_up["LeftForeArm"]).tolist() == [30, 31, 32]


def test_a_foreshortened_limb_keeps_its_direction_and_the_error_is_told() -> None:
    points = body({"LeftForeArm": SWING})
    elbow, wrist = COCO17.index("left_elbow"), COCO17.index("left_wrist")
    near = points[:45, elbow] + (points[:45, wrist] - points[:45, elbow]) * 0.2
    points[:45, wrist] = near
    rig = rig_of(points)

    found = directions(rig)["LeftForeArm"]
    assert off(found, seen_directions(points, PICTURE)["LeftForeArm"]).max() < 1e-3
    assert joint(rig, "LeftHand")[0] != pytest.approx((near[0, 0], PICTURE - near[0, 1]), abs=20)
    # 45 of 90 frames of one of 13 joints are off by 36 pixels.
    assert rig.error_px == pytest.approx(np.sqrt(0.5 * 36**2 / 13), rel=1e-3)


def test_feet_of_somebody_who_squats_towards_the_camera_stay_above_the_floor() -> None:
    points = body({"LeftForeArm": SWING})
    hips = [COCO17.index(f"{side}_hip") for side in ("left", "right")]
    for joint_name in ("knee", "ankle"):
        legs = [COCO17.index(f"{side}_{joint_name}") for side in ("left", "right")]
        points[30:, legs] = points[30:, hips] + (points[30:, legs] - points[30:, hips]) * 0.5
    points[30:, :, 1] += 60  # the hips sink, the feet stay above where they were
    rig = rig_of(points)
    feet = np.minimum(joint(rig, "LeftFoot")[:, 1], joint(rig, "RightFoot")[:, 1])

    assert feet[30] < PICTURE - points[:, COCO17.index("left_ankle"), 1].max() - 20
    assert rig.floor_px == pytest.approx(feet.min())


def test_bones_have_the_length_that_a_tenth_of_the_frames_exceed_on_both_sides() -> None:
    points = body({"LeftForeArm": np.full(100, -90.0)})
    points[:3, COCO17.index("left_wrist"), 1] += 300  # a mistake
    points[:, COCO17.index("right_wrist"), 1] -= 20  # a forearm that always points forward
    offsets = dict(zip(NAMES, rig_of(points).rest.offsets, strict=True))

    assert offsets["LeftHand"] == pytest.approx((LENGTHS["forearm"], 0), abs=1e-3)
    assert offsets["RightHand"] == pytest.approx((-LENGTHS["forearm"], 0), abs=1e-3)
    assert offsets["LeftLeg"] == pytest.approx((0, -LENGTHS["thigh"]), abs=1e-3)


# -- turns -----------------------------------------------------------------------------------------


def test_turns_begin_within_half_a_turn_and_never_jump() -> None:
    windmill = np.arange(120) * 17.0 + 150
    rig = rig_of(body({"LeftArm": windmill, "LeftForeArm": windmill + 30}))
    arm = rig.turns[:, NAMES.index("LeftArm")]

    assert ((rig.turns[0] > -180) & (rig.turns[0] <= 180)).all()
    assert np.abs(np.diff(rig.turns, axis=0)).max() < 180
    assert arm[-1] - arm[0] == pytest.approx(17 * 119, abs=1e-2)
    assert rig.turns[:, NAMES.index("LeftForeArm")] == pytest.approx(30, abs=1e-3)


def test_a_half_turn_at_first_counts_upwards() -> None:
    rig = rig_of(body({"LeftArm": [180.0], "LeftForeArm": [0.0]}))

    assert rig.turns[0, NAMES.index("LeftArm")] == pytest.approx(180)


def test_who_shows_the_back_has_the_left_arm_on_the_left() -> None:
    rig = rig_of(body({"LeftArm": SWING}, left=-1))
    offsets = dict(zip(NAMES, rig.rest.offsets, strict=True))

    assert not rig.rest.faces_camera
    assert offsets["LeftArm"][0] == pytest.approx(-LENGTHS["shoulders"] / 2, abs=1e-3)
    assert offsets["LeftForeArm"] == pytest.approx((-LENGTHS["upper_arm"], 0), abs=1e-3)
    assert rig.error_px < 1e-3


def test_which_way_somebody_faces_is_what_most_frames_say() -> None:
    points = body({"Hips": np.full(21, 90.0)})
    points[:10] = body({"Hips": np.full(10, 90.0)}, left=-1)

    assert rig_of(points).rest.faces_camera


# -- what is not seen ------------------------------------------------------------------------------


def test_legs_that_are_never_seen_stay_at_rest_in_proportion() -> None:
    legs = [f"{side}_{part}" for side in ("left", "right") for part in ("knee", "ankle")]
    rig = rig_of(without(body({"LeftArm": SWING}), *legs))

    assert set(rig.never_seen) == {"LeftUpLeg", "LeftLeg", "RightUpLeg", "RightLeg"}
    assert not rig.turns[:, [NAMES.index(n) for n in rig.never_seen]].any()
    thigh = np.linalg.norm(rig.rest.offsets[NAMES.index("LeftLeg")])
    assert 0.6 * LENGTHS["thigh"] < thigh < 1.4 * LENGTHS["thigh"]
    assert rig.floor_px == pytest.approx(rig.hips[:, 1].min() - rig.rest.legs_px)


def test_a_limb_that_is_lost_for_a_while_is_filled_in_and_listed() -> None:
    points = without(body({"LeftArm": SWING}), "left_wrist", frames=slice(20, 26))
    rig = rig_of(points)

    assert list(rig.made_up) == ["LeftForeArm"]
    assert np.flatnonzero(rig.made_up["LeftForeArm"]).tolist() == list(range(20, 26))
    known = ~rig.made_up["LeftForeArm"]
    for name, found in directions(rig).items():
        wanted = seen_directions(points, PICTURE)[name]
        assert off(found[known], wanted[known]).max() < 1e-3
    assert off(directions(rig)["LeftForeArm"], -90).max() < 1


def test_a_person_who_is_away_for_long_waits_and_does_not_pop() -> None:
    rows = np.r_[0:30, 90:120]
    points = body({"LeftArm": np.repeat([-90.0, 0.0], 30)}, hips=np.repeat([[100, 200]], 60, 0))
    points[30:, :, 0] += 200
    rig = rig_of(points, rows)

    assert rig.rows == range(120)
    assert rig.hips[30:79, 0] == pytest.approx(100)
    assert np.abs(np.diff(rig.hips[:, 0])).max() < 200 * 0.16
    assert np.abs(np.diff(rig.turns, axis=0)).max() < 90 * 0.16
    assert set(rig.made_up) >= {POSITION, "Hips", "LeftArm"}


def test_hips_behind_a_table_hang_below_the_neck() -> None:
    walk = np.stack([100 + 2.0 * np.arange(90), np.full(90, 200)], axis=1)
    points = without(body({}, hips=walk), "left_hip", "right_hip", frames=slice(20, 70))
    rig = rig_of(points)

    assert rig.hips == pytest.approx(walk, abs=1e-3)
    assert rig.made_up[POSITION].sum() == 50


def test_hips_that_are_never_seen_are_a_trunk_below_the_neck() -> None:
    rig = rig_of(without(body({"LeftArm": SWING}), "left_hip", "right_hip"))

    assert {POSITION, "Hips"} <= set(rig.never_seen)
    assert np.isfinite(rig.positions()).all()
    shoulders = joint(rig, "LeftArm") + joint(rig, "RightArm")
    assert shoulders / 2 == pytest.approx(np.tile((200, 290), (90, 1)), abs=1e-3)


def test_the_nose_stands_for_ears_that_are_hardly_seen() -> None:
    points = without(body({"Neck": SWING + 90}), "left_ear", "right_ear", frames=slice(5, None))

    assert off(directions(rig_of(points))["Neck"], SWING + 90).max() < 1e-3


@pytest.mark.parametrize("rows", [[0], [7]])
def test_somebody_in_a_single_frame_has_a_rig(rows: list[int]) -> None:
    points = body({"RightForeArm": [33.0]})
    rig = rig_of(points, rows)

    assert len(rig) == 1
    assert rig.error_px < 1e-3
    assert off(directions(rig)["RightForeArm"], 33).max() < 1e-3


def test_somebody_of_whom_nothing_is_sure_stands_at_rest_in_the_box() -> None:
    track = track_of(body({"LeftArm": SWING}))
    times = np.arange(90) / 30
    rig = make_rig(track, np.arange(90), Clip(COCO17, times, PICTURE, 0.95))

    assert set(rig.never_seen) == {POSITION, "Hips", "Neck", *LIMBS}
    assert not rig.turns.any()
    assert np.isfinite(rig.positions()).all()
    assert rig.hips[:, 0] == pytest.approx(track.boxes[:, ::2].mean(axis=1), abs=1e-3)
    assert rig.error_px == 0


def test_a_limb_without_a_length_has_no_direction() -> None:
    points = body({"LeftForeArm": SWING})
    points[10, COCO17.index("left_wrist")] = points[10, COCO17.index("left_elbow")]

    assert np.flatnonzero(rig_of(points).made_up["LeftForeArm"]).tolist() == [10]


# -- the joints ------------------------------------------------------------------------------------


def test_every_joint_comes_after_its_parent_and_is_followed_by_what_hangs_on_it() -> None:
    def below(j: int) -> list[int]:
        children = [k for k, parent in enumerate(PARENTS) if parent == j]
        return [j, *(k for child in children for k in below(child))]

    assert below(0) == list(range(len(JOINTS)))
    assert len(JOINTS) == 15


def test_a_body_at_rest_is_a_t_on_the_floor() -> None:
    rig = rig_of(body({}))
    where = dict(zip(NAMES, rig.rest.standing(), strict=True))

    assert where["LeftFoot"] == pytest.approx((LENGTHS["hips"] / 2, 0), abs=1e-3)
    assert where["LeftHand"][1] == pytest.approx(where["Neck"][1])
    assert where["LeftHand"][0] == pytest.approx(-where["RightHand"][0])
