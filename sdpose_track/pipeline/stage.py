"""What a source and a stage are: steps that know nothing of threads or queues."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sdpose_track.pipeline.channel import Overflow
from sdpose_track.records import Frame

In_contra = TypeVar("In_contra", contravariant=True)
Out_co = TypeVar("Out_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Intake:
    """How a stage wants its input: how much may wait, and how it is handed over."""

    capacity: int = 8
    """Largest number of items that may wait before this stage."""
    overflow: Overflow = Overflow.WAIT
    """What happens to one more."""
    most: int = 1
    """Largest number of items in one call of `process`."""
    wait_s: float = 0.0
    """How long a part-filled batch may wait for more, in seconds."""


class Frames(Protocol):
    """Where frames come from."""

    def frames(self, start: int = 0) -> Generator[Frame, None, None]:
        """Yield frames from index `start` on, in order. It is closed on the thread that ran it."""


class Stage(Protocol[In_contra, Out_co]):
    """One step. All four calls come from one thread, the stage's own, in the order below."""

    @property
    def name(self) -> str:
        """Shown in errors, logs and the thread's name: "detect", "pose"."""

    @property
    def intake(self) -> Intake:
        """How `process` wants its input."""

    def open(self) -> None:
        """Acquire what must belong to the stage's thread: a model on its device, a CUDA stream."""

    def process(self, items: Sequence[In_contra]) -> Iterable[Out_co]:
        """Yield results in the order of `items`; it may hold some back for `flush`."""

    def flush(self) -> Iterable[Out_co]:
        """Yield what was held back. Called once, when the input has ended by itself."""

    def close(self) -> None:
        """Release what `open` acquired, also where `open` or `process` raised. Called once."""
