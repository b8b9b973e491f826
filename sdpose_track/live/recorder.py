"""One recording of a live run: a session, and a video beside it on request.

Pictures go to the encoder at once; only poses wait until the pose model has no more to say of them,
so what is held back is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sdpose_track.errors import OutputError, SdposeError, SettingsError
from sdpose_track.live.movie import MP4, LiveMovie
from sdpose_track.live.records import LateLook, LiveResult
from sdpose_track.records import Detections, FramePoses, FrameResult, Pose, SourceInfo
from sdpose_track.session.place import is_begun, mend
from sdpose_track.session.recording import Recording
from sdpose_track.session.schema import ModelRecord, SessionHeader
from sdpose_track.session.storage import Advice
from sdpose_track.session.writer import SessionWriter
from sdpose_track.skeletons import SKELETONS
from sdpose_track.sources import open_source
from sdpose_track.sources.timing import regular_rate, typical_step

ADVICE = Advice(
    elsewhere="record to another folder",
    no_session="record to another name",
    full="record again",
    busy="record to another name",
    gone="record to another folder",
)
MOST_HELD = 4096
"""Frames whose poses wait for the pose model; beyond, the oldest is stored as it is."""


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """What a session says of the live run that it is recorded from."""

    source: SourceInfo
    """The live one."""
    skeleton: str
    """A name in `skeletons.SKELETONS`."""
    detector: ModelRecord
    pose: ModelRecord
    settings: dict[str, Any]
    """What changes the results, as JSON values."""
    app_version: str


class Recorder:
    """Writes what it is given to new files. One thread at a time."""

    def __init__(self, path: Path, facts: RecordingFacts, *, video: bool) -> None:
        """Begin the session `path`, with `video` also the same name with `.mp4`.

        Raises SettingsError if one of them is there already, OutputError if it cannot be written.
        """
        mend(path)
        if is_begun(path):
            raise SettingsError(f"{path} exists; record to another name")
        self.path = path
        self.frames = 0
        """How many are recorded; they are numbered from 0 without holes."""
        self.has_failed = False
        """It was given up."""
        self._source = facts.source
        self._keypoints = len(SKELETONS[facts.skeleton])
        self._zero = 0
        self._held: dict[int, FrameResult] = {}
        header = SessionHeader(
            replace(facts.source, first_pts=0),
            facts.skeleton,
            facts.detector,
            facts.pose,
            facts.settings,
            facts.app_version,
        )
        self._writer = SessionWriter.create(path, header, advice=ADVICE)
        self._movie: LiveMovie | None = None
        try:
            self._writer.note("live", value=True)
            if video:
                self._movie = LiveMovie(path.with_suffix(MP4), header.source)
                self._writer.rename_source(self._movie.info)
        except BaseException:
            self._discard()
            raise

    def add(self, result: LiveResult) -> None:
        """Record a frame, and store those of which no more will come.

        Raises OutputError if that cannot be written any more.
        """
        self._check_files()
        if not self.frames:
            self._zero = result.frame.pts
        pts = result.frame.pts - self._zero
        if self._movie is not None:
            self._movie.show(result.frame.image, pts)
        self._held[result.frame.index] = self._numbered(result, pts)
        self.frames += 1
        for look in result.late:
            if look.index in self._held:
                self._held[look.index] = _seen_by(look, self._held[look.index])
        self._store(result.settled)

    def finish(self) -> bool:
        """Complete the files; False if there was no frame, in which case they are removed.

        Raises OutputError if that fails; then `give_up`.
        """
        if not self.frames:
            self._discard()
            return False
        self._check_files()
        self._store(None)
        if self._movie is not None:
            self._movie.finish()
        self._writer.rename_source(self._final_source())
        self._close()
        return True

    def give_up(self) -> None:
        """Close the files as they are: what was stored is whole."""
        self.has_failed = True
        if self._movie is not None:
            self._movie.give_up()
        with suppress(SdposeError):  # the reason why is told already
            self._store(None)
        with suppress(SdposeError):
            self._close()
        self._writer.close()

    def _files(self) -> list[Path]:
        return [self.path] if self._movie is None else [self.path, self._movie.path]

    def _check_files(self) -> None:
        """Raise OutputError if a file is gone: SQLite and FFmpeg go on with what nobody finds."""
        for path in self._files():
            if not _is_there(path):
                raise OutputError(f"{path} is not there any more; record to another folder")

    def _close(self) -> None:
        self._writer.finish({})
        self._writer.close()

    def _discard(self) -> None:
        if self._movie is not None:
            self._movie.give_up()
        self._writer.close()
        with suppress(OSError):  # they are empty
            for path in self._files():
                path.unlink(missing_ok=True)

    def _numbered(self, result: LiveResult, pts: int) -> FrameResult:
        """Return what is stored of a frame: counted, and timed, from the first one recorded."""
        poses, seen = result.poses, result.detections
        time = pts * self._source.time_base
        if seen.keypoints is not None and seen.keypoints.shape[1] != self._keypoints:
            seen = Detections(seen.boxes, seen.scores)
        return FrameResult(
            FramePoses(self.frames, pts, time, poses.people, poses.state),
            seen,
            result.track_ids,
            cues=result.cues,
        )

    def _store(self, settled: int | None) -> None:
        """Store the frames below `settled`, a number of the live run; None for all."""
        ready = [i for i in self._held if settled is None or i < settled]
        if not ready and len(self._held) > MOST_HELD:
            ready = [next(iter(self._held))]
        if ready:
            self._writer.append([self._held[i] for i in ready])
        for i in ready:  # only now: were it not stored, the next would leave a hole
            del self._held[i]

    def _final_source(self) -> SourceInfo:
        """Return what the session was made from: the video, or what was live."""
        with Recording.open(self.path) as recording:
            stamps = [head.pts for head in recording.frame_heads(recording.indices())]
        if self._movie is None:
            return _measured(self._source, stamps)
        with open_source(str(self._movie.path.absolute())) as video:
            if video.times() == stamps and video.info.time_base == self._source.time_base:
                return video.info
        raise OutputError(
            f"{self._movie.path} does not show the {len(stamps)} frames of the session; use the"
            " session without it"
        )


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the disk was pulled out
        return False


def _measured(source: SourceInfo, stamps: Sequence[int]) -> SourceInfo:
    """Return the facts of a live source by the times of what was recorded of it."""
    rate, is_vfr = regular_rate(stamps, source.time_base, (source.rate,))
    step = typical_step(stamps) or round(1 / (rate * source.time_base))
    return replace(
        source,
        first_pts=0,
        rate=rate,
        is_vfr=is_vfr,
        frame_count=len(stamps),
        duration=(stamps[-1] + step) * source.time_base,
    )


def _seen_by(look: LateLook, result: FrameResult) -> FrameResult:
    """Return `result` with the keypoints that the pose model saw."""
    found = dict(zip(look.track_ids.tolist(), look.estimates, strict=True))
    people = []
    for pose in result.poses.people:
        one = found.get(pose.track_id)
        if one is not None:
            pose = Pose(  # noqa: PLW2901
                pose.track_id, pose.box, pose.score, one.keypoints, one.scores, one.provenance
            )
        people.append(pose)
    return replace(result, poses=replace(result.poses, people=tuple(people)))
