"""What is made up in gaps, for formats that cannot leave them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdpose_track.export.filling import EASE_S, filled
from sdpose_track.kinematics.trace import Mask
from sdpose_track.records import Float64

TIMES = np.arange(60) / 30


def one(values: list[float] | Float64, times: Float64 = TIMES) -> tuple[Float64, Mask]:
    column = np.asarray(values, np.float64)[:, None]
    out, made = filled(column, times[: len(column)])
    return out[:, 0], made[:, 0]


def with_gap(first: int, last: int) -> Float64:
    values = np.sin(TIMES * 3) * 100
    values[first : last + 1] = np.nan
    return values


def test_what_is_known_stays_and_what_is_not_is_told() -> None:
    values = with_gap(20, 24)
    out, made = one(values)

    assert made.tolist() == np.isnan(values).tolist()
    assert out[~made].tolist() == values[~made].tolist()
    assert np.isnan(values).sum() == 5  # the argument is as it was


def test_a_short_gap_is_bridged_smoothly() -> None:
    out, made = one(with_gap(20, 28))  # ten steps of a thirtieth of a second

    assert made.sum() == 9
    assert out[20:29] == pytest.approx(np.sin(TIMES[20:29] * 3) * 100, abs=6)


def test_in_a_long_gap_the_last_pose_holds_and_eases_into_the_next() -> None:
    values = np.where(TIMES < 0.5, 10.0, 40.0)
    values[10:50] = np.nan
    out, _ = one(values)
    easing = TIMES[50] - EASE_S < TIMES

    assert (out[10:50][~easing[10:50]] == 10).all()
    assert (np.diff(out[easing]) >= 0).all()
    assert np.abs(np.diff(out)).max() < 30 * 0.16  # 30 in ten steps, none of which pops
    assert out[49] > 38


def test_nothing_is_extrapolated_before_the_first_or_after_the_last() -> None:
    values = np.full(60, np.nan)
    values[[20, 21, 22]] = 1, 2, 3
    out, made = one(values)

    assert (out[:20] == 1).all()
    assert (out[23:] == 3).all()
    assert made.sum() == 57


def test_what_is_never_known_stays_unknown() -> None:
    out, made = filled(np.full((5, 2), np.nan), TIMES[:5])

    assert np.isnan(out).all()
    assert not made.any()


def test_columns_do_not_touch_each_other() -> None:
    values = np.stack([with_gap(5, 8), with_gap(30, 55), np.full(60, np.nan)], axis=1)
    out, _ = filled(values, TIMES)

    assert out[:, 0].tolist() == one(values[:, 0])[0].tolist()
    assert out[:, 1].tolist() == one(values[:, 1])[0].tolist()


def test_frames_of_one_time_do_not_disturb() -> None:
    times = np.array([0, 0.1, 0.1, 0.1, 0.2, 0.2, 0.3])
    out, _ = one([0, 1, np.nan, 2, np.nan, 3, 4], times)

    assert np.isfinite(out).all()
    assert 0 <= out.min() <= out.max() <= 4


@given(
    st.lists(st.one_of(st.just(np.nan), st.floats(-1e4, 1e4)), min_size=1, max_size=40),
    st.integers(0, 2**32 - 1),
)
def test_what_is_made_up_is_never_beyond_what_is_known(values: list[float], seed: int) -> None:
    times = np.cumsum(np.random.default_rng(seed).uniform(0, 0.3, len(values)))
    out, made = one(values, times)
    known = np.array(values)[~np.isnan(values)]

    assert np.isfinite(out).all() == bool(known.size)
    if made.any():
        assert out.min() >= known.min() - 1e-6
        assert out.max() <= known.max() + 1e-6
