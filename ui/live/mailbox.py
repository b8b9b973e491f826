"""What threads of a live run leave for the window: the newest frame, sentences, and the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from sdpose_track.live.records import LiveResult
from sdpose_track.pipeline.events import Event, Finished
from ui.live.sight import Sight, sight_of


class Post(NamedTuple):
    """What was left since the last look."""

    newest: Sight | None
    sentences: tuple[str, ...]
    end: Finished | None


class Mailbox:
    """Holds one frame, however many came: whoever looks sees the newest. From any thread."""

    def __init__(self, ring: Callable[[], None]) -> None:
        """`ring` is called whenever something was left; it must return at once."""
        self._ring = ring
        self._lock = threading.Lock()
        self._newest: Sight | None = None
        self._sentences: list[str] = []
        self._end: Finished | None = None

    def leave(self, result: LiveResult) -> None:
        """Leave a frame in the place of the one before."""
        sight = sight_of(result)
        with self._lock:
            self._newest = sight
        self._ring()

    def tell(self, sentence: str) -> None:
        """Leave a sentence."""
        with self._lock:
            self._sentences.append(sentence)
        self._ring()

    def hear(self, event: Event) -> None:
        """Leave the end of the run; other events are none of its business."""
        if isinstance(event, Finished):
            with self._lock:
                self._end = event
            self._ring()

    def empty(self) -> Post:
        """Take out what there is."""
        with self._lock:
            post = Post(self._newest, tuple(self._sentences), self._end)
            self._newest, self._sentences, self._end = None, [], None
        return post
