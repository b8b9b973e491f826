"""Repairs of identities and keypoints: what each does, what is refused, and going back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sessions import (
    FRAMES,
    LEFT_WRIST,
    People,
    Script,
    fixture_a,
    person,
    points,
    source_info,
    write,
)

from sdpose_track.errors import OutputError, SdposeError, SessionError, SettingsError
from sdpose_track.records import (
    NO_DETECTIONS,
    Float32,
    FramePoses,
    FrameResult,
    Provenance,
    TrackArrays,
)
from sdpose_track.repair.edits import (
    KINDS,
    Delete,
    Edit,
    Lock,
    Merge,
    Place,
    Rename,
    Split,
    Swap,
    from_json,
    to_json,
)
from sdpose_track.repair.identities import Identities
from sdpose_track.session.recording import Recording
from sdpose_track.session.repairing import Repairing
from sdpose_track.session.view import View
from sdpose_track.session.writer import SessionWriter
from sdpose_track.skeletons import COCO17
from sdpose_track.smooth.choices import Smoothing

Content = list[dict[int, tuple[bytes, bytes, bytes, bytes]]]


def three_people() -> Script:
    """Person 1 throughout, 2 in frames 10 to 44, 3 in frames 0 to 4 and 6 to 8."""
    people = {}
    for i in range(FRAMES):
        here = [person(1, i)]
        here += [person(2, i)] if i >= 10 else []
        here += [person(3, i)] if i in (0, 1, 2, 3, 4, 6, 7, 8) else []
        people[i] = tuple(here)
    return Script(source_info(), range(FRAMES), people)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "clip.sdpose", three_people())


def content(path: Path, smoothing: Smoothing = Smoothing.OFF) -> Content:
    """Return every byte that a view shows, by frame and person."""
    with Recording.open(path) as recording:
        return [_people(frame) for frame in View(recording, smoothing).frames()]


def _people(frame: FramePoses) -> dict[int, tuple[bytes, bytes, bytes, bytes]]:
    return {
        p.track_id: (
            p.box.tobytes(), p.keypoints.tobytes(), p.scores.tobytes(), p.provenance.tobytes()
        )
        for p in frame.people
    }  # fmt: skip


def ids(path: Path) -> list[set[int]]:
    return [set(frame) for frame in content(path)]


@contextmanager
def viewed(path: Path, smoothing: Smoothing = Smoothing.OFF) -> Iterator[View]:
    with Recording.open(path) as recording:
        yield View(recording, smoothing)


def repaired(path: Path, *edits: Edit) -> None:
    with Repairing.open(path) as session:
        session.apply(*edits)


def test_a_swap_exchanges_two_people_from_its_frame_on(path: Path) -> None:
    before = content(path)
    repaired(path, Swap(1, 2, 20))
    after = content(path)
    assert after[:20] == before[:20]
    for i in range(20, FRAMES):
        assert after[i][1] == before[i][2]
        assert after[i][2] == before[i][1]


def test_a_swap_where_only_one_of_them_is_seen_hands_that_one_over(path: Path) -> None:
    repaired(path, Swap(1, 3, 20))
    assert ids(path)[19] == {1, 2}
    assert ids(path)[20] == {2, 3}


def test_a_merge_makes_two_people_one(path: Path) -> None:
    before = content(path)
    repaired(path, Merge(2, 3))
    after = content(path)
    assert after[3][2] == before[3][3]
    assert after[30][2] == before[30][2]
    assert all(3 not in frame for frame in after)


def test_a_split_makes_somebody_new_whose_id_nobody_had(path: Path) -> None:
    with Repairing.open(path) as session:
        session.apply(session.split(1, 12))
    assert ids(path)[11] == {1, 2}
    assert ids(path)[12] == {2, 4}


def test_merging_the_halves_of_a_split_gives_the_person_back(path: Path) -> None:
    before = content(path)
    repaired(path, Split(1, 12, 9), Merge(1, 9))
    assert content(path) == before


def test_a_person_is_deleted_in_some_frames_or_altogether(path: Path) -> None:
    repaired(path, Delete(1, 5, 8), Delete(2))
    shown = ids(path)
    assert [i for i, frame in enumerate(shown) if 1 not in frame] == [5, 6, 7, 8]
    assert all(2 not in frame for frame in shown)


def test_names_follow_the_ids_and_a_merge_takes_over_the_only_name(path: Path) -> None:
    repaired(path, Rename(3, " Anna "), Merge(2, 3))
    with viewed(path) as view:
        assert dict(view.names) == {2: "Anna"}
    repaired(path, Rename(2, ""))
    with viewed(path) as view:
        assert dict(view.names) == {}


def test_the_frames_of_each_shown_person_are_told(path: Path) -> None:
    repaired(path, Swap(1, 2, 20), Split(3, 6, 7))
    with viewed(path) as view:
        spans = {s.track_id: (s.first, s.last, s.frames) for s in view.spans}
    assert spans == {1: (0, 44, 45), 2: (10, 44, 35), 3: (0, 4, 5), 7: (6, 8, 3)}


NONSENSE: dict[str, tuple[Edit, str]] = {
    "an unknown id": (Swap(1, 99), "no person 99; this session has 1, 2, 3"),
    "a swap with oneself": (Swap(2, 2), "two different people"),
    "a swap after both have gone": (Swap(2, 3, 45), "up to 44"),
    "a merge with oneself": (Merge(1, 1), "two different people"),
    "a merge of people in one frame": (Merge(1, 2), "both there in frames 10 to 44 (35 in all)"),
    "a merge in one frame only": (Merge(1, 3), "both there in frames 0 to 8 (8 in all)"),
    "a split before the first frame": (Split(2, 10, 9), "one after 10, up to 44"),
    "a split after the last frame": (Split(3, 9, 9), "one after 0, up to 8"),
    "a split into somebody there": (Split(1, 12, 2), "the id 2 is taken; choose 4"),
    "a split into nobody": (Split(1, 12, 0), "the id 0 is taken; choose 4"),
    "a deletion where the person is not": (Delete(2, 0, 9), "never in frames 0 to 9"),
    "a deletion after the end": (Delete(2, 60), "never from frame 60 on"),
    "a deletion backwards": (Delete(1, 9, 5), "give the first, then the last"),
    "a name with a line break": (Rename(1, "a\nb"), "printable"),
    "a name that is too long": (Rename(1, "x" * 81), "up to 80"),
    "a name taken from nobody": (Rename(2, ""), "has no name already"),
    "an unlock of somebody free": (Lock(1, locked=False), "not locked"),
    "a keypoint of somebody not there": (Place(2, 3, "nose", 1, 1), "not seen in frame 3"),
    "a keypoint that is none": (Place(1, 3, "tail", 1, 1), "no keypoint 'tail'"),
    "a keypoint nowhere": (Place(1, 3, "nose", float("nan"), 1), "out of range"),
    "a keypoint blended for ever": (Place(1, 3, "nose", 1, 1, 11.0), "0 to 10 s"),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_nonsense_is_refused_with_a_sentence_and_changes_nothing(path: Path, case: str) -> None:
    edit, words = NONSENSE[case]
    before = content(path)
    with Repairing.open(path) as session:
        with pytest.raises(SettingsError) as refused:
            session.apply(Rename(1, "Bo"), edit)
        assert words in str(refused.value)
        assert session.history.edits == ()
    assert content(path) == before


def test_two_people_cannot_have_one_name(path: Path) -> None:
    with pytest.raises(SettingsError, match="person 1 is called Anna already"):
        repaired(path, Rename(1, "Anna"), Rename(2, "Anna"))


@pytest.mark.parametrize(
    "edit",
    [Swap(1, 2), Swap(2, 1), Merge(2, 3), Merge(3, 2), Split(2, 20, 9), Delete(2),
     Place(2, 20, "nose", 1, 1)],
)  # fmt: skip
def test_who_is_locked_is_not_changed_until_unlocked(path: Path, edit: Edit) -> None:
    repaired(path, Lock(2))
    with pytest.raises(SettingsError, match="person 2 is locked; unlock 2 first"):
        repaired(path, edit)
    repaired(path, Rename(2, "Bo"), Lock(2, locked=False), edit)


def test_a_keypoint_put_in_place_is_there_and_said_to_be_edited(path: Path) -> None:
    before = content(path)
    repaired(path, Place(2, 20, "left_wrist", 321.5, -3.25))
    with viewed(path) as view:
        pose = view.frame(20).people[1]
        assert pose.track_id == 2
        assert pose.keypoints[LEFT_WRIST].tolist() == [321.5, -3.25]
        assert pose.provenance[LEFT_WRIST] == Provenance.EDITED
        assert pose.scores[LEFT_WRIST] == 1
        others = np.delete(pose.keypoints, LEFT_WRIST, axis=0)
        assert others.tobytes() == np.delete(points(2, 20), LEFT_WRIST, axis=0).tobytes()
    after = content(path)
    assert after[:20] + after[21:] == before[:20] + before[21:]


def test_a_keypoint_stays_with_the_picture_when_ids_are_exchanged_later(path: Path) -> None:
    repaired(path, Place(2, 20, "nose", 5, 6), Swap(1, 2))
    with viewed(path) as view:
        assert view.frame(20).people[0].keypoints[0].tolist() == [5, 6]
        assert view.frame(20).people[1].keypoints[0].tolist() == points(1, 20)[0].tolist()


@pytest.mark.parametrize("smoothing", list(Smoothing))
def test_an_edited_keypoint_is_exactly_there_in_every_view(
    path: Path, smoothing: Smoothing
) -> None:
    repaired(path, Place(1, 20, "nose", 140, 70), Place(1, 24, "left_eye", 150, 71, 0.2))
    with viewed(path, smoothing) as view:
        track = view.track(1)
        for frame, keypoint, where in ((20, 0, [140, 70]), (24, 1, [150, 71])):
            row = int(np.flatnonzero(track.indices == frame)[0])
            assert track.keypoints[row, keypoint].tolist() == where
            assert track.provenance[row, keypoint] == Provenance.EDITED
            assert view.frame(frame).people[0].keypoints[keypoint].tolist() == where


def nose_moved(view: View) -> Float32:
    """Return (45, 2) how far person 1's nose is from where it was raw."""
    raw = np.array([points(1, i)[0] for i in range(FRAMES)])
    return np.asarray([view.frame(i).people[0].keypoints[0] for i in range(FRAMES)] - raw)


