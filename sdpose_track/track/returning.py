"""Who has come back: a person who is about to be named, against those who are long out of sight.

After a few seconds a predicted box says little, so two things must agree: the newcomer is where the
lost one can have got to, and looks the same. The longer somebody is away, the more people pass who
might be taken for them, and the more alike they must be.
"""

from __future__ import annotations

import numpy as np

from sdpose_track.records import Float64
from sdpose_track.track.association import assign

_REACH = 0.5
"""Body heights between prediction and newcomer that need no explanation."""
_SPEED = 0.5
"""Body heights per second by which people leave the way that was predicted for them."""
_SIZE = 1.3
"""Largest ratio of the heights of two boxes of one person."""
_ALIKE = 0.92
"""Least likeness of the looks of one person. In PETS09-S2L1 and TUD-Campus the descriptions of nine
in ten people some seconds later are above 0.89, of one in seven pairs of different people above
0.92."""
_ALIKE_PER_S = 0.002
"""By how much that grows with each second of absence."""


def returned(
    young: Float64, lost: Float64, absent: Float64, alike: Float64
) -> list[tuple[int, int]]:
    """Return pairs of one of the `young` and the one of the `lost` whom they are.

    Args:
        young: (N, 4) `x1, y1, x2, y2` in pixels.
        lost: (M, 4) where the lost ones are thought to be now.
        absent: (M,) seconds for which they have not been seen; not finite: not to be considered.
        alike: (N, M) likeness of looks, 0..1; NaN where they are not known.
    """
    tall, tall_lost = (boxes[:, 3] - boxes[:, 1] for boxes in (young, lost))
    centre, centre_lost = ((boxes[:, :2] + boxes[:, 2:]) / 2 for boxes in (young, lost))
    apart = np.hypot(*np.moveaxis(centre[:, None] - centre_lost[None], -1, 0))
    height = np.sqrt(tall[:, None] * tall_lost[None])
    ratio = np.maximum(tall[:, None] / tall_lost, tall_lost / tall[:, None])
    possible = (apart / height <= _REACH + _SPEED * absent) & (ratio <= _SIZE)
    possible &= np.isfinite(absent) & (alike >= _ALIKE + _ALIKE_PER_S * absent)
    rows, columns = assign(np.where(possible, 1 - alike, 1.0), 1.0)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True)]
