"""Dragging through the video: playing waits meanwhile, and goes on afterwards."""

from __future__ import annotations

from ui.document.player import Player


class Scrub:
    """One way to drag; the player sees to it that the newest frame wins."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._plays_on = False
        self.is_on = False

    def begin(self) -> None:
        """The drag begins."""
        self.is_on = True
        self._plays_on = self._player.is_playing
        self._player.pause()

    def to(self, index: int) -> None:
        """The drag is at a frame."""
        if index != self._player.frame:
            self._player.seek(index)

    def end(self) -> None:
        """The drag is over."""
        plays_on, self._plays_on, self.is_on = self._plays_on, False, False
        if plays_on:
            self._player.play()
