"""The line at the bottom of the window: where we are, and how well it goes."""

from __future__ import annotations

from PyQt6.QtWidgets import QLabel, QStatusBar, QWidget

from sdpose_track.records import FrameState
from ui.document.document import Document
from ui.look.texts import frames_per_second, plural, timecode
from ui.look.theme import steady_digits


class StatusLine(QStatusBar):
    """Frame, time, size and rate of the video, people, zoom, and what was left out."""

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._zoom = 1.0
        self._source = self._label("What is open")
        self._state = self._label("State of the frame")
        self._people = self._label("People")
        self._place = self._label("Place in the video")
        self._scale = self._label("Zoom")
        self.addWidget(self._source)
        self.addWidget(self._state)
        for label in (self._people, self._place, self._scale):
            label.setFont(steady_digits(label.font()))
            self.addPermanentWidget(label)
        player = document.player
        player.moved.connect(self._tell_place)
        player.playing_changed.connect(self._tell_place)
        document.opened.connect(self._tell_source)
        document.session_changed.connect(self._tell_source)
        document.pictures.opened.connect(self._tell_source)
        document.pictures.arrived.connect(self._tell_state)
        self._tell_source()

    def show_document(self, on: bool) -> None:
        """Tell of what is open, or not while something else is seen."""
        for label in (self._source, self._state, self._people, self._place, self._scale):
            label.setVisible(on)

    def show_zoom(self, zoom: float) -> None:
        """Tell by how much the picture is enlarged, in screen pixels a pixel."""
        self._zoom = zoom
        self._scale.setText(f"{100 * zoom:.0f} %" if self._document.is_open else "")

    def _label(self, name: str) -> QLabel:
        label = QLabel()
        label.setAccessibleName(name)
        label.setContentsMargins(4, 0, 4, 0)
        return label

    def _tell_source(self) -> None:
        document, info = self._document, self._document.info
        if info is None:
            self._source.setText("Ready")
        else:
            rate = frames_per_second(info.rate)
            uneven = "variable, " if info.is_vfr else ""
            count = info.frame_count or len(document.player.clock.indices)
            self._source.setText(
                f"{info.width} × {info.height}   {uneven}{rate} fps   {plural(count, 'frame')}"
            )
        everybody = document.people.rows
        has_session = document.facts is not None
        self._people.setText(plural(len(everybody), "person", "people") if has_session else "")
        self.show_zoom(self._zoom)
        self._tell_place()

    def _tell_place(self) -> None:
        player = self._document.player
        if not self._document.is_open or not len(player.clock.indices):
            self._place.setText("")
            return
        text = f"frame {player.frame:,}   {timecode(player.clock.time_of(player.frame))}"
        if player.is_playing:
            text += f"   {player.speed:.3g}×"
            if player.left_out:
                text += f"   {player.left_out} left out"
        self._place.setText(text)
        self._tell_state()

    def _tell_state(self) -> None:
        picture = self._document.pictures.get(self._document.player.frame)
        state = FrameState.WHOLE if picture is None else picture.state
        self._state.setText(_STATES[state])


_STATES = {
    FrameState.WHOLE: "",
    FrameState.CONCEALED: "this frame is damaged",
    FrameState.LOST: "this frame could not be decoded",
}
