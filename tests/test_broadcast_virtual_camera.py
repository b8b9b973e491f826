"""The virtual camera, with a stand-in for pyvirtualcam.

The real one is GPLv2 and needs a driver of the system's, so it is never installed for tests. The
stand-in has the interface of its documentation (letmaik.github.io/pyvirtualcam, 0.15), and lies in
a folder of its own on `sys.path`, from which the program imports it as it would the real one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from broadcasting import eventually, message, person

from sdpose_track.broadcast.message import PoseMessage
from sdpose_track.broadcast.virtual_camera import VirtualCamera
from sdpose_track.errors import SettingsError
from sdpose_track.records import UInt8
from sdpose_track.render.overlay import Style

STAND_IN = """
from enum import Enum

class PixelFormat(Enum):
    RGB = "24BG"

class Camera:
    missing = False
    unplugged = False
    opened = []

    def __init__(self, width, height, fps, *, fmt=PixelFormat.RGB, device=None, backend=None,
                 print_fps=False, **kw):
        if Camera.missing:
            raise RuntimeError("'v4l2loopback' backend: No /dev/video* device found.")
        assert width % 2 == 0 and height % 2 == 0 and fmt is PixelFormat.RGB
        self.width, self.height, self.fps, self.device = width, height, fps, "/dev/video9"
        self.frames, self.closed = [], False
        Camera.opened.append(self)

    def send(self, frame):
        if frame.shape != (self.height, self.width, 3):
            raise ValueError(f"unexpected frame shape: {frame.shape}")
        if Camera.unplugged:
            raise RuntimeError("error writing frame")
        self.frames.append(frame.copy())

    def close(self):
        self.closed = True
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "pyvirtualcam.py").write_text(STAND_IN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import pyvirtualcam  # type: ignore[import-not-found, unused-ignore]

    yield pyvirtualcam
    del sys.modules["pyvirtualcam"]


def picture(width: int, height: int, frame: int = 0) -> PoseMessage:
    """Return a frame with nobody in it whose picture is blue: 255, 0, 0 in BGR."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = 255
    return replace(message(frame), image=image)


def shown(camera: VirtualCamera, stand_in: ModuleType, sent: PoseMessage) -> UInt8:
    """Return the picture that other programs see of `sent`."""
    frames = stand_in.Camera.opened[-1].frames
    before = len(frames)
    camera.send(sent)
    eventually(lambda: len(frames) > before)
    return np.asarray(frames[-1])


def test_pictures_are_shown_as_rgb(stand_in: ModuleType) -> None:
    with VirtualCamera((64, 48), Fraction(30000, 1001)) as camera:
        frame = shown(camera, stand_in, picture(64, 48))

    (opened,) = stand_in.Camera.opened
    assert (frame == (0, 0, 255)).all()
    assert opened.fps == 30000 / 1001
    assert opened.closed
    assert camera.device == "/dev/video9"


def test_people_are_drawn_on_a_copy(stand_in: ModuleType) -> None:
    sent = replace(picture(640, 480), people=(person(3),))
    with VirtualCamera((640, 480), 30) as camera:
        drawn = shown(camera, stand_in, sent)
    with VirtualCamera((640, 480), 30, style=Style(skeleton=False, ids=False)) as camera:
        plain = shown(camera, stand_in, sent)

    assert (drawn != plain).any()
    assert (plain == (0, 0, 255)).all()
    assert sent.image is not None
    assert (sent.image == (255, 0, 0)).all()


def test_the_size_stays_and_other_shapes_get_bars(stand_in: ModuleType) -> None:
    with VirtualCamera((64, 48), 30) as camera:
        tall = shown(camera, stand_in, picture(30, 60, 0))
        wide = shown(camera, stand_in, picture(128, 48, 1))
        fits = shown(camera, stand_in, picture(640, 480, 2))

    assert tall.shape == wide.shape == fits.shape == (48, 64, 3)
    assert (tall[:, :20] == 0).all()
    assert (tall[:, 20:44] == (0, 0, 255)).all()
    assert (wide[:12] == 0).all()
    assert (wide[12:36] == (0, 0, 255)).all()
    assert (fits == (0, 0, 255)).all()


def test_an_odd_size_is_made_even(stand_in: ModuleType) -> None:
    with VirtualCamera((65, 49), 30) as camera:
        assert shown(camera, stand_in, picture(65, 49)).shape == (48, 64, 3)


def test_a_message_without_a_picture_shows_nothing(stand_in: ModuleType) -> None:
    with VirtualCamera((64, 48), 30) as camera:
        camera.send(message(0, [person(1)]))

    assert stand_in.Camera.opened[-1].frames == []


def test_a_camera_that_fails_is_told_and_the_run_goes_on(stand_in: ModuleType) -> None:
    told: list[str] = []
    with VirtualCamera((64, 48), 30, notice=told.append) as camera:
        stand_in.Camera.unplugged = True
        camera.send(picture(64, 48))
        eventually(lambda: len(told) == 1)
        stand_in.Camera.unplugged = False
        shown(camera, stand_in, picture(64, 48, 1))

    assert told == [
        "the virtual camera /dev/video9 fails (error writing frame); "
        "the run goes on, and every frame tries again"
    ]


def test_without_the_library_a_sentence_tells_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)  # not importable, even where installed
    with pytest.raises(SettingsError, match=r"--camera-out needs pyvirtualcam.*pip install"):
        VirtualCamera((64, 48), 30, option="--camera-out")


def test_without_a_device_a_sentence_tells_what_is_needed(stand_in: ModuleType) -> None:
    stand_in.Camera.missing = True
    with pytest.raises(SettingsError, match=r"no virtual camera is free.*OBS.*v4l2loopback"):
        VirtualCamera((64, 48), 30)
