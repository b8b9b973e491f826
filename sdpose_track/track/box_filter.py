"""Where each tracked box will be in the next frame: a Kalman filter over all tracks at once.

As in SORT and ByteTrack (arXiv 1602.00763, 2110.06864) a box moves with constant velocity, each
coordinate on its own: centre, width and height. Nothing couples the coordinates, so the 8×8
covariance of the papers is four 2×2 blocks, which are kept as three arrays and updated in closed
form: no matrix is ever built or inverted.

Unlike the papers, which count frames and let position and velocity wander from one to the next,
motion is white acceleration over real time, beside a small wander for what is not motion (a box
that follows an arm). So a filter that looks twice as often is exactly as sure, and what it predicts
for somebody who is out of sight for a second deserves trust. All noise is in box heights.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdpose_track.records import FARTHEST, Float32, Float64

_MEASURED = np.array([0.07, 0.07, 0.08, 0.08])
"""Standard deviation of a detection's centre, width and height, in box heights. Detectors are about
0.04 to 0.1 from hand-made boxes, and much of it is the same in successive frames."""
_ACCELERATION = np.array([0.5, 0.5, 0.0, 0.3])
"""Root of the density of the acceleration, in box heights per s^1.5: after a second a walker's
velocity is known to half a height per second. Width has no velocity, arms swing to and fro."""
_WANDER = 0.1
"""Root of the density of what shifts a box beside its motion, in box heights per √s."""
_FIRST_VELOCITY = np.array([2.0, 2.0, 0.0, 1.0])
"""Standard deviation of the velocity of somebody who has just appeared, in box heights per s: a
runner's."""
_HEIGHT = 3
_SMALLEST = 1.0
"""Pixels: no box is predicted to be smaller."""


class BoxFilter:
    """The states of N boxes, row by row; rows are appended by `start` and dropped by `keep`."""

    def __init__(self) -> None:
        self._position = np.empty((0, 4))  # centre x, centre y, width, height
        self._velocity = np.empty((0, 4))
        self._covariance = np.empty((3, 0, 4))

    def __len__(self) -> int:
        return self._position.shape[0]

    @property
    def boxes(self) -> Float64:
        """(N, 4) `x1, y1, x2, y2` in pixels: the present estimates."""
        centre, half = self._position[:, :2], self._position[:, 2:] / 2
        return np.concatenate([centre - half, centre + half], axis=1)

    @property
    def doubt(self) -> Float64:
        """(N,) standard deviation of each centre, in box heights."""
        spread: Float64 = np.sqrt(self._covariance[0, :, 0]) / self._position[:, _HEIGHT]
        return spread

    def start(self, boxes: Float32) -> None:
        """Append rows at rest on `boxes`, (M, 4) `x1, y1, x2, y2` in pixels with positive area."""
        measured = _centre_form(boxes)
        spread = np.zeros((3, len(boxes), 4))
        spread[0] = _variance(_MEASURED, measured)
        spread[2] = _variance(_FIRST_VELOCITY, measured)
        self._position = np.concatenate([self._position, measured])
        self._velocity = np.concatenate([self._velocity, np.zeros_like(measured)])
        self._covariance = np.concatenate([self._covariance, spread], axis=1)

    def predict(self, seconds: float, unseen: npt.NDArray[np.bool_]) -> None:
        """Move every row `seconds` >= 0 on.

        Where `unseen` (N,) is True the height is held: nobody has looked at it for a while, and a
        box that keeps shrinking or growing would soon match nothing.
        """
        t = seconds
        self._velocity[unseen, _HEIGHT] = 0.0
        push = _variance(_ACCELERATION, self._position)
        wander = _variance(np.full(4, _WANDER), self._position)
        p00, p01, p11 = self._covariance
        p00 += t * (2 * p01 + t * p11 + wander + t**2 / 3 * push)
        p01 += t * (p11 + t / 2 * push)
        p11 += t * push
        self._position += t * self._velocity
        np.maximum(self._position[:, 2:], _SMALLEST, out=self._position[:, 2:])

    def move(self, camera: Float32) -> None:
        """Follow a camera: a point `p` of the ground is now seen at `camera` (2, 3) `@ (x, y, 1)`.

        Sizes stay. A camera that goes forward makes the background grow as a lens does, but not
        the people who go before it, whom it is most often made to follow. A camera that is not
        finite, or beyond all pictures, is ignored: every box would be lost for good.
        """
        if not (np.abs(camera) < FARTHEST).all():
            return
        turn, shift = camera[:, :2].astype(np.float64), camera[:, 2].astype(np.float64)
        self._position[:, :2] = self._position[:, :2] @ turn.T + shift
        self._velocity[:, :2] = self._velocity[:, :2] @ turn.T

    def correct(self, rows: npt.NDArray[np.intp], boxes: Float32) -> None:
        """Tell `rows` (M,) that they were seen at `boxes`, (M, 4) `x1, y1, x2, y2` in pixels."""
        p00, p01, p11 = self._covariance[:, rows]
        noise = _variance(_MEASURED, self._position[rows])
        gain, push = p00 / (p00 + noise), p01 / (p00 + noise)
        surprise = _centre_form(boxes) - self._position[rows]
        self._position[rows] += gain * surprise
        self._velocity[rows] += push * surprise
        self._covariance[:, rows] = (p00 - gain * p00, p01 - gain * p01, p11 - push * p01)

    def keep(self, rows: npt.NDArray[np.bool_]) -> None:
        """Forget every row whose flag in `rows` (N,) is False."""
        self._position = self._position[rows]
        self._velocity = self._velocity[rows]
        self._covariance = self._covariance[:, rows]


def _centre_form(boxes: Float32) -> Float64:
    """Return (M, 4) `centre x, centre y, width, height` of (M, 4) corner boxes."""
    corners = boxes.astype(np.float64)
    size = corners[:, 2:] - corners[:, :2]
    return np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, size], axis=1)


def _variance(spread: Float64, state: Float64) -> Float64:
    """Return the (N, 4) variances in pixels of `spread` (4,) in heights of `state` (N, 4)."""
    variance: Float64 = np.square(spread * state[:, _HEIGHT:])
    return variance
