"""A mixin for what is opened and must be closed."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Closing:
    """Makes a class with `close` usable in a `with` block."""

    def close(self) -> None:
        """Release what is held open. A second call does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
