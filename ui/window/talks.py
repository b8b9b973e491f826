"""The dialogs of the window: when they open, and what becomes of what was said in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtWidgets import QDialog

from sdpose_track.errors import OutputError
from ui.dialogs.about import AboutDialog
from ui.dialogs.export import ExportDialog
from ui.dialogs.go_to import GoToDialog
from ui.dialogs.run import RunDialog
from ui.dialogs.settings import SettingsDialog
from ui.dialogs.shortcuts import ShortcutSheet
from ui.jobs.wishes import RunWish
from ui.window import opening
from ui.window.banner import Tone
from ui.window.work import ONE_AT_A_TIME

if TYPE_CHECKING:
    from ui.window.main_window import MainWindow


class Talks(QObject):
    """Opens dialogs; none of them waits, so playing and running go on under them."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    # -- opening -----------------------------------------------------------------------------------

    def open(self) -> None:
        """Ask for a video or a session, and open it."""
        folder = self._window.preferences.folder("open")
        opening.ask_file(self._window, folder, self._open)

    def open_folder(self) -> None:
        """Ask for a folder of pictures, and open it."""
        folder = self._window.preferences.folder("open")
        opening.ask_folder(self._window, folder, self._open)

    def _open(self, path: str) -> None:
        self._window.preferences.set_folder("open", str(Path(path).parent))
        self._window.open(path)

    def find_video(self) -> None:
        """Ask where the video of the session is now."""
        facts = self._window.document.facts
        if facts is not None:
            opening.ask_video(self._window, facts.source, facts.path.parent, self._find_video)

    def _find_video(self, path: str) -> None:
        self._window.banners.clear()  # that it was missing, or another one chosen before
        self._window.document.find_video(Path(path))

    # -- working -----------------------------------------------------------------------------------

    def track(self) -> None:
        """Ask how to track the people of the video that is open."""
        document, player = self._window.document, self._window.document.player
        source = document.pictures.source
        if self._window.work.run is not None:
            self._window.say(ONE_AT_A_TIME)
            return
        if source is None:
            self._window.say("open a video first; people are tracked in it")
            return
        has_marks = player.mark_in is not None or player.mark_out is not None
        marked = player.marked if has_marks else None
        preferences = self._window.preferences
        dialog = RunDialog(source.info, player.clock, marked, preferences, self._window)
        dialog.wished.connect(self._begin)
        dialog.handed_over.connect(self._window.work.take_over)
        dialog.open_wished.connect(lambda path: self._window.open(str(path)))
        self._show(dialog)

    def _begin(self, wish: RunWish) -> None:
        self._window.work.track(wish)

    def export(self) -> None:
        """Ask what to export of the session that is open."""
        if self._window.document.facts is None:
            self._window.say("track the people first, or open a session; then it can be exported")
            return
        dialog = ExportDialog(self._window.document, self._window.preferences, self._window)
        dialog.handed_over.connect(self._window.work.take_over)
        self._show(dialog)

    def snapshot(self) -> None:
        """Ask where to, and write the picture as it is drawn, in the source's size."""
        image = self._window.canvas.snapshot()
        if image is None:
            self._window.say("there is no picture to save; open a video or a session first")
            return
        preferences, document = self._window.preferences, self._window.document
        stem = Path(document.name).stem or "frame"
        folder = preferences.folder("snapshot") or str(Path.home())
        proposal = Path(folder) / f"{stem}_{document.player.frame:06}.png"
        opening.ask_picture(self._window, proposal, self._save)

    def _save(self, path: str) -> None:
        self._window.preferences.set_folder("snapshot", str(Path(path).parent))
        self.write_snapshot(Path(path))

    def write_snapshot(self, path: Path) -> None:
        """Write the picture as it is drawn to `path`, and say so."""
        image = self._window.canvas.snapshot()
        if image is not None and image.save(str(path), "PNG"):
            self._window.banners.say(f"{path} is written", Tone.NOTE)
        else:
            self._window.say(str(OutputError(f"{path} cannot be written; choose another folder")))

    # -- the rest ----------------------------------------------------------------------------------

    def go_to(self) -> None:
        """Ask for a frame or a time, and go there."""
        player = self._window.document.player
        dialog = GoToDialog(player.clock, player.frame, self._window)
        dialog.chosen.connect(player.seek)
        self._show(dialog)

    def settings(self) -> None:
        """Show what can be set."""
        dialog = SettingsDialog(self._window.preferences, self._window)
        dialog.shortcuts_wanted.connect(self.shortcuts)
        self._show(dialog)

    def shortcuts(self) -> None:
        """Show every command and its keys."""
        self._show(ShortcutSheet(self._window.commands_table, self._window))

    def about(self) -> None:
        """Tell what this is, of which version, under which licences."""
        self._show(AboutDialog(self._window))

    def _show(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
