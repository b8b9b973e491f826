"""The lower part of the export dialog: which files there will be, how far, and which there are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ui.dialogs.fields import GAP, Notice, label
from ui.jobs.exporting import SHARES, ExportJob, Planned
from ui.jobs.folder import show_in_folder
from ui.jobs.job import State
from ui.jobs.telling import how_it_goes, what_became
from ui.look.texts import plural

LINES = 5
"""Of files that are seen at once."""


class WrittenPanel(QWidget):
    """A title, a list of files, and a progress bar while they are written."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = label("Nothing will be written yet", bold=True)
        self.files = QListWidget()
        self.files.setAccessibleName("Files")
        self.files.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.files.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.files.setFixedHeight(self.fontMetrics().height() * LINES + 2 * GAP)
        self.warning = Notice()
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress of the export")
        self.progress.setRange(0, SHARES)
        self.progress.setTextVisible(False)
        self.progress.setMaximumHeight(self.fontMetrics().height() // 2)
        self.progress.hide()
        self.folder_button = QPushButton("Show in folder")
        self.folder_button.setToolTip("Show the files in the file manager")
        self.folder_button.setAutoDefault(False)
        self.folder_button.clicked.connect(self._show_in_folder)
        self.folder_button.hide()
        self._job: ExportJob | None = None
        self._last: Path | None = None
        self._lay_out()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.title, 1)
        top.addWidget(self.folder_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addLayout(top)
        column.addWidget(self.progress)
        column.addWidget(self.files)
        column.addWidget(self.warning)

    def say(self, sentence: str) -> None:
        """Say why there is nothing to list."""
        self.title.setText(sentence)

    def show_plan(self, files: Sequence[Planned]) -> None:
        """List what will be written, and warn of what will be replaced."""
        self.folder_button.hide()
        self._list([file.path for file in files])
        count = len(files)
        many = f"{count} files or folders will be written"
        one = "This will be written" if count else "Nothing will be written yet"
        self.title.setText(many if count > 1 else one)
        there = [place for place, file in enumerate(files) if file.is_there]
        for place in there:
            if (item := self.files.item(place)) is not None:
                item.setText(f"{item.text()} (replaced)")
        what = files[there[0]].path.name if len(there) == 1 else f"{len(there)} of them"
        verb = "is" if len(there) == 1 else "are"
        warning = f"{what} {verb} there already and will be replaced." if there else ""
        self.warning.say(warning, wrong=False)

    def follow(self, job: ExportJob) -> None:
        """Show how far a job is, and what it has written."""
        self._job = job
        self._list([])
        self.warning.say("")
        self.folder_button.hide()
        self.progress.setValue(0)
        self.progress.show()
        job.moved.connect(self._on_moved)
        job.written.connect(self._on_written)
        self._on_moved()

    def leave(self) -> None:
        """Follow the job no longer."""
        if self._job is not None:
            self._job.moved.disconnect(self._on_moved)
            self._job.written.disconnect(self._on_written)
            self._job = None

    def tell_end(self, job: ExportJob) -> None:
        """Say what became of the job."""
        self.leave()
        self.progress.hide()
        if job.state is State.DONE:
            count = plural(len(job.results), "export")
            self.title.setText(f"{count} written" if job.results else what_became(job))
        elif job.state is State.CANCELLED:
            self.title.setText("Cancelled; what is listed was written before")
        else:
            self.title.setText("It went wrong; what is listed was written before")
        self._last = job.results[-1] if job.results else None
        self.folder_button.setVisible(bool(job.results))

    def _on_moved(self) -> None:
        if self._job is not None:
            self.progress.setValue(self._job.done)
            self.title.setText(f"Writing: {how_it_goes(self._job)}")

    def _on_written(self, path: Path) -> None:
        self.files.addItem(QListWidgetItem(str(path)))
        self.files.scrollToBottom()

    def _list(self, paths: Sequence[Path]) -> None:
        self.files.clear()
        for path in paths:
            item = QListWidgetItem(str(path), self.files)
            item.setToolTip(str(path))

    def _show_in_folder(self) -> None:
        if self._last is not None and not show_in_folder(self._last):
            self.warning.say(f"The files are in {self._last.parent}.", wrong=False)
