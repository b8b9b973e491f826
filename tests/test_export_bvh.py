"""BVH, read back with bvhio and line by line."""

from __future__ import annotations

import re
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sessions
from flat_people import NEXT, body, direction, off, script_of, seen_directions
from sessions import FRAMES, exported, points, strict

from sdpose_track.export import ExportOptions
from sdpose_track.export.rig_joints import NAMES
from sdpose_track.records import Float32, Float64

NUMBER = re.compile(r"-?\d+\.\d{6}")
SWING = 70 * np.sin(np.arange(60) / 9)


def bvhio() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bvhio imports glm by a name that is to go
        import bvhio
    return bvhio


def joints(path: Path) -> dict[str, Float64]:
    """Return by joint the (T, 3) positions that bvhio finds in a file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = bvhio().readAsHierarchy(str(path))
    first, last = root.getKeyframeRange()
    where: dict[str, list[tuple[float, ...]]] = {}
    for frame in range(first, last + 1):
        root.loadPose(frame)
        for joint, _, _ in root.layout():
            where.setdefault(joint.Name, []).append(tuple(joint.PositionWorld))
    return {name: np.array(found) for name, found in where.items()}


def motion(path: Path) -> Float64:
    lines = path.read_text(encoding="ascii").split("MOTION\n")[1].splitlines()[2:]
    return np.array([[float(number) for number in line.split()] for line in lines])


def people_of(folder: Path) -> dict[str, Any]:
    people: dict[str, Any] = strict(folder.with_name(f"{folder.name}.meta.json"))["rig"]["people"]
    return people


def session_points(track_id: int, frames: range) -> Float32:
    return np.stack([points(track_id, i) for i in frames])


def assert_directions(where: dict[str, Float64], wanted: dict[str, Float64]) -> None:
    for one, other in NEXT.items():
        found = direction(where[one][:, :2], where[other][:, :2])
        known = np.isfinite(wanted[one])
        assert off(found, wanted[one])[known].max() < 0.01, one


# -- grammar ---------------------------------------------------------------------------------------


def test_the_text_is_what_all_readers_of_bvh_take(tmp_path: Path) -> None:
    folder = exported(tmp_path, "bvh", sessions.fixture_a())
    raw = (folder / "clip_p1.bvh").read_bytes()
    head, tail = raw.decode("ascii").split("MOTION\n")
    lines = [line.strip() for line in head.splitlines()]

    assert b"\r" not in raw
    assert lines[:5] == [
        "HIERARCHY", "ROOT Hips", "{", "OFFSET 0.000000 0.000000 0.000000",
        "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation",
    ]  # fmt: skip
    assert [ln.split()[1] for ln in lines if ln.startswith(("ROOT", "JOINT"))] == list(NAMES)
    for i, line in enumerate(lines):
        if line.startswith("JOINT"):
            assert lines[i + 1] == "{"
            assert re.fullmatch(r"OFFSET( -?\d+\.\d{6}){3}", lines[i + 2])
            assert lines[i + 3] == "CHANNELS 3 Zrotation Xrotation Yrotation"
    assert lines.count("{") == lines.count("}") == len(NAMES) + 5
    assert lines.count("End Site") == 5
    assert tail.startswith("Frames: 45\nFrame Time: 0.033333333333\n")
    rows = tail.splitlines()[2:]
    assert len(rows) == FRAMES
    assert all(len(row.split()) == 3 + 3 * len(NAMES) for row in rows)
    assert all(NUMBER.fullmatch(number) for row in rows for number in row.split())
    assert "-0.000000" not in head + tail
    assert tail.endswith("\n")


def test_only_the_axis_through_the_picture_turns(tmp_path: Path) -> None:
    values = motion(exported(tmp_path, "bvh", sessions.fixture_a()) / "clip_p1.bvh")

    assert not values[:, 2].any()
    assert not values[:, 4::3].any()
    assert not values[:, 5::3].any()


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [
        (Fraction(30), "0.033333333333"),
        (Fraction(30000, 1001), "0.033366666667"),
        (Fraction(24000, 1001), "0.041708333333"),
    ],
)
def test_the_frame_time_is_exact_enough_for_blender(
    rate: Fraction, seconds: str, tmp_path: Path
) -> None:
    script = script_of({1: body({"LeftArm": SWING})}, rate=rate, time_base=1 / rate)
    folder = exported(tmp_path, "bvh", script)

    assert f"\nFrame Time: {seconds}\n" in (folder / "clip_p1.bvh").read_text()


# -- what it says ----------------------------------------------------------------------------------


def test_bvhio_reads_the_directions_of_everybody(tmp_path: Path) -> None:
    folder = exported(tmp_path, "bvh", sessions.fixture_a(), ExportOptions(threshold=0))

    assert sorted(path.name for path in folder.iterdir()) == ["clip_p1.bvh", "clip_p2.bvh"]
    for track_id, frames in ((1, range(FRAMES)), (2, range(10, FRAMES))):
        where = joints(folder / f"clip_p{track_id}.bvh")
        assert len(where["Hips"]) == len(frames)
        assert_directions(where, seen_directions(session_points(track_id, frames), 480))


def test_bvhio_reads_a_stiff_body_where_it_was(tmp_path: Path) -> None:
    pose = {"LeftArm": SWING, "RightForeArm": -SWING, "LeftLeg": -90 - abs(SWING)}
    hips = np.stack([200 + SWING, 220 + SWING / 4], axis=1)
    points = body(pose, hips=hips)
    folder = exported(tmp_path, "bvh", script_of({4: points}), ExportOptions(height_cm=180))
    told = people_of(folder)["4"]
    where = joints(folder / "clip_p4.bvh")
    centimetre = 1 / told["cm_per_px"]

    assert told["height_px"] * told["cm_per_px"] == pytest.approx(180, rel=1e-5)
    assert told["joint_error_rms_cm"] == 0
    x, y = told["origin_px"]
    for name, keypoint in (("LeftHand", 9), ("RightFoot", 16), ("LeftFoot", 15)):
        pixels = where[name][:, :2] * centimetre * (1, -1) + (x, y)
        assert pixels == pytest.approx(points[:, keypoint], abs=5e-3)


def test_the_root_begins_above_the_origin_and_the_lowest_ankle_is_on_the_floor(
    tmp_path: Path,
) -> None:
    hips = np.stack([200 + SWING, 220 + SWING / 4], axis=1)
    script = script_of({1: body({"LeftLeg": -90 - abs(SWING)}, hips=hips)})
    path = exported(tmp_path, "bvh", script) / "clip_p1.bvh"
    where = joints(path)

    assert motion(path)[0, 0] == 0
    assert min(where["LeftFoot"][:, 1].min(), where["RightFoot"][:, 1].min()) == pytest.approx(
        0, abs=1e-3
    )


def test_twice_the_height_is_twice_the_size(tmp_path: Path) -> None:
    script = script_of({1: body({"LeftArm": SWING})})
    one = joints(exported(tmp_path, "bvh", script) / "clip_p1.bvh")
    two = joints(exported(tmp_path, "bvh", script, ExportOptions(height_cm=340)) / "clip_p1.bvh")

    assert two["LeftHand"] == pytest.approx(2 * one["LeftHand"], abs=1e-3)


# -- gaps and times --------------------------------------------------------------------------------


def test_what_is_filled_in_is_listed(tmp_path: Path) -> None:
    people = people_of(exported(tmp_path, "bvh", sessions.fixture_a()))

    assert people["1"]["filled"] == {"LeftForeArm": [[20, 21]]}
    assert people["2"]["filled"] == {}
    assert (people["2"]["first_frame"], people["2"]["frames"]) == (10, 35)
    assert people["2"]["start_s"] == pytest.approx(10 / 30, abs=1e-6)


def test_a_lost_frame_has_a_line_all_the_same(tmp_path: Path) -> None:
    folder = exported(tmp_path, "bvh", sessions.with_a_lost_frame())

    assert len(motion(folder / "clip_p1.bvh")) == 6
    assert people_of(folder)["1"]["filled"]["position"] == [[2, 2]]


def test_uneven_times_come_at_a_constant_rate(tmp_path: Path) -> None:
    folder = exported(tmp_path, "bvh", sessions.fixture_b())
    text = (folder / "clip_p1.bvh").read_text()
    meta = strict(folder.with_name(f"{folder.name}.meta.json"))
    (frames,) = re.findall(r"\nFrames: (\d+)\n", text)

    assert int(frames) == meta["frames"] == len(motion(folder / "clip_p1.bvh"))
    (seconds,) = re.findall(r"\nFrame Time: (\S+)\n", text)
    assert float(seconds) == pytest.approx(float(1 / Fraction(meta["retimed"]["fps"])), abs=1e-12)


def test_another_rate_can_be_chosen(tmp_path: Path) -> None:
    options = ExportOptions(rate=Fraction(60))
    folder = exported(tmp_path, "bvh", sessions.fixture_a(), options)

    assert "\nFrames: 89\nFrame Time: 0.016666666667\n" in (folder / "clip_p1.bvh").read_text()


def test_what_nobody_is_sure_of_is_not_seen(tmp_path: Path) -> None:
    people = people_of(exported(tmp_path, "bvh", sessions.fixture_a()))

    assert people["1"]["never_seen"] == ["LeftLeg", "RightUpLeg", "RightLeg"]


def test_legs_that_are_never_seen_are_told(tmp_path: Path) -> None:
    points = body({"LeftArm": SWING})
    points[:, 13:] = np.nan
    folder = exported(tmp_path, "bvh", script_of({1: points}))

    legs = ["LeftUpLeg", "LeftLeg", "RightUpLeg", "RightLeg"]
    assert people_of(folder)["1"]["never_seen"] == legs
    assert len(joints(folder / "clip_p1.bvh")["LeftFoot"]) == 60


def test_it_says_that_it_is_flat(tmp_path: Path) -> None:
    folder = exported(tmp_path, "bvh", sessions.fixture_a())
    rig = strict(folder.with_name(f"{folder.name}.meta.json"))["rig"]

    assert "flat" in rig["planar"]
    assert rig["units"] == {"xyz": "cm", "y": "up", "angle": "deg", "time": "s"}
    assert rig["height_cm"] == 170
    assert rig["people"]["1"]["joint_error_rms_percent_of_height"] >= 0


def test_a_session_of_nobody_is_an_empty_folder(tmp_path: Path) -> None:
    folder = exported(tmp_path, "bvh", sessions.fixture_c())

    assert list(folder.iterdir()) == []
    assert people_of(folder) == {}


def test_somebody_in_one_frame_has_one_line(tmp_path: Path) -> None:
    folder = exported(tmp_path, "bvh", sessions.fixture_e())

    assert motion(folder / "clip_p3.bvh").shape == (1, 3 + 3 * len(NAMES))
    assert len(joints(folder / "clip_p3.bvh")["Hips"]) == 1
