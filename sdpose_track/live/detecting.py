"""Detection in a live run: the newest frame, at the size and rate that are planned.

The first of the two places where frames are left out. Frames are looked at one by one and each is
answered at once: what a device would gain by several under way, a live picture would lose.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from sdpose_track.closing import Closing
from sdpose_track.detect.detector import SizedDetector
from sdpose_track.errors import DeviceError
from sdpose_track.pipeline.channel import Overflow
from sdpose_track.pipeline.stage import Intake
from sdpose_track.records import DetectedFrame, Detections, Frame
from sdpose_track.threads import begin

log = logging.getLogger(__name__)


class ChangingDetector(Closing):
    """A detector that can be asked for another size while it works.

    The new one is opened in a thread of its own, since that takes up to seconds. `look` and `close`
    are for the thread of the stage.
    """

    def __init__(
        self,
        detector: SizedDetector,
        open_at: Callable[[int], SizedDetector],
        notice: Callable[[str], None],
    ) -> None:
        """Own `detector`, which is open, and those that `open_at` will return.

        `notice` is told, on any thread, of a size that cannot be had.
        """
        self._detector = detector
        self._open_at = open_at
        self._notice = notice
        self._lock = threading.Lock()
        self._next: SizedDetector | None = None
        self._refused: frozenset[int] = frozenset()
        self._opening: threading.Thread | None = None
        self._is_closed = False

    @property
    def size(self) -> int:
        """At which it looks now, in pixels."""
        return self._detector.size

    @property
    def refused(self) -> frozenset[int]:
        """Sizes that could not be opened; they are not tried again."""
        return self._refused

    def seconds(self, frame: Frame, looks: int = 5) -> float:
        """Return how long it takes to look at `frame`, the median of some looks, in seconds."""
        times = []
        for _ in range(looks + 1):  # the first pass also prepares
            began = time.monotonic()
            self._detector.submit([frame]).result()
            times.append(time.monotonic() - began)
        return sorted(times[1:])[looks // 2]

    def settle(self, size: int) -> None:
        """Look at `size`, opened here and now: before the run."""
        if size != self.size:
            opened = self._open_at(size)
            self._detector.close()
            self._detector = opened

    def want(self, size: int) -> None:
        """Look at `size` as soon as that can be had. What is being opened is opened first.

        From any thread, also once it is closed: then nothing is opened any more. Where `size`
        cannot be had, it looks on as it does.
        """
        with self._lock:
            if self._is_closed or self._opening is not None:
                return
            if size == self.size or size in self._refused:
                return
            opening = threading.Thread(
                target=self._open, args=(size,), name="sdpose-detector", daemon=True
            )
            try:
                begin(opening)
            except DeviceError as error:
                why = error
            else:
                self._opening = opening
                return
        self._refuse(size, why)

    def _open(self, size: int) -> None:
        try:
            opened = self._open_at(size)
        except Exception as error:  # boundary: a runtime raises anything; the run can do without
            log.debug("no detector at %d pixels", size, exc_info=error)
            self._refuse(size, error)
            return
        with self._lock:
            self._next = opened

    def _refuse(self, size: int, error: Exception) -> None:
        why = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        self._notice(f"the detector cannot be had at {size} px ({why}); it stays at {self.size} px")
        with self._lock:
            self._refused |= {size}
            self._opening = None

    def look(self, frame: Frame) -> Detections:
        """Return the people in `frame`."""
        self._exchange()
        (found,) = self._detector.submit([frame]).result()
        return found

    def _exchange(self) -> None:
        with self._lock:
            if self._next is None:
                return
            before, self._detector = self._detector, self._next
            self._next = self._opening = None
        before.close()

    def close(self) -> None:
        """Give the device's memory back. Safe to call again."""
        with self._lock:
            self._is_closed = True
            opening = self._opening
        if opening is not None:
            opening.join()
        self._detector.close()
        if self._next is not None:
            self._next.close()


class LiveDetectStage:
    """Finds people in the newest frame."""

    name = "detect"

    def __init__(
        self,
        detector: ChangingDetector,
        every_s: Callable[[], float],
        took: Callable[[int, float], None],
    ) -> None:
        """Own `detector`.

        `every_s` gives the least time between two detections, in seconds; `took` is told of each,
        the size in pixels and the seconds.
        """
        self.intake = Intake(capacity=1, overflow=Overflow.DROP_OLDEST)
        self.detector = detector
        self.passed_over = 0
        """Frames that came too soon after the one before."""
        self._every_s = every_s
        self._took = took
        self._due = 0.0

    def open(self) -> None:
        """The detector was opened when the run was prepared, so that its faults come first."""

    def process(self, items: Sequence[Frame]) -> Iterator[DetectedFrame]:
        """Yield the frames that are looked at, with who was seen."""
        for frame in items:
            began = time.monotonic()
            if began < self._due:
                self.passed_over += 1
                continue
            # Counted on from when it was due, else frames that come unevenly would cost more.
            self._due = max(self._due + self._every_s(), began)
            size = self.detector.size
            found = self.detector.look(frame)
            if size == self.detector.size:  # else the exchange was timed too
                self._took(size, time.monotonic() - began)
            yield DetectedFrame(frame, found)

    def flush(self) -> Iterable[DetectedFrame]:
        """Nothing is held back."""
        return ()

    def close(self) -> None:
        """Give the device's memory back."""
        self.detector.close()
