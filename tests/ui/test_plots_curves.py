from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sessions import FRAMES, LEFT_WRIST, People, Script, fixture_b, person, source_info, write

from sdpose_track.kinematics.speeds import speeds
from sdpose_track.kinematics.table import kinematics
from sdpose_track.kinematics.trace import trace
from sdpose_track.records import Provenance, TrackArrays
from sdpose_track.skeletons import COCO17
from sdpose_track.smooth.choices import Smoothing
from ui.document.reading import Kind, Reader
from ui.document.review import Whole
from ui.plots.curves import Choice, Curve, Measured, Plot, Quantity, _curve, names, spoken
from ui.plots.thinning import extent, thinned
from ui.plots.values import as_csv, told_at

WRIST = Choice(Quantity.POSITION, "left_wrist")
ABSENT = (*range(10, 13), *range(25, 40))
"""A gap that smoothing fills, and one that it leaves."""


def with_gaps() -> Script:
    people: People = {i: (person(1, i),) for i in range(FRAMES) if i not in ABSENT}
    return Script(source_info(), range(FRAMES), people)


def whole_of(path: Path, script: Script, smoothing: Smoothing = Smoothing.OFFLINE) -> Whole:
    reader = Reader(write(path, script), smoothing)
    try:
        raw, smooth = reader.track(Kind.RAW, 1), reader.track(Kind.SMOOTH, 1)
        skeleton = reader.view(Kind.RAW).skeleton
    finally:
        reader.close()
    return Whole(raw, smooth, skeleton, kinematics(smooth, skeleton))


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    return whole_of(tmp_path / "gaps.sdpose", with_gaps())


def curve_of(values: list[float], seconds: list[float] | None = None) -> Curve:
    count = len(values)
    return Curve(
        np.arange(count, dtype=np.int32),
        np.array(seconds if seconds is not None else range(count), np.float64),
        np.array(values, np.float64),
        np.zeros(count, np.uint8),
    )


def test_a_position_is_where_the_session_has_it_at_the_time_of_its_frame(tmp_path: Path) -> None:
    found = whole_of(tmp_path / "uneven.sdpose", fixture_b())

    x, y = Measured(found).plots(WRIST)

    assert np.allclose(x.raw.seconds, found.raw.times)
    assert not np.allclose(np.diff(x.raw.seconds), x.raw.seconds[1])
    assert np.array_equal(x.raw.values, found.raw.keypoints[:, LEFT_WRIST, 0], equal_nan=True)
    assert np.array_equal(y.smooth.values, found.smooth.keypoints[:, LEFT_WRIST, 1], equal_nan=True)
    assert y.grows_down
    assert not x.grows_down


def test_no_line_leads_over_frames_without_the_person(whole: Whole) -> None:
    raw = Measured(whole).plots(WRIST)[0].raw

    known = np.isfinite(raw.values)
    neighbours = np.diff(raw.indices)[known[:-1] & known[1:]]

    assert set(neighbours.tolist()) == {1}
    assert set(raw.indices[known].tolist()) == set(range(FRAMES)) - set(ABSENT)
    assert np.isnan(raw.at(11))
    assert raw.at(13) == whole.raw.keypoints[10, LEFT_WRIST, 0]


def test_what_smoothing_filled_in_is_told_from_what_was_seen(whole: Whole) -> None:
    smooth = Measured(whole).plots(WRIST)[0].smooth

    assert set(smooth.indices[smooth.made_up].tolist()) == {10, 11, 12}
    assert np.isnan(smooth.seen_values()[10:13]).all()
    dashed = np.isfinite(smooth.made_up_values())
    assert smooth.indices[dashed].tolist() == [9, 10, 11, 12, 13]


def test_a_speed_is_that_of_kinematics_in_body_heights(whole: Whole) -> None:
    (plot,) = Measured(whole).plots(Choice(Quantity.SPEED, "right_wrist"))

    person_seen = trace(whole.smooth, whole.skeleton)
    k = whole.skeleton.index("right_wrist")
    wanted = speeds(person_seen)[:, k] / person_seen.heights
    found = [plot.smooth.at(int(index)) for index in whole.smooth.indices]
    assert np.allclose(found, wanted, equal_nan=True)
    assert plot.unit == "body heights/s"