def above(frame: int, pixels: float) -> Place:
    """Return the keyframe that moves person 1's nose by `pixels` along y, blended over 0.2 s."""
    x, y = points(1, frame)[0].tolist()
    return Place(1, frame, "nose", x, y + pixels, 0.2)


def test_a_keyframe_fades_out_over_its_time_and_no_further(path: Path) -> None:
    repaired(path, above(20, 100))
    with viewed(path) as view:
        moved = np.array(
            [view.frame(i).people[0].keypoints[0] - points(1, i)[0] for i in range(45)]
        )
        made = view.track(1).provenance[:, 0]
    assert moved[20].tolist() == [0, 100]
    assert not moved[:15].any()
    assert not moved[26:].any()
    assert (np.diff(moved[14:21, 1]) >= 0).all()
    assert (np.diff(moved[20:27, 1]) <= 0).all()
    assert moved[17, 1] == pytest.approx(50, abs=0.5)
    assert (made[15:26] == Provenance.EDITED).sum() == 9 + 2 * int(moved[15, 1] != 0)


def test_frames_around_a_keyframe_are_as_sure_as_they_are_corrected(tmp_path: Path) -> None:
    unsure = person(1, 0).scores * np.float32(0.1)
    people: People = {i: (replace(person(1, i), scores=unsure),) for i in range(45)}
    path = write(tmp_path / "clip.sdpose", replace(fixture_a(), people=people))
    repaired(path, above(20, 100))
    with viewed(path) as view:
        sure = view.track(1).scores[:, 0]
    assert sure[20] == 1
    assert sure[17] == sure[23] == pytest.approx(0.5, abs=0.01)
    assert (np.diff(sure[14:21]) >= 0).all()
    assert (np.delete(sure, slice(15, 26)) == unsure[0]).all()


