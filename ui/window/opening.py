"""Choosing what to open: dialogs, and what is dropped on the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QMimeData, Qt
from PyQt6.QtWidgets import QFileDialog, QWidget

from sdpose_track.records import SourceInfo
from sdpose_track.sources.picture_file import SUFFIXES

VIDEOS = (
    ".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mts", ".m2ts", ".ts", ".mpg", ".mpeg",
    ".wmv", ".flv", ".ogv", ".3gp", ".gif",
)  # fmt: skip
"""What videos are usually called: the dialog shows these first, and any other file on demand."""
SESSION = ".sdpose"


Chosen = Callable[[str], object]
"""What is called with the path that was chosen; nothing is, if none was."""


def ask_file(parent: QWidget, folder: str, chosen: Chosen) -> None:
    """Ask for a video, a picture or a session."""
    known = (SESSION, *VIDEOS, *sorted(SUFFIXES))
    patterns = " ".join(f"*{suffix}" for suffix in dict.fromkeys(known))
    dialog = QFileDialog(parent, "Open a video or a session", folder)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters(
        [f"Videos, pictures and sessions ({patterns})", f"Sessions (*{SESSION})", "All files (*)"]
    )
    _ask(dialog, chosen)


def ask_folder(parent: QWidget, folder: str, chosen: Chosen) -> None:
    """Ask for a folder of pictures."""
    dialog = QFileDialog(parent, "Open a folder of pictures", folder)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    _ask(dialog, chosen)


def ask_video(parent: QWidget, info: SourceInfo, folder: Path, chosen: Chosen) -> None:
    """Ask where the video of a session, or its folder of pictures, is now."""
    dialog = QFileDialog(parent, f"Where is {Path(info.name).name}?", str(folder))
    mode = QFileDialog.FileMode
    dialog.setFileMode(mode.Directory if info.kind == "pictures" else mode.ExistingFile)
    _ask(dialog, chosen)


def ask_picture(parent: QWidget, proposal: Path, chosen: Chosen) -> None:
    """Ask where to save a picture."""
    dialog = QFileDialog(parent, "Save the picture", str(proposal.parent), "Pictures (*.png)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("png")
    dialog.selectFile(proposal.name)
    _ask(dialog, chosen)


def _ask(dialog: QFileDialog, chosen: Chosen) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(chosen)
    dialog.open()


def dropped(what: QMimeData | None) -> list[str]:
    """Return the paths of the files and folders that are dropped; none for anything else."""
    if what is None or not what.hasUrls():
        return []
    paths = [url.toLocalFile() for url in what.urls() if url.isLocalFile()]
    return [path for path in paths if path]


def to_open(paths: list[str]) -> str | None:
    """Return what to open of several things: the only one, or the folder of many pictures."""
    if not paths:
        return None
    pictures = [path for path in paths if Path(path).suffix.lower() in SUFFIXES]
    folders = {Path(path).parent for path in pictures}
    if len(paths) > 1 and len(pictures) == len(paths) and len(folders) == 1:
        return str(folders.pop())
    return paths[0]