def test_every_column_of_kinematics_can_be_plotted_raw_and_smoothed(whole: Whole) -> None:
    measured = Measured(whole)
    columns = names(whole, Quantity.COLUMN)
    assert set(columns) == set(whole.kinematics.columns)
    for column in columns:
        (plot,) = measured.plots(Choice(Quantity.COLUMN, column))
        found = [plot.smooth.at(int(index)) for index in whole.smooth.indices]
        assert np.allclose(found, whole.kinematics.columns[column], equal_nan=True), column


def test_joint_angles_are_the_columns_in_degrees(whole: Whole) -> None:
    found = names(whole, Quantity.ANGLE)
    assert "knee_left_deg" in found
    assert all(name.endswith("_deg") for name in found)


def test_an_angle_that_goes_past_half_a_turn_draws_no_line_across() -> None:
    whole_turn = track_of(3)
    curve = _curve(whole_turn, np.array([178.0, -178.0, -170.0]), None, 360.0)

    assert np.array_equal(curve.values, [178.0, np.nan, -178.0, -170.0], equal_nan=True)
    assert curve.at(1) == -178.0


def test_a_keypoint_that_there_is_not_has_no_curves(whole: Whole) -> None:
    assert Measured(whole).plots(Choice(Quantity.POSITION, "tail")) == ()


def test_an_edited_keypoint_marks_the_values_that_come_from_it() -> None:
    track = track_of(3)
    track.provenance[1, LEFT_WRIST] = Provenance.EDITED
    whole = Whole(track, track, COCO17, kinematics(track, COCO17))
    measured = Measured(whole)

    (elbow,) = measured.plots(Choice(Quantity.ANGLE, "elbow_left_deg"))
    (knee,) = measured.plots(Choice(Quantity.ANGLE, "knee_left_deg"))
    (height,) = measured.plots(Choice(Quantity.COLUMN, "body_height_px"))

    assert elbow.smooth.edited.tolist() == [False, True, False]
    assert not knee.smooth.edited.any()
    assert height.smooth.edited.tolist() == [False, True, False]


def test_what_the_fast_model_saw_is_as_seen_as_what_the_pose_model_saw() -> None:
    track = track_of(3)
    track.provenance[:] = Provenance.MEASURED_FAST
    track.provenance[1, LEFT_WRIST] = Provenance.EDITED
    track.provenance[2, LEFT_WRIST] = Provenance.FILLED
    measured = Measured(Whole(track, track, COCO17, kinematics(track, COCO17)))

    (elbow,) = measured.plots(Choice(Quantity.ANGLE, "elbow_left_deg"))

    assert elbow.smooth.edited.tolist() == [False, True, False]
    assert elbow.smooth.made_up.tolist() == [False, False, True]


def test_a_point_alone_is_told_since_no_line_shows_it() -> None:
    nan = np.nan
    assert curve_of([1, 2, nan, 3, nan, nan, 4]).lone.tolist() == [
        False, False, False, True, False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("left_wrist", "Left wrist"),
        ("knee_left_deg", "Knee left"),
        ("speed_centre_bh_s", "Speed centre"),
        ("face-12", "Face 12"),
    ],
)
def test_names_are_written_as_words(name: str, wanted: str) -> None:
    assert spoken(name) == wanted


# -- thinning -------------------------------------------------------------------------------------


@given(
    st.integers(0, 2**32 - 1), st.integers(1, 400), st.floats(0, 900), st.floats(0.5, 1000)
)  # fmt: skip
def test_the_least_and_the_greatest_value_of_every_pixel_are_kept(
    seed: int, pixels: int, start: float, span: float
) -> None:
    random = np.random.default_rng(seed)
    seconds = np.cumsum(random.uniform(0.001, 0.2, 10_000))
    values = random.normal(size=10_000)
    values[random.integers(0, 10_000, 300)] = np.nan
    stop = start + span

    times, drawn = thinned(seconds, values, start, stop, pixels)

    assert len(times) <= 4 * pixels + 700
    for column in range(pixels):
        left, right = start + np.array([column, column + 1]) * span / pixels
        inside = values[(seconds >= left) & (seconds < right) & np.isfinite(values)]
        if len(inside) < 2:
            continue
        shown = drawn[(times >= left - 1e-6) & (times <= right + 1e-6)]
        assert np.nanmin(shown) <= inside.min()
        assert np.nanmax(shown) >= inside.max()


def test_few_points_are_drawn_as_they_are() -> None:
    seconds, values = np.arange(10.0), np.arange(10.0) ** 2
    times, drawn = thinned(seconds, values, 2.5, 5.5, 100)
    assert times.tolist() == [2, 3, 4, 5, 6]  # one more at each end, to lead out of the picture
    assert drawn.tolist() == [4, 9, 16, 25, 36]


