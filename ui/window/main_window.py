"""The window: what is where, and who hears of whom. No painting, no arithmetic."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PyQt6.QtWidgets import QDialog, QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from sdpose_track.live.wish import LiveWish
from sdpose_track.session.its_source import LIVE
from ui import keys
from ui.actions import Actions
from ui.canvas.canvas import Canvas
from ui.document.document import Document
from ui.document.pictures import MOST_BYTES
from ui.jobs.bar import JobBar
from ui.live.page import LivePage
from ui.live.sign import LiveSign
from ui.look.texts import capital
from ui.people.commands import Commands
from ui.people.doubts_panel import DoubtsPanel
from ui.people.panel import PeoplePanel
from ui.plots.panel import PlotPanel
from ui.preferences import Preferences
from ui.timeline.timeline import Timeline
from ui.timeline.transport import Transport
from ui.window import opening
from ui.window.able import Able
from ui.window.banner import Banners, Tone
from ui.window.context_menus import ContextMenus
from ui.window.docks import Docks
from ui.window.full_screen import FullScreen
from ui.window.recent import RecentMenu
from ui.window.status import StatusLine
from ui.window.talks import Talks
from ui.window.toolbar import ToolBar
from ui.window.welcome import Welcome
from ui.window.wiring import wire
from ui.window.work import Work

TITLE = "sdpose-track"


class MainWindow(QMainWindow):
    """Everything that is seen, around one document."""

    def __init__(self, preferences: Preferences, *, asks: bool = True) -> None:
        """`asks`: what to do with a video is asked as soon as it is open."""
        super().__init__()
        self.preferences = preferences
        self.keeps_settings = True
        self._asks = asks
        self.was_interrupted = False
        self.setWindowTitle(TITLE)
        self.setAcceptDrops(True)
        self.document = Document(preferences.smoothing, self)
        self.commands_table = Actions(preferences, self)
        self._apply_preferences()
        preferences.changed.connect(self._apply_preferences)
        self._make_parts()
        self._lay_out()
        self._listen()
        self.talks = Talks(self)
        RecentMenu(self.commands_table.recent, self.preferences).chosen.connect(self.open)
        wire(self)
        self._restore()

    def _apply_preferences(self) -> None:
        self.document.pictures.limit(self.preferences.picture_bytes or MOST_BYTES)

    # -- what is where -----------------------------------------------------------------------------

    def _make_parts(self) -> None:
        document, actions = self.document, self.commands_table
        self.banners = Banners()
        self.job_bar = JobBar()
        self.work = Work(document, self.job_bar, self)
        self.canvas = Canvas(document)
        self.timeline = Timeline(document)
        self.transport = Transport(document, actions)
        self.commands = Commands(document, self)
        self.people_panel = PeoplePanel(document, self.commands, actions)
        self.doubts_panel = DoubtsPanel(document)
        self.plots = PlotPanel(document)
        self.live = LivePage(self.preferences)
        self.welcome = Welcome([actions[name] for name in ("open", "open-folder", "live")])
        self.status = StatusLine(document)
        self.docks = Docks(self)

    def _lay_out(self) -> None:
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.transport)
        column.addWidget(self.timeline, 1)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.canvas)
        self.splitter.addWidget(below)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        self.pages = QStackedWidget()
        for page in (self.welcome, self.splitter, self.live):
            self.pages.addWidget(page)
        centre = QWidget()
        rows = QVBoxLayout(centre)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.banners)
        rows.addWidget(self.job_bar)
        rows.addWidget(self.pages, 1)
        self.setCentralWidget(centre)
        self.setStatusBar(self.status)
        self.live_sign = LiveSign(self.live, self.pages)
        self.status.insertWidget(0, self.live_sign)
        self.tool_bar = ToolBar(self.document, self.commands_table, self)
        self.addToolBar(self.tool_bar)
        self._dock()
        around: list[QWidget] = [self.status, self.tool_bar, self.timeline]
        if (bar := self.menuBar()) is not None:
            self.commands_table.fill_menus(bar)
            around.append(bar)
        self.full_screen = FullScreen(self, self.splitter, around, self.commands_table)
        Able(self.document, self.work, self.pages, self.splitter, self.commands_table)
        ContextMenus(self.canvas, self.timeline.board, self.people_panel.menu, self.commands_table)
        keys.listen(self, self.commands_table.typed)

    def _dock(self) -> None:
        right, bottom = (
            Qt.DockWidgetArea.RightDockWidgetArea,
            Qt.DockWidgetArea.BottomDockWidgetArea,
        )
        actions = self.commands_table
        self.docks.add("People", self.people_panel, right, actions["panel-people"])
        self.docks.add("Worth a look", self.doubts_panel, right, actions["panel-doubts"])
        self.docks.add("Plots", self.plots, bottom, actions["panel-plots"])
        self.docks["Plots"].hide()
        both = [self.docks["People"], self.docks["Worth a look"]]
        self.resizeDocks(both, [300, 380], Qt.Orientation.Vertical)
        self.resizeDocks(both[:1], [340], Qt.Orientation.Horizontal)

    def _listen(self) -> None:
        document = self.document
        document.opened.connect(self._on_opened)
        document.opening.connect(lambda _name: self.banners.clear())
        document.refused.connect(self.say)
        document.video_missing.connect(self._on_video_missing)
        document.session_changed.connect(self._show_title)
        self.canvas.zoom_changed.connect(self.status.show_zoom)
        self.canvas.placed.connect(self.people_panel.place)
        self.canvas.full_screen_wanted.connect(self.full_screen.toggle)
        document.pictures.opened.connect(self._on_pictures)
        self.welcome.wanted.connect(self.open)
        self.work.refused.connect(self.say)
        self.work.noted.connect(lambda told: self.banners.say(capital(told), Tone.NOTE))
        self.plots.refused.connect(self.say)
        self.live.open_wanted.connect(self.open)
        self.pages.currentChanged.connect(self._on_page)
        self.live.ended_elsewhere.connect(self._on_live_ended)
        self.live_sign.wanted.connect(self.toggle_live)
        self.live.full_screen_wanted.connect(self.full_screen.toggle)

    def _on_page(self) -> None:
        is_live = self.pages.currentWidget() is self.live
        self.status.show_document(not is_live)
        self.tool_bar.offer_smoothing(not is_live)
        self.people_panel.offer(on=not is_live)

    # -- opening -----------------------------------------------------------------------------------

    def open(self, path: str) -> None:
        """Open a video, a folder of pictures or a session."""
        self.show_live(on=False)
        self.document.open(path)

    def _on_opened(self) -> None:
        document = self.document
        opened = document.facts.path if document.facts is not None else document.source
        if opened is not None:
            self.preferences.add_recent(str(Path(opened).absolute()))
        self._show_page()
        self._show_title()
        facts = document.facts
        if facts is None:
            return
        for sentence in facts.repairs.left_out:
            self.banners.say(sentence, Tone.WARNING)
        if not facts.is_complete and self.work.run is None:
            self.banners.say(
                f"{facts.path.name} is not complete: its run stopped at frame"
                f" {facts.indices.stop:,}",
                Tone.NOTE,
                ("Resume", self.work.resume),
            )

    def _on_pictures(self) -> None:
        if self._asks and self.document.facts is None and self.work.run is None:
            self.talks.track()

    def _show_title(self) -> None:
        name = self.document.name
        self.setWindowTitle(f"{name} – {TITLE}" if name else TITLE)

    def _show_page(self) -> None:
        is_open = self.document.is_open
        if self.pages.currentWidget() is not self.live:
            self.pages.setCurrentWidget(self.splitter if is_open else self.welcome)
        if not is_open:
            self.welcome.show_recent(self.preferences.recent)
        self.docks.show_for(is_open=is_open)

    def show_live(self, *, on: bool) -> None:
        """Turn to the live page, or back to what is open."""
        if on:
            self.document.player.pause()
            self.pages.setCurrentWidget(self.live)
        elif self.pages.currentWidget() is self.live:
            self.pages.setCurrentWidget(self.splitter if self.document.is_open else self.welcome)
        self.commands_table["live"].setChecked(on)
        self.docks.show_for(is_open=self.document.is_open and not on)

    def go_live(self, wish: LiveWish) -> None:
        """Turn to the live page and start what is wished for."""
        self.show_live(on=True)
        self.live.begin(wish)

    def toggle_live(self) -> None:
        """Turn to the live page, or back from it."""
        self.show_live(on=self.pages.currentWidget() is not self.live)

    def _on_live_ended(self, sentence: str) -> None:
        self.banners.say(sentence, Tone.WARNING, ("Show Live", lambda: self.show_live(on=True)))

    def say(self, sentence: str) -> None:
        """Tell what could not be done."""
        self.banners.say(capital(sentence), Tone.ERROR)

    def _on_video_missing(self, sentence: str) -> None:
        facts = self.document.facts
        if facts is not None and facts.header.source.kind in LIVE:
            self.banners.say(f"{facts.path.name} was recorded without the pictures", Tone.NOTE)
            return
        remedy = ("Find the Video…", self.talks.find_video)
        self.banners.say(capital(sentence), Tone.WARNING, remedy)

    # -- dropping ----------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:  # noqa: N802
        if event is not None and opening.dropped(event.mimeData()):
            event.acceptProposedAction()
            self.welcome.set_dragged(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent | None) -> None:  # noqa: N802
        super().dragLeaveEvent(event)
        self.welcome.set_dragged(False)

    def dropEvent(self, event: QDropEvent | None) -> None:  # noqa: N802
        if event is None:
            return
        self.welcome.set_dragged(False)
        paths = opening.dropped(event.mimeData())
        path = opening.to_open(paths)
        if path is not None:
            event.acceptProposedAction()
            self.open(path)
            if len(paths) > 1 and path in paths:
                self.banners.say(
                    f"Only {Path(path).name} is taken; drop one video at a time, or a folder of"
                    " pictures",
                    Tone.NOTE,
                )

    # -- closing -----------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """Ctrl-C in the terminal: close in good order."""
        self.was_interrupted = True
        self.close()

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: N802
        """Keep what was arranged, stop what runs, and end every thread."""
        self.full_screen.leave()
        if self.keeps_settings:
            self.preferences.geometry = self.saveGeometry()
        for dialog in self.findChildren(QDialog):
            dialog.reject()  # they ask lanes of their own
        self.hide()
        if self.keeps_settings:
            self.docks.bring_back()
            self.preferences.state = self.saveState(self.preferences.STATE_VERSION)
        self.work.close()
        self.live.finish()
        self.document.close()
        super().closeEvent(event)

    def _restore(self) -> None:
        self.resize(1280, 800)
        if self.preferences.geometry is not None:
            self.restoreGeometry(self.preferences.geometry)
        if self.preferences.state is not None:
            self.restoreState(self.preferences.state, self.preferences.STATE_VERSION)
        self._show_page()
