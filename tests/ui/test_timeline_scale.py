"""The arithmetic of the timeline: time and pixels, ticks, and what a column of pixels shows."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.axis.scale import FEWEST_FRAMES, Scale
from ui.axis.ticks import ticks
from ui.document.clock import NO_FRAMES, FrameClock
from ui.document.entries import frame_of
from ui.document.lanes import LaneData, Presence
from ui.timeline.strips import Shown, Strip, span_columns

EVEN = FrameClock(0, np.arange(3000) / 30, Fraction(30))
UNEVEN = FrameClock(0, np.array([0, 0.04, 0.08, 0.16, 0.2, 0.32]), Fraction(25))
LATE = FrameClock(100, 4 + np.arange(50) / 25, Fraction(25))
WIDTH = 1000.0
CLOCKS = pytest.mark.parametrize("clock", [EVEN, UNEVEN, LATE], ids=["even", "uneven", "late"])


@CLOCKS
def test_all_frames_fill_the_width(clock: FrameClock) -> None:
    scale = Scale.whole(clock, WIDTH)
    assert scale.x_of(clock.first) == pytest.approx(0)
    assert scale.end_x_of(clock.last) == pytest.approx(WIDTH)
    assert scale.is_whole


@CLOCKS
def test_the_pixel_at_which_a_frame_begins_shows_that_frame(clock: FrameClock) -> None:
    scale = Scale.whole(clock, WIDTH)
    assert [scale.frame_at(scale.x_of(i)) for i in clock.indices] == list(clock.indices)


def test_frames_of_uneven_length_have_uneven_width() -> None:
    scale = Scale.whole(UNEVEN, 360)
    assert [scale.x_of(i) for i in UNEVEN.indices] == pytest.approx([0, 40, 80, 160, 200, 320])
    assert scale.frame_at(159) == 2
    assert scale.frame_at(161) == 3


@given(
    st.floats(0, WIDTH),
    st.lists(st.tuples(st.floats(0.2, 5), st.floats(0, WIDTH)), max_size=12),
)
def test_zooming_keeps_what_is_under_the_cursor_unless_an_end_is_reached(
    x: float, zooms: list[tuple[float, float]]
) -> None:
    scale = Scale.whole(EVEN, WIDTH)
    for factor, at in zooms:
        scale = scale.zoomed(factor, at)
        assert scale.start >= -1e-9
        assert scale.start + scale.span <= 100 + 1e-9
    closer = scale.zoomed(1.5, x)
    assert closer.time_at(x) == pytest.approx(scale.time_at(x), abs=1e-6)


def test_zoom_ends_at_few_frames_and_at_all_of_them() -> None:
    scale = Scale.whole(EVEN, WIDTH)
    near = scale.zoomed(1e9, 500)
    assert near.span == pytest.approx(FEWEST_FRAMES / 30)
    assert near.zoomed(1e-9, 0).is_whole


def test_a_video_of_one_frame_cannot_be_zoomed() -> None:
    scale = Scale.whole(FrameClock(0, np.zeros(1), Fraction(25)), WIDTH)
    assert scale.zoomed(100, 500).is_whole
    assert scale.frame_at(999) == 0


def test_no_frames_make_no_trouble() -> None:
    scale = Scale.whole(NO_FRAMES, WIDTH)
    assert not scale.frames_in_view()
    assert set(scale.edges(10)) == {0}
    assert len(scale.middles(np.array([3], np.int32))) == 1


def test_the_playhead_is_followed_no_farther_than_needed() -> None:
    scale = Scale.whole(EVEN, WIDTH).zoomed(10, 500)  # 45 s to 55 s
    assert scale.showing(1500) is scale
    near = scale.showing(1680)
    assert near.x_of(1680) == pytest.approx(WIDTH)
    far = scale.showing(2400)
    assert far.x_of(2400) == pytest.approx(WIDTH / 2)
    page = scale.showing(1660, turning=True)
    assert page.x_of(1660) == pytest.approx(WIDTH / 10)


def test_more_frames_stay_in_view_while_all_were() -> None:
    more = FrameClock(0, np.arange(6000) / 30, Fraction(30))
    assert Scale.whole(EVEN, WIDTH).over(more).span == pytest.approx(200)
    near = Scale.whole(EVEN, WIDTH).zoomed(4, 0)
    assert near.over(more).span == pytest.approx(25)


@pytest.mark.parametrize(("x", "border"), [(0, 0), (19, 0), (21, 1), (119, 2), (121, 3), (359, 6)])
def test_the_nearest_border_between_frames_is_found(x: float, border: int) -> None:
    assert Scale.whole(UNEVEN, 360).border_at(x) == border


def test_labels_are_round_times_that_have_room() -> None:
    found = [tick for tick in ticks(Scale.whole(EVEN, WIDTH), 80) if tick.label]
    assert [tick.label for tick in found][:3] == ["0:00:00", "0:00:10", "0:00:20"]
    assert min(np.diff([tick.x for tick in found])) >= 80


def test_wide_frames_are_each_labelled_with_their_own_time() -> None:
    found = ticks(Scale.whole(UNEVEN, 360), 30)
    assert [tick.label[-4:] for tick in found] == [".000", ".040", ".080", ".160", ".200", ".320"]
    assert [tick.x for tick in found] == pytest.approx([0, 40, 80, 160, 200, 320])


def test_the_label_after_a_short_frame_is_left_out_where_it_has_no_room() -> None:
    found = ticks(Scale.whole(UNEVEN, 360), 40)
    assert [tick.label[-4:] for tick in found] == [".000", ".040", ".080", ".160", ".200", ".320"]
    short = FrameClock(0, np.array([0, 0.04, 0.05, 0.09]), Fraction(25))
    found = ticks(Scale.whole(short, 130), 40)
    assert [tick.label[-4:] for tick in found] == [".000", ".040", "", ".090"]


@given(st.floats(0.2, 20_000), st.floats(0, WIDTH))
def test_ticks_never_crowd(factor: float, x: float) -> None:
    scale = Scale.whole(EVEN, WIDTH).zoomed(factor, x)
    found = ticks(scale, 90)
    assert len(found) < WIDTH / 5
    assert all(-1 <= tick.x <= WIDTH + 1 for tick in found)
    assert min(np.diff([t.x for t in found if t.label]), default=90) >= 90 - 1e-6


def test_a_column_shows_the_most_important_of_its_frames_and_their_mean_confidence() -> None:
    presence = np.array([1, 0, 2, 3, 1, 4, 0, 0], np.uint8)
    confidence = np.array([200, 0, 100, 50, 30, 10, 0, 0], np.uint8)
    strip = Strip.of(LaneData(1, 10, presence, confidence))
    edges = np.array([8, 10, 12, 14, 16, 18, 20], np.int32)
    columns = strip.columns(edges)
    assert list(columns.shown) == [
        Shown.NOTHING, Shown.MEASURED, Shown.PREDICTED, Shown.EDITED, Shown.GAP, Shown.NOTHING,
    ]  # fmt: skip
    assert list(columns.confidence) == [0, 200, 75, 20, 0, 0]
    assert list(columns.edited) == [3]


def test_a_frame_wider_than_a_pixel_fills_all_of_its_columns_and_is_marked_once() -> None:
    strip = Strip.of(LaneData(1, 0, np.array([1, Presence.EDITED], np.uint8), np.full(2, 9, "u1")))
    columns = strip.columns(np.array([0, 0, 1, 1, 1, 1], np.int32))
    assert list(columns.shown) == [2, 2, Shown.EDITED, Shown.EDITED, Shown.EDITED]
    assert list(columns.edited) == [2]


@given(st.integers(1, 400), st.integers(1, 60), st.floats(1, 40), st.floats(0, 60))
def test_columns_agree_with_counting_frame_by_frame(
    frames: int, width: int, factor: float, x: float
) -> None:
    rng = np.random.default_rng(frames)
    lane = LaneData(1, 5, rng.integers(0, 5, frames, "u1"), rng.integers(0, 256, frames, "u1"))
    clock = FrameClock(0, np.cumsum(rng.uniform(0.01, 0.1, frames + 20)), Fraction(20))
    edges = Scale.whole(clock, width).zoomed(factor, x % width).edges(width)
    columns = Strip.of(lane).columns(edges)
    rank = {0: Shown.GAP, 1: Shown.MEASURED, 2: Shown.PREDICTED, 3: Shown.FILLED, 4: Shown.EDITED}
    for column, (begin, end) in enumerate(pairwise(edges)):
        rows = [i - 5 for i in range(begin, max(end, begin + 1)) if 0 <= i - 5 < frames]
        expected = max((rank[int(lane.presence[row])] for row in rows), default=Shown.NOTHING)
        assert columns.shown[column] == expected


def test_somebody_not_looked_at_yet_is_shown_from_first_to_last_frame() -> None:
    columns = span_columns(2, 4, np.array([0, 2, 4, 6, 8], np.int32))
    assert list(columns.shown) == [Shown.NOTHING, Shown.SPAN, Shown.SPAN, Shown.NOTHING]


@pytest.mark.parametrize(
    ("text", "frame"),
    [("120", 120), (" 9999 ", 2999), ("+10", 60), ("-60", 0), ("0:00:02.000", 60), ("1:00", 1800),
     ("2.5", 75), ("2,5 s", 75), ("0:00:36.667", 1100), ("abc", None), ("", None),
     ("1:2:3:4", None)],
)  # fmt: skip
def test_what_is_typed_is_a_frame_or_a_time(text: str, frame: int | None) -> None:
    assert frame_of(text, EVEN, 50) == frame