def test_between_near_keyframes_the_correction_passes_from_one_to_the_other(path: Path) -> None:
    repaired(path, above(20, 100), above(30, 50))
    with viewed(path) as view:
        moved = np.array(
            [view.frame(i).people[0].keypoints[0] - points(1, i)[0] for i in range(45)]
        )
    assert moved[20].tolist() == [0, 100]
    assert moved[30].tolist() == [0, 50]
    assert (np.diff(moved[20:31, 1]) <= 0).all()
    assert moved[25, 1] == pytest.approx(75, abs=0.5)


def test_a_keypoint_that_was_missing_is_put_there_and_its_neighbours_are_left_alone(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "clip.sdpose", fixture_a())
    repaired(path, Place(1, 20, "left_wrist", 7, 8, 0.2))
    with viewed(path) as view:
        track = view.track(1)
    assert track.keypoints[20, LEFT_WRIST].tolist() == [7, 8]
    assert track.keypoints[19, LEFT_WRIST].tolist() == points(1, 19)[LEFT_WRIST].tolist()
    assert np.isnan(track.keypoints[21, LEFT_WRIST]).all()


# -- the log -------------------------------------------------------------------------------------


def test_repairs_outlive_the_program_and_can_be_undone_later(path: Path) -> None:
    before = content(path)
    repaired(path, Swap(1, 2, 20), Rename(1, "Anna"), Delete(3))
    with Repairing.open(path) as session:
        assert session.undo(2) == (Rename(1, "Anna"), Delete(3))
    with Repairing.open(path) as session:
        assert session.history.done == 1
        assert session.redo() == (Rename(1, "Anna"),)
        assert session.repairs.names == {1: "Anna"}
        session.undo(2)
    assert content(path) == before


