"""What a source is: frames in order, any frame by its index, and an honest count of the damage.

The pipeline needs only `frames`; the viewer reads single frames; the summary asks for `damaged`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from sdpose_track.records import Frame, SourceInfo


@dataclass(frozen=True, slots=True)
class Damage:
    """What was wrong with the frames of one sequential pass."""

    lost: int = 0
    """Frames that are in the source but could not be decoded."""
    concealed: int = 0
    """Frames that came out of the decoder with damaged parts painted over."""


class Source(Protocol):
    """Where frames come from. `frames` and `read` do not disturb each other.

    Nothing is held open before the first call of either, so a new one may go to another thread.
    """

    @property
    def info(self) -> SourceInfo:
        """What is known of the source without reading it through."""

    @property
    def damaged(self) -> Damage:
        """The damage met so far in the newest call of `frames`."""

    def frames(self, start: int = 0) -> Generator[Frame, None, None]:
        """Yield the frames from index `start` on, in order. Close it on the thread that ran it.

        Raises:
            SourceError: the source cannot be read any more, or `start` is negative.
        """

    def read(self, index: int, looked: Callable[[], None] | None = None) -> Frame:
        """Return the frame at `index`, the same pixels that `frames` yields there.

        One thread at a time may call this. `looked` is called before anything is decoded and
        between the frames on the way; what it raises ends the search, and the next one works.

        Raises:
            SourceError: there is no such frame, or it could not be decoded.
        """

    def entry(self, index: int) -> int:
        """Return the last frame at or before `index` that `read` reaches without decoding others.

        0 where there is none; `index` must be that of a frame.
        """

    def names(self) -> dict[int, str]:
        """Return the file name of each frame that is a file of its own; empty for a video."""

    def times(self) -> list[int] | None:
        """Return the pts of every frame in order of presentation, in `info.time_base`."""

    def close(self) -> None:
        """Release what `read` holds open. A second call does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
