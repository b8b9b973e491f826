"""What each tracked person looks like: a running mean of descriptions, row by row like the filter.

Descriptions come from `appearance.describe` or from a session that stored them. They say little in
one frame, somebody may walk before somebody else, so only those of people who stand free are
learnt, and the mean forgets over seconds, not frames.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float64, UInt8
from sdpose_track.track.association import Rows

_MEMORY_S = 2.0
"""Time constant of the mean: clothes do not change, but light and the side that is seen do."""


class LooksMemory:
    """The looks of N people, some of them unknown."""

    def __init__(self) -> None:
        self._mean: Float64 = np.empty((0, 0))
        self._count = np.empty(0, np.int64)
        self._last = np.empty(0)  # seconds on the tracker's clock

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """(N,) whether anything is known of each."""
        return self._count > 0

    def start(self, count: int) -> None:
        """Append `count` rows of which nothing is known."""
        self._mean = np.concatenate([self._mean, np.zeros((count, self._mean.shape[1]))])
        self._count = np.concatenate([self._count, np.zeros(count, np.int64)])
        self._last = np.concatenate([self._last, np.zeros(count)])

    def learn(self, rows: Rows, looks: Float64, time: float) -> None:
        """Tell `rows` (M,) that they look like `looks` (M, D) at `time`, in seconds.

        The more seconds have passed since a row last learnt, the less of what it knew is kept.
        """
        if not rows.size:
            return
        if self._mean.shape[1] != looks.shape[1]:
            self._mean = np.zeros((len(self._mean), looks.shape[1]))
            self._count[:] = 0
        # The first few weigh alike: a mean that only faded would long be that of the first frame.
        faded = -np.expm1((self._last[rows] - time) / _MEMORY_S)
        weight = np.maximum(faded, 1 / (self._count[rows] + 1))
        self._mean[rows] += weight[:, None] * (looks - self._mean[rows])
        self._count[rows] += 1
        self._last[rows] = time

    def likeness(self, looks: Float64) -> Float64:
        """Return how alike each is to `looks` (M, D): (N, M) in 0..1, NaN where nothing is known.

        Bhattacharyya coefficients: 1 is the very same.
        """
        if self._mean.shape[1] != looks.shape[1]:
            return np.full((len(self._mean), len(looks)), np.nan)
        alike: Float64 = self._mean @ looks.T
        alike[~self.known] = np.nan
        return alike

    def between(self, rows: Rows, others: Rows) -> Float64:
        """Return how alike `rows` and `others` are, as `likeness` does."""
        alike: Float64 = self._mean[rows] @ self._mean[others].T
        alike[~self.known[rows]] = np.nan
        alike[:, ~self.known[others]] = np.nan
        return alike

    def keep(self, rows: npt.NDArray[np.bool_]) -> None:
        """Forget every row whose flag in `rows` (N,) is False."""
        self._mean, self._count = self._mean[rows], self._count[rows]
        self._last = self._last[rows]


def unit(looks: UInt8) -> Float64:
    """Return `looks` (M, D) as vectors of length one."""
    values = looks.astype(np.float64)
    length = np.sqrt(np.square(values).sum(axis=1, keepdims=True))
    vectors: Float64 = values / np.maximum(length, 1e-9)
    return vectors