def test_a_new_repair_takes_the_place_of_those_that_were_undone(path: Path) -> None:
    repaired(path, Swap(1, 2, 20), Delete(3))
    with Repairing.open(path) as session:
        session.undo(2)
        session.apply(Rename(3, "Bo"))
        assert session.history.edits == (Rename(3, "Bo"),)
        with pytest.raises(SettingsError, match="has no repair to redo"):
            session.redo()


def test_more_than_there_is_cannot_be_undone(path: Path) -> None:
    repaired(path, Swap(1, 2))
    with Repairing.open(path) as session:
        with pytest.raises(SettingsError, match=r"has no repair to redo$"):
            session.redo(2)
        with pytest.raises(SettingsError, match="has 1 repair to undo, not 2"):
            session.undo(2)
        assert session.history.done == 1


def test_a_session_is_repaired_by_one_at_a_time_and_read_meanwhile(path: Path) -> None:
    with Repairing.open(path) as session:
        with pytest.raises(SessionError, match="being written"):
            Repairing.open(path)
        session.apply(Swap(1, 2))
        assert ids(path)[0] == {2, 3}
    with Repairing.open(path):
        pass


def test_a_run_that_may_go_on_keeps_ids_for_itself(path: Path) -> None:
    with SessionWriter.resume(path) as writer:
        writer._connection.execute("DELETE FROM meta WHERE key = 'complete'")
        writer._connection.commit()
    with Repairing.open(path) as session:
        assert session.split(1, 12).new_id == 1_000_001


def test_an_id_that_a_split_gave_and_that_was_undone_is_not_given_again(path: Path) -> None:
    with Repairing.open(path) as session:
        session.apply(session.split(1, 12))
        session.undo()
        assert session.split(1, 20).new_id == 5


def test_a_session_of_before_repairs_is_read_and_repaired(path: Path) -> None:
    with SessionWriter.resume(path) as writer:
        writer._connection.executescript("DROP TABLE edit; PRAGMA user_version = 1000")
    before = content(path)
    repaired(path, Swap(1, 2, 20))
    assert content(path) != before
    with Repairing.open(path) as session:
        session.undo()
    assert content(path) == before


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("swap", '{"first": 1, "second": 2}'),
        ("swap", '{"first": 1, "second": "2", "frame": 0}'),
        ("swap", '{"first": -1, "second": 2, "frame": 0}'),
        ("swap", "[]"),
        ("swap", "{"),
        ("dance", "{}"),
        ("place", '{"track_id":1,"frame":2,"keypoint":"nose","x":1e400,"y":1,"blend_s":0}'),
    ],
)
def test_damaged_repairs_are_a_sentence(path: Path, kind: str, value: str) -> None:
    repaired(path, Swap(1, 2))
    with SessionWriter.resume(path) as writer:
        writer._connection.execute("UPDATE edit SET kind = ?, value = ?", (kind, value))
        writer._connection.commit()
    with pytest.raises(SessionError, match="its repairs"):
        content(path)
    with pytest.raises(SessionError, match="its repairs"):
        Repairing.open(path)


def test_every_kind_of_edit_survives_being_stored() -> None:
    edits = (
        Swap(1, 2, 3), Merge(1, 2), Split(1, 2, 3), Delete(1, 2, 3), Rename(1, "Ä"),
        Lock(1, locked=False), Place(1, 2, "nose", 0.1, -2.0, 0.5),
    )  # fmt: skip
    assert {to_json(edit)[0] for edit in edits} == set(KINDS)
    assert tuple(from_json(*to_json(edit)) for edit in edits) == edits


