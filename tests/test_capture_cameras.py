from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import cv2
import pytest

from sdpose_track.capture import Camera, cameras, list_cameras
from sdpose_track.capture.cameras import find_camera
from sdpose_track.errors import SourceError


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kernel's list of two cameras, the first of which has two devices."""
    folder = tmp_path / "video4linux"
    for number, name, index in ((0, "Front: HD", "0"), (1, "Front: HD", "1"), (2, "Back", "0")):
        device = folder / f"video{number}"
        device.mkdir(parents=True)
        (device / "name").write_text(f"{name}\n")
        (device / "index").write_text(f"{index}\n")
    monkeypatch.setattr(cameras, "_LINUX", folder)
    monkeypatch.setattr(cameras, "_DEVICES", tmp_path)
    monkeypatch.setattr("sys.platform", "linux")
    return folder


@pytest.mark.usefixtures("listed")
def test_cameras_are_listed_once_each_by_number() -> None:
    assert list_cameras() == (Camera(0, "Front: HD"), Camera(2, "Back"))
    assert [camera.spec for camera in list_cameras()] == ["0", "2"]


def test_without_cameras_the_list_is_empty(tmp_path: Path) -> None:
    assert list_cameras(tmp_path / "nothing") == ()


def test_a_camera_without_a_name_is_called_by_its_number(listed: Path) -> None:
    (listed / "video2" / "name").write_text("")
    assert list_cameras()[1] == Camera(2, "camera 2")


def test_elsewhere_the_system_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [SimpleNamespace(index=1, name="B"), SimpleNamespace(index=0, name=None)]
    asked: list[int] = []

    def enumerate_cameras(way: int) -> list[SimpleNamespace]:
        asked.append(way)
        return told

    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr("cv2_enumerate_cameras.enumerate_cameras", enumerate_cameras)
    monkeypatch.setattr("cv2_enumerate_cameras.supported_backends", (cv2.CAP_DSHOW,))
    assert list_cameras() == (Camera(0, "camera 0"), Camera(1, "B"))
    assert asked == [cv2.CAP_DSHOW]


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("spec", ["2", "/dev/video2", "Back", "back", "BAC"])
def test_a_camera_is_meant_by_number_device_name_or_part_of_it(spec: str) -> None:
    assert find_camera(spec) == Camera(2, "Back")


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("spec", ["7", "/dev/video7"])
def test_a_number_without_a_camera_tells_which_there_are(spec: str) -> None:
    told = f"No camera {spec} was found; there are: 0 (Front: HD), 2 (Back)."
    with pytest.raises(SourceError, match=f"^{re.escape(told)}$"):
        find_camera(spec)


@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("digits", [300, 5000])
def test_a_number_that_is_too_long_is_no_camera(digits: int) -> None:
    for spec in ("9" * digits, "/dev/video" + "9" * digits):
        told = r"9+ is no camera, no address of a stream and no file; there are: 0 \(Front: HD\)"
        with pytest.raises(SourceError, match=told):
            find_camera(spec)


def test_a_number_without_any_camera_says_so(listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "_LINUX", listed / "nothing")
    with pytest.raises(SourceError, match=r"^No camera 0 was found; no camera is connected\.$"):
        find_camera("0")


def test_a_device_beside_the_first_of_a_camera_may_be_chosen(listed: Path, tmp_path: Path) -> None:
    (tmp_path / "video1").touch()
    assert find_camera("1") == Camera(1, "camera 1")


def test_a_part_of_two_names_is_not_enough(listed: Path) -> None:
    (listed / "video2" / "name").write_text("Front: SD")
    with pytest.raises(SourceError, match=r"choose by number: 0 \(Front: HD\), 2 \(Front: SD\)"):
        find_camera("front")


def test_a_whole_name_is_enough_where_it_is_part_of_another(listed: Path) -> None:
    (listed / "video2" / "name").write_text("Front: HD 2")
    assert find_camera("front: hd").number == 0
