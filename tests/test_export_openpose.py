"""OpenPose's folder as Pose2Sim finds and sorts it; its rules are stated here once more."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sessions
from sessions import FRAMES, K, points, strict, view_of
from whole_people import exported_whole, whole_person, whole_points

from sdpose_track.export import ExportOptions, export

COCO_17 = ExportOptions(layout="coco_17")
BODY_25_LEGS_AND_FEET = {
    9: 12, 10: 14, 11: 16, 12: 11, 13: 13, 14: 15, 19: 17, 20: 18, 21: 19, 22: 20, 23: 21, 24: 22,
}  # fmt: skip


def pose2sim_files(pose_folder: Path) -> list[Path]:
    """Return the files of the one camera under `pose_folder`, in the order of frames.

    Pose2Sim takes folders with `json` in their names, all `*.json` in them, and sorts them by the
    last number in the name.
    """
    (camera,) = (folder for folder in pose_folder.iterdir() if folder.is_dir())
    assert "json" in camera.name
    return sorted(camera.glob("*.json"), key=lambda path: int(re.findall(r"\d+", path.name)[-1]))


def pose2sim_person(path: Path, number: int) -> list[float]:
    """Return x, y and likelihood of every keypoint of the person at a place in the list."""
    numbers: list[float] = strict(path)["people"][number]["pose_keypoints_2d"]
    return numbers


@pytest.mark.parametrize("stem", ["clip", "take 2 of 30", "cam01_000000000099"])
def test_pose2sim_finds_every_frame_in_order(stem: str, tmp_path: Path) -> None:
    with view_of(tmp_path / "clip.sdpose", sessions.fixture_a()) as view:
        export(view, "openpose", tmp_path / "pose", stem, COCO_17)
    files = pose2sim_files(tmp_path / "pose")

    assert len(files) == FRAMES
    for index, path in enumerate(files):
        found = np.array(pose2sim_person(path, 0)).reshape(K, 3)
        here = found[:, 2] > 0
        assert found[here, :2] == pytest.approx(points(1, index)[here], abs=5.1e-4)


def test_body_25_of_a_whole_body_has_legs_hips_and_feet(tmp_path: Path) -> None:
    folder = exported_whole(tmp_path, "openpose", [[whole_person()]])
    (path,) = folder.iterdir()
    found = np.array(pose2sim_person(path, 0)).reshape(25, 3)
    truth = whole_points(0)

    for row, k in BODY_25_LEGS_AND_FEET.items():
        assert found[row, :2] == pytest.approx(truth[k], abs=5.1e-4)
    assert found[8, :2] == pytest.approx(truth[[11, 12]].mean(axis=0), abs=5.1e-4)


def test_files_at_another_rate_are_numbered_by_its_frames(tmp_path: Path) -> None:
    folder = sessions.exported(
        tmp_path, "openpose", sessions.fixture_b(), ExportOptions(rate=Fraction(24))
    )
    numbers = [int(re.findall(r"\d+", path.name)[-1]) for path in sorted(folder.iterdir())]

    assert numbers == list(range(int(sessions.UNEVEN_MS[-1] / 1000 * 24) + 1))
