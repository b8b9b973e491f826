"""The export dialog on a real session: what it offers, refuses, promises and writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot
from sessions import fixture_a, write
from threads import engine_threads

from sdpose_track.export.table import FORMATS, GROUPS
from sdpose_track.smooth.choices import Smoothing
from ui.dialogs.export import ExportDialog
from ui.document.document import Document
from ui.jobs.exporting import ExportJob
from ui.jobs.job import State
from ui.preferences import Preferences

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the offscreen screen has none
LIMIT_MS = 60_000
Make = Callable[..., ExportDialog]


@pytest.fixture
def document(qtbot: QtBot, tmp_path: Path) -> Iterator[Document]:
    document = Document()
    with qtbot.waitSignal(document.video_missing, timeout=LIMIT_MS):
        document.open(write(tmp_path / "clip.sdpose", fixture_a()))
    yield document
    document.close()


@pytest.fixture
def ask(qtbot: QtBot, document: Document) -> Iterator[Make]:
    made: list[ExportDialog] = []

    def make(preferences: Preferences | None = None) -> ExportDialog:
        dialog = ExportDialog(document, preferences)
        made.append(dialog)
        qtbot.addWidget(dialog)
        dialog.show()
        return dialog

    yield make
    for dialog in made:
        dialog.done(0)


def planned(qtbot: QtBot, dialog: ExportDialog, count: int) -> list[str]:
    """Wait until `count` files are listed, and return their names."""
    files = dialog.plan.files
    qtbot.waitUntil(lambda: files.count() == count, timeout=LIMIT_MS)
    return [Path(listed(dialog)[i]).name for i in range(count)]


def listed(dialog: ExportDialog) -> list[str]:
    files = dialog.plan.files
    return [item.text() for i in range(files.count()) if (item := files.item(i)) is not None]


def export(qtbot: QtBot, dialog: ExportDialog) -> list[Path]:
    with qtbot.waitSignal(dialog.written, timeout=LIMIT_MS) as heard:
        dialog.export_button.click()
    return list(heard.args[0])


def test_every_format_is_offered_once_in_its_group_with_what_it_is_for(ask: Make) -> None:
    tree = ask().formats.tree
    shown: dict[str, dict[str, str]] = {}
    for place in range(tree.topLevelItemCount()):
        group = tree.topLevelItem(place)
        assert group is not None
        children = [group.child(row) for row in range(group.childCount())]
        shown[group.text(0)] = {c.text(0): c.text(1) for c in children if c is not None}
    assert list(shown) == list(GROUPS)
    assert {name for group in shown.values() for name in group} == set(FORMATS)
    for group_name, formats in GROUPS.items():
        for entry in formats:
            assert shown[group_name][entry.name].startswith(entry.summary)


def test_the_search_hides_what_has_not_every_word(ask: Make) -> None:
    formats = ask().formats
    formats.search.setText("blender point")

    def visible() -> set[str]:
        return {item.text(0) for item in formats.items() if not item.isHidden()}

    assert visible() == {"glb"}
    formats.search.setText("MEASURING")
    assert visible() == {entry.name for entry in GROUPS["Measuring"]}
    formats.search.clear()
    assert visible() == set(FORMATS)


def test_two_formats_of_one_person_and_the_marked_range_are_promised_and_written(
    qtbot: QtBot, ask: Make, document: Document, tmp_path: Path
) -> None:
    document.player.set_in(15)
    document.player.set_out(29)
    dialog = ask()
    assert dialog.form.range.choice.currentIndex() == dialog.form.range.MARKED
    dialog.form.folder.line.setText(str(tmp_path / "out"))
    dialog.formats.tick(["csv", "openpose"])
    dialog.form.people.choice.setCurrentIndex(1)
    second = dialog.form.people.list.item(1)
    assert second is not None
    second.setCheckState(Qt.CheckState.Unchecked)

    promised = planned(qtbot, dialog, 2)
    assert promised == ["clip_smooth_p1_f15-29_json", "clip_smooth_p1_f15-29.csv"]
    paths = export(qtbot, dialog)

    assert [path.name for path in paths] == promised
    assert all(path.exists() for path in paths)
    assert len(list(paths[0].iterdir())) == 15
    assert dialog.plan.title.text() == "2 exports written"
    assert listed(dialog) == [str(path) for path in paths]
    assert not dialog.plan.folder_button.isHidden()
    assert dialog.export_button.isEnabled()


def test_each_person_is_promised_their_own_files(qtbot: QtBot, ask: Make) -> None:
    dialog = ask()
    dialog.formats.tick(["csv"])
    dialog.form.each.setChecked(True)
    dialog.form.smooth.setCurrentIndex(dialog.form.smooth.findData(Smoothing.OFF))
    assert planned(qtbot, dialog, 2) == ["clip_raw_p1.csv", "clip_raw_p2.csv"]


def test_what_is_there_already_is_warned_of(qtbot: QtBot, ask: Make, tmp_path: Path) -> None:
    (tmp_path / "clip_smooth.csv").write_text("mine")
    dialog = ask()
    dialog.formats.tick(["csv"])
    planned(qtbot, dialog, 1)
    assert "will be replaced" in dialog.plan.warning.sentence
    assert listed(dialog)[0].endswith("(replaced)")
    dialog.form.folder.line.setText(str(tmp_path / "elsewhere"))
    qtbot.waitUntil(lambda: dialog.plan.warning.isHidden() and planned(qtbot, dialog, 1) != [])
    assert (tmp_path / "clip_smooth.csv").read_text() == "mine"


def test_choices_of_the_formats_become_controls_and_options(ask: Make) -> None:
    dialog = ask()
    assert not dialog.form.choices.controls
    dialog.formats.tick(["openpose", "video"])
    controls = dialog.form.choices.controls
    assert {"layout", "threshold", "between", "skeleton", "trails", "codec"} <= set(controls)
    layout, boxes, threshold = (controls[n] for n in ("layout", "boxes", "threshold"))
    assert isinstance(layout, QComboBox)
    assert isinstance(boxes, QCheckBox)
    assert isinstance(threshold, QLineEdit)
    assert dialog.form.choices.wishes == {}
    layout.setCurrentIndex(layout.findData("body_25"))
    boxes.toggle()
    threshold.setText("0.5")

    options = dialog.wish().options

    assert options.layout == "body_25"
    assert options.style.boxes is boxes.isChecked()
    assert options.threshold == options.style.threshold == 0.5
    dialog.formats.tick(["csv"])
    assert dialog.wish().options.layout is None, "no chosen format looks at it any more"


def test_a_wrong_value_is_refused_at_its_control(qtbot: QtBot, ask: Make) -> None:
    dialog = ask()
    dialog.formats.tick(["openpose"])
    line = dialog.form.choices.controls["threshold"]
    assert isinstance(line, QLineEdit)
    line.setText("7")
    assert not dialog.export_button.isEnabled()
    assert dialog.form.choices.rows.complaints == ["Threshold: expected a confidence from 0 to 1"]
    line.clear()
    assert dialog.export_button.isEnabled()

    dialog.form.rate.choose("fast")
    assert not dialog.export_button.isEnabled()
    assert dialog.form.complaints == [
        "Rate fast: expected frames per second such as 24, 29.97 or 30000/1001"
    ]
    dialog.form.rate.choose("29.97")
    assert str(dialog.wish().options.rate) == "30000/1001"
    dialog.form.rate.choose("24000/1001")
    assert str(dialog.wish().options.rate) == "24000/1001"
    dialog.form.rate.choose("")
    assert dialog.wish().options.rate is None


def test_without_a_format_nothing_can_be_exported(ask: Make) -> None:
    dialog = ask()
    assert not dialog.export_button.isEnabled()
    assert dialog.plan.title.text() == "Tick at least one format."


def test_a_cancel_keeps_what_is_whole_and_the_dialog_goes_on(
    qtbot: QtBot, ask: Make, tmp_path: Path
) -> None:
    dialog = ask()
    dialog.form.folder.line.setText(str(tmp_path / "out"))
    dialog.formats.tick(["control-mp4", "openpose", "csv", "npz"])
    heard: list[list[Path]] = []
    dialog.written.connect(heard.append)
    dialog.export_button.click()
    job = dialog.job
    assert job is not None
    job.written.connect(lambda _path: dialog.cancel_button.click())
    qtbot.waitUntil(lambda: bool(heard), timeout=LIMIT_MS)

    assert 1 <= len(heard[0]) < 4
    left = {p for p in (tmp_path / "out").iterdir() if not p.name.endswith(".meta.json")}
    assert left == set(heard[0])
    assert dialog.plan.title.text().startswith("Cancelled")
    assert dialog.export_button.isVisible()
    assert dialog.export_button.isEnabled()


def test_a_failure_is_told_in_the_dialog(qtbot: QtBot, ask: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    dialog = ask()
    dialog.form.folder.line.setText(str(tmp_path / "file"))
    dialog.formats.tick(["csv"])
    assert export(qtbot, dialog) == []
    assert str(tmp_path / "file") in dialog.notice.sentence


def test_a_folder_with_too_long_a_name_is_refused_before_anything_is_written(
    qtbot: QtBot, ask: Make
) -> None:
    dialog = ask()
    dialog.formats.tick(["csv"])
    dialog.form.folder.line.setText("a" * 300)
    qtbot.waitUntil(lambda: "too long" in dialog.notice.sentence)


def test_closing_while_it_writes_hands_the_job_over(
    qtbot: QtBot, ask: Make, tmp_path: Path
) -> None:
    dialog = ask()
    taken: list[ExportJob] = []
    dialog.handed_over.connect(taken.append)
    dialog.formats.tick(["control-mp4"])
    dialog.export_button.click()
    dialog.reject()

    assert dialog.isHidden()
    job = taken[0]
    qtbot.waitUntil(lambda: job.state.is_over, timeout=LIMIT_MS)
    assert job.state is State.DONE
    assert (tmp_path / "clip_smooth.control.mp4").exists()
    job.close()


def test_closing_where_nobody_takes_the_job_ends_it(ask: Make, tmp_path: Path) -> None:
    dialog = ask()
    dialog.formats.tick(["control-png"])
    dialog.export_button.click()
    dialog.reject()
    assert "sdpose-export" not in engine_threads()
    assert not [path for path in tmp_path.iterdir() if ".part" in path.name]


def test_what_was_chosen_is_there_the_next_time(
    qtbot: QtBot, ask: Make, preferences: Preferences
) -> None:
    first = ask(preferences)
    first.formats.tick(["openpose"])
    layout = first.form.choices.controls["layout"]
    assert isinstance(layout, QComboBox)
    layout.setCurrentIndex(layout.findData("coco_17"))
    first.form.rate.choose("12")
    export(qtbot, first)

    again = ask(preferences)

    assert again.formats.chosen() == ("openpose",)
    assert again.wish().options == first.wish().options
    assert again.form.choices.wishes == {"layout": "coco_17"}
    preferences.set_choices("export", {"formats": 7, "choices": {"layout": "none such"}})
    assert ask(preferences).formats.chosen() == ()


def test_every_control_has_a_name_and_can_be_reached(ask: Make) -> None:
    dialog = ask()
    dialog.formats.tick([entry.name for entry in FORMATS.values()])
    for kind in (QComboBox, QLineEdit, QCheckBox, QPushButton):
        for control in dialog.findChildren(kind):
            named = control.accessibleName() or getattr(control, "text", str)()
            assert named, control
            if isinstance(control, QCheckBox):
                assert control.text().replace("&", "") in named, "which of them it is"
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_the_dialog_is_no_wider_than_the_screen_and_cuts_no_summary_where_there_is_room(
    ask: Make,
) -> None:
    dialog = ask()
    screen = dialog.screen()
    assert screen is not None
    least = dialog.minimumSizeHint().width()
    assert dialog.width() <= max(least, screen.availableGeometry().width())
    formats = dialog.formats
    assert formats.minimumSizeHint().width() < formats.sizeHint().width()
    dialog.resize(3 * formats.sizeHint().width(), dialog.height())
    assert formats.width() >= formats.sizeHint().width()
