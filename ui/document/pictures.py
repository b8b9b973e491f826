"""The pictures of what is open: wished for here, decoded elsewhere, painted by whoever looks."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QObject, pyqtSignal

from sdpose_track.errors import SdposeError
from sdpose_track.sources import Source
from ui.bridge import Doorbell
from ui.document.decoding import Decoding, Picture

MOST_BYTES = 384 << 20
"""Of decoded pictures that are kept: 45 at 1080p."""


class Pictures(QObject):
    """One source's pictures."""

    opened = pyqtSignal(object)
    """Source: its `info` and `times` may be read, nothing else."""
    arrived = pyqtSignal()
    """There is a picture that was not there before."""
    refused = pyqtSignal(str)
    """The source cannot be opened, or read any more: a sentence."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._most_bytes = MOST_BYTES
        self._decoding: Decoding | None = None
        self._is_open = False
        self._leaving: list[Decoding] = []
        self._rests = False
        self._bell = Doorbell(self)
        self._bell.rung.connect(self._heard)

    @property
    def is_open(self) -> bool:
        """There are pictures to be had."""
        return self._is_open

    @property
    def is_opening(self) -> bool:
        """It is not known yet whether there will be pictures."""
        return self._decoding is not None and not self._is_open

    @property
    def source(self) -> Source | None:
        """What is open, for its `info`; None before `opened`."""
        return self._decoding.source if self._decoding is not None and self._is_open else None

    def limit(self, most_bytes: int) -> None:
        """Keep up to so many bytes of decoded pictures."""
        self._most_bytes = most_bytes
        if self._decoding is not None:
            self._decoding.most_bytes = most_bytes

    def open(self, opener: Callable[[], Source]) -> None:
        """Show what `opener` opens; it is called on the thread that decodes."""
        self.leave()
        self._decoding = Decoding(opener, self._bell.ring, self._most_bytes)
        self._decoding.rest(on=self._rests)

    def leave(self) -> None:
        """Show nothing. The thread ends by itself: it may be reading through a long file."""
        self._leaving = [old for old in self._leaving if old.is_alive]
        if self._decoding is not None:
            self._decoding.stop()
            self._leaving.append(self._decoding)
        self._decoding, self._is_open = None, False

    def close(self) -> None:
        """Show nothing, and wait for the threads. Safe to call again."""
        self.leave()
        for old in self._leaving:
            old.join()

    def wish(self, index: int, step: int = 0) -> None:
        """Want a frame, and next those after it (`step` 1), before it (-1) or on both sides."""
        if self._decoding is not None:
            self._decoding.wish(index, step)

    @property
    def sketched(self) -> int:
        """How many frames have a sketch, which is shown at once."""
        return 0 if self._decoding is None else self._decoding.sketched

    def rest(self, *, on: bool) -> None:
        """Leave the processor to others, as while a run is going on, or no longer."""
        self._rests = on
        if self._decoding is not None:
            self._decoding.rest(on=on)

    def get(self, index: int) -> Picture | None:
        """Return a frame if it is there."""
        return None if self._decoding is None else self._decoding.get(index)

    def nearest(self, index: int) -> Picture | None:
        """Return the frame that is there and nearest to `index`."""
        return None if self._decoding is None else self._decoding.nearest(index)

    def _heard(self) -> None:
        decoding = self._decoding
        if decoding is None:
            return
        if decoding.source is not None and not self._is_open:
            self._is_open = True
            self.opened.emit(decoding.source)
        error = decoding.error if decoding is self._decoding else None
        if error is not None:
            self.leave()
        self.arrived.emit()
        if isinstance(error, SdposeError):
            self.refused.emit(str(error))
        elif error is not None:
            raise error
