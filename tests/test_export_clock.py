"""Bringing people to a constant rate: which moments there are, and who is where at each."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sessions
from hypothesis import given
from hypothesis import strategies as st

from sdpose_track.errors import SettingsError
from sdpose_track.export import ExportOptions
from sdpose_track.export.clock import (
    Between,
    Grid,
    frames_on_grid,
    is_regular,
    make_grid,
    track_on_grid,
    usual_rate,
)
from sdpose_track.export.job import Job, clock_of
from sdpose_track.records import FramePoses, FrameState, Pose, Provenance, TrackArrays

NTSC = Fraction(1000, 1001)
UNEVEN_S = (0, 0.040, 0.073, 0.110, 0.150, 0.183, 0.500, 0.533)


def pose(x: float, score: float = 0.9, origin: int = 0, track_id: int = 1) -> Pose:
    """Return somebody with one keypoint at (x, 2 x)."""
    box = np.array([x, x, x + 10, x + 20], np.float32)
    known = np.isfinite(x)
    return Pose(
        track_id,
        np.nan_to_num(box),
        score,
        np.array([[x, 2 * x]], np.float32),
        np.array([score if known else 0], np.float32),
        np.array([origin], np.uint8),
    )


def frame(index: int, time: float, *people: Pose) -> FramePoses:
    return FramePoses(index, index, Fraction(time).limit_denominator(10**6), people)


def track_of(frames: list[FramePoses], track_id: int) -> TrackArrays:
    found = [(f, p) for f in frames for p in f.people if p.track_id == track_id]
    return TrackArrays(
        track_id,
        np.array([f.index for f, _ in found], np.int32),
        np.array([float(f.time) for f, _ in found], np.float64),
        np.array([p.box for _, p in found], np.float32).reshape(-1, 4),
        np.array([p.score for _, p in found], np.float32),
        np.array([p.keypoints for _, p in found], np.float32).reshape(-1, 1, 2),
        np.array([p.scores for _, p in found], np.float32).reshape(-1, 1),
        np.array([p.provenance for _, p in found], np.uint8).reshape(-1, 1),
    )


def grid_of(frames: list[FramePoses], rate: Fraction) -> Grid:
    return make_grid(np.array([float(f.time) for f in frames]), frames[0].time, rate)


def at_rate(frames: list[FramePoses], rate: int, between: Between = "linear") -> list[FramePoses]:
    return list(frames_on_grid(iter(frames), grid_of(frames, Fraction(rate)), between))


def xs(frames: list[FramePoses]) -> list[float]:
    return [float(f.people[0].keypoints[0, 0]) if f.people else np.inf for f in frames]


# -- which moments there are -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "count"),
    [(24 * NTSC, 240), (Fraction(24), 241), (Fraction(25), 251), (30 * NTSC, 300),
     (Fraction(30), 301), (Fraction(60), 601)],
)  # fmt: skip
def test_ten_seconds_have_so_many_moments(rate: Fraction, count: int) -> None:
    grid = make_grid(np.linspace(0, 10, 333), Fraction(0), rate)

    assert len(grid) == count
    assert grid.time(count - 1) == (count - 1) / rate


def test_the_first_moment_is_the_first_frame_wherever_it_is() -> None:
    grid = make_grid(np.array([7.5, 7.6, 7.7]), Fraction(15, 2), Fraction(20))

    assert grid.times.tolist() == pytest.approx([7.5, 7.55, 7.6, 7.65, 7.7])
    assert grid.share.tolist() == pytest.approx([1, 0.5, 1, 0.5, 1])


@pytest.mark.parametrize("rate", [Fraction(24), 30 * NTSC, Fraction(123456789, 10000019)])
def test_all_moments_are_exactly_the_single_ones(rate: Fraction) -> None:
    grid = make_grid(np.linspace(0, 40, 999), Fraction(270001, 90000), rate)

    assert grid.times.tolist() == [float(grid.time(row)) for row in range(len(grid))]


def test_no_frame_makes_no_moment_and_one_makes_one() -> None:
    assert len(make_grid(np.empty(0), Fraction(0), Fraction(30))) == 0
    assert make_grid(np.array([3.0]), Fraction(3), Fraction(30)).times.tolist() == [3.0]


def test_frames_at_the_same_time_do_not_divide_by_nothing() -> None:
    grid = make_grid(np.array([0, 0, 0.1]), Fraction(0), Fraction(10))

    assert grid.share.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("seconds", "rate"),
    [
        (np.arange(9) / 29.9, Fraction(30)),
        (np.cumsum([0, 0.0333, 0.0334, 0.0333, 0.2, 0.0333, 0.0334]), Fraction(30)),
        (np.arange(50) * 1001 / 24000, 24 * NTSC),
        (np.round(np.arange(5000) * 1001 / 30000, 3) + (np.arange(5000) > 9), 30 * NTSC),
        (np.arange(7) * 0.4, Fraction(5, 2)),
        (np.concatenate([np.arange(12) / 12, 1 + np.arange(20) / 24]), Fraction(24)),
        (np.round(np.delete(np.arange(90), [3, 4, 5, 9, 20, 50, 51]) / 30, 3), Fraction(30)),
        (np.array([1.0]), Fraction(17)),
        (np.array([1.0, 1.0]), Fraction(17)),
    ],
)
def test_uneven_frames_get_a_common_rate_if_one_is_near(
    seconds: np.ndarray[tuple[int], np.dtype[np.float64]], rate: Fraction
) -> None:
    assert usual_rate(seconds, Fraction(17)) == rate


def test_a_pause_in_a_regular_recording_makes_it_irregular() -> None:
    even = np.arange(300) / 30
    rounded = np.round(even, 3)
    paused = even + np.where(np.arange(300) > 150, 2.0, 0.0)

    assert is_regular(even, Fraction(30))
    assert is_regular(rounded, Fraction(30))
    assert not is_regular(paused, Fraction(30))
    assert is_regular(np.empty(0), Fraction(30))


# -- who is where ----------------------------------------------------------------------------------


def test_uneven_times_become_even_and_a_long_pause_stays_empty() -> None:
    frames = [frame(i, t, pose(300 * t)) for i, t in enumerate(UNEVEN_S)]
    found = xs(at_rate(frames, 30))

    assert found[:6] == pytest.approx([0, 10, 20, 30, 40, 50], abs=1e-3)
    assert found[6:15] == [np.inf] * 9
    assert found[15] == pytest.approx(150, abs=1e-3)
    assert len(found) == 16


def test_in_a_slow_recording_only_a_missing_frame_is_a_pause() -> None:
    seconds = (0, 0.24, 0.51, 0.75, 1.01, 1.5, 1.75)
    frames = [frame(i, t, pose(300 * t)) for i, t in enumerate(seconds)]

    assert xs(at_rate(frames, 4)) == pytest.approx([0, 75, 150, 225, 300, np.inf, 450, 525])


def test_the_same_rate_gives_back_every_frame_untouched() -> None:
    frames = [frame(i, i / 30, pose(1 / 3 + i)) for i in range(40)]
    again = at_rate(frames, 30)

    assert [f.people[0] for f in again] == [f.people[0] for f in frames]


def test_nothing_is_made_up_where_a_keypoint_or_a_person_is_missing() -> None:
    frames = [
        frame(0, 0.0, pose(0), pose(5, track_id=2)),
        frame(1, 0.1, pose(np.nan)),
        frame(2, 0.2, pose(2), pose(7, track_id=2)),
    ]
    found = at_rate(frames, 20)

    assert [[p.track_id for p in f.people] for f in found] == [[1, 2], [1], [1], [1], [1, 2]]
    assert np.isfinite(xs(found)).tolist() == [True, False, False, False, True]
    assert found[1].people[0].scores.tolist() == [0]


def test_a_moment_between_is_as_unsure_as_the_worse_of_its_frames() -> None:
    frames = [frame(0, 0.0, pose(0, 0.9)), frame(1, 0.1, pose(1, 0.4, Provenance.FILLED))]
    middle = at_rate(frames, 20)[1].people[0]

    assert middle.keypoints.tolist() == [[0.5, 1.0]]
    assert middle.box.tolist() == pytest.approx([0.5, 0.5, 10.5, 20.5])
    assert (middle.score, middle.scores[0]) == pytest.approx((0.4, 0.4))
    assert middle.provenance[0] == Provenance.FILLED


@pytest.mark.parametrize(
    ("one", "other", "worse"),
    [
        (Provenance.MEASURED, Provenance.EDITED, Provenance.EDITED),
        (Provenance.EDITED, Provenance.PREDICTED, Provenance.PREDICTED),
        (Provenance.FILLED, Provenance.PREDICTED, Provenance.FILLED),
        (Provenance.MEASURED, Provenance.MEASURED, Provenance.MEASURED),
        (Provenance.MEASURED, Provenance.MEASURED_FAST, Provenance.MEASURED_FAST),
        (Provenance.MEASURED_FAST, Provenance.EDITED, Provenance.MEASURED_FAST),
        (Provenance.MEASURED_FAST, Provenance.PREDICTED, Provenance.PREDICTED),
    ],
)
def test_what_a_person_put_there_is_surer_than_what_a_filter_made(
    one: Provenance, other: Provenance, worse: Provenance
) -> None:
    frames = [frame(0, 0.0, pose(0, origin=one)), frame(1, 0.1, pose(1, origin=other))]

    assert at_rate(frames, 20)[1].people[0].provenance[0] == worse


def test_the_nearest_frame_is_taken_as_it_is() -> None:
    frames = [frame(i, t, pose(300 * t)) for i, t in enumerate((0, 0.04, 0.073, 0.11))]
    found = at_rate(frames, 30, "nearest")

    assert xs(found) == pytest.approx([0, 12, 21.9, 33])
    grid = grid_of(frames, Fraction(30))
    assert grid.nearest.tolist() == [0, 1, 2, 3]


def test_a_lost_frame_is_told_beside_what_lies_around_it() -> None:
    lost = FramePoses(1, 1, Fraction(1, 10), (), FrameState.LOST)
    frames = [frame(0, 0.0, pose(0)), lost, frame(2, 0.2, pose(2))]
    states = [f.state for f in at_rate(frames, 20)]

    assert states == [FrameState.WHOLE, *[FrameState.LOST] * 3, FrameState.WHOLE]


@st.composite
def recordings(draw: st.DrawFn) -> list[FramePoses]:
    steps = draw(st.lists(st.integers(0, 300), min_size=1, max_size=12))
    times = np.cumsum([0, *steps]) / 1000
    people = draw(
        st.lists(
            st.lists(st.sampled_from([1, 2]), unique=True), min_size=len(times),
            max_size=len(times),
        )
    )  # fmt: skip
    holes = draw(st.sets(st.integers(0, len(times) - 1)))
    return [
        frame(i, t, *(pose(np.nan if i in holes else 7.0 * i + k, track_id=k) for k in sorted(ids)))
        for i, (t, ids) in enumerate(zip(times.tolist(), people, strict=True))
    ]


@given(recordings(), st.sampled_from([7, 24, 30, 60]), st.sampled_from(["linear", "nearest"]))
def test_by_person_and_by_frame_are_the_same(
    frames: list[FramePoses], rate: int, between: Between
) -> None:
    grid = grid_of(frames, Fraction(rate))
    by_frame = list(frames_on_grid(iter(frames), grid, between))

    assert [f.index for f in by_frame] == list(range(len(grid)))
    for track_id in (1, 2):
        one = track_on_grid(track_of(frames, track_id), 0, grid, between)
        other = track_of(by_frame, track_id)
        assert np.array_equal(one.indices, other.indices)
        assert np.allclose(one.times, other.times)
        for name in ("boxes", "box_scores", "keypoints", "scores", "provenance"):
            assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)


# -- in an export ----------------------------------------------------------------------------------


def test_a_regular_recording_needs_no_other_moments(tmp_path: Path) -> None:
    with sessions.view_of(tmp_path / "clip.sdpose", sessions.fixture_a()) as view:
        assert clock_of(view, None, needs_rate=False) == (None, None)
        assert clock_of(view, None, needs_rate=True) == (Fraction(30), None)
        assert clock_of(view, Fraction(30), needs_rate=False) == (Fraction(30), None)
        rate, grid = clock_of(view, Fraction(24), needs_rate=False)
    assert rate == 24
    assert grid is not None
    assert len(grid) == 36


def test_an_uneven_one_gets_a_common_rate_only_where_a_format_needs_one(tmp_path: Path) -> None:
    with sessions.view_of(tmp_path / "clip.sdpose", sessions.fixture_b()) as view:
        assert clock_of(view, None, needs_rate=False) == (None, None)
        rate, grid = clock_of(view, None, needs_rate=True)
        job = Job(view, "clip", ExportOptions(), needs_rate=True)
        told = job.described()["retimed"]
    assert rate == job.rate == Fraction(30)
    assert grid is not None
    assert job.total == len(grid) == 44
    assert told["fps"] == "30/1"
    assert told["source_times_s"][:3] == [0, 0.04, 0.08]
    assert told["frames_copied"] + told["frames_between"] + told["frames_in_pauses"] == 44


def test_a_rate_that_is_asked_for_is_kept_where_frames_tremble_about_it(tmp_path: Path) -> None:
    pts = [i * 1000 // 30 + (10 if i % 7 == 3 else 0) for i in range(45)]
    source = sessions.source_info(time_base=Fraction(1, 1000))
    script = replace(sessions.fixture_a(), source=source, pts=pts)
    with sessions.view_of(tmp_path / "clip.sdpose", script) as view:
        assert clock_of(view, None, needs_rate=True) == (Fraction(30), None)
        _, grid = clock_of(view, Fraction(30), needs_rate=False)
    assert grid is not None
    assert np.diff(grid.times) == pytest.approx(1 / 30)


def test_times_that_jump_are_refused_before_millions_of_frames_are_made(tmp_path: Path) -> None:
    pts = [i if i < 40 else i + 30 * 100_000 for i in range(45)]
    script = replace(sessions.fixture_a(), pts=pts)
    with (
        sessions.view_of(tmp_path / "clip.sdpose", script) as view,
        pytest.raises(SettingsError, match=r"clip\.mp4 jump: its 45 frames would be 3"),
    ):
        clock_of(view, None, needs_rate=True)


@pytest.mark.parametrize(
    ("wish", "count"),
    [
        (ExportOptions(frames=7), 7),
        (ExportOptions(frames=1000), 45),
        (ExportOptions(preset="wan"), 45),
        (ExportOptions(preset="ltx"), 41),
        (ExportOptions(preset="ltx", frames=7), 7),
        (ExportOptions(frames=7, rate=Fraction(24)), 7),
        (ExportOptions(preset="wan", rate=Fraction(16)), 21),
    ],
)
def test_an_export_is_cut_as_asked_and_as_a_preset_takes_it(
    wish: ExportOptions, count: int, tmp_path: Path
) -> None:
    with sessions.view_of(tmp_path / "clip.sdpose", sessions.fixture_a()) as view:
        job = Job(view, "clip", wish)
        frames = list(job.frames())
        tracks = [track for track, _ in Job(view, "clip", wish).tracks()]

    assert [f.index for f in frames] == list(range(count))
    assert job.total == count
    assert tracks[0].indices.tolist() == list(range(count))
    assert job.described().get("frames", 45) == count
