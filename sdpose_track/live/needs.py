"""Whom the pose model should look at: those not looked at for long, and those in doubt.

Pure: numbers in, rows out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from sdpose_track.records import Float64, Int32

LONGEST_S = 2.0
"""Whoever was not looked at for so long is as stale as whoever never was."""
DOUBTFUL = 0.02
"""Standard deviation of a keypoint, in body heights, that makes a person twice as urgent."""


def most_in_need(
    track_ids: Int32, doubt: Float64, looked: Mapping[int, float], time_s: float, most: int
) -> npt.NDArray[np.intp]:
    """Return the rows of at most `most` people, ascending; who needs it more comes before others.

    Args:
        track_ids: (N,) who is there.
        doubt: (N,) mean standard deviation of their keypoints, in body heights.
        looked: When the pose model was last given each, in seconds; nobody has to be in it.
        time_s: Now.
        most: How many are wanted.
    """
    since = np.array([time_s - looked.get(int(one), -np.inf) for one in track_ids], float)
    stale = np.clip(since, 0.0, LONGEST_S)
    need = stale * (1.0 + doubt / DOUBTFUL)
    need = np.where(np.isinf(since), np.inf, need)
    return np.sort(np.argsort(-need, kind="stable")[:most])
