"""The panel with the curves of the chosen person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QEvent, QPoint, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QColor, QGuiApplication, QShowEvent
from PyQt6.QtWidgets import (
    QFileDialog,
    QLabel,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ui.document.document import Document
from ui.document.review import Whole
from ui.look.colours import person_colour
from ui.look.texts import timecode
from ui.look.theme import steady_digits
from ui.plots.choosers import Choosers
from ui.plots.curves import Choice, Measured, Plot, names
from ui.plots.legend import Legend
from ui.plots.values import as_csv, told_at

if TYPE_CHECKING:
    from ui.plots.chart import Chart

NOTHING_OPEN = "Open a session to see curves"
NOBODY_CHOSEN = "Choose a person to see their curves"
NOBODY = "Curves are of people, and there are none in this session"
NEVER_KNOWN = "This is known in no frame: the keypoints for it are missing or too uncertain"
_USUAL_LINES, _FEWEST_LINES = 15, 12
"""How high the panel would be, and has to be, in lines of text."""
_SOON_MS = 15
"""The playhead moves at most once in so long: a screen shows no more."""


class PlotPanel(QWidget):
    """Asks for the whole of the chosen person when it is seen, and never before."""

    refused = pyqtSignal(str)
    """A picture could not be saved: a sentence."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._measured: Measured | None = None
        self._plots: tuple[Plot, ...] = ()
        self._is_stale = True
        self.chart: Chart | None = None
        """The curves; None until they are first shown, since pyqtgraph takes a moment."""
        self.readout = QLabel()
        self.readout.setObjectName("muted")
        self.readout.setAccessibleName("Values at the playhead")
        self.readout.setFont(steady_digits(self.readout.font()))
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.choosers = Choosers(self.readout)
        self.legend = Legend()
        self.legend.setContentsMargins(8, 4, 8, 4)
        self.message = QLabel(NOTHING_OPEN)
        self.message.setObjectName("muted")
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setWordWrap(True)
        self._pages = QStackedWidget()
        self._pages.setMinimumHeight(_FEWEST_LINES * self.fontMetrics().height())
        self._pages.addWidget(self.message)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._follow_frame)
        self._lay_out()
        self._connect()
        self._ask()

    def _lay_out(self) -> None:
        page = QWidget()
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.choosers)
        self._column.addWidget(self.legend)
        self._pages.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._pages)

    def _connect(self) -> None:
        document, player = self._document, self._document.player
        document.opened.connect(self._fit)
        document.people.chosen_changed.connect(self._ask)
        document.people.changed.connect(self._dress)
        document.people.look_changed.connect(self._dress)
        document.review.changed.connect(self._ask)
        player.moved.connect(self._move_soon)
        player.clock_changed.connect(self._take_clock)
        player.marks_changed.connect(self._take_marks)
        self.choosers.chosen.connect(self._ask_plots)
        self.choosers.follow.toggled.connect(self._set_follows)
        self.choosers.fit.clicked.connect(self._fit)
        self.choosers.more.setMenu(self._menu())

    # -- what is shown -----------------------------------------------------------------------------

    @property
    def plots(self) -> tuple[Plot, ...]:
        """What is drawn."""
        return self._plots

    def choose(self, choice: Choice) -> None:
        """Plot something else."""
        self.choosers.choose(choice)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size in which two curves above each other are read."""
        return QSize(super().sizeHint().width(), _USUAL_LINES * self.fontMetrics().height())

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802
        super().showEvent(event)
        if self._is_stale:
            self._ask()
        self._move_soon()

    def changeEvent(self, event: QEvent | None) -> None:  # noqa: N802
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._dress()

    def _ask(self) -> None:
        """Ask for the chosen person, or say why there is nothing to ask for."""
        track_id = self._document.people.current
        self._is_stale = not self.isVisible()
        if track_id is None:
            self._forget(self._advice())
            return
        if self._track_id != track_id:
            self._forget(f"Reading {self._called} …")
        if not self._is_stale:
            self._document.review.whole(track_id, self._on_whole)

    def _advice(self) -> str:
        """Return what to do to see curves while nobody is chosen."""
        if self._document.facts is None:
            return NOTHING_OPEN
        return NOBODY_CHOSEN if self._document.people.rows else NOBODY

    @property
    def _track_id(self) -> int | None:
        """Whose curves are known."""
        return None if self._measured is None else self._measured.whole.smooth.track_id

    @property
    def _called(self) -> str:
        person = self._document.people.get(self._document.people.current)
        return "" if person is None else person.called

    def _forget(self, message: str) -> None:
        self._measured, self._plots = None, ()
        self._say(message)

    def _say(self, message: str) -> None:
        self.message.setText(message)
        self._pages.setCurrentWidget(self.message)

    def _on_whole(self, whole: Whole | None) -> None:
        current = self._document.people.current
        if whole is None and current is not None:
            self._forget(f"{self._called} is in no frame")
        if whole is None or whole.smooth.track_id != current:
            return
        self._measured = Measured(whole)
        self._ask_plots()

    def _ask_plots(self) -> None:
        """Have the curves made, not in this thread."""
        measured, quantity = self._measured, self.choosers.quantity
        if measured is None:
            return
        self.choosers.offer(names(measured.whole, quantity))
        choice = self.choosers.choice

        def make() -> tuple[Plot, ...]:
            import ui.plots.chart  # noqa: F401  here, since it takes a moment

            return measured.plots(choice)

        self._document.review.lane.ask(make, self._on_plots, topic="plots")

    def _on_plots(self, plots: tuple[Plot, ...]) -> None:
        if self._measured is None:
            return
        chart = self.chart or self._make_chart()
        self._plots = plots
        self.choosers.show_person(self._called, self._colour)
        self._pages.setCurrentIndex(1)
        chart.show_plots(plots, self._colour)
        self.legend.show_plots(plots, self._colour)
        self._take_marks()
        self._follow_frame()

    def _make_chart(self) -> Chart:
        from ui.plots.chart import Chart

        chart = Chart()
        chart.set_clock(self._document.player.clock)
        chart.fit()
        chart.sought.connect(self._document.player.seek)
        chart.menu_wanted.connect(self._show_menu)
        chart.follows = self.choosers.follow.isChecked()
        self._column.insertWidget(self._column.indexOf(self.legend), chart, 1)
        self.chart = chart
        return chart

    # -- where we are ------------------------------------------------------------------------------

    def _move_soon(self) -> None:
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def _follow_frame(self) -> None:
        """Show where we are, on the curves and in words."""
        chart, player = self.chart, self._document.player
        if chart is None or not self._plots:
            return
        chart.set_frame(player.frame)
        values = told_at(self._plots, player.frame)
        if not any(plot.is_known for plot in self._plots):
            values = NEVER_KNOWN
        text = f"{timecode(player.clock.time_of(player.frame))}   {values}"
        self.readout.setText(text)
        self.readout.setToolTip(text)
        chart.view.setAccessibleDescription(text)

    def _take_clock(self) -> None:
        if self.chart is not None:
            self.chart.set_clock(self._document.player.clock)

    def _take_marks(self) -> None:
        if self.chart is not None:
            self.chart.set_marked(self._document.player.marked)

    def _set_follows(self, follows: bool) -> None:
        if self.chart is not None:
            self.chart.follows = follows
            self._follow_frame()

    # -- looks -------------------------------------------------------------------------------------

    @property
    def _colour(self) -> QColor:
        current = self._document.people.current or 1
        return person_colour(current, self._document.people.colour_of(current))

    def _dress(self) -> None:
        """Draw in other colours, by another name."""
        if self.chart is not None and self._plots:
            self.choosers.show_person(self._called, self._colour)
            self.chart.dress(self._colour)
            self.legend.show_plots(self._plots, self._colour)

    # -- commands ----------------------------------------------------------------------------------

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        for text, does in (
            ("Show all frames", self._fit),
            ("Zoom in", lambda: self._zoom(2.0)),
            ("Zoom out", lambda: self._zoom(0.5)),
            ("", None),
            ("Copy the values in view as CSV", self.copy_values),
            ("Save a picture of the curves…", self._ask_where),
        ):
            if does is None:
                menu.addSeparator()
            elif (action := menu.addAction(text)) is not None:
                action.triggered.connect(lambda _checked, does=does: does())
        return menu

    def _show_menu(self, at: QPoint) -> None:
        if (menu := self.choosers.more.menu()) is not None:
            menu.popup(at)

    def _fit(self) -> None:
        if self.chart is not None:
            self.chart.fit()

    def _zoom(self, factor: float) -> None:
        if self.chart is not None:
            self.chart.zoom(factor)

    def copy_values(self) -> None:
        """Put the values in view on the clipboard, as CSV."""
        if self.chart is None or not self._plots:
            return
        plots, (start, stop) = self._plots, self.chart.seconds_in_view
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            lane = self._document.review.lane
            lane.ask(lambda: as_csv(plots, start, stop), clipboard.setText, topic="values")

    def _ask_where(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Save a picture of the curves", "curves.png", "Pictures (*.png)"
        )
        if path:
            self.save_picture(Path(path))

    def save_picture(self, path: Path) -> None:
        """Save what is seen as a PNG; `refused` tells if it cannot be written."""
        if self.chart is not None and not self.grab().save(str(path), "PNG"):
            self.refused.emit(f"{path} cannot be written; choose another folder.")
