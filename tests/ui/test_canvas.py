from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from documents import is_shown, opened, session_of
from export_clips import make_clip, packets, spoil
from hands import CTRL, PLAIN, SHIFT, click, double_click, press
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QColor, QImage, QMouseEvent, QWheelEvent
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from sessions import fixture_a, fixture_e, write

from sdpose_track.records import Frame, Pose, Provenance
from sdpose_track.repair.edits import Lock, Place
from sdpose_track.skeletons import COCO17
from sdpose_track.sources.video_file import VideoFile
from ui.canvas.canvas import ORIGINS, Canvas
from ui.document.document import Document
from ui.document.reading import Kind
from ui.document.sketches import Sketches
from ui.figures.bodies import LEVELS, confidence_ink, inks_of
from ui.figures.look import Compare, Look, Switch
from ui.look.colours import person_colour

LEFT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
ALT = Qt.KeyboardModifier.AltModifier
RIGHT_ELBOW, LEFT_ELBOW = COCO17.index("right_elbow"), COCO17.index("left_elbow")
SIZE = (720, 540)
CORNER = QPoint(3, 3)


@pytest.fixture
def document(qtbot: QtBot, people_clip: Path, tmp_path: Path) -> Iterator[Document]:
    with opened(qtbot, session_of(people_clip, tmp_path / "people.sdpose")) as document:
        yield document


@pytest.fixture
def canvas(qtbot: QtBot, document: Document) -> Canvas:
    return shown(qtbot, document)


def shown(qtbot: QtBot, document: Document) -> Canvas:
    canvas = Canvas(document)
    qtbot.addWidget(canvas)
    canvas.resize(900, 560)
    with qtbot.waitExposed(canvas):
        canvas.show()
    qtbot.waitUntil(lambda: document.poses.at(0, Kind.RAW) is not None)
    return canvas


def seek(qtbot: QtBot, document: Document, index: int) -> None:
    document.player.seek(index)
    qtbot.waitUntil(lambda: is_shown(document))


def pose_of(document: Document, track_id: int, kind: Kind = Kind.SMOOTH) -> Pose:
    people = document.poses.at(document.player.frame, kind) or ()
    return next(pose for pose in people if pose.track_id == track_id)


def pose_of_frame(document: Document, index: int) -> Pose:
    return (document.poses.at(index, Kind.SMOOTH) or ())[0]


def point(canvas: Canvas, pose: Pose, number: int, pane: int = 0) -> QPointF:
    x, y = canvas.lens.to_pane(*pose.keypoints[number].tolist())
    return QPointF(x + canvas.panes[pane].x, y)


def colour_at(image: QImage, at: QPointF) -> QColor:
    return image.pixelColor(int(at.x()), int(at.y()))


def is_near(one: QColor, other: QColor, most: int = 24) -> bool:
    pairs = zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)
    return all(abs((a or 0) - (b or 0)) <= most for a, b in pairs)


def mouse(canvas: Canvas, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton) -> None:
    is_move, is_up = kind == QEvent.Type.MouseMove, kind == QEvent.Type.MouseButtonRelease
    held = NO_BUTTON if is_up else button
    where = canvas.mapToGlobal(at)
    event = QMouseEvent(kind, at, where, NO_BUTTON if is_move else button, held, PLAIN)
    QApplication.sendEvent(canvas, event)


def drag(canvas: Canvas, start: QPointF, end: QPointF, *, lets_go: bool = True) -> None:
    mouse(canvas, QEvent.Type.MouseMove, start, NO_BUTTON)
    mouse(canvas, QEvent.Type.MouseButtonPress, start, LEFT)
    for share in (0.3, 0.7, 1.0):
        mouse(canvas, QEvent.Type.MouseMove, start + (end - start) * share, LEFT)
    if lets_go:
        mouse(canvas, QEvent.Type.MouseButtonRelease, end, LEFT)


def wheel(canvas: Canvas, at: QPointF, notches: int, keys: Qt.KeyboardModifier = PLAIN) -> None:
    where, turn = canvas.mapToGlobal(at), QPoint(0, 120 * notches)
    phase = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, where, QPoint(), turn, NO_BUTTON, keys, phase, False)
    QApplication.sendEvent(canvas, event)


# -- what is painted -------------------------------------------------------------------------------


