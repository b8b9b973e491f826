"""Where each tracked box will be in the next frame: a Kalman filter over all tracks at once.

The model is the one of SORT and ByteTrack (arXiv 1602.00763, 2110.06864): constant velocity of
centre, aspect and height, each coordinate on its own. Since nothing couples the coordinates, the
8×8 covariance of the papers is four 2×2 blocks, which are kept as three arrays and updated in
closed form: no matrix is ever built or inverted.

The papers count time in frames of a 30 fps camera. Here it is counted in 1/30 s, so the same
weights hold at every frame rate and for uneven ones.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float32, Float64

STEPS_PER_SECOND = 30.0
"""The papers' frame, the unit of time inside the filter."""

POSITION_WEIGHT = 1 / 20
"""Standard deviation of a centre or a height, in box heights."""
VELOCITY_WEIGHT = 1 / 160
"""Standard deviation of the velocity of a centre or a height, in box heights per step."""

_ASPECT, _HEIGHT = 2, 3
_SMALLEST = np.array([-np.inf, -np.inf, 1e-2, 1.0])


class BoxFilter:
    """The states of N boxes, row by row; rows are appended by `start` and dropped by `keep`."""

    def __init__(self) -> None:
        self._position = np.empty((0, 4))
        self._velocity = np.empty((0, 4))
        self._covariance = np.empty((3, 0, 4))

    def __len__(self) -> int:
        return self._position.shape[0]

    @property
    def boxes(self) -> Float64:
        """(N, 4) `x1, y1, x2, y2` in pixels: the present estimates."""
        centre, aspect, height = np.split(self._position, [2, 3], axis=1)
        half = np.concatenate([aspect * height, height], axis=1) / 2
        return np.concatenate([centre - half, centre + half], axis=1)

    def start(self, boxes: Float32) -> None:
        """Append rows at rest on `boxes`, (M, 4) `x1, y1, x2, y2` in pixels with positive area."""
        measured = _centre_form(boxes)
        height = measured[:, _HEIGHT]
        spread = np.zeros((3, len(boxes), 4))
        spread[0] = _variance(2 * POSITION_WEIGHT * height, 1e-2)
        spread[2] = _variance(10 * VELOCITY_WEIGHT * height, 1e-5)
        self._position = np.concatenate([self._position, measured])
        self._velocity = np.concatenate([self._velocity, np.zeros_like(measured)])
        self._covariance = np.concatenate([self._covariance, spread], axis=1)

    def predict(self, seconds: float, unseen: npt.NDArray[np.bool_]) -> None:
        """Move every row `seconds` >= 0 on.

        Where `unseen` (N,) is True the height is held: nobody has looked at it for a while, and a
        box that keeps shrinking or growing would soon match nothing. Noise grows in proportion to
        time, so two half steps leave about the uncertainty of a whole one.
        """
        step = seconds * STEPS_PER_SECOND
        height = self._position[:, _HEIGHT]
        self._velocity[unseen, _HEIGHT] = 0.0
        p00, p01, p11 = self._covariance
        p00 += step * (2 * p01 + step * p11) + step * _variance(POSITION_WEIGHT * height, 1e-2)
        p01 += step * p11
        p11 += step * _variance(VELOCITY_WEIGHT * height, 1e-5)
        self._position = np.maximum(self._position + step * self._velocity, _SMALLEST)

    def correct(self, rows: npt.NDArray[np.intp], boxes: Float32) -> None:
        """Tell `rows` (M,) that they were seen at `boxes`, (M, 4) `x1, y1, x2, y2` in pixels."""
        p00, p01, p11 = self._covariance[:, rows]
        noise = _variance(POSITION_WEIGHT * self._position[rows, _HEIGHT], 1e-1)
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
    """Return (M, 4) `centre x, centre y, width / height, height` of (M, 4) corner boxes."""
    corners = boxes.astype(np.float64)
    size = corners[:, 2:] - corners[:, :2]
    aspect = size[:, 0] / size[:, 1]
    return np.column_stack([(corners[:, :2] + corners[:, 2:]) / 2, aspect, size[:, 1]])


def _variance(spread: Float64, aspect_spread: float) -> Float64:
    """Return (N, 4) variances: `spread` (N,) for centre and height, one figure for the aspect."""
    variance = np.repeat(np.square(spread)[:, None], 4, axis=1)
    variance[:, _ASPECT] = aspect_spread**2
    return variance
