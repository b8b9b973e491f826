"""A cache that holds what was used last, up to so many bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Values by key; the newest one stays whatever its size. Not thread-safe."""

    def __init__(self, most: int, size: Callable[[V], int]) -> None:
        """Keep up to `most` bytes; `size` gives those of a value."""
        self._most = most
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._bytes = 0

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the value of `key`, made now if it is not kept."""
        if key not in self._values:
            self._values[key] = value = make()
            self._bytes += self._size(value)
            while self._bytes > self._most and len(self._values) > 1:
                _, old = self._values.popitem(last=False)
                self._bytes -= self._size(old)
        self._values.move_to_end(key)
        return self._values[key]
