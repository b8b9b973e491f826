"""A file for libraries that do not bear, or do not tell, that a disk is full."""

from __future__ import annotations

import io
from typing import Any


class PatientFile(io.FileIO):
    """Takes all that is written to it, and tells only when asked that it could not be.

    Polars would make another error of it, and HDF5 would fail once more at closing.
    """

    failure: OSError | None = None

    def check(self) -> None:
        """Raise the OSError with which writing failed, if it did."""
        if self.failure is not None:
            raise self.failure

    def write(self, data: Any, /) -> int:
        rest = memoryview(data).cast("B")
        count = len(rest)
        while rest and self.failure is None:
            try:
                rest = rest[super().write(rest) :]
            except OSError as error:
                self.failure = error
        return count

    def truncate(self, size: int | None = None, /) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.failure = self.failure or error
            return self.tell() if size is None else size
