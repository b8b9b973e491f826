"""The picture with everybody's poses as a camera that other programs can choose.

It needs pyvirtualcam, which the user installs: its licence, GPLv2, does not go with this program's
own, so it is never a dependency. The size of the pictures stays that of the first choice, because
the programs on the other side have asked for it; pictures of another shape get bars.
"""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module
from typing import Any

import cv2
import numpy as np

from sdpose_track.broadcast.message import PoseMessage
from sdpose_track.broadcast.sender import Notice, Sender, unheard
from sdpose_track.errors import SettingsError
from sdpose_track.records import UInt8
from sdpose_track.render.letterbox import Letterbox, Size
from sdpose_track.render.overlay import Style, draw_people


class VirtualCamera(Sender):
    """Shows every message that has a picture, with its people drawn on it as `style` says."""

    failures = (OSError, RuntimeError)  # pyvirtualcam raises RuntimeError

    def __init__(
        self,
        size: Size,
        rate: Fraction | float,
        *,
        style: Style | None = None,
        notice: Notice = unheard,
        option: str = "--virtual-camera",
    ) -> None:
        """Open the first virtual camera that is free, of `size` in pixels, made even.

        Raises SettingsError, which names `option`, without pyvirtualcam or a device.
        """
        width, height = (max(2, side - side % 2) for side in size)  # 4:2:0 halves both
        self._camera = _open((width, height), float(rate), option)
        super().__init__("virtual-camera", f"the virtual camera {self._camera.device}", notice)
        self._style = style or Style()
        self._canvas = np.zeros((height, width, 3), np.uint8)
        self._box: Letterbox | None = None
        self._start()

    @property
    def device(self) -> str:
        """What other programs call it."""
        return str(self._camera.device)

    def _deliver(self, message: PoseMessage) -> None:
        if message.image is None:
            return
        drawn = message.image.copy()
        draw_people(drawn, message.people, message.skeleton, self._style)
        self._camera.send(self._fitted(drawn))

    def _end(self) -> None:
        self._camera.close()

    def _fitted(self, image: UInt8) -> UInt8:
        """Return (height, width, 3) RGB of the camera's size; the bars are black."""
        source, size = image.shape[1::-1], self._canvas.shape[1::-1]
        if self._box is None or self._box.source != source:
            self._box = Letterbox(source, size)
            self._canvas[:] = 0
        (x, y), (w, h) = self._box.origin, self._box.inner
        inner = (
            image if source == (w, h) else cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA)
        )
        self._canvas[y : y + h, x : x + w] = inner[..., ::-1]
        return self._canvas


def _open(size: Size, rate: float, option: str) -> Any:
    """Return a `pyvirtualcam.Camera` that takes RGB."""
    try:
        library = import_module("pyvirtualcam")
    except ImportError as error:
        raise SettingsError(
            f"{option} needs pyvirtualcam, which is not part of this program because of its "
            "licence: install it with `pip install pyvirtualcam`"
        ) from error
    try:
        return library.Camera(width=size[0], height=size[1], fps=rate)
    except (OSError, RuntimeError) as error:
        raise SettingsError(
            f"{option}: no virtual camera is free; on Windows and macOS install OBS and start its "
            "virtual camera once, on Linux load the module v4l2loopback"
        ) from error
