"""Themes, icons, colours of people, and numbers as text."""

from __future__ import annotations

from fractions import Fraction

import pytest
from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QIcon, QImage, QKeySequence, QPainter, QPalette
from PyQt6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ui.look import icons, texts, theme
from ui.look.colours import confidence_colours, ink_on, person_colour, person_dash, person_pen
from ui.look.fitting import fit_height
from ui.look.theme import DARK, LIGHT, TEXT_PAIRS, Theme, Tokens

BOTH = pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])


@BOTH
@pytest.mark.parametrize("pair", TEXT_PAIRS, ids=" on ".join)
def test_every_text_is_readable_on_its_ground(colours: Tokens, pair: tuple[str, str]) -> None:
    ink, ground = (getattr(colours, name) for name in pair)
    assert theme.contrast(ink, ground) >= 4.5


@BOTH
@pytest.mark.parametrize("ground", ["window", "surface", "base", "raised"])
def test_what_cannot_be_done_is_fainter_than_other_text_and_can_be_made_out(
    colours: Tokens, ground: str
) -> None:
    faint, muted = (
        theme.contrast(ink, getattr(colours, ground)) for ink in (colours.faint, colours.muted)
    )
    assert 2.8 <= faint < 0.75 * muted


@pytest.mark.parametrize("chosen", [Theme.DARK, Theme.LIGHT])
@pytest.mark.parametrize("made", [QPushButton, QToolButton])
def test_the_words_on_a_button_that_cannot_be_pressed_can_be_made_out(
    qtbot: QtBot, qapp: QApplication, made: type[QPushButton | QToolButton], chosen: Theme
) -> None:
    theme.apply(qapp, chosen)
    button = made()
    qtbot.addWidget(button)
    button.setText("MMM")
    button.setEnabled(False)
    button.show()
    image = button.grab().toImage()
    middle = image.height() // 2
    inks = {image.pixelColor(x, middle).name() for x in range(4, image.width() - 4)}
    ground = image.pixelColor(4, middle)
    assert max(theme.contrast(ink, ground) for ink in inks) >= 2.5


def test_contrast_is_that_of_the_guidelines() -> None:
    assert theme.contrast("black", "white") == pytest.approx(21)
    assert theme.contrast("#777777", "#777777") == pytest.approx(1)
    assert theme.contrast("#767676", "white") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("chosen", "colours"), [(Theme.DARK, DARK), (Theme.LIGHT, LIGHT)])
def test_a_chosen_theme_is_worn_by_what_is_seen(
    qtbot: QtBot, qapp: QApplication, chosen: Theme, colours: Tokens
) -> None:
    label = QLabel("text")
    qtbot.addWidget(label)
    label.show()
    theme.apply(qapp, chosen)
    assert theme.tokens() is colours
    assert theme.is_dark() is (chosen is Theme.DARK)
    assert label.palette().color(QPalette.ColorRole.WindowText) == QColor(colours.text)
    assert label.grab().toImage().pixelColor(0, 0) == QColor(colours.window)


def test_a_theme_is_applied_by_one_follower_however_often(qapp: QApplication) -> None:
    theme.apply(qapp, Theme.DARK)
    before = len(qapp.children())
    for chosen in Theme:
        theme.apply(qapp, chosen)
    assert len(qapp.children()) == before


