from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from documents import opened
from hands import click, double_click, press
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QFontMetricsF
from PyQt6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot
from sessions import LEFT_WRIST, People, Script, fixture_c, person, source_info, write

from sdpose_track.records import Pose
from sdpose_track.repair.edits import Delete, Merge, Split, Swap
from sdpose_track.repair.wording import in_words
from sdpose_track.session.recording import Recording
from ui.document.document import Document
from ui.people.doubt_card import lines_of
from ui.people.doubts import SEEN, TITLES, DoubtsModel, Order, badness, sentence
from ui.people.doubts_panel import DoubtsPanel
from ui.people.suggestion import suggested

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen


def shaken(pose: Pose) -> Pose:
    """Return `pose` with the left wrist far off."""
    points = pose.keypoints.copy()
    points[LEFT_WRIST] += 150
    return replace(pose, keypoints=points)


def doubtful() -> Script:
    """Who is 1 up to frame 20 is 2 from frame 30 on; the wrist of 3 jumps in frames 10 and 40."""
    people: People = {}
    for i in range(60):
        third = person(3, i)
        first = (person(1, i),) if i <= 20 else ()
        second = (replace(person(1, i), track_id=2),) if i >= 30 else ()
        people[i] = (*first, *second, shaken(third) if i in (10, 40) else third)
    return Script(source_info(count=60), range(60), people)


@pytest.fixture
def document(qtbot: QtBot, tmp_path: Path) -> Iterator[Document]:
    with opened(qtbot, write(tmp_path / "a.sdpose", doubtful())) as document:
        yield document


@pytest.fixture
def panel(qtbot: QtBot, document: Document) -> DoubtsPanel:
    panel = DoubtsPanel(document)
    qtbot.addWidget(panel)
    panel.resize(320, 480)
    with qtbot.waitExposed(panel):
        panel.show()
    qtbot.waitUntil(lambda: document.review.doubts is not None)
    return panel


def reasons(panel: DoubtsPanel) -> list[str]:
    return [panel.model.doubt(row).reason for row in range(panel.model.rowCount())]


def row_of(panel: DoubtsPanel, reason: str) -> int:
    return reasons(panel).index(reason)


def middle_of(panel: DoubtsPanel, row: int) -> QPoint:
    return panel.list.visualRect(panel.model.index(row)).center()


def test_the_list_tells_what_the_session_doubts_in_the_order_of_frames(
    panel: DoubtsPanel, document: Document
) -> None:
    doubts = document.review.doubts
    assert doubts
    rows = [panel.model.doubt(row) for row in range(panel.model.rowCount())]
    assert tuple(rows) == doubts
    assert {"switch", "speed"} <= set(reasons(panel))
    text = panel.model.index(row_of(panel, "switch")).data()
    assert text.startswith("Person 1 ends and person 2 begins")
    assert panel.count.text() == f"{len(doubts)} places to look at, 0 seen"


def test_a_click_shows_the_frame_and_chooses_the_people(
    panel: DoubtsPanel, document: Document
) -> None:
    row = row_of(panel, "switch")
    document.player.seek(55)
    click(panel.list.viewport(), middle_of(panel, row))
    assert document.player.frame == panel.model.doubt(row).frame
    assert document.people.chosen == (1, 2)
    document.player.seek(55)
    double_click(panel.list.viewport(), middle_of(panel, row))
    assert document.player.frame == panel.model.doubt(row).frame
    document.player.seek(55)
    press(panel.list, Qt.Key.Key_Return)
    assert document.player.frame == panel.model.doubt(row).frame


def test_the_next_one_is_that_of_the_list_and_the_first_one_that_from_where_we_are(
    panel: DoubtsPanel, document: Document
) -> None:
    frames = [panel.model.doubt(row).frame for row in range(panel.model.rowCount())]
    document.player.seek(frames[1] - 1)
    visited = []
    for _ in range(len(frames)):
        panel.next_doubt()
        visited.append(document.player.frame)
    assert visited == [*frames[1:], frames[-1]]
    panel.previous_doubt()
    assert document.player.frame == frames[-2]


def test_the_worst_come_first_if_wanted(panel: DoubtsPanel) -> None:
    panel.sort(Order.SEVERITY)
    severities = [panel.model.doubt(row).severity for row in range(panel.model.rowCount())]
    assert severities == sorted(severities, reverse=True)
    panel.sort(Order.TIME)
    frames = [panel.model.doubt(row).frame for row in range(panel.model.rowCount())]
    assert frames == sorted(frames)


def test_one_reason_is_listed_alone_and_the_choice_tells_how_many_there_are(
    panel: DoubtsPanel,
) -> None:
    everything = reasons(panel)
    panel.filter("speed")
    assert set(reasons(panel)) == {"speed"}
    assert panel.reason.currentText() == f"Jump ({everything.count('speed')})"
    panel.filter(None)
    assert reasons(panel) == everything


