"""The style sheet: only what the Fusion style draws badly, in the colours of a theme.

Lengths are multiples of 4 px; heights follow the font.
"""

from __future__ import annotations

from string import Template

_SHEET = Template("""
QToolButton {
  border: 1px solid transparent; border-radius: 4px; padding: 3px; background: transparent;
}
QToolButton:hover { background: $hover; }
QToolButton:pressed { background: $raised; border-color: $edge; }
QToolButton:checked { background: $raised; border-color: $edge; }
QToolButton:checked:hover { background: $hover; }
QToolButton:disabled { color: $faint; }
QToolButton#small, QToolButton#qt_toolbar_ext_button { padding: 0; }
QToolButton:focus { border-color: $accent; }
QToolButton[popupMode="1"], QToolButton[popupMode="2"] { padding-right: 16px; }
QToolButton::menu-button { border: 0; width: 16px; }
QToolButton::menu-indicator { subcontrol-origin: padding; subcontrol-position: center right; }

QPushButton {
  background: $raised; border: 1px solid $edge; border-radius: 4px; padding: 4px 16px;
}
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $window; }
QPushButton:focus { border: 1px solid $accent; }
QPushButton:default { background: $accent; border-color: $accent; color: $on_accent; }
QPushButton:default:focus { border: 2px solid $text; padding: 3px 15px; }
QPushButton:disabled { background: $window; border-color: $line; color: $faint; }

QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }

QPushButton#keycap, QPushButton#no-key {
  min-width: 16px; padding: 1px 6px; background: $raised; border-bottom: 2px solid $edge;
}
QPushButton#no-key { background: transparent; border: 1px dashed $edge; color: $muted; }
QPushButton#keycap:hover, QPushButton#no-key:hover { background: $hover; }
QPushButton#keycap:focus, QPushButton#no-key:focus { border-color: $accent; }

QLabel#muted { color: $muted; }
QLabel#heading { color: $muted; padding: 4px 0; border: 0; border-bottom: 1px solid $edge; }

QFrame#banner { background: $raised; border: 0; border-left: 4px solid $accent; }
QFrame#banner[tone="warning"] { border-left-color: $warning; }
QFrame#banner[tone="error"] { border-left-color: $error; }

QLineEdit {
  background: $base; border: 1px solid $edge; border-radius: 4px; padding: 3px 7px;
}
QLineEdit:focus { border-color: $accent; }
QLineEdit:disabled { background: $window; border-color: $line; }
QComboBox QLineEdit, QAbstractSpinBox QLineEdit { border: 0; padding: 0 3px; }
QPlainTextEdit, QTextEdit { background: $base; border: 1px solid $edge; border-radius: 4px; }
QPlainTextEdit:focus, QTextEdit:focus { border-color: $accent; }

QTabWidget::pane { border: 0; border-top: 1px solid $line; }
QTabBar { qproperty-drawBase: 0; }
QTabBar::tab {
  background: transparent; color: $muted; padding: 8px 12px; border: 0;
  border-bottom: 2px solid transparent;
}
QTabBar::tab:hover { color: $text; background: $hover; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:focus { color: $accent; }

QHeaderView { background: $surface; }
QHeaderView::section {
  background: $surface; color: $muted; padding: 4px;
  border: 0; border-bottom: 1px solid $line;
}
QTableView, QTreeView, QListView { border: 1px solid $line; gridline-color: $line; }
QTableView:focus, QTreeView:focus, QListView:focus { border-color: $accent; }

QDockWidget { titlebar-close-icon: none; titlebar-normal-icon: none; }
QDockWidget::title { background: $surface; padding: 8px; border-bottom: 1px solid $line; }

JobLine { background: $surface; border-top: 1px solid $line; }

QMainWindow::separator { background: $line; width: 4px; height: 4px; }
QMainWindow::separator:hover { background: $accent; }
QSplitter::handle { background: $line; }
QSplitter::handle:hover { background: $accent; }

QSlider::groove:horizontal { height: 4px; background: $line; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::sub-page:horizontal:disabled { background: $line; }
QSlider::handle:horizontal {
  width: 12px; height: 12px; margin: -4px 0; border-radius: 6px; background: $text;
}
QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus { background: $accent; }
QSlider::handle:horizontal:disabled { background: $edge; }

QProgressBar { background: $base; border: 1px solid $edge; border-radius: 4px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }

QScrollBar { background: transparent; border: 0; }
QScrollBar:vertical { width: 12px; }
QScrollBar:horizontal { height: 12px; }
QScrollBar::handle { background: $edge; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QMenuBar { background: $window; }
QMenuBar::item { padding: 4px 8px; background: transparent; border-radius: 4px; }
QMenuBar::item:selected { background: $hover; }
QMenu { border: 1px solid $edge; }
QStatusBar::item { border: 0; }
QSizeGrip { image: none; background: transparent; }
QToolBar { background: $window; border: 0; spacing: 4px; padding: 4px; }
QToolTip { background: $raised; color: $text; border: 1px solid $edge; padding: 4px; }
""")


def style_sheet(colours: dict[str, str]) -> str:
    """Return the style sheet in the named colours of a theme, each as `#rrggbb`."""
    return _SHEET.substitute(colours)