def test_an_absence_wider_than_a_pixel_stays_a_break_when_thinned() -> None:
    seconds = np.concatenate([np.linspace(0, 10, 5000), [10.0], np.linspace(50, 60, 5000)])
    values = np.ones_like(seconds)
    values[5000] = np.nan

    times, drawn = thinned(seconds, values, 0, 60, 100)

    breaks = np.flatnonzero(np.isnan(drawn))
    assert len(breaks) == 1
    assert times[breaks[0] - 1] <= 10
    assert times[breaks[0] + 1] >= 50


def test_nothing_known_in_view_draws_nothing() -> None:
    times, drawn = thinned(np.arange(1000.0), np.full(1000, np.nan), 0, 1000, 10)
    assert len(times) == len(drawn) == 0


def test_an_axis_has_room_for_all_that_is_smoothed_and_not_for_far_outliers() -> None:
    low, high = extent(np.array([0.0, 10.0]), np.array([-1000.0, 11.0]))
    assert -10 < low < 0
    assert 11 < high < 13


def test_an_axis_without_values_is_from_zero_to_one() -> None:
    low, high = extent(np.array([np.nan]), np.empty(0))
    assert low < 0
    assert high > 1


def test_an_axis_shows_what_it_always_must() -> None:
    low, high = extent(np.array([0.9, 0.95]), np.array([0.9]), (0.0, 1.0))
    assert low < 0
    assert high > 1


# -- in words -------------------------------------------------------------------------------------


def test_the_values_in_view_are_a_table_with_a_row_for_every_frame(tmp_path: Path) -> None:
    plots = Measured(whole_of(tmp_path / "a.sdpose", with_gaps(), Smoothing.OFF)).plots(WRIST)

    rows = list(csv.DictReader(as_csv(plots, 0.2, 0.5).splitlines()))

    assert [int(row["frame"]) for row in rows] == [6, 7, 8, 9, 13, 14, 15]
    x = 100 + 6.5 * (LEFT_WRIST % 4) + 1.25 * 13
    assert float(rows[4]["x (px) raw"]) == pytest.approx(x, abs=1e-4)
    assert float(rows[4]["seconds"]) == pytest.approx(13 / 30, abs=1e-6)


def test_a_frame_that_only_smoothing_has_leaves_the_raw_cell_empty(whole: Whole) -> None:
    rows = list(csv.DictReader(as_csv(Measured(whole).plots(WRIST), 11 / 30, 11 / 30).splitlines()))
    assert [row["x (px) raw"] for row in rows] == [""]
    assert float(rows[0]["x (px) smoothed"]) > 0


def test_a_contact_is_told_as_yes_or_no(whole: Whole) -> None:
    (plot,) = Measured(whole).plots(Choice(Quantity.COLUMN, "contact_left"))
    yes = Plot(plot.name, plot.unit, curve_of([0.0]), curve_of([1.0]), is_yes_no=plot.is_yes_no)
    assert told_at([yes], 0) == "Contact left yes (raw no)"


def test_values_are_told_in_words() -> None:
    nan = np.nan
    plots = [
        Plot("x", "px", curve_of([nan, 311.96, 5]), curve_of([nan, 312.44, nan])),
        Plot("Elbow", "°", curve_of([nan, 1.234, 5]), curve_of([nan, nan, 1234.5])),
    ]
    assert told_at(plots, 0) == "x unknown, Elbow unknown"
    assert told_at(plots, 1) == "x 312.4 px (raw 312.0), Elbow unknown (raw 1.23)"
    assert told_at(plots, 2) == "x unknown (raw 5.00), Elbow 1234° (raw 5.00)"
    assert told_at(plots, 99) == "x unknown, Elbow unknown"


def track_of(count: int) -> TrackArrays:
    """Return person 1 in the frames 0, 1, 2 ..., all measured."""
    poses = [person(1, index) for index in range(count)]
    return TrackArrays(
        track_id=1,
        indices=np.arange(count, dtype=np.int32),
        times=np.arange(count) / 30,
        boxes=np.stack([pose.box for pose in poses]),
        box_scores=np.ones(count, np.float32),
        keypoints=np.stack([pose.keypoints for pose in poses]),
        scores=np.stack([pose.scores for pose in poses]),
        provenance=np.stack([pose.provenance for pose in poses]),
    )
