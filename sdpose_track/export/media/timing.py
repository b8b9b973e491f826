"""When the pictures of an export are shown, and which of the sound goes with them."""

from __future__ import annotations

from fractions import Fraction

from sdpose_track.export.job import Job
from sdpose_track.records import FramePoses
from sdpose_track.sources import Source


class Timing:
    """Turns the moments of an export into times of a file, from 0."""

    def __init__(self, job: Job, source: Source) -> None:
        """`job` has at least one frame."""
        info = source.info
        first = job.view.recording.frame_head(job.view.indices.start).pts
        self._by_index = job.rate is not None
        self._first_index = job.indices.start
        self._first_pts = first
        self.rate: Fraction = job.rate or info.rate
        """Nominal pictures per second."""
        self.base: Fraction = 1 / job.rate if job.rate is not None else info.time_base
        """Seconds per unit of the times in the file."""
        self.origin: Fraction = first * info.time_base
        """Time in the source, in seconds, that becomes 0."""
        self.begins_with_source: bool = job.view.indices.start == 0
        self._stop: int | None = None
        self.end: Fraction | None = None
        """Seconds at which the sound is cut; None where the export goes to the source's end."""
        if self._by_index:
            self._end_of_rate(job, source, first)
        else:
            self._end_of_own(job, source, first)

    def of(self, moment: FramePoses) -> int:
        """Return when a moment of the export is, in units of `base`."""
        return self.row(moment) if self._by_index else moment.pts - self._first_pts

    def row(self, moment: FramePoses) -> int:
        """Return the number of a moment among those of the export, from 0."""
        return moment.index - self._first_index

    def stop(self, last: int) -> int:
        """Return when the export ends; `last` is the time of its last picture."""
        if self._stop is not None and self._stop > last:
            return self._stop
        return last + max(1, round(1 / (self.rate * self.base)))

    def _end_of_rate(self, job: Job, source: Source, first: int) -> None:
        info = source.info
        self._stop = job.total
        if info.duration is not None:
            seconds = self._stop * self.base
            left = info.duration - (first - info.first_pts) * info.time_base
            self.end = seconds if seconds + 1 / info.rate <= left else None

    def _end_of_own(self, job: Job, source: Source, first: int) -> None:
        info, times, after = source.info, source.times(), job.indices.stop
        if times is not None and after < len(times):
            self._stop = times[after] - first
            self.end = self._stop * self.base
        elif info.duration is not None:
            self._stop = info.first_pts + round(info.duration / self.base) - first
