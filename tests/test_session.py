"""The session file: what is written is read, by frame and by person, also while it is written."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sdpose_track.errors import OutputError, SessionError, SettingsError
from sdpose_track.records import (
    NO_DETECTIONS,
    Detections,
    FramePoses,
    FrameResult,
    FrameState,
    LostFrame,
    Pose,
    Provenance,
    SourceInfo,
    measured,
)
from sdpose_track.session import storage
from sdpose_track.session.guarding import connected
from sdpose_track.session.place import is_begun
from sdpose_track.session.recording import Recording
from sdpose_track.session.schema import ModelRecord, SessionHeader
from sdpose_track.session.view import View
from sdpose_track.session.writer import SessionWriter
from sdpose_track.smooth.choices import Smoothing

BASE = Fraction(1, 1000)
INFO = SourceInfo("clip.mp4", "video", 640, 480, BASE, 5000, Fraction(25), False, 40, Fraction(2))
HEADER = SessionHeader(
    INFO, "coco17", ModelRecord("d", "a" * 64), ModelRecord("p", "b" * 64), {"confidence": 0.25}
)


def result(index: int, *ids: int, lost: int = 0) -> FrameResult:
    """Frame `index` at 40 ms steps; person `id` walks right, 100 px lower than the one before."""
    pts = 5000 + 40 * index
    boxes = np.array([[index, 100 * i, index + 50, 100 * i + 90] for i in ids], np.float32)
    points = np.zeros((len(ids), 17, 3), np.float32)
    for row, i in enumerate(ids):
        points[row] = (index, 100 * i, 0.5 + 0.01 * i)
    people = tuple(
        Pose(i, boxes[r], 0.75, points[r, :, :2], points[r, :, 2], measured(17))
        for r, i in enumerate(ids)
    )
    seen = Detections(boxes, np.full(len(ids), 0.75, np.float32), points) if ids else NO_DETECTIONS
    before = tuple(LostFrame(index - n, pts - 40 * n) for n in range(lost, 0, -1))
    poses = FramePoses(index, pts, (pts - 5000) * BASE, people)
    return FrameResult(poses, seen, np.array(ids, np.int32), before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out dir" / "clip ünï.sdpose"


def written(path: Path, *results: FrameResult) -> Path:
    with SessionWriter.create(path, HEADER, replace=True) as writer:
        writer.append(results)
        writer.finish({"lost_after_last": 0})
    return path


def test_what_is_written_is_read_back_to_the_bit(path: Path) -> None:
    given = result(3, 1, 2)
    with Recording.open(written(path, given)) as recording:
        assert recording.header == HEADER
        assert recording.is_complete
        frame = recording.frame(3)
        assert (frame.pts, frame.time) == (5120, Fraction(12, 100))
        for ours, theirs in zip(frame.people, given.poses.people, strict=True):
            assert ours.track_id == theirs.track_id
            assert ours.score == theirs.score
            np.testing.assert_array_equal(ours.box, theirs.box)
            np.testing.assert_array_equal(ours.keypoints, theirs.keypoints)
            np.testing.assert_array_equal(ours.scores, theirs.scores)
            np.testing.assert_array_equal(ours.provenance, theirs.provenance)
        seen, ids = recording.detections(3)
        np.testing.assert_array_equal(seen.boxes, given.detections.boxes)
        np.testing.assert_array_equal(seen.keypoints, given.detections.keypoints)
        np.testing.assert_array_equal(ids, [1, 2])


def test_missing_keypoints_and_provenance_survive(path: Path) -> None:
    points = np.full((17, 2), np.nan, np.float32)
    made = measured(17)
    made = np.array([*made[:-1], Provenance.PREDICTED], np.uint8)
    pose = Pose(4, np.zeros(4, np.float32), 0.5, points, np.zeros(17, np.float32), made)
    frame = FramePoses(0, 5000, Fraction(0), (pose,))
    stored = FrameResult(frame, NO_DETECTIONS, np.empty(0, np.int32))
    with Recording.open(written(path, stored)) as recording:
        (read,) = recording.frame(0).people
        assert np.isnan(read.keypoints).all()
        assert read.provenance.tolist() == [0] * 16 + [Provenance.PREDICTED]


def test_a_person_is_read_over_the_whole_recording(path: Path) -> None:
    frames = [result(0, 1), result(1), result(2, 1, 7), result(3, 7)]
    with Recording.open(written(path, *frames)) as recording:
        track = recording.track(1)
        assert track.indices.tolist() == [0, 2]
        np.testing.assert_allclose(track.times, [0.0, 0.08])
        assert track.keypoints[:, 0, 0].tolist() == [0, 2]
        assert [(s.track_id, s.first, s.last, s.frames) for s in recording.tracks()] == [
            (1, 0, 2, 2),
            (7, 2, 3, 2),
        ]
        assert len(recording.track(99)) == 0


def test_lost_frames_have_a_place_and_a_time_and_nobody_in_them(path: Path) -> None:
    with Recording.open(written(path, result(0, 1), result(3, 1, lost=2))) as recording:
        assert recording.indices() == range(4)
        assert [recording.frame(i).state for i in range(4)] == [
            FrameState.WHOLE,
            FrameState.LOST,
            FrameState.LOST,
            FrameState.WHOLE,
        ]
        assert recording.frame(2).time == Fraction(8, 100)
        assert recording.count_states()[FrameState.LOST] == 2


def test_it_can_be_read_while_it_is_written(path: Path) -> None:
    with SessionWriter.create(path, HEADER) as writer:
        writer.append([result(0, 1)])
        with Recording.open(path) as recording:
            assert len(recording.indices()) == 1
            assert not recording.is_complete
            writer.append([result(1, 1), result(2, 1)])
            assert len(recording.indices()) == 3


def test_a_closed_session_is_one_file(path: Path) -> None:
    with Recording.open(written(path, result(0, 1))):
        pass
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_session_goes_on_where_it_stopped(path: Path) -> None:
    with SessionWriter.create(path, HEADER) as writer:
        writer.append([result(0, 1)])
    with SessionWriter.resume(path) as writer:
        writer.append([result(1, 1)])
        writer.finish({})
    with Recording.open(path) as recording:
        assert recording.indices() == range(2)
        assert recording.is_complete


def test_creating_anew_leaves_nothing_of_the_old_one(path: Path) -> None:
    written(path, result(0, 1), result(1, 1))
    with Recording.open(written(path, result(0))) as recording:
        assert recording.indices() == range(1)
        assert recording.tracks() == ()


@pytest.mark.parametrize("spelling", ["plain", "dots", "link"])
def test_a_second_writer_is_told_however_it_spells_the_path(path: Path, spelling: str) -> None:
    with SessionWriter.create(path, HEADER):
        other = path
        if spelling == "dots":
            other = path.parent / ".." / path.parent.name / path.name
        if spelling == "link":
            link = path.parent.parent / "link"
            link.symlink_to(path.parent)
            other = link / path.name
        with pytest.raises(SessionError, match="is being written by another run"):
            SessionWriter.resume(other)
        with pytest.raises(SessionError, match="is being written by another run"):
            SessionWriter.create(other, HEADER, replace=True)
    SessionWriter.resume(path).close()


def test_a_session_is_not_replaced_unasked(path: Path) -> None:
    written(path, result(0, 1))
    with pytest.raises(SettingsError, match="give --resume to go on"):
        SessionWriter.create(path, HEADER)
    with Recording.open(path) as recording:
        assert len(recording.indices()) == 1


def test_what_is_read_cannot_be_changed(path: Path) -> None:
    with Recording.open(written(path, *(result(i, 1) for i in range(9)))) as recording:
        for smoothing in Smoothing:
            track = View(recording, smoothing).track(1)
            with pytest.raises(ValueError, match="read-only"):
                track.keypoints[0] = 0


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be made"):
        SessionWriter.create(tmp_path / "file" / "clip.sdpose", HEADER)


def test_a_session_that_died_while_it_was_made_is_as_good_as_none(path: Path) -> None:
    path.parent.mkdir()
    assert not is_begun(path)
    path.touch()
    assert not is_begun(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    assert path.stat().st_size > 0
    assert not is_begun(path)
    assert is_begun(written(path, result(0)))
    (path.parent / "text").write_text("text")
    assert is_begun(path.parent / "text")


def read_all(path: Path) -> None:
    """Read everything that can be asked of a session."""
    with Recording.open(path) as recording:
        recording.count_states()
        view = View(recording, Smoothing.OFFLINE)
        for _ in view.frames():
            pass
        for index in view.indices:
            recording.frame(index)


HOSTILE_HEADERS: dict[str, list[tuple[str, object]]] = {
    "source": [
        ("time_base", None), ("time_base", "1e999999"), ("time_base", "0"), ("rate", None),
        ("rate", 25), ("rate", "9999999999999999999/1"), ("width", "wide"), ("width", -1),
        ("width", 1e400), ("first_pts", 10**30),
        ("name", 7), ("notes", [3]), ("frame_count", True), ("surprise", 1),
    ],
    "detector": [("name", None), ("sha256", 3)],
}  # fmt: skip


@pytest.mark.parametrize(
    ("key", "name", "value"),
    [(k, name, value) for k, pairs in HOSTILE_HEADERS.items() for name, value in pairs],
)
def test_a_header_that_cannot_be_is_told(path: Path, key: str, name: str, value: object) -> None:
    connection = sqlite3.connect(written(path, result(0, 1)))
    (text,) = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    told = json.dumps({**json.loads(text), name: value})
    connection.execute("UPDATE meta SET value = ? WHERE key = ?", (told, key))
    connection.commit()
    connection.close()
    with pytest.raises(SessionError, match="its header is damaged"):
        Recording.open(path)


@pytest.mark.parametrize(
    "value", ["[", "[" * 99_999, "7", "[1]", '{"lost_after_last": "x"}', '{"a": NaN}']
)
def test_an_ending_that_cannot_be_is_told(path: Path, value: str) -> None:
    connection = sqlite3.connect(written(path, result(0, 1)))
    connection.execute("UPDATE meta SET value = ? WHERE key = 'complete'", (value,))
    connection.commit()
    connection.close()
    with pytest.raises(SessionError, match="its header is damaged"):
        Recording.open(path)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE frame SET state = 9 WHERE idx = 1",
        "UPDATE frame SET pts = 'soon' WHERE idx = 1",
        "UPDATE frame SET idx = -5 WHERE idx = 0",
        "UPDATE frame SET idx = 9 WHERE idx = 2",
        f"UPDATE frame SET idx = {2**40} WHERE idx = 2",
        "UPDATE pose SET track_id = -1",
        f"UPDATE pose SET track_id = {10**11}",
        "UPDATE pose SET track_id = 'x'",
        "UPDATE pose SET score = 'sure'",
        "UPDATE pose SET score = 9e999",
        "UPDATE pose SET score = 1e300",
        "UPDATE pose SET keypoints = x'00000000000000000000c07f' || substr(keypoints, 13)",
        "UPDATE pose SET box = 'text'",
        "UPDATE pose SET box = 7",
        "UPDATE pose SET keypoints = 'text'",
        "UPDATE pose SET keypoints = zeroblob(3)",
        "UPDATE pose SET keypoints = x'0000807f' || zeroblob(200)",
        "UPDATE pose SET provenance = zeroblob(3)",
        "UPDATE pose SET provenance = x'05' || zeroblob(16)",
        "DROP TABLE pose",
        "DROP TABLE frame",
    ],
)
def test_rows_that_cannot_be_are_told(path: Path, change: str) -> None:
    connection = sqlite3.connect(written(path, *(result(i, 1) for i in range(3))))
    connection.execute(change)
    connection.commit()
    connection.close()
    with pytest.raises(SessionError):
        read_all(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "no sdpose-track session"), (b"text" * 999, "no readable session")],
)
def test_another_file_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "other.sdpose"
    path.write_bytes(content)
    with pytest.raises(SessionError, match=message):
        Recording.open(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="does not exist"):
        Recording.open(tmp_path / "gone.sdpose")


def test_another_major_version_is_told(path: Path) -> None:
    connection = sqlite3.connect(written(path, result(0)))
    connection.execute("PRAGMA user_version = 2000")
    connection.close()
    with pytest.raises(SessionError, match="has session format 2, this program reads 1"):
        Recording.open(path)


def test_a_damaged_array_is_told(path: Path) -> None:
    connection = sqlite3.connect(written(path, result(0, 1)))
    connection.execute("UPDATE pose SET keypoints = x'0011'")
    connection.commit()
    connection.close()
    with (
        Recording.open(path) as recording,
        pytest.raises(SessionError, match="it is damaged"),
    ):
        recording.frame(0)


def test_a_read_only_folder_can_be_read(path: Path) -> None:
    written(path, result(0, 1))
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        with Recording.open(path) as recording:
            assert len(recording.frame(0).people) == 1
    finally:
        path.parent.chmod(0o755)


def test_frames_that_are_not_read_to_the_end_may_outlive_their_recording(path: Path) -> None:
    with Recording.open(written(path, result(0, 1), result(1))) as recording:
        heads = recording.frame_heads(recording.indices())
        next(heads)
    del heads


def test_states_are_counted_of_some_frames(path: Path) -> None:
    with Recording.open(written(path, result(0, 1), result(4, lost=3), result(6, lost=1))) as it:
        assert it.count_states()[FrameState.LOST] == 4
        assert it.count_states(range(1, 4))[FrameState.LOST] == 3
        assert it.count_states(range(4, 6)) == {
            FrameState.WHOLE: 1, FrameState.CONCEALED: 0, FrameState.LOST: 1,
        }  # fmt: skip


# -- views -----------------------------------------------------------------------------------------


def test_a_raw_view_shows_what_is_stored(path: Path) -> None:
    frames = [result(0, 1), result(1), result(2, 1, 7), result(5, 7, lost=2)]
    with Recording.open(written(path, *frames)) as recording:
        view = View(recording, Smoothing.OFF)
        shown = list(view.frames())
        assert [f.index for f in shown] == [0, 1, 2, 3, 4, 5]
        assert [[p.track_id for p in f.people] for f in shown] == [[1], [], [1, 7], [], [], [7]]
        for index in view.indices:
            one = view.frame(index)
            assert [p.track_id for p in one.people] == [p.track_id for p in shown[index].people]


def test_a_smooth_view_fills_short_gaps_and_says_so(path: Path) -> None:
    frames = [result(i, 1) if i not in (4, 5) else result(i) for i in range(12)]
    with Recording.open(written(path, *frames)) as recording:
        view = View(recording, Smoothing.OFFLINE)
        (filled,) = view.frame(4).people
        assert (filled.provenance == Provenance.FILLED).all()
        np.testing.assert_allclose(filled.keypoints[0], [4, 100], atol=0.5)
        assert recording.frame(4).people == ()
        in_pass = [f.people[0].keypoints for f in view.frames()]
        by_frame = [view.frame(i).people[0].keypoints for i in view.indices]
        np.testing.assert_array_equal(in_pass, by_frame)


def test_a_view_that_begins_late_keeps_its_frame_numbers(path: Path) -> None:
    frames = [result(i, 1) for i in range(20, 30)]
    with Recording.open(written(path, *frames)) as recording:
        for smoothing in Smoothing:
            view = View(recording, smoothing)
            assert [f.index for f in view.frames()] == list(range(20, 30))
            assert all(len(f.people) == 1 for f in view.frames())
            assert float(view.frame(20).time) == pytest.approx(0.8)


def test_people_are_chosen_by_id(path: Path) -> None:
    with Recording.open(written(path, result(0, 1, 7))) as recording:
        assert View(recording, people=[7]).track_ids == (7,)
        with pytest.raises(SettingsError, match="there is no person 3; this session has 1, 7"):
            View(recording, people=[3])


def test_a_session_that_is_just_being_changed_is_told_so_and_not_called_damaged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where WAL cannot be had, as on some network drives, readers wait for the writer."""
    monkeypatch.setattr(storage, "connected", partial(connected, timeout=0))
    busy = r"is being written by another program; try again when it is done$"
    written(path, result(0, 1))
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        with Recording.open(path) as recording:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(SessionError, match=busy):
                recording.indices()
            with pytest.raises(SessionError, match=busy):
                Recording.open(path)
            other.rollback()
            assert len(recording.indices()) == 1
