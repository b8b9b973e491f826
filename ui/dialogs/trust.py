"""The question whether a checkpoint that nobody knows may be loaded. Its answer counts once."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QMessageBox, QWidget

from sdpose_track.errors import UntrustedError

DANGER = (
    "A .pt file can run code while it is loaded, and such code could read, change or send whatever"
    " you can. Load it only if you trust who made it."
)


class TrustDialog(QMessageBox):
    """Asks about one file, by its name and hash. Enter and Escape mean no."""

    trusted = pyqtSignal(str)
    """The sha256 of the file that may be loaded now."""

    def __init__(self, refused: UntrustedError, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Unknown checkpoint")
        self.setIcon(QMessageBox.Icon.Warning)
        self.setTextFormat(Qt.TextFormat.PlainText)  # the name of a file may look like HTML
        self.setText(f"Load {refused.path.name}? It is not known here.")
        half = len(refused.sha256) // 2  # whole, to be compared; in two lines, for its width
        told = f"{refused.sha256[:half]}\n{refused.sha256[half:]}"
        self.setInformativeText(f"{DANGER}\n\n{refused.path}\nsha256\n{told}")
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.yes = self.addButton("&Load It", QMessageBox.ButtonRole.AcceptRole)
        self.no = self.addButton("&Do Not Load It", QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(self.no)
        self.setEscapeButton(self.no)
        self.accepted.connect(lambda: self.trusted.emit(refused.sha256))
