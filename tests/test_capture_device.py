from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import cast

import cv2
import pytest
from clips import drifting, encode

from sdpose_track.capture import Camera, CaptureSettings, cameras, device, open_live
from sdpose_track.errors import SourceError
from sdpose_track.records import Frame, UInt8

COUNT = 30
GIVEN = "Front gives 64 × 48 at 25 pictures a second"


class Recorded:
    """A clip in place of a camera: it notes what is set, and ends as if unplugged."""

    def __init__(self, path: Path, missing: int = 0) -> None:
        self.wished: list[tuple[int, float]] = []
        self.released = False
        self._clip = cv2.VideoCapture(str(path))
        self.missing = missing
        self.isOpened = self._clip.isOpened
        self.get = self._clip.get
        self.damaged = 0

    def set(self, what: int, value: float) -> bool:
        self.wished.append((what, value))
        return True

    def grab(self) -> bool:
        if self.missing:
            self.missing -= 1
            return False
        return bool(self._clip.grab())

    def retrieve(self) -> tuple[bool, UInt8 | None]:
        is_whole, picture = self._clip.retrieve()
        if self.damaged:
            self.damaged -= 1
            return False, None
        return is_whole, cast(UInt8, picture)

    def release(self) -> None:
        self.released = True
        self._clip.release()


Plugs = Callable[..., Recorded]


@pytest.fixture
def plugs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plugs:
    """Plugs in a camera called Front with the number 3."""
    clip = encode(tmp_path / "camera.mp4", drifting(COUNT))

    def plug(path: Path = clip, missing: int = 0) -> Recorded:
        camera = Recorded(path, missing)
        monkeypatch.setattr(cameras, "list_cameras", lambda: (Camera(3, "Front"),))
        monkeypatch.setattr(device, "open_capture", lambda number: {3: camera}[number])
        return camera

    return plug


def until_unplugged(spec: str, settings: CaptureSettings, told: list[str]) -> list[Frame]:
    frames: list[Frame] = []
    with open_live(spec, settings, told.append) as source:
        with pytest.raises(SourceError, match=r"^Front gives no more pictures: it was unplugged"):
            frames.extend(source.frames())
        assert source.arrived == frames[-1].index + 1
        assert source.left_out == source.arrived - len(frames)
        info = source.info
    assert (info.kind, info.name, info.width, info.height) == ("camera", "Front", 64, 48)
    return frames


@pytest.mark.parametrize("spec", ["3", "front", "/dev/video3"])
def test_a_camera_gives_pictures_until_it_is_unplugged(plugs: Plugs, spec: str) -> None:
    camera, told = plugs(), list[str]()
    frames = until_unplugged(spec, CaptureSettings(), told)
    assert all(a.pts < b.pts for a, b in pairwise(frames))
    assert all(frame.image.shape == (48, 64, 3) for frame in frames)
    assert frames[-1].image.std() > 0
    assert camera.released
    assert told == []
    assert camera.wished == []


def test_a_camera_that_is_slow_to_begin_is_waited_for(plugs: Plugs) -> None:
    plugs(missing=5)
    assert until_unplugged("3", CaptureSettings(), [])


def test_a_damaged_picture_is_left_out(plugs: Plugs) -> None:
    camera = plugs()
    camera.damaged = 5
    assert until_unplugged("3", CaptureSettings(), [])[-1].index == COUNT - 6


def test_a_camera_that_gives_nothing_is_told(plugs: Plugs) -> None:
    camera = plugs(missing=10_000)
    with pytest.raises(SourceError, match=r"^Front gives no pictures: another program may be us"):
        open_live("3", CaptureSettings(), print)
    assert camera.released


def test_a_camera_that_is_silent_is_not_asked_again_and_again(
    plugs: Plugs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "_SILENT_S", 0.0)
    camera = plugs(missing=5)
    with pytest.raises(SourceError, match=r"^Front gives no pictures: another program may be us"):
        open_live("3", CaptureSettings(), print)
    assert camera.missing == 4


def test_a_camera_that_gives_damaged_pictures_only_is_not_waited_for(
    plugs: Plugs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "_SILENT_S", 0.0)
    camera = plugs()
    camera.damaged = 5
    with pytest.raises(SourceError, match=r"^Front gives no pictures: another program may be us"):
        open_live("3", CaptureSettings(), print)
    assert camera.damaged == 4


def test_a_camera_that_cannot_be_opened_is_told(plugs: Plugs, tmp_path: Path) -> None:
    plugs(tmp_path / "nothing.mp4")
    with pytest.raises(SourceError, match=r"^Front cannot be opened: another program may be using"):
        open_live("3", CaptureSettings(), print)


def test_a_wish_for_many_pixels_asks_for_compressed_pictures_first(plugs: Plugs) -> None:
    camera = plugs()
    settings = CaptureSettings(size=(1920, 1080), rate=Fraction(30))
    until_unplugged("3", settings, [])
    assert camera.wished == [
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
        (cv2.CAP_PROP_FRAME_WIDTH, 1920),
        (cv2.CAP_PROP_FRAME_HEIGHT, 1080),
        (cv2.CAP_PROP_FPS, 30.0),
    ]


def test_a_small_wish_leaves_pictures_uncompressed(plugs: Plugs) -> None:
    camera = plugs()
    until_unplugged("3", CaptureSettings(size=(320, 240)), [])
    assert cv2.CAP_PROP_FOURCC not in dict(camera.wished)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (CaptureSettings(size=(640, 480)), f"{GIVEN}, not 640 × 480."),
        (CaptureSettings(rate=Fraction(60)), f"{GIVEN}, not 60 pictures a second."),
    ],
)
def test_what_a_camera_gives_in_place_of_the_wish_is_told(
    plugs: Plugs, settings: CaptureSettings, sentence: str
) -> None:
    plugs()
    told: list[str] = []
    until_unplugged("3", settings, told)
    assert told == [sentence]


def test_a_wish_that_is_met_is_not_told_about(plugs: Plugs) -> None:
    plugs()
    told: list[str] = []
    until_unplugged("3", CaptureSettings(size=(64, 48), rate=Fraction(25)), told)
    assert told == []


def test_a_camera_that_is_interrupted_is_released(plugs: Plugs) -> None:
    camera = plugs()
    with open_live("3", CaptureSettings(), print) as source:
        source.interrupt()
        assert list(source.frames()) == []
    assert camera.released


def test_a_camera_that_is_not_there_is_told_without_a_word_of_opencv(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert not device.open_capture(97).isOpened()
    assert capfd.readouterr() == ("", "")