def going_on(path: Path, first: int, people: tuple[int, ...]) -> None:
    """Let the run of the session at `path` go on for ten frames with `people`."""
    base = source_info().time_base
    with SessionWriter.resume(path) as writer:
        for i in range(first, first + 10):
            here = tuple(person(track_id, i) for track_id in people)
            poses = FramePoses(i, i, i * base, here)
            writer.append([FrameResult(poses, NO_DETECTIONS, np.empty(0, np.int32))])


def test_a_merge_that_a_later_run_contradicts_is_left_out_told_and_can_be_undone(
    tmp_path: Path,
) -> None:
    people: People = {i: (person(2 if i < 5 else 1, i),) for i in range(15)}
    path = write(tmp_path / "clip.sdpose", Script(source_info(), range(15), people))
    with SessionWriter.resume(path) as writer:
        writer._connection.execute("DELETE FROM meta WHERE key = 'complete'")
        writer._connection.commit()
    repaired(path, Merge(2, 1), Rename(2, "Anna"))
    assert ids(path) == [{2}] * 15
    going_on(path, 15, (1, 2))
    assert ids(path) == [{2}] * 5 + [{1}] * 10 + [{1, 2}] * 10
    with viewed(path) as view:
        ((number, why),) = view.repairs.misfits
        assert (number, dict(view.names)) == (1, {2: "Anna"})
        assert "both there in frames 15 to 24 (10 in all)" in why
    with Repairing.open(path) as session:
        session.undo(2)
        with pytest.raises(SettingsError, match="both there"):
            session.redo()
        assert session.history.done == 0
        assert session.repairs.misfits == ()


def test_a_failed_write_leaves_the_log_as_it_was(path: Path) -> None:
    repaired(path, Rename(1, "A"), Rename(2, "B"), Rename(3, "C"))
    with Repairing.open(path) as session:
        session.undo()
        run = session._log._connection
        run.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON edit BEGIN"
            " SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
        with pytest.raises(OutputError, match="free some space and try again"):
            session.apply(Swap(1, 2))
        run.execute("DROP TRIGGER full")
        assert session.redo() == (Rename(3, "C"),)
    with Repairing.open(path) as session:
        assert (len(session.history.edits), session.history.done) == (3, 3)


def test_a_file_that_is_no_session_is_refused_untouched(tmp_path: Path) -> None:
    other, empty = tmp_path / "other.sdpose", tmp_path / "empty.sdpose"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.commit()
    empty.touch()
    for path in (other, empty):
        before = path.read_bytes()
        with pytest.raises(SessionError):
            Repairing.open(path)
        assert path.read_bytes() == before
    with pytest.raises(SessionError, match="is a folder"):
        Repairing.open(tmp_path)


def test_a_person_of_many_pieces_is_read_once(path: Path) -> None:
    before = content(path)
    repaired(path, *(Swap(1, 2, frame) for frame in range(10, 40)))
    with Recording.open(path) as recording:
        asked: list[range] = []
        read = recording.track

        def counted(track_id: int, frames: range) -> TrackArrays:
            asked.append(frames)
            return read(track_id, frames)

        recording.track = counted  # type: ignore[method-assign, assignment]
        track = View(recording, Smoothing.OFF).track(1)
    assert sum(len(frames) for frames in asked) <= 45
    for i, row in zip(track.indices.tolist(), track.keypoints, strict=True):
        who = 1 if i < 10 or (min(i, 39) - 10) % 2 else 2
        assert row.tobytes() == before[i][who][1]


def test_a_view_of_a_run_that_goes_on_keeps_to_the_frames_it_began_with(tmp_path: Path) -> None:
    people: People = {i: (person(1, i),) for i in range(15)}
    path = write(tmp_path / "clip.sdpose", Script(source_info(), range(15), people))
    with Recording.open(path) as recording:
        view = View(recording)
        going_on(path, 15, (1, 2))
        assert len(list(view.frames())) == 15
        assert len(view.track(1)) == 15
        for beyond in (20, 600):
            with pytest.raises(SessionError, match=f"holds no frame {beyond}"):
                view.frame(beyond)


NAMES = {
    "Zoë": True,
    "می\u200cخواهم": True,
    "👩\u200d🚀": True,
    "a\u2028b": False,
    "a\u202eb": False,
}


