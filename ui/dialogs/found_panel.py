"""The part of the run dialog that tells of a session that is there already."""

from __future__ import annotations

from PyQt6.QtWidgets import QFrame, QHBoxLayout, QPushButton

from ui.dialogs.fields import GAP, label
from ui.dialogs.run_facts import Found


class FoundPanel(QFrame):
    """Says that a session is there already, and offers to use it. Hidden while there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.text = label()
        self.open_button = QPushButton("Open it")
        self.open_button.setToolTip("Show the session; nothing is run")
        self.resume_button = QPushButton("Resume")
        self.resume_button.setToolTip("Go on where the run stopped, with the settings it had")
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP, GAP, GAP, GAP)
        row.setSpacing(GAP)
        row.addWidget(self.text, 1)
        for button in (self.open_button, self.resume_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        self.hide()

    def show_session(self, found: Found | None) -> None:
        """Tell of a session; None hides the panel."""
        self.setVisible(found is not None)
        if found is not None:
            self.text.setText(found.told)
            self.open_button.setVisible(found.can_open)
            self.resume_button.setVisible(found.can_resume)