def test_the_picture_and_its_people_are_painted(canvas: Canvas, document: Document) -> None:
    canvas.zoom_full()
    image = canvas.grab().toImage()
    picture = document.pictures.get(0)
    assert picture is not None
    assert picture.image is not None
    for x, y in ((500, 60), (650, 400), (420, 500)):  # far from anybody
        there = QPointF(*canvas.lens.to_pane(x, y))
        assert colour_at(image, there) == picture.image.pixelColor(x, y)
    for track_id in (1, 2):
        pose, inks = pose_of(document, track_id), inks_of(person_colour(track_id).name())
        assert is_near(colour_at(image, point(canvas, pose, RIGHT_ELBOW)), inks.strong)
        assert is_near(colour_at(image, point(canvas, pose, LEFT_ELBOW)), inks.pale)
    assert canvas.paints > 0
    assert len(canvas.paint_times) == canvas.paints


def test_whoever_is_hidden_is_not_painted(canvas: Canvas, document: Document) -> None:
    at, colour = point(canvas, pose_of(document, 1), RIGHT_ELBOW), person_colour(1)
    assert is_near(colour_at(canvas.grab().toImage(), at), colour)
    document.people.hide([1])
    assert not is_near(colour_at(canvas.grab().toImage(), at), colour)
    document.people.hide([1], hidden=False)
    document.people.choose(2)
    canvas.set_switch(Switch.ONLY_CHOSEN, True)
    assert not is_near(colour_at(canvas.grab().toImage(), at), colour)
    document.people.choose()
    assert is_near(colour_at(canvas.grab().toImage(), at), colour)


def test_a_colour_that_was_chosen_is_painted(canvas: Canvas, document: Document) -> None:
    document.people.paint(1, "#ff00ff")
    at = point(canvas, pose_of(document, 1), RIGHT_ELBOW)
    assert is_near(colour_at(canvas.grab().toImage(), at), QColor("#ff00ff"))


@pytest.mark.parametrize("switch", [Switch.BOXES, Switch.TRAILS, Switch.IDS, Switch.SKELETON])
def test_each_switch_changes_what_is_seen(
    qtbot: QtBot, canvas: Canvas, document: Document, switch: Switch
) -> None:
    seek(qtbot, document, 30)
    canvas.set_look(Look(skeleton=False, ids=False))
    without = canvas.grab().toImage()
    canvas.set_switch(switch, True)
    assert canvas.look.shows(switch)
    assert canvas.grab().toImage() != without
    canvas.set_switch(switch, False)
    assert canvas.grab().toImage() == without


def test_trails_lead_to_the_hips(qtbot: QtBot, canvas: Canvas, document: Document) -> None:
    seek(qtbot, document, 40)
    qtbot.waitUntil(lambda: document.poses.at(0, Kind.SMOOTH) is not None)
    canvas.set_look(Look(skeleton=False, ids=False, trails=True))
    pose, hips = pose_of(document, 2), [COCO17.index("left_hip"), COCO17.index("right_hip")]
    x, y = pose.keypoints[hips].mean(axis=0).tolist()
    before = QPointF(*canvas.lens.to_pane(x - 1.25 * 4, y - 0.5 * 4))  # four frames ago
    qtbot.waitUntil(
        lambda: is_near(colour_at(canvas.grab().toImage(), before), person_colour(2), 90)
    )


def test_joints_have_the_colour_of_their_confidence(canvas: Canvas, document: Document) -> None:
    canvas.set_switch(Switch.CONFIDENCE, True)
    image, pose = canvas.grab().toImage(), pose_of(document, 1)
    for number in (RIGHT_ELBOW, COCO17.index("right_shoulder")):
        level = round(float(pose.scores[number]) * (LEVELS - 1))
        assert is_near(colour_at(image, point(canvas, pose, number)), confidence_ink(level))


