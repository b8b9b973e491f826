"""A view is computed in chunks: they fit together, whichever way one looks at it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from sessions import Script, person, source_info, write

from sdpose_track.records import Pose, Provenance
from sdpose_track.repair.edits import Place, Swap
from sdpose_track.session.kept import Kept
from sdpose_track.session.recording import Recording
from sdpose_track.session.repairing import Repairing
from sdpose_track.session.view import View
from sdpose_track.smooth.choices import Smoothing
from sdpose_track.smooth.pieces import CHUNK

COUNT = 3 * CHUNK + 100
GAP = range(CHUNK - 4, CHUNK + 4)
"""Frames around the first border of chunks in which person 2 is not seen."""


def walking(track_id: int, index: int, rng: np.random.Generator) -> Pose:
    """Return a person who goes to and fro, with a pixel of noise."""
    still = person(track_id, 0)
    away = np.array([150 * np.sin(index / 40), 20 * np.cos(index / 15)])
    where = still.keypoints + away + rng.normal(0, 1, still.keypoints.shape)
    box = np.concatenate([where.min(axis=0), where.max(axis=0)])
    return Pose(track_id, box, 0.9, where, still.scores, still.provenance)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four chunks that begin with frame 40, of an uneven recording."""
    rng = np.random.default_rng(5)
    people = {
        i: tuple(walking(t, i, rng) for t in (1, 2) if t == 1 or i not in GAP)
        for i in range(40, COUNT)
    }
    pts = [i * 33 + 5 * (i % 3) for i in range(40, COUNT)]
    info = source_info(time_base=Fraction(1, 1000), count=COUNT, is_vfr=True)
    return write(
        tmp_path_factory.mktemp("view") / "clip.sdpose", Script(info, pts, people, first=40)
    )


@pytest.mark.parametrize("smoothing", list(Smoothing))
def test_by_frame_by_person_and_in_a_pass_one_sees_the_same(
    path: Path, smoothing: Smoothing
) -> None:
    with Recording.open(path) as recording:
        view = View(recording, smoothing)
        passed = {frame.index: frame for frame in View(recording, smoothing).frames()}
        assert list(passed) == list(range(40, COUNT))
        for track_id in (1, 2):
            track = view.track(track_id)
            rows = dict(zip(track.indices.tolist(), range(len(track)), strict=True))
            for index in (40, 41, CHUNK - 6, CHUNK - 1, CHUNK, CHUNK + 6, 2 * CHUNK, COUNT - 1):
                by_frame = [p for p in view.frame(index).people if p.track_id == track_id]
                in_pass = [p for p in passed[index].people if p.track_id == track_id]
                assert len(by_frame) == len(in_pass) == (index in rows)
                for pose in (*by_frame, *in_pass):
                    there = track.keypoints[rows[index]]
                    np.testing.assert_allclose(pose.keypoints, there, rtol=0, atol=1e-3)
                    assert pose.provenance.tolist() == track.provenance[rows[index]].tolist()


def test_a_gap_over_the_border_of_two_chunks_is_filled(path: Path) -> None:
    with Recording.open(path) as recording:
        track = View(recording, Smoothing.OFFLINE).track(2)
    rows = np.searchsorted(track.indices, np.arange(GAP.start, GAP.stop))
    assert track.indices[rows].tolist() == list(GAP)
    assert (track.provenance[rows] == Provenance.FILLED).all()
    steps = np.linalg.norm(np.diff(track.keypoints, axis=0), axis=-1)
    assert steps[rows].max() < 6


def test_nothing_jumps_where_chunks_meet(path: Path) -> None:
    with Recording.open(path) as recording:
        track = View(recording, Smoothing.OFFLINE).track(1)
    steps = np.linalg.norm(np.diff(track.keypoints, axis=0), axis=-1).max(axis=1)
    borders = np.searchsorted(track.indices, np.arange(CHUNK, COUNT, CHUNK)) - 1
    assert steps[borders].max() < 1.5 * np.percentile(steps, 99)


def test_a_keyframe_reaches_over_the_border_of_two_chunks(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "clip.sdpose"
    copy.write_bytes(path.read_bytes())
    with Recording.open(copy) as recording:
        before = View(recording).track(1)
    place = Place(1, CHUNK - 2, "nose", 400, 300, 0.5)
    with Repairing.open(copy) as session:
        session.apply(place)
    with Recording.open(copy) as recording:
        moved = View(recording).track(1).keypoints[:, 0] - before.keypoints[:, 0]
        seen = View(recording).frame(CHUNK + 3).people[0]
    row = CHUNK + 3 - 40
    assert np.abs(moved[row]).max() > 10
    np.testing.assert_allclose(seen.keypoints[0], before.keypoints[row, 0] + moved[row], atol=1e-3)
    assert seen.provenance[0] == Provenance.EDITED


def test_ids_exchanged_inside_a_chunk_are_smoothed_apart(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "clip.sdpose"
    copy.write_bytes(path.read_bytes())
    with Repairing.open(copy) as session:
        session.apply(Swap(1, 2, 700))
    with Recording.open(copy) as recording, Recording.open(path) as before:
        mine, theirs = View(recording).track(1), View(before)
        one, two = theirs.track(1), theirs.track(2)
    away = np.flatnonzero(mine.indices == 700 - 120)[0], np.flatnonzero(mine.indices == 820)[0]
    np.testing.assert_allclose(
        mine.keypoints[away[0]], one.keypoints[one.indices == 580][0], atol=1e-3
    )
    np.testing.assert_allclose(
        mine.keypoints[away[1]], two.keypoints[two.indices == 820][0], atol=1e-3
    )


def test_repairs_at_hand_may_be_looked_at_before_they_are_stored(path: Path) -> None:
    with Repairing.open(path) as session:
        after = session.preview(Swap(1, 2, 50))
    with Recording.open(path) as recording:
        view = View(recording, Smoothing.OFF, repairs=after)
        raw = View(recording, Smoothing.OFF).frame(60).people
        assert view.frame(60).people[0].keypoints.tolist() == raw[1].keypoints.tolist()


def test_a_person_who_is_not_in_the_view_is_nobody(path: Path) -> None:
    with Recording.open(path) as recording:
        assert len(View(recording).track(9)) == 0
        assert len(View(recording, people=[1]).track(2)) == 0


def test_what_is_kept_is_what_was_used_last_up_to_its_bytes() -> None:
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name

    kept: Kept[str, str] = Kept(3, len)
    for name in ("a", "b", "c", "a", "d", "a", "b"):
        assert kept.get(name, lambda name=name: make(name)) == name  # type: ignore[misc]
    assert made == ["a", "b", "c", "d", "b"]
    assert kept.get("too long", lambda: make("too long")) == "too long"
    assert kept.get("too long", lambda: make("again")) == "too long"


def test_arrays_of_a_view_cannot_be_changed(path: Path) -> None:
    with Recording.open(path) as recording:
        for smoothing in (Smoothing.OFF, Smoothing.OFFLINE):
            track = replace(View(recording, smoothing).track(1))
            with pytest.raises(ValueError, match="read-only"):
                track.keypoints[0] = 0
