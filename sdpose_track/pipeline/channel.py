"""A bounded queue between two threads that can end well, or be cut short.

`queue.Queue` has no way to say "no more items" or "give up" before Python 3.13, which is why
threaded code ends up with sentinels, timeouts and polling. Here a blocked `put` or `take` always
wakes: on an item, on `close()` (the producer is done), or on `abort()` (everybody stop).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class Aborted(Exception):  # noqa: N818  not an error: the engine's own way to unwind
    """The channel was cut short. Only the engine catches this."""


class Overflow(Enum):
    """What `put` does when the channel is full."""

    WAIT = "wait"
    """Hold the producer back: every item arrives. For files."""
    DROP_OLDEST = "drop oldest"
    """Forget what has waited longest: what arrives is recent. For cameras."""


class Channel(Generic[T]):
    """A first-in first-out queue of at most `capacity` items."""

    def __init__(self, capacity: int, overflow: Overflow = Overflow.WAIT) -> None:
        if capacity < 1:
            raise ValueError(f"capacity is {capacity}, expected 1 or more")
        self._items: deque[T] = deque()
        self._capacity = capacity
        self._overflow = overflow
        self._changed = threading.Condition(threading.RLock())  # a signal handler may abort it
        self._closed = False
        self._aborted = False
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many items were forgotten under `DROP_OLDEST`."""
        with self._changed:
            return self._dropped

    def __len__(self) -> int:
        with self._changed:
            return len(self._items)

    def put(self, item: T) -> None:
        """Add `item`, waiting for room under `WAIT`. Raises Aborted once cut short."""
        with self._changed:
            if self._overflow is Overflow.DROP_OLDEST and len(self._items) >= self._capacity:
                self._items.popleft()
                self._dropped += 1
            self._changed.wait_for(lambda: self._aborted or len(self._items) < self._capacity)
            if self._aborted:
                raise Aborted
            self._items.append(item)
            self._changed.notify_all()

    def take(self, most: int = 1, wait_s: float = 0.0) -> list[T]:
        """Return 1 to `most` items, or an empty list at the end of the stream.

        Blocks for the first item, then at most `wait_s` seconds more for the batch to fill.
        Raises Aborted once cut short.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._aborted or self._closed or bool(self._items))
            deadline = time.monotonic() + wait_s
            full = min(most, self._capacity)
            while len(self._items) < full and not (self._aborted or self._closed):
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            if self._aborted:
                raise Aborted
            batch = [self._items.popleft() for _ in range(min(most, len(self._items)))]
            self._changed.notify_all()
            return batch

    def close(self) -> None:
        """Say that no more items will come; what is queued is still delivered."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abort(self) -> None:
        """Forget what is queued and wake both sides with Aborted."""
        with self._changed:
            self._aborted = True
            self._items.clear()
            self._changed.notify_all()