def test_raw_and_smoothed_stand_side_by_side(canvas: Canvas, document: Document) -> None:
    canvas.set_compare(Compare.SIDE_BY_SIDE)
    canvas.set_look(Look(compare=Compare.SIDE_BY_SIDE, ids=False))
    assert [pane.width for pane in canvas.panes] == [448, 448]
    middle = canvas.lens.to_picture(224, 280)
    wheel(canvas, QPointF(224, 280), 4)
    assert canvas.lens.to_picture(224, 280) == pytest.approx(middle, abs=0.5)
    canvas.zoom_fit()
    image = canvas.grab().toImage()
    for pane, kind in enumerate((Kind.RAW, Kind.SMOOTH)):
        at = point(canvas, pose_of(document, 2, kind), RIGHT_ELBOW, pane)
        assert is_near(colour_at(image, at), person_colour(2))
    raw, smooth = (pose_of(document, 2, kind).keypoints for kind in Kind)
    assert not np.allclose(raw, smooth, atol=0.5)


def test_the_raw_poses_shine_through_when_blended(canvas: Canvas) -> None:
    smoothed = canvas.grab().toImage()
    canvas.set_compare(Compare.BLENDED)
    blended = canvas.grab().toImage()
    canvas.set_compare(Compare.RAW)
    raw = canvas.grab().toImage()
    assert smoothed != blended
    assert smoothed != raw
    assert blended != raw


def test_a_joint_that_somebody_placed_is_a_square(qtbot: QtBot, tmp_path: Path) -> None:
    with opened(qtbot, write(tmp_path / "clip.sdpose", fixture_e())) as document:
        canvas = shown(qtbot, document)
        canvas.set_compare(Compare.RAW)
        qtbot.waitUntil(lambda: bool(document.poses.at(0, Kind.RAW)))
        pose, own = pose_of(document, 3, Kind.RAW), inks_of(person_colour(3).name())
        edited = int(np.flatnonzero(pose.provenance == Provenance.EDITED)[0])
        there = point(canvas, pose, edited)
        canvas._stage.set_lens(canvas.lens.at_scale(8.0, there.x(), there.y()))
        image = canvas.grab().toImage()
        corner = QPointF(2.0, 2.0)  # in a square, and in the rim of a disc
        ink = own.strong if COCO17.keypoints[edited].startswith("right") else own.pale
        assert is_near(colour_at(image, there + corner), ink, 64)
        wrist = COCO17.index("left_wrist")
        assert not is_near(colour_at(image, point(canvas, pose, wrist) + corner), own.pale, 64)
        made = int(np.flatnonzero(pose.provenance == Provenance.FILLED)[0])
        assert not is_near(colour_at(image, point(canvas, pose, made)), ink)  # a ring is hollow