@pytest.mark.parametrize("name", NAMES)
def test_names_are_in_any_script_but_break_no_line_and_turn_no_writing(
    path: Path, name: str
) -> None:
    if NAMES[name]:
        repaired(path, Rename(1, name))
    else:
        with pytest.raises(SettingsError, match="is no name"):
            repaired(path, Rename(1, name))


# -- by chance -----------------------------------------------------------------------------------

_ids, _frames = st.integers(0, 12), st.integers(0, FRAMES)
_edits = st.one_of(
    st.builds(Swap, _ids, _ids, _frames),
    st.builds(Merge, _ids, _ids),
    st.builds(Split, _ids, _frames, _ids),
    st.builds(Delete, _ids, _frames, _frames),
    st.builds(Rename, _ids, st.sampled_from(["Anna", "Bo", ""])),
    st.builds(Lock, _ids, st.booleans()),
    st.builds(
        Place, _ids, _frames, st.sampled_from(COCO17.keypoints), st.floats(0, 640),
        st.floats(0, 480), st.sampled_from([0.0, 0.3, 2.0]),
    ),
)  # fmt: skip
_steps = st.lists(st.one_of(_edits, st.sampled_from(["undo", "redo"])), max_size=30)


@given(steps=_steps)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_done_undoing_all_gives_the_raw_view_back(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    path = write(tmp_path_factory.mktemp("repairs") / "clip.sdpose", three_people())
    raw = content(path)
    seen = {0: raw}
    with Repairing.open(path) as session:
        for step in steps:
            try:
                if step == "undo":
                    session.undo()
                elif step == "redo":
                    session.redo()
                else:
                    session.apply(step)
                    seen = {n: c for n, c in seen.items() if n < session.history.done}
            except SdposeError:
                continue
            now = content(path)
            assert now == seen.setdefault(session.history.done, now)
            _sound(session, now, raw)
        end = session.history.done
        if end:
            session.undo(end)
        assert content(path) == raw
        if end:
            session.redo(end)
        assert content(path) == seen[end]


def _sound(session: Repairing, now: Content, raw: Content) -> None:
    """Check that nobody is shown twice, and that boxes are those of the raw frame."""
    for frame, before in zip(now, raw, strict=True):
        boxes = [box for box, *_ in frame.values()]
        assert len(set(boxes)) == len(boxes)
        assert set(boxes) <= {box for box, *_ in before.values()}
    shown = {i for frame in now for i in frame}
    assert shown == set(session.repairs.people(session.facts))
    for i in shown:
        frames = session.repairs.presence(i, session.facts).tolist()
        assert frames == [n for n, frame in enumerate(now) if i in frame]


@given(
    st.lists(
        st.tuples(st.dictionaries(st.integers(1, 5), st.integers(0, 5)), _frames, _frames),
        max_size=8,
    )
)
@settings(deadline=None)
def test_identities_are_what_changing_frame_by_frame_would_give(
    changes: list[tuple[dict[int, int], int, int]],
) -> None:
    identities = Identities()
    table = np.tile(np.arange(6)[:, None], (1, FRAMES + 2))
    for names, first, last in changes:
        identities = identities.renamed(names, first, last)
        part = table[1:, first : last + 1]
        part[...] = np.vectorize(lambda i, names=names: names.get(i, i), otypes=[int])(part)
    for tracked in range(1, 6):
        for frame in range(FRAMES + 2):
            here = [who for a, b, who in identities.stretches(tracked) if a <= frame <= b]
            assert here == [table[tracked, frame]]
    for shown in range(1, 6):
        found = {
            (tracked, frame)
            for tracked, first, last in identities.pieces(shown)
            for frame in range(first, min(last, FRAMES + 1) + 1)
        }
        assert found == {(int(t), int(f)) for t, f in np.argwhere(table == shown) if t}


def test_a_repair_that_comes_while_repairs_are_read_is_read_whole_or_not(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.sdpose", fixture_a())
    with Repairing.open(path) as session, Recording.open(path) as recording:
        session.apply(Rename(1, "Ann"))

        def repair() -> None:
            session.apply(Rename(1, f"Ann {len(session.history.edits)}"))

        connection = recording._connection  # tells when it is about to read
        connection.set_trace_callback(lambda _query: repair())
        history = recording.history()
        connection.set_trace_callback(None)
    assert history.done == len(history.edits) > 1
