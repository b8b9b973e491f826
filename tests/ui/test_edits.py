from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from documents import opened
from pytestqt.qtbot import QtBot
from sessions import fixture_a, points, write

from sdpose_track.repair.edits import Delete, Lock, Merge, Rename, Split, Swap
from sdpose_track.session.edit_log import EditLog
from sdpose_track.session.history import History
from sdpose_track.session.recording import Recording
from sdpose_track.session.repairing import Repairing
from sdpose_track.session.view import View
from sdpose_track.smooth.choices import Smoothing
from ui.document.document import Document
from ui.document.reading import Kind


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Person 1 is in frames 0 to 44, person 2 in frames 10 to 44; there is no video."""
    return write(tmp_path / "two.sdpose", fixture_a())


@pytest.fixture
def document(qtbot: QtBot, session: Path) -> Iterator[Document]:
    with opened(qtbot, session) as document:
        yield document


def log_of(path: Path) -> History:
    with Recording.open(path) as recording:
        return recording.history()


def stored_x(path: Path, frame: int) -> dict[int, float]:
    """Return where the nose of everybody in a frame of the file is."""
    with Recording.open(path) as recording:
        people = View(recording, Smoothing.OFF).frame(frame).people
        return {p.track_id: float(p.keypoints[0, 0]) for p in people}


def shown_x(document: Document, frame: int) -> dict[int, float]:
    people = document.poses.at(frame, Kind.RAW) or ()
    return {p.track_id: float(p.keypoints[0, 0]) for p in people}


def is_at(session: Path, document: Document, expected: dict[int, float]) -> bool:
    return stored_x(session, 30) == expected == shown_x(document, 30)


def refusals(document: Document) -> list[str]:
    told: list[str] = []
    document.refused.connect(told.append)
    return told


def texts(document: Document) -> list[str]:
    return [document.edits.stack.text(i) for i in range(document.edits.stack.count())]


def test_a_swap_undone_and_done_again_changes_the_file_and_what_is_shown(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    plain = {i: float(points(i, 30)[0, 0]) for i in (1, 2)}
    swapped = {1: plain[2], 2: plain[1]}
    edits = document.edits
    steps: list[tuple[Callable[[], None], dict[int, float]]] = [
        (lambda: edits.apply(Swap(1, 2, 20)), swapped),
        (edits.undo, plain),
        (edits.redo, swapped),
        (edits.stack.undo, plain),
        (edits.stack.redo, swapped),
    ]
    for act, expected in steps:
        act()
        qtbot.waitUntil(partial(is_at, session, document, expected))
        assert stored_x(session, 15) == {i: float(points(i, 15)[0, 0]) for i in (1, 2)}
    assert edits.stack.undoText() == "persons 1 and 2 exchange ids from frame 20 on"


def test_a_merge_of_people_who_are_together_is_refused_in_the_words_of_the_session(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    told = refusals(document)
    document.edits.apply(Merge(1, 2))
    qtbot.waitUntil(lambda: bool(told))
    assert told == [
        "person 1 and person 2 are both there in frames 10 to 44 (35 in all), so they cannot be"
        " one; split or delete one of them there first"
    ]
    assert document.edits.stack.count() == 0
    assert log_of(session) == History((), 0)


def test_edits_of_one_call_are_undone_as_one_and_all_refused_where_one_is(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    told, edits = refusals(document), document.edits
    edits.apply(Rename(1, "Анна"), Lock(1))
    qtbot.waitUntil(lambda: edits.stack.count() == 1)
    assert texts(document) == ["person 1 is called Анна, and 1 more"]
    qtbot.waitUntil(lambda: document.people.rows[0].is_locked)
    edits.apply(Rename(2, "Bo"), Delete(1))
    qtbot.waitUntil(lambda: bool(told))
    assert told == ["person 1 (Анна) is locked; unlock 1 first"]
    edits.undo()
    qtbot.waitUntil(lambda: log_of(session).done == 0)
    qtbot.waitUntil(lambda: document.people.rows[0].name is None)
    assert not document.people.rows[0].is_locked


def test_what_was_repaired_yesterday_is_undone_today(qtbot: QtBot, session: Path) -> None:
    with Repairing.open(session) as yesterday:
        yesterday.apply(Swap(1, 2, 20))
        yesterday.apply(Rename(1, "Anna"))
        yesterday.apply(Lock(2))
        yesterday.undo()
    with opened(qtbot, session) as document:
        stack = document.edits.stack
        assert (stack.count(), stack.index()) == (3, 2)
        assert texts(document)[1:] == ["person 1 is called Anna", "person 2 is locked"]
        document.edits.undo()
        document.edits.undo()
        qtbot.waitUntil(lambda: log_of(session).done == 0)
        qtbot.waitUntil(lambda: document.people.rows[0].name is None)
        for _ in range(3):
            document.edits.redo()
        qtbot.waitUntil(lambda: log_of(session).done == 3)
        qtbot.waitUntil(lambda: document.people.rows[1].is_locked)


def test_a_split_gives_a_new_person_whose_id_nobody_had(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    document.edits.split(1, 20)
    qtbot.waitUntil(lambda: [p.track_id for p in document.people.rows] == [1, 2, 3])
    assert log_of(session).held == (Split(1, 20, 3),)


def test_fast_presses_keep_their_order_even_before_a_repair_is_done(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    edits = document.edits
    edits.apply(Rename(1, "A"))
    edits.apply(Rename(1, "B"))
    edits.undo()
    edits.undo()
    edits.redo()
    edits.apply(Rename(2, "C"))
    edits.undo()
    edits.undo()
    edits.undo()  # there is nothing more to undo
    edits.redo()
    qtbot.waitUntil(lambda: edits.stack.count() == 2)
    assert log_of(session) == History((Rename(1, "A"), Rename(2, "C")), 1)
    assert texts(document) == ["person 1 is called A", "person 2 is called C"]
    assert edits.stack.index() == 1


def test_presses_faster_than_the_disk_move_the_stack_at_once(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    edits = document.edits
    for name in "ABCDE":
        edits.apply(Rename(1, name))
    qtbot.waitUntil(lambda: edits.stack.count() == 5)
    for _ in range(4):
        edits.stack.undo()
    edits.stack.redo()
    assert edits.stack.index() == 2
    qtbot.waitUntil(lambda: log_of(session).done == 2)
    qtbot.waitUntil(lambda: document.people.rows[0].name == "B")
    assert edits.stack.index() == 2


def test_undoing_what_is_refused_does_not_undo_what_was_before_it(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    told, edits = refusals(document), document.edits
    edits.apply(Rename(1, "Anna"))
    qtbot.waitUntil(lambda: edits.stack.count() == 1)
    edits.apply(Merge(1, 2))
    edits.undo()
    edits.apply(Lock(2))
    qtbot.waitUntil(lambda: edits.stack.count() == 2)
    assert len(told) == 1
    assert log_of(session) == History((Rename(1, "Anna"), Lock(2)), 2)


def test_what_another_program_repairs_meanwhile_is_told_and_shown(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    told = refusals(document)
    with Repairing.open(session) as other:
        other.apply(Rename(2, "Bo"))
    document.edits.apply(Swap(1, 2))
    qtbot.waitUntil(lambda: document.people.rows[1].name == "Bo")
    assert len(told) == 1
    assert "was repaired by another program meanwhile" in told[0]
    assert texts(document) == ["person 2 is called Bo"]
    document.edits.undo()
    qtbot.waitUntil(lambda: log_of(session).done == 0)


def test_a_session_that_another_program_holds_is_told_and_repaired_afterwards(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    told = refusals(document)
    with EditLog.open(session):
        document.edits.apply(Lock(1))
        qtbot.waitUntil(lambda: bool(told))
    assert told == [
        f"{session} is being written by another run; wait until it is done, or close the window"
        " that repairs it"
    ]
    document.edits.apply(Lock(1))
    qtbot.waitUntil(lambda: document.people.rows[0].is_locked)


def test_who_only_looks_keeps_nobody_from_the_file_and_who_repaired_lets_go_when_leaving(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    with EditLog.open(session):
        pass
    document.edits.apply(Lock(1))
    qtbot.waitUntil(lambda: document.people.rows[0].is_locked)
    with qtbot.waitCallback() as released:
        document.edits.release(released)
    with EditLog.open(session) as log:
        assert log.history.done == 1
    document.edits.apply(Lock(1, locked=False))
    document.leave()
    assert document.edits.stack.count() == 0
    document.close()
    with EditLog.open(session) as log:
        assert log.history.done == 2


def test_closing_in_the_middle_of_repairs_stores_them_and_lets_go_of_the_file(
    qtbot: QtBot, session: Path
) -> None:
    with opened(qtbot, session) as document:
        for number in range(20):
            document.edits.apply(Rename(1, f"name {number}"))
        document.edits.undo()
    with EditLog.open(session) as log:
        assert log.history.done == 19
        assert log.history.edits[-1] == Rename(1, "name 19")


def test_while_a_run_writes_nothing_is_repaired_and_the_stack_stays_true(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    told, edits = refusals(document), document.edits
    edits.apply(Lock(1))
    qtbot.waitUntil(lambda: edits.stack.count() == 1)
    could = edits.can_undo
    with qtbot.waitSignal(edits.can_changed):
        edits.why_not = "a run is writing the session; wait until it is done"
    assert (could, edits.can_undo) == (True, False)
    edits.apply(Rename(1, "Anna"))
    edits.split(1, 20)
    edits.undo()
    edits.stack.undo()
    assert told == ["a run is writing the session; wait until it is done"] * 4
    qtbot.waitUntil(lambda: edits.stack.index() == 1)
    with EditLog.open(session) as log:
        assert log.history == History((Lock(1),), 1)
    edits.why_not = None
    edits.undo()
    qtbot.waitUntil(lambda: log_of(session).done == 0)


def test_a_preview_says_what_would_be_refused_and_locks_nothing(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    with qtbot.waitCallback() as told, EditLog.open(session):
        document.edits.preview(Swap(1, 9), told)
    assert told.args == ["there is no person 9; this session has 1, 2"]
    document.edits.apply(Lock(1))
    with qtbot.waitCallback() as told:
        document.edits.preview(Swap(1, 2), told)
    assert told.args == ["person 1 is locked; unlock 1 first"]
    with qtbot.waitCallback() as told:
        document.edits.preview(Rename(1, "Anna"), told)
    assert told.args == [None]


def test_without_a_session_a_repair_is_refused(qtbot: QtBot, uneven_clip: Path) -> None:
    with opened(qtbot, uneven_clip) as document:
        told = refusals(document)
        document.edits.apply(Lock(1))
        assert told == ["there is no session to repair; run the tracking first"]
        assert not document.edits.can_undo


def test_poses_that_are_drawn_are_those_of_the_log(
    qtbot: QtBot, document: Document, session: Path
) -> None:
    document.edits.apply(Delete(2, 20, 30))
    qtbot.waitUntil(lambda: list(shown_x(document, 25)) == [1])
    assert np.isclose(shown_x(document, 25)[1], stored_x(session, 25)[1])
    assert list(shown_x(document, 31)) == [1, 2]