def test_a_session_without_its_video_has_people_on_dark_ground(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with opened(qtbot, write(tmp_path / "clip.sdpose", fixture_a())) as document:
        canvas = shown(qtbot, document)
        qtbot.waitUntil(lambda: bool(document.poses.at(0, Kind.SMOOTH)))
        image = canvas.grab().toImage()
        assert colour_at(image, QPointF(*canvas.lens.to_pane(600, 400))).lightness() < 40
        at = point(canvas, pose_of(document, 1), RIGHT_ELBOW)
        assert is_near(colour_at(image, at), person_colour(1))
        picture = canvas.snapshot()
        assert picture is not None
        assert (picture.width(), picture.height()) == (640, 480)


def test_nothing_is_painted_while_nothing_is_open(qtbot: QtBot) -> None:
    document = Document()
    canvas = shown(qtbot, document)
    image = canvas.grab().toImage()
    assert {image.pixel(x, y) for x in (0, 450, 899) for y in (0, 280, 559)} == {image.pixel(1, 1)}
    assert canvas.shown_frame is None
    assert canvas.snapshot() is None
    wheel(canvas, QPointF(10, 10), 1)
    click(canvas, QPoint(10, 10))
    document.close()


def test_picture_and_people_are_always_of_one_frame(
    qtbot: QtBot, canvas: Canvas, document: Document
) -> None:
    seen: list[int] = []

    def check() -> None:
        scene = canvas._stage.scene
        assert scene is not None
        picture = document.pictures.get(scene.frame)
        assert picture is None or scene.image is picture.image
        for pose in scene.people(Kind.RAW):
            true = document.poses.at(scene.frame, Kind.RAW) or ()
            assert any(np.array_equal(pose.keypoints, other.keypoints) for other in true)
        seen.append(scene.frame)

    canvas._stage.scene_changed.connect(check)
    for index in (44, 5, 49, 21, 22, 23, 0):
        seek(qtbot, document, index)
        qtbot.waitUntil(lambda: canvas.shown_frame == document.player.frame)
    assert {44, 5, 49, 21, 22, 23, 0} <= set(seen)


def test_a_picture_that_is_late_is_told_and_the_one_before_stays(
    qtbot: QtBot, canvas: Canvas, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, read = threading.Event(), VideoFile.read

    def gated(source: VideoFile, index: int, looked: Callable[[], None] | None = None) -> Frame:
        gate.wait(20)
        return read(source, index, looked)

    monkeypatch.setattr(VideoFile, "read", gated)
    monkeypatch.setattr(Sketches, "get", lambda _sketches, _index: None)
    document.player.seek(40)
    document.people.choose(1)
    assert canvas.shown_frame is not None
    assert canvas.shown_frame < 20
    plain = canvas.grab().toImage()
    qtbot.waitUntil(lambda: canvas._stage.is_seeking)
    assert canvas.grab().toImage() != plain
    start = point(canvas, pose_of_frame(document, canvas.shown_frame), RIGHT_ELBOW)
    with qtbot.assertNotEmitted(canvas.placed):
        drag(canvas, start, start + QPointF(40, 40))
    gate.set()
    qtbot.waitUntil(lambda: canvas.shown_frame == 40)
    assert not canvas._stage.is_seeking


def test_a_lost_frame_is_told_in_place_of_its_picture(qtbot: QtBot, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", size=(640, 480), codec="libx264", sound=None)
    spoil(clip, packets(clip, "video").data[4:5])
    with opened(qtbot, session_of(clip, tmp_path / "clip.sdpose", ())) as document:
        canvas = shown(qtbot, document)
        document.player.seek(4)
        qtbot.waitUntil(lambda: canvas.shown_frame == 4)
        image = canvas.grab().toImage()
        ground = colour_at(image, QPointF(*canvas.lens.to_pane(20, 20)))
        assert ground.lightness() < 40
        middle = [colour_at(image, QPointF(x, 280)).lightness() for x in range(300, 600)]
        assert max(middle) > 100  # the sentence


def test_nothing_is_painted_anew_for_what_looks_the_same(
    qtbot: QtBot, canvas: Canvas, document: Document
) -> None:
    seek(qtbot, document, 7)
    qtbot.waitUntil(lambda: canvas.shown_frame == 7)
    with qtbot.assertNotEmitted(canvas._stage.changed):
        document.player.seek(7)
        document.pictures.arrived.emit()
        document.poses_changed.emit()


def test_a_snapshot_has_the_size_of_the_picture(canvas: Canvas, document: Document) -> None:
    image = canvas.snapshot()
    assert image is not None
    assert (image.width(), image.height()) == SIZE
    x, y = pose_of(document, 1).keypoints[RIGHT_ELBOW].tolist()
    assert is_near(image.pixelColor(round(x), round(y)), person_colour(1))
    picture = document.pictures.get(0)
    assert picture is not None
    assert picture.image is not None
    assert image.pixelColor(650, 400) == picture.image.pixelColor(650, 400)
    canvas.set_compare(Compare.SIDE_BY_SIDE)
    both = canvas.snapshot()
    assert both is not None
    assert (both.width(), both.height()) == (2 * SIZE[0], SIZE[1])


# -- zoom ------------------------------------------------------------------------------------------


def test_the_wheel_zooms_about_the_pointer(qtbot: QtBot, canvas: Canvas) -> None:
    at = QPointF(300, 200)
    before = canvas.lens.to_picture(300, 200)
    with qtbot.waitSignal(canvas.zoom_changed) as told:
        wheel(canvas, at, 3)
    assert told.args == [canvas.lens.ratio]
    wheel(canvas, at, 3, CTRL)
    assert canvas.lens.to_picture(300, 200) == pytest.approx(before, abs=0.5)
    drag(canvas, QPointF(700, 300), QPointF(650, 280))
    x, y = canvas.lens.to_picture(250, 180)
    assert (x, y) == pytest.approx(before, abs=0.5)
    canvas.zoom_full()
    assert canvas.lens.ratio == 1
    canvas.zoom_in()
    canvas.zoom_out()
    assert canvas.lens.ratio == pytest.approx(1)
    canvas.zoom_fit()
    assert canvas.lens.scale == pytest.approx(560 / 540)


def test_a_canvas_of_another_size_still_shows_the_whole_picture(canvas: Canvas) -> None:
    canvas.resize(400, 300)
    QApplication.sendPostedEvents()
    assert canvas.lens.scale == pytest.approx(300 / 540)


# -- choosing people -------------------------------------------------------------------------------


def test_a_click_chooses_a_person_and_ctrl_one_more(canvas: Canvas, document: Document) -> None:
    first, second = (point(canvas, pose_of(document, i), RIGHT_ELBOW).toPoint() for i in (1, 2))
    chosen: list[tuple[int, ...]] = []
    document.people.chosen_changed.connect(lambda: chosen.append(document.people.chosen))
    click(canvas, first)
    click(canvas, second, CTRL)
    click(canvas, first, SHIFT)
    click(canvas, CORNER)
    assert chosen == [(1,), (1, 2), (2,), ()]


def test_a_double_click_wants_the_full_screen(qtbot: QtBot, canvas: Canvas) -> None:
    with qtbot.waitSignal(canvas.full_screen_wanted):
        double_click(canvas, QPoint(800, 500))


def test_the_pointer_tells_what_it_is_upon(canvas: Canvas, document: Document) -> None:
    at = point(canvas, pose_of(document, 2), LEFT_ELBOW)
    tip = canvas._tip(at)
    score = float(pose_of(document, 2).scores[LEFT_ELBOW])
    assert tip.startswith("Person 2, left elbow\n")
    assert f"{score:.0%}" in tip
    assert canvas._tip(QPointF(CORNER)) == ""
    plain = canvas.grab().toImage()
    mouse(canvas, QEvent.Type.MouseMove, at, NO_BUTTON)
    assert canvas.grab().toImage() != plain
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert canvas.grab().toImage() == plain


# -- moving keypoints ------------------------------------------------------------------------------


@pytest.mark.parametrize("notches", [0, 6])
def test_a_dragged_keypoint_is_placed_where_it_was_let_go(
    qtbot: QtBot, canvas: Canvas, document: Document, notches: int
) -> None:
    document.people.choose(2)
    pose = pose_of(document, 2)
    if notches:
        wheel(canvas, point(canvas, pose, RIGHT_ELBOW), notches)
    start = point(canvas, pose, RIGHT_ELBOW) + QPointF(2, -1)  # not exactly upon it
    way = QPointF(31.5, -18.25)
    with qtbot.waitSignal(canvas.placed) as told:
        drag(canvas, start, start + way)
    assert told.args is not None
    assert told.args[:3] == [2, 0, "right_elbow"]
    x, y = told.args[3:]
    true = pose.keypoints[RIGHT_ELBOW] + np.array([way.x(), way.y()]) / canvas.lens.scale
    assert (x, y) == pytest.approx(true.tolist(), abs=0.01)


def test_escape_lets_a_dragged_keypoint_go_back(
    qtbot: QtBot, canvas: Canvas, document: Document
) -> None:
    document.people.choose(1)
    canvas.setFocus()
    plain, start = canvas.grab().toImage(), point(canvas, pose_of(document, 1), RIGHT_ELBOW)
    with qtbot.assertNotEmitted(canvas.placed):
        drag(canvas, start, start + QPointF(60, 40), lets_go=False)
        assert canvas.grab().toImage() != plain
        press(canvas, Qt.Key.Key_Escape)
        mouse(canvas, QEvent.Type.MouseButtonRelease, start + QPointF(60, 40), LEFT)
    shown, true = canvas._stage.pose(1, Kind.SMOOTH), pose_of(document, 1)
    assert shown is not None
    assert np.array_equal(shown.keypoints, true.keypoints)
    assert np.array_equal(shown.provenance, true.provenance)


def test_nothing_is_dragged_of_who_is_not_chosen_or_is_locked(
    qtbot: QtBot, canvas: Canvas, document: Document
) -> None:
    start = point(canvas, pose_of(document, 1), RIGHT_ELBOW)
    with qtbot.assertNotEmitted(canvas.placed):
        drag(canvas, start, start + QPointF(40, 40))
    with qtbot.waitSignal(document.people.changed):
        document.edits.apply(Lock(1))
    qtbot.waitUntil(lambda: is_shown(document))
    document.people.choose(1)
    with qtbot.assertNotEmitted(canvas.placed):
        drag(canvas, start, start + QPointF(40, 40))


def test_a_drag_ends_when_another_frame_is_shown(
    qtbot: QtBot, canvas: Canvas, document: Document
) -> None:
    document.people.choose(1)
    start = point(canvas, pose_of(document, 1), RIGHT_ELBOW)
    with qtbot.assertNotEmitted(canvas.placed):
        drag(canvas, start, start + QPointF(60, 40), lets_go=False)
        seek(qtbot, document, 1)
        qtbot.waitUntil(lambda: canvas.shown_frame == 1)
        mouse(canvas, QEvent.Type.MouseMove, start + QPointF(80, 40), LEFT)
        mouse(canvas, QEvent.Type.MouseButtonRelease, start + QPointF(80, 40), LEFT)


def test_nothing_is_dragged_while_it_plays(
    qtbot: QtBot, canvas: Canvas, document: Document
) -> None:
    document.people.choose(1)
    start = point(canvas, pose_of(document, 1), RIGHT_ELBOW)
    document.player.play()
    with qtbot.assertNotEmitted(canvas.placed):
        drag(canvas, start, start + QPointF(40, 40))
    document.player.pause()


def test_a_placed_keypoint_stays_till_the_session_has_it(
    qtbot: QtBot, canvas: Canvas, document: Document
) -> None:
    document.people.choose(1)
    canvas.placed.connect(lambda *told: document.edits.apply(Place(told[0], told[1], *told[2:])))
    shown_at: list[tuple[float, float]] = []

    def note() -> None:
        pose = canvas._stage.pose(1, Kind.SMOOTH)
        assert pose is not None
        x, y = pose.keypoints[RIGHT_ELBOW].tolist()
        shown_at.append((x, y))

    start = point(canvas, pose_of(document, 1), RIGHT_ELBOW)
    with qtbot.waitSignal(canvas.placed) as told:
        drag(canvas, start, start + QPointF(50, 10))
    canvas._stage.scene_changed.connect(note)
    qtbot.waitUntil(
        lambda: (
            is_shown(document) and pose_of(document, 1).provenance[RIGHT_ELBOW] == Provenance.EDITED
        ),
        timeout=10_000,
    )
    assert told.args is not None
    for where in shown_at:
        assert where == pytest.approx(tuple(told.args[3:]), abs=1.5)


def test_the_keyboard_moves_a_keypoint_too(
    qtbot: QtBot, canvas: Canvas, document: Document
) -> None:
    document.people.choose(2)
    canvas.setFocus()
    press(canvas, Qt.Key.Key_PageDown, ALT)
    press(canvas, Qt.Key.Key_PageDown, ALT)
    x, y = pose_of(document, 2).keypoints[1].tolist()
    told: list[tuple[int, int, str, float, float]] = []
    canvas.placed.connect(lambda *args: told.append(args))
    press(canvas, Qt.Key.Key_Right, ALT)
    press(canvas, Qt.Key.Key_Up, ALT | SHIFT)
    assert [args[:3] for args in told] == [(2, 0, "left_eye")] * 2
    assert told[0][3:] == pytest.approx((x + 1, y), abs=0.01)
    assert told[1][3:] == pytest.approx((x + 1, y - 10), abs=0.01)
    press(canvas, Qt.Key.Key_PageUp, ALT)
    press(canvas, Qt.Key.Key_PageUp, ALT)
    press(canvas, Qt.Key.Key_Left, ALT)
    assert told[2][2] == COCO17.keypoints[-1]


# -- for those who do not see it -------------------------------------------------------------------


def test_frame_and_people_are_told_in_words(
    qtbot: QtBot, canvas: Canvas, document: Document
) -> None:
    assert canvas.accessibleName() == "Picture"
    assert canvas.accessibleDescription() == "Frame 0, 2 people: Person 1, Person 2"
    seek(qtbot, document, 12)
    qtbot.waitUntil(lambda: canvas.accessibleDescription().startswith("Frame 12, "))
    document.people.hide([1])
    assert canvas.accessibleDescription() == "Frame 12, 1 person: Person 2"


def test_where_a_keypoint_is_from_is_told_of_every_origin() -> None:
    assert set(ORIGINS) == set(Provenance)