def test_a_suggestion_is_applied_by_its_button_and_the_list_is_made_anew(
    qtbot: QtBot, panel: DoubtsPanel, document: Document
) -> None:
    click(panel.list.viewport(), middle_of(panel, row_of(panel, "switch")))
    assert panel.apply_button.text() == "Apply: merge 1 2"
    assert panel.apply_button.toolTip() == "Then person 2 becomes person 1. It can be undone"
    frame = document.player.frame
    click(panel.apply_button)
    qtbot.waitUntil(lambda: [p.track_id for p in document.people.rows] == [1, 3])
    qtbot.waitUntil(lambda: bool(document.review.doubts) and "switch" not in reasons(panel))
    assert document.facts is not None
    with Recording.open(document.facts.path) as recording:
        assert recording.history().held == (Merge(1, 2),)
    assert document.player.frame == frame  # a new list is no reason to jump
    document.edits.undo()
    qtbot.waitUntil(lambda: bool(document.review.doubts) and "switch" in reasons(panel))


def test_what_depends_on_what_is_seen_offers_nothing_to_apply(
    panel: DoubtsPanel, document: Document
) -> None:
    assert not panel.apply_button.isEnabled()
    click(panel.list.viewport(), middle_of(panel, row_of(panel, "speed")))
    assert document.people.chosen == (3,)
    assert not panel.apply_button.isEnabled()
    click(panel.list.viewport(), middle_of(panel, row_of(panel, "switch")))
    assert panel.apply_button.isEnabled()
    document.edits.why_not = "a run is writing the session"
    assert not panel.apply_button.isEnabled()


def test_what_was_seen_stays_seen_when_the_list_is_made_anew(
    qtbot: QtBot, panel: DoubtsPanel, document: Document
) -> None:
    row = row_of(panel, "speed")
    click(panel.list.viewport(), middle_of(panel, row))
    click(panel.seen_button)
    seen = panel.model.doubt(row)
    assert panel.model.index(row).data(SEEN)
    assert panel.model.index(row).data(Qt.ItemDataRole.AccessibleTextRole).endswith(", seen")
    assert panel.count.text().endswith(", 1 seen")
    document.edits.apply(Merge(1, 2))
    qtbot.waitUntil(lambda: "switch" not in reasons(panel) and bool(reasons(panel)))
    again = panel.model.row_of(seen)
    assert again is not None
    assert panel.model.is_seen(again)
    assert panel.seen_button.isChecked()
    click(panel.seen_button)
    assert not panel.model.is_seen(again)


def test_while_doubts_are_looked_for_and_where_there_are_none_the_panel_says_so(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(qtbot, write(tmp_path / "nobody.sdpose", fixture_c())) as document:
        panel = DoubtsPanel(document)
        qtbot.addWidget(panel)
        qtbot.waitUntil(lambda: document.review.doubts == ())
        assert panel.said.text() == "Nothing doubtful"
        said: list[str] = []
        document.review.doubts_changed.connect(lambda: said.append(panel.said.text()))
        document.refresh()
        qtbot.waitUntil(lambda: len(said) == 2)
        assert said == ["Looking for doubts…", "Nothing doubtful"]
        assert not panel.apply_button.isEnabled()
        panel.next_doubt()
        document.leave()
        assert panel.said.text() == "What is worth a look is listed here once there are poses."


def test_the_model_is_sound(document: Document, qtbot: QtBot, qtmodeltester: ModelTester) -> None:
    model = DoubtsModel()
    qtbot.waitUntil(lambda: bool(document.review.doubts))
    qtmodeltester.check(model, force_py=True)  # type: ignore[no-untyped-call]
    model.show(document.review.doubts or ())
    model.mark(0, seen=True)
    model.arrange(Order.SEVERITY, "speed")
    model.show(())


def test_every_doubt_has_a_title_a_sentence_and_a_bar(document: Document, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: bool(document.review.doubts))
    for doubt in document.review.doubts or ():
        assert TITLES[doubt.reason]
        assert sentence(doubt)[0].isupper()
        assert " s " not in sentence(doubt)[:12]
        assert 0 <= badness(doubt) <= 1


@pytest.mark.parametrize(
    ("words", "edit"),
    [
        ("swap 1 2 120", Swap(1, 2, 120)),
        ("merge 1 4", Merge(1, 4)),
        ("delete 5", Delete(5)),
        ("delete 5 200 260", Delete(5, 200, 260)),
    ],
)
def test_suggestions_become_the_repairs_that_the_command_line_makes(
    words: str, edit: Swap | Merge | Delete
) -> None:
    suggestion = suggested(words)
    assert suggestion is not None
    assert suggestion.says == in_words(edit)


def test_a_suggested_split_is_made_with_a_new_id(qtbot: QtBot, document: Document) -> None:
    suggestion = suggested("split 3 25")
    assert suggestion is not None
    suggestion.apply(document.edits)
    qtbot.waitUntil(lambda: [p.track_id for p in document.people.rows] == [1, 2, 3, 4])
    assert document.facts is not None
    assert document.facts.history.held == (Split(3, 25, 4),)


def test_no_words_suggest_nothing() -> None:
    assert suggested("") is None
    assert suggested("place 2 88 left_wrist 310 202.5") is None


def test_a_sentence_is_not_broken_within_a_word_though_a_name_has_a_rare_sign(
    qapp: QApplication,
) -> None:
    text = "Person 2 ends and person 3 (Ann 🕺) begins 2.80 s later nearby: probably the same"
    lines = lines_of(text, qapp.font(), 40.0 * QFontMetricsF(qapp.font()).averageCharWidth())
    assert len(lines) > 1
    assert " ".join(lines) == text
