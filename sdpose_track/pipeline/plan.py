"""The composition root: from settings to a run that is ready to start.

Whatever can be refused is refused before the session file is touched: range, weights, device, then
the session. The source was opened, and its first frame decoded, by the caller.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path

from sdpose_track import __version__
from sdpose_track.errors import SessionError, SettingsError
from sdpose_track.home import at_home
from sdpose_track.pipeline.batching import PoseStage
from sdpose_track.pipeline.begun import SIZE, begun_size, check_free, check_same, complete
from sdpose_track.pipeline.engine import Engine
from sdpose_track.pipeline.probing import spread
from sdpose_track.pipeline.seats import take
from sdpose_track.pipeline.stages import DetectStage, Ending, PastFrame, StoreStage, TrackStage
from sdpose_track.records import Frame, LostFrame
from sdpose_track.session.its_source import check_unchanged
from sdpose_track.session.place import is_begun
from sdpose_track.session.recording import Recording
from sdpose_track.session.schema import SessionHeader
from sdpose_track.session.writer import SessionWriter
from sdpose_track.settings import LiveSettings, TrackSettings
from sdpose_track.sources.source import Source
from sdpose_track.track.bytetrack import REVISION, ByteTracker
from sdpose_track.track.settings import TrackerSettings


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is ready to start, or has nothing left to do."""

    engine: Engine | None
    """None where the session at `path` is complete already."""
    path: Path
    header: SessionHeader
    total: int | None
    """Frames from the run's first to its last, resumed ones included; None unknown."""
    done: int
    """How many of them a resumed session has already."""
    notes: tuple[str, ...]


class Span:
    """The part of a source that a run looks at."""

    def __init__(self, source: Source, settings: TrackSettings) -> None:
        """Work out the frames from `settings.start` to before `settings.end`.

        Raises SettingsError if there is none.
        """
        self._source = source
        self._end = settings.end
        self.begin = 0
        """Index at which the newest call of `frames` began."""
        self.lost = 0
        """Frames that the newest call of `frames` told of as lost between others."""
        info = source.info
        self.first, self.stop = 0, info.frame_count
        pts = source.times()
        if pts is not None:
            self.first = _first_from(settings.start, pts, info.time_base)
            if settings.end is not None:
                self.stop = _first_from(settings.end, pts, info.time_base)
        elif settings.start:
            raise SettingsError(f"--start: {info.name} has no times to start from; leave it out")
        if self.stop is not None and self.first >= self.stop:
            length = "unknown" if info.duration is None else f"{float(info.duration):.3f} s"
            raise SettingsError(
                f"--start and --end choose no frame of {info.name}, whose length is {length}"
            )

    @property
    def total(self) -> int | None:
        """How many frames there are; None unknown."""
        return None if self.stop is None else self.stop - self.first

    def frames(self, start: int = 0) -> Generator[Frame, None, None]:
        """Yield the frames from index `start` on that lie inside.

        Raises SourceError if frames are lost because the source was taken away or changed.
        """
        self.begin, self.lost, last = start, 0, start - 1
        with closing(self._source.frames(start)) as frames:
            for frame in frames:
                if frame.lost_before and not self.lost:
                    check_unchanged(self._source.info)
                if self._end is not None and frame.time >= self._end:
                    return
                self.lost += len(frame.lost_before)
                last = frame.index
                yield frame
        if self.stop is not None and last + 1 < self.stop:
            check_unchanged(self._source.info)


def _first_from(seconds: Fraction, pts: Sequence[int], time_base: Fraction) -> int:
    """Return the index of the first frame that is not before `seconds`."""
    return bisect_left(pts, pts[0] + ceil(seconds / time_base))


