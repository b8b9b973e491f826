"""Choosing what to open: dialogs, and what is dropped on the window."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QMimeData
from PyQt6.QtWidgets import QFileDialog, QWidget

from sdpose_track.sources.picture_file import SUFFIXES

VIDEOS = (
    ".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mts", ".m2ts", ".ts", ".mpg", ".mpeg",
    ".wmv", ".flv", ".ogv", ".3gp", ".gif",
)  # fmt: skip
"""What videos are usually called: the dialog shows these first, and any other file on demand."""
SESSION = ".sdpose"


def ask_file(parent: QWidget, folder: str) -> str | None:
    """Ask for a video, a picture or a session; None if nothing was chosen."""
    known = (SESSION, *VIDEOS, *sorted(SUFFIXES))
    patterns = " ".join(f"*{suffix}" for suffix in dict.fromkeys(known))
    path, _ = QFileDialog.getOpenFileName(
        parent,
        "Open a video or a session",
        folder,
        f"Videos, pictures and sessions ({patterns});;Sessions (*{SESSION});;All files (*)",
    )
    return path or None


def ask_folder(parent: QWidget, folder: str) -> str | None:
    """Ask for a folder of pictures; None if nothing was chosen."""
    return QFileDialog.getExistingDirectory(parent, "Open a folder of pictures", folder) or None


def ask_video(parent: QWidget, name: str, folder: str) -> str | None:
    """Ask where the video of a session is now; None if nothing was chosen."""
    path, _ = QFileDialog.getOpenFileName(parent, f"Where is {name}?", folder, "All files (*)")
    return path or None


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
