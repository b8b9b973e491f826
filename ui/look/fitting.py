"""How high a window must be for its texts, which wrap at its width."""

from __future__ import annotations

from PyQt6.QtWidgets import QWidget


def fit_height(window: QWidget) -> None:
    """Make a window as high as its layout needs at the width that it has."""
    layout = window.layout()
    if layout is not None:
        layout.activate()
        width = max(window.width(), window.minimumWidth(), layout.minimumSize().width())
        needed = layout.totalHeightForWidth(width)
        window.resize(width, needed if needed > 0 else layout.totalSizeHint().height())
