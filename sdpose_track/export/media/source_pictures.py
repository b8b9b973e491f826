"""The pictures that a session was made from, found again, and paired with what an export tells."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import replace

from sdpose_track.errors import SourceError
from sdpose_track.export.job import Job
from sdpose_track.records import Frame, FramePoses
from sdpose_track.session import its_source
from sdpose_track.sources import Source

SAME_TIME_S = 1e-6
"""Seconds by which a picture may be off its time in the session: what floats lose."""


def reopened(job: Job) -> Source:
    """Open the source of the session again; its `info.name` is the path. Close it.

    Raises SourceError if it is not there any more, cannot be read, or is another one now.
    """
    return its_source.reopened(job.view.source, job.view.recording.path.parent)


def pictures(job: Job, source: Source) -> Generator[tuple[FramePoses, Frame], None, None]:
    """Yield everyone at each moment of the export, with the picture that is shown then.

    The people are those of the picture, so that what is drawn lies on what is seen: at a constant
    rate pictures are repeated and skipped, never mixed, also in a long pause between two of them,
    and from now on `job` says so. Counts and tells as `Job.frames` does. Raises as `paired` does.
    """
    job.take_pictures()
    return paired(job, source, job.frames())


def paired(
    job: Job, source: Source, moments: Iterable[FramePoses]
) -> Generator[tuple[FramePoses, Frame], None, None]:
    """Yield `moments`, a run of those of the export, with the picture that is shown at each.

    In place of a lost frame comes the picture before it with its people; where the export has the
    source's own times nothing comes, as that picture lasts longer.

    Raises:
        SourceError: the times of the pictures are not those of the session.
    """
    first = job.view.indices.start
    nearest = None if job.grid is None else (job.grid.nearest + first).tolist()
    shown: tuple[FramePoses, Frame] | None = None
    with closing(_Reel(job, source)) as reel:
        for moment in moments:
            index = moment.index if nearest is None else nearest[moment.index]
            frame = reel.at(index)
            if frame is not None:
                shown = (moment, frame)
                yield shown
            elif shown is not None and job.rate is not None:
                yield replace(moment, people=shown[0].people), shown[1]


class _Reel:
    """The pictures of the session in order, from the one that is asked for first."""

    def __init__(self, job: Job, source: Source) -> None:
        self._name = job.view.source.name
        self._source = source
        self._first = job.view.indices.start
        self._times = job.view.times
        self._decoded: Generator[Frame, None, None] | None = None
        self._next: Frame | None = None

    def at(self, index: int) -> Frame | None:
        """Return the picture `index`, not before the one asked for last; None if it was lost."""
        if self._decoded is None:
            self._decoded = self._source.frames(index)
            self._next = next(self._decoded, None)
        while self._next is not None and self._next.index < index:
            self._next = next(self._decoded, None)
        if self._next is None or self._next.index != index:
            return None
        due = self._times[index - self._first]
        if abs(float(self._next.time) - due) > SAME_TIME_S:
            raise SourceError(
                f"{self._name}: frame {index} has another time than in the session;"
                " it is not the video that the session was made from"
            )
        return self._next

    def close(self) -> None:
        if self._decoded is not None:
            self._decoded.close()
