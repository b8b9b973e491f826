"""Shows where a file lies in the system's own file manager."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QUrl
from PyQt6.QtGui import QDesktopServices


def show_in_folder(path: Path) -> bool:
    """Open the folder that holds `path`; False where the system has nothing to open it with."""
    folder = path.parent
    return folder.is_dir() and QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
