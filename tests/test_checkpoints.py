"""Weights are found, and used only if they are what the manifest says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sdpose_track.checkpoints import find, locate, manifest, verify
from sdpose_track.errors import CheckpointError, SettingsError
from sdpose_track.skeletons import SKELETONS


@pytest.mark.parametrize("name", manifest())
def test_every_entry_of_the_manifest_is_whole(name: str) -> None:
    entry = manifest()[name]
    assert re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
    assert entry.bytes > 0
    assert entry.roles
    assert entry.skeleton is None or entry.skeleton in SKELETONS
    assert entry.card is not None
    assert (Path(__file__).parents[1] / "models" / entry.card).is_file()


def test_the_light_model_is_found_in_its_wheel_and_matches() -> None:
    found = find("yolo11n-pose", "detector")
    assert found.known
    assert found.sha256 == manifest()["yolo11n-pose"].sha256
    assert verify("yolo11n-pose") == found.path


def test_a_changed_file_is_refused(own_cache: Path) -> None:
    path = own_cache / "models" / "yolo11n.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    entry = manifest()["yolo11n"]
    try:
        path.write_bytes(b"short")
        with pytest.raises(CheckpointError, match=r"has 5 bytes of 5613764: it is not yolo11n"):
            find("yolo11n", "detector")
        path.write_bytes(bytes(entry.bytes))
        with pytest.raises(CheckpointError, match="its sha256 is"):
            find("yolo11n", "detector")
    finally:
        path.unlink()


def test_missing_weights_say_where_they_were_looked_for_and_how_to_get_them(
    own_cache: Path,
) -> None:
    assert locate("yolo11n") is None
    with pytest.raises(CheckpointError, match=r"not in .*; put yolo11n\.pt into"):
        find("yolo11n", "detector")


def test_an_unknown_name_suggests_a_near_one() -> None:
    with pytest.raises(CheckpointError, match="did you mean yolo11n-pose"):
        find("yolo11n-pos", "pose")


def test_a_detector_cannot_sit_in_the_pose_seat() -> None:
    with pytest.raises(SettingsError, match="--pose yolo11n: it is no pose model"):
        find("yolo11n", "pose")


def test_an_own_file_is_taken_by_path_with_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(b"abc")
    found = find(str(path), "detector")
    assert not found.known
    assert found.sha256.startswith("ba7816bf")
    with pytest.raises(CheckpointError, match=r"gone\.pt does not exist"):
        find(str(tmp_path / "gone.pt"), "detector")