@pytest.mark.parametrize("chosen", [Theme.DARK, Theme.LIGHT])
@pytest.mark.parametrize("made", [QComboBox, QSpinBox])
def test_boxes_are_as_high_as_the_fields_beside_them_and_show_the_focus(
    qtbot: QtBot, qapp: QApplication, made: type[QComboBox | QSpinBox], chosen: Theme
) -> None:
    theme.apply(qapp, chosen)
    window = QWidget()
    column = QVBoxLayout(window)
    box, other = made(), QLineEdit()
    column.addWidget(other)
    column.addWidget(box)
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    edge = QColor(theme.tokens().edge)
    other.setFocus()
    assert abs(box.height() - other.height()) <= 2
    assert box.grab().toImage().pixelColor(box.width() // 2, 0) == edge
    box.setFocus()
    at_top = box.grab().toImage().pixelColor(box.width() // 2, 0)
    assert at_top == QColor(theme.tokens().accent)


@pytest.mark.parametrize("chosen", [Theme.DARK, Theme.LIGHT])
@pytest.mark.parametrize("made", [QCheckBox, QRadioButton])
def test_a_choice_is_seen(
    qtbot: QtBot, qapp: QApplication, made: type[QCheckBox | QRadioButton], chosen: Theme
) -> None:
    theme.apply(qapp, chosen)
    box = made("on")
    qtbot.addWidget(box)
    off = box.grab().toImage()
    box.setChecked(True)
    assert box.grab().toImage() != off
    accent = QColor(theme.tokens().accent)
    image = box.grab().toImage()
    assert any(image.pixelColor(x, image.height() // 2) == accent for x in range(20))


@pytest.mark.parametrize("made", [QPushButton, QLineEdit])
def test_the_focus_is_seen(
    qtbot: QtBot, qapp: QApplication, made: type[QPushButton | QLineEdit]
) -> None:
    theme.apply(qapp, Theme.DARK)
    window = QWidget()
    column = QVBoxLayout(window)
    control, other = made(), QPushButton("other")
    column.addWidget(control)
    column.addWidget(other)
    qtbot.addWidget(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    other.setFocus()
    without = control.grab().toImage()
    control.setFocus()
    assert control.grab().toImage() != without


@pytest.mark.parametrize("name", icons.NAMES)
def test_every_icon_draws_inside_its_square_at_every_scale(qapp: QApplication, name: str) -> None:
    for scale in (1.0, 2.0):
        pixmap = icons.icon(name).pixmap(QSize(24, 24), scale)
        assert pixmap.size() == QSize(24, 24) * scale
        assert _inked(pixmap.toImage()) > 20 * scale
    wide = QImage(72, 72, QImage.Format.Format_ARGB32_Premultiplied)
    wide.fill(Qt.GlobalColor.transparent)
    painter = QPainter(wide)
    icons.paint_icon(painter, name, QRectF(24, 24, 24, 24), QColor("white"))
    painter.end()
    assert _inked(wide) == _inked(wide.copy(24, 24, 24, 24))


def _inked(image: QImage) -> int:
    return sum(
        image.pixelColor(x, y).alpha() > 40
        for x in range(image.width())
        for y in range(image.height())
    )


def test_an_icon_has_the_colours_of_the_theme_and_of_its_state(qapp: QApplication) -> None:
    theme.apply(qapp, Theme.DARK)
    stop = icons.icon("stop")
    middle = stop.pixmap(24, 24).toImage().pixelColor(12, 12)
    assert middle == QColor(DARK.text)
    on = stop.pixmap(QSize(24, 24), QIcon.Mode.Normal, QIcon.State.On).toImage()
    assert on.pixelColor(12, 12) == QColor(DARK.accent)
    theme.apply(qapp, Theme.LIGHT)
    assert stop.pixmap(24, 24).toImage().pixelColor(12, 12) == QColor(LIGHT.text)


def test_an_unknown_icon_is_named() -> None:
    with pytest.raises(KeyError, match="no-such"):
        icons.icon("no-such")


def test_people_have_colours_of_their_number_and_dashes_when_they_begin_anew() -> None:
    first = [(person_colour(n).name(), person_dash(n)) for n in range(1, 21)]
    assert len(set(first)) == 20
    assert first[0] == ("#e69f00", None)
    assert person_colour(1, "#123456") == QColor("#123456")
    assert person_colour(1, "no colour") == person_colour(1)
    assert not person_pen(1, 2).isCosmetic(), "half as wide on a screen of scale 2"
    assert person_pen(9, 2).style() is Qt.PenStyle.CustomDashLine


@pytest.mark.parametrize("number", range(1, 9))
def test_a_persons_number_is_readable_on_their_colour(number: int) -> None:
    ground = person_colour(number)
    assert theme.contrast(ink_on(ground), ground) >= 4.5


def test_confidence_goes_from_dark_to_bright() -> None:
    colours = confidence_colours()
    assert colours.shape == (256, 4)
    assert not colours.flags.writeable
    light = [theme.contrast(QColor(*map(int, rgba)), "black") for rgba in colours[::16]]
    assert light == sorted(light)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0:00:00.000"), (Fraction(1001, 1000), "0:00:01.001"), (3661.5, "1:01:01.500"),
     (59.9996, "0:01:00.000"), (-0.5, "-0:00:00.500"), (-0.0001, "0:00:00.000")],
)  # fmt: skip
def test_times_are_told_in_milliseconds(seconds: Fraction | float, told: str) -> None:
    assert texts.timecode(seconds) == told


@pytest.mark.parametrize(
    ("size", "told"),
    [(0, "0 B"), (812, "812 B"), (999, "999 B"), (1000, "1.0 kB"), (4_700_000, "4.7 MB"),
     (99_960_000, "100 MB"), (999_600_000, "1.0 GB"), (5 * 10**15, "5000 TB")],
)  # fmt: skip
def test_sizes_are_told_in_the_unit_that_suits_them(size: int, told: str) -> None:
    assert texts.bytes_text(size) == told


def test_counts_rates_and_keys_are_told_as_people_read_them(qapp: QApplication) -> None:
    assert texts.plural(1, "frame") == "1 frame"
    assert texts.plural(1200, "frame") == "1,200 frames"
    assert texts.plural(2, "person", "people") == "2 people"
    assert texts.frames_per_second(Fraction(30000, 1001)) == "29.97"
    assert texts.frames_per_second(25) == "25"
    assert texts.native_keys(QKeySequence()) == ""


def test_a_window_is_as_high_as_its_texts_need(qtbot: QtBot) -> None:
    window = QWidget()
    column = QVBoxLayout(window)
    text = QLabel("a word " * 60)
    text.setWordWrap(True)
    column.addWidget(text)
    qtbot.addWidget(window)
    heights = []
    for width in (600, 300):
        window.resize(width, 0)
        fit_height(window)
        heights.append(window.height())
        assert window.width() == width
    assert heights[1] > 1.5 * heights[0]
