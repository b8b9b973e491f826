"""Pose pictures that steer video models: as files or as a video, on black or on nothing.

Keypoints are brought to the size of the pictures before they are drawn, never the drawing: lines
keep the width and the colours that models know.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from sdpose_track.errors import OutputError
from sdpose_track.export.formats.control_pictures import drawn, pen_of
from sdpose_track.export.job import Job
from sdpose_track.export.media.constant import (
    ALPHA,
    LOSSLESS,
    Coding,
    compatible,
    constant_video,
)
from sdpose_track.records import UInt8
from sdpose_track.render.letterbox import Size

QUALITY = 10
"""Constant rate factor of the compatible video, unless another is chosen."""
BLACK = (0, 0, 0)


def write(job: Job, part: Path) -> None:
    """Write a lossless video, H.264 of RGB in Matroska, to the new file `part`.

    Raises:
        OutputError: there is no frame to write.
    """
    size, pictures = _pictures(job)
    _write_video(job, part, size, pictures, LOSSLESS)


def write_mp4(job: Job, part: Path) -> None:
    """Write a video that everything plays, with colours of half the resolution; else as `write`.

    Odd sizes get a black column or row more, to the right or below.
    """
    size, pictures = _pictures(job)
    quality = QUALITY if job.options.quality is None else job.options.quality
    _write_video(job, part, size, pictures, compatible(quality))


def write_alpha(job: Job, part: Path) -> None:
    """Write a ProRes 4444 video that is transparent where nothing is drawn; else as `write`."""
    size, pictures = _pictures(job)
    _write_video(job, part, size, map(_on_nothing, pictures), ALPHA)


def write_pictures(job: Job, part: Path) -> None:
    """Fill the folder `part` with `{stem}_pose_{number:05d}.png`, numbered from 0, 8 bits RGB."""
    _, pictures = _pictures(job)
    for number, image in enumerate(pictures):
        _write_png(job, part, number, image)


def write_alpha_pictures(job: Job, part: Path) -> None:
    """Fill the folder `part` as `write_pictures` does, transparent where nothing is drawn."""
    _, pictures = _pictures(job)
    for number, image in enumerate(pictures):
        _write_png(job, part, number, _on_nothing(image))


def _pictures(job: Job) -> tuple[Size, Iterator[UInt8]]:
    """Return the size of the pictures of `job` and the pictures; say how they are made."""
    pen = pen_of(job, job.options.look)
    job.added["control"] = pen.described()
    return pen.box.size, drawn(job, pen)


def _write_video(
    job: Job, path: Path, size: Size, pictures: Iterator[UInt8], coding: Coding
) -> None:
    if not job.total:
        raise OutputError(f"{path.parent}: the session has no frames yet, so there is no video")
    assert job.rate is not None, "the table says that the format has a rate"
    job.added["control"]["size"] = list(coding.size(*size))
    with constant_video(path, size, job.rate, coding) as video:
        for image in pictures:
            video.add(image)


def _on_nothing(image: UInt8) -> UInt8:
    """Return (H, W, 4) RGBA of a drawing on black: opaque where something is drawn.

    No colour is multiplied by it (straight alpha), and no look draws in black.
    """
    rgba = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA), np.uint8)
    rgba[..., 3] = cv2.bitwise_not(cv2.inRange(image, BLACK, BLACK))
    return rgba


def _write_png(job: Job, folder: Path, number: int, image: UInt8) -> None:
    """Write (H, W, 3) RGB or (H, W, 4) RGBA."""
    order = cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    _, data = cv2.imencode(".png", cv2.cvtColor(image, order))
    (folder / f"{job.stem}_pose_{number:05d}.png").write_bytes(data.tobytes())
