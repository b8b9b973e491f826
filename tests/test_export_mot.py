"""MOT: angles under the names of OpenSim's models, read back line by line and by OpenSim itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sessions
import test_wholebody
from other_programs import read_with
from sessions import FRAMES, LEFT_WRIST, exported, strict
from standing import pose, still

from sdpose_track.export import ExportOptions
from sdpose_track.kinematics.angles import angles
from sdpose_track.records import Float64, Pose
from sdpose_track.skeletons import COCO17

ALL = ExportOptions(threshold=0.1)
COLUMNS = [
    "knee_angle_l", "knee_angle_r", "hip_flexion_l", "hip_flexion_r", "arm_flex_l", "arm_flex_r",
    "elbow_flex_l", "elbow_flex_r", "segment_shank_l", "segment_shank_r", "segment_thigh_l",
    "segment_thigh_r", "segment_pelvis", "segment_trunk", "segment_shoulders",
    "segment_head_mid_ear", "segment_arm_l", "segment_arm_r", "segment_forearm_l",
    "segment_forearm_r",
]  # fmt: skip


@dataclass(frozen=True)
class Mot:
    """A file as its text says."""

    times: list[float]
    columns: dict[str, Float64]
    """(N,) degrees each, NaN unknown."""


def read(path: Path) -> Mot:
    """Read a file, and refuse whatever is not as OpenSim describes it."""
    raw = path.read_bytes()
    assert b"\r" not in raw
    head, _, rest = raw.decode().partition("endheader\n")
    name, version, rows, columns, degrees, *_ = head.split("\n")
    assert (name, version, degrees) == ("Coordinates", "version=1", "inDegrees=yes")
    names, *lines = rest.split("\n")[:-1]
    labels = names.split("\t")
    assert labels[0] == "time"
    assert (rows, columns) == (f"nRows={len(lines)}", f"nColumns={len(labels)}")
    table = np.array([[float(cell) for cell in line.split("\t")] for line in lines])
    assert table.shape == (len(lines), len(labels))
    return Mot(table[:, 0].tolist(), dict(zip(labels[1:], table.T[1:], strict=True)))


def sideways(*, mirrored: bool = False) -> Pose:
    """Return somebody who looks right with the left thigh and left forearm forward.

    The left knee and elbow are at right angles; the right arm and leg hang.
    """
    where = {
        "nose": (120, 60), "eye": (115, 55), "ear": (100, 60), "shoulder": (100, 100),
        "left_elbow": (100, 150), "left_wrist": (150, 150), "right_elbow": (100, 150),
        "right_wrist": (100, 200), "hip": (100, 200), "left_knee": (180, 200),
        "left_ankle": (180, 280), "right_knee": (100, 280), "right_ankle": (100, 360),
    }  # fmt: skip
    found = [where.get(name) or where[name.rpartition("_")[2]] for name in COCO17.keypoints]
    points = np.array(found, np.float32)
    return pose(1, points * (-1, 1) + (400, 0) if mirrored else points)


def pointing(degrees: float | None) -> Pose:
    """Return `sideways` with the right forearm in a direction, counter-clockwise, or unknown."""
    points = sideways().keypoints.copy()
    wrist, elbow = COCO17.index("right_wrist"), COCO17.index("right_elbow")
    turn = np.radians(np.nan if degrees is None else degrees)
    points[wrist] = points[elbow] + 50 * np.array([np.cos(turn), -np.sin(turn)])
    return pose(1, points)


def leaning(degrees: float | None) -> Pose:
    """Return `sideways` with the left hip in a direction of the right one, or unknown."""
    points = sideways().keypoints.copy()
    left, right = COCO17.index("left_hip"), COCO17.index("right_hip")
    turn = np.radians(np.nan if degrees is None else degrees)
    points[left] = points[right] + 30 * np.array([np.cos(turn), -np.sin(turn)])
    return pose(1, points)


def said_of(folder: Path, track_id: int) -> Any:
    said = strict(folder.with_name("clip_raw_mot.meta.json"))
    return said["angles"]["people"][str(track_id)]


@pytest.mark.parametrize("mirrored", [False, True])
def test_bending_is_positive_to_whichever_side_somebody_looks(
    tmp_path: Path, mirrored: bool
) -> None:
    folder = exported(tmp_path, "mot", still(sideways(mirrored=mirrored)))
    found = {name: values[0] for name, values in read(folder / "clip_p1.mot").columns.items()}

    assert {name: found[name] for name in COLUMNS[:8]} == {
        "knee_angle_l": 90, "knee_angle_r": 0, "hip_flexion_l": 90, "hip_flexion_r": 0,
        "arm_flex_l": 0, "arm_flex_r": 0, "elbow_flex_l": 90, "elbow_flex_r": 0,
    }  # fmt: skip
    assert (found["segment_trunk"], found["segment_thigh_l"], found["segment_shank_l"]) == (
        90, 0, -90,
    )  # fmt: skip
    assert said_of(folder, 1)["facing"] == ("left" if mirrored else "right")


def test_somebody_who_was_said_to_look_left_is_measured_so(tmp_path: Path) -> None:
    folder = exported(tmp_path, "mot", still(sideways()), ExportOptions(facing="left"))

    assert read(folder / "clip_p1.mot").columns["hip_flexion_l"][0] == -90


def test_columns_have_the_numbers_of_the_python_call(tmp_path: Path) -> None:
    script = sessions.fixture_a()
    folder = exported(tmp_path, "mot", script, ALL)

    for track_id, first in ((1, 0), (2, 10)):
        mot, columns = read(folder / f"clip_p{track_id}.mot"), said_of(folder, track_id)["columns"]
        with sessions.view_of(tmp_path / "again.sdpose", script) as view:
            true = angles(view.track(track_id).keypoints, COCO17)
        assert list(mot.columns) == list(columns) == COLUMNS
        assert mot.times == pytest.approx([i / 30 for i in range(first, FRAMES)], abs=1e-9)
        for column, name in columns.items():
            known = np.isfinite(true[name])
            assert mot.columns[column][known] == pytest.approx(true[name][known], abs=5.1e-5)


def test_gaps_are_filled_and_counted_as_opensim_has_no_word_for_them(tmp_path: Path) -> None:
    folder = exported(tmp_path, "mot", sessions.fixture_a(), ALL)
    mot, filled = read(folder / "clip_p1.mot"), said_of(folder, 1)["filled_frames"]

    assert COCO17.keypoints[LEFT_WRIST] == "left_wrist"
    assert {name: count for name, count in filled.items() if count} == {
        "elbow_flex_l": 2, "segment_forearm_l": 2,
    }  # fmt: skip
    assert all(np.isfinite(values).all() for values in mot.columns.values())
    bent = mot.columns["elbow_flex_l"]
    assert min(bent[19], bent[22]) - 1e-3 <= bent[20] <= max(bent[19], bent[22]) + 1e-3


def test_frames_without_the_person_are_filled(tmp_path: Path) -> None:
    people: sessions.People = {i: (sessions.person(1, i),) for i in (3, 5)}
    script = sessions.Script(sessions.source_info(count=12), range(12), people)
    folder = exported(tmp_path, "mot", script, ALL)
    mot = read(folder / "clip_p1.mot")

    assert mot.times == pytest.approx([3 / 30, 4 / 30, 5 / 30], abs=1e-9)
    assert said_of(folder, 1)["filled_frames"] == dict.fromkeys(COLUMNS, 1)


def test_a_gap_is_filled_the_short_way_round(tmp_path: Path) -> None:
    people: sessions.People = {
        i: (pointing(angle),) for i, angle in enumerate((170, None, 190, 200))
    }
    script = sessions.Script(sessions.source_info(count=4), range(4), people)
    mot = read(exported(tmp_path, "mot", script) / "clip_p1.mot")

    around = mot.columns["segment_forearm_r"]
    assert around[[0, 2, 3]] == pytest.approx([170, -170, -160], abs=1e-3)
    assert abs(around[1]) > 175


def test_a_gap_of_a_line_is_filled_the_short_way_round_too(tmp_path: Path) -> None:
    people: sessions.People = {
        i: (leaning(angle),) for i, angle in enumerate((80, None, -80, -75))
    }  # a line at 100 degrees is one at -80
    script = sessions.Script(sessions.source_info(count=4), range(4), people)
    mot = read(exported(tmp_path, "mot", script) / "clip_p1.mot")

    pelvis = mot.columns["segment_pelvis"]
    assert pelvis[[0, 2, 3]] == pytest.approx([80, -80, -75], abs=1e-3)
    assert abs(pelvis[1]) > 85


def test_an_angle_that_is_never_known_has_no_column(tmp_path: Path) -> None:
    gone = tuple(COCO17.index(f"{side}_ankle") for side in ("left", "right"))
    people: sessions.People = {i: (sessions.person(1, i, gone),) for i in range(3)}
    script = sessions.Script(sessions.source_info(count=3), range(3), people)
    mot = read(exported(tmp_path, "mot", script, ALL) / "clip_p1.mot")

    without = {"knee_angle_l", "knee_angle_r", "segment_shank_l", "segment_shank_r"}
    assert set(COLUMNS) - set(mot.columns) == without


def test_who_has_no_angles_has_no_file(tmp_path: Path) -> None:
    folder = exported(tmp_path, "mot", sessions.fixture_a(), ExportOptions(threshold=1))

    assert list(folder.iterdir()) == []
    assert said_of(folder, 2) == {"facing": "right", "columns": {}, "filled_frames": {}}


def test_uneven_frames_come_at_a_constant_rate(tmp_path: Path) -> None:
    mot = read(exported(tmp_path, "mot", sessions.fixture_b(), ALL) / "clip_p1.mot")

    assert np.ptp(np.diff(mot.times)) < 3e-9
    assert mot.times[-1] <= sessions.UNEVEN_MS[-1] / 1000


def test_nobody_leaves_an_empty_folder(tmp_path: Path) -> None:
    assert list(exported(tmp_path, "mot", sessions.fixture_c()).iterdir()) == []


def test_feet_and_hands_have_ankles_and_wrists(tmp_path: Path) -> None:
    options = ExportOptions(threshold=0)
    folder = test_wholebody.exported(tmp_path, "mot", test_wholebody.walk(), options)
    columns = read(folder / "clip_p1.mot").columns

    joints = {"ankle_angle_l", "ankle_angle_r", "wrist_flex_l"}  # the right hand is never seen
    assert set(columns) - set(COLUMNS) == {*joints, "segment_foot_l", "segment_foot_r"}


@pytest.mark.readers
def test_opensim_reads_the_angles_in_both_its_ways(tmp_path: Path) -> None:
    path = exported(tmp_path, "mot", sessions.fixture_a(), ALL) / "clip_p1.mot"
    said, mot = read_with("opensim", "opensim_mot.py", path), read(path)

    assert said["rows"] == FRAMES
    assert said["in_degrees"] == "yes"
    assert said["storage"]["in_degrees"] is True
    assert said["labels"] == COLUMNS
    assert said["storage"]["labels"] == ["time", *COLUMNS]
    for times, columns in (
        (said["times"], said["columns"]),
        (said["storage"]["times"], said["storage"]["columns"]),
    ):
        assert times == pytest.approx(mot.times, abs=1e-12)
        for name, values in mot.columns.items():
            assert columns[name] == pytest.approx(values.tolist(), abs=1e-9)