def prepare(
    source: Source,
    settings: TrackSettings,
    session: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
) -> Run:
    """Return a run of `source` into the session file `session`.

    Raises SettingsError if the session exists and neither `resume` nor `overwrite` is wished, or
    if it was made under other settings; CheckpointError, DeviceError, OutputError as they come.
    """
    check_free(source.info.name, session, resume=resume, overwrite=overwrite)
    span = Span(source, settings)
    info = replace(source.info, name=_lasting(source.info.name))
    if resume and is_begun(session):
        if (whole := complete(session, info, settings)) is not None:
            return Run(None, session, whole.header, whole.frames, whole.frames, ())
        if settings.boxes is None and settings.detector_pixels is None:
            settings = replace(settings, detector_size=begun_size(session))
    picture = (source.info.height, source.info.width)
    seats = take(
        settings,
        picture,
        source.names(),
        sample=lambda: spread(source, span.first, span.stop),
    )
    skeleton = seats.estimator.skeleton.name
    key = {
        **settings.results_key(),
        "runtime": seats.described,
        "detector_runtime": seats.detector_described,
        "tracker": REVISION,
    }
    if settings.boxes is not None:
        key["boxes"] = seats.detector_record.sha256
    else:
        key[SIZE] = seats.detector_size
    header = SessionHeader(
        info, skeleton, seats.detector_record, seats.pose_record, key, __version__
    )
    try:
        stored, writer = _session(session, header, resume=resume, overwrite=overwrite)
    except BaseException:
        seats.close()
        raise
    if writer is None:
        seats.close()
        return Run(None, session, header, len(stored), len(stored), seats.notes)
    stages = (
        DetectStage(seats.detector),
        TrackStage(
            ByteTracker(tracker_settings(settings)),
            _past(session),
            source.read,
            steady=settings.boxes is None,  # what a person gave is kept to the digit
        ),
        PoseStage(seats.estimator),
        StoreStage(writer, _ending(source, span)),
    )
    engine = Engine(span, stages, start=stored.stop if stored else span.first)
    left = None if span.total is None else span.total - len(stored)
    notes = (*seats.notes, *seats.warnings(left))
    return Run(engine, session, header, span.total, len(stored), notes)


def _session(
    session: Path, header: SessionHeader, *, resume: bool, overwrite: bool
) -> tuple[range, SessionWriter | None]:
    """Return the frames that `session` has, and its writer; None if nothing is left to write."""
    if not (resume and is_begun(session)):
        return range(0), SessionWriter.create(session, header, replace=overwrite or resume)
    writer = SessionWriter.resume(session)  # first, so that nobody else changes what is read now
    try:
        with Recording.open(session) as recording:
            if recording.is_live:
                raise SessionError(
                    f"{session} was recorded live, which cannot be gone on with;"
                    " give --overwrite to start anew"
                )
            check_same(recording.header, header, session)
            moved = recording.header.source.name != header.source.name
            stored, is_complete = recording.indices(), recording.is_complete
        if moved:
            writer.rename_source(header.source)
    except BaseException:
        writer.close()
        raise
    if is_complete:
        writer.close()
        return stored, None
    return stored, writer


def _ending(source: Source, span: Span) -> Callable[[int | None], Ending]:
    def at_the_end(last: int | None) -> Ending:
        pts, stop = source.times(), span.stop
        if pts is None or stop is None:
            return Ending((), {"lost_after_last": source.damaged.lost - span.lost})
        begin = span.begin if last is None else last + 1
        lost = tuple(LostFrame(i, pts[i]) for i in range(begin, stop))
        return Ending(lost, {})

    return at_the_end


def _past(session: Path) -> Callable[[], Iterator[PastFrame]]:
    def replay() -> Iterator[PastFrame]:
        with Recording.open(session) as recording:
            for head in recording.frame_heads(recording.indices()):
                if head.state.is_seen:
                    seen, cues = recording.detections(head.index)[0], recording.cues(head.index)
                    yield PastFrame(head.index, float(head.time), seen, cues)

    return replay


def tracker_settings(settings: TrackSettings | LiveSettings) -> TrackerSettings:
    """Return how identities are kept under `settings`."""
    return TrackerSettings(
        high=settings.confidence,
        new=settings.confidence,
        low=settings.floor,
        max_people=settings.max_people,
    )


def _lasting(name: str) -> str:
    """Return a source's name so that it can be found from any working folder."""
    if "://" in name:
        return name
    path = at_home(name).absolute()
    return str(path.resolve() if ".." in path.parts else path)  # one name from anywhere
