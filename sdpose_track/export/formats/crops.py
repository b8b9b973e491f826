"""A video of each person, cut out of the source by a window that follows them calmly.

Many people are filmed in one pass over the source, each from their first frame to their last.
There is no sound: it would be the same in every file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np

from sdpose_track.export.job import REPORTS, Job
from sdpose_track.export.media.codecs import Codec, find_codec
from sdpose_track.export.media.lane import Lane
from sdpose_track.export.media.movie import Canvas, Movie, Shape, encoding
from sdpose_track.export.media.source_pictures import paired, reopened
from sdpose_track.export.media.timing import Timing
from sdpose_track.export.media.windows import Window, follow
from sdpose_track.records import Float64, Frame, FramePoses, TrackArrays, UInt8

Report = Callable[[int, int], None]

AT_ONCE = 8
"""People who are filmed at once: every encoder holds some pictures."""
AHEAD = 8
"""Pictures that may wait for the encoders."""
THREADS = 2
"""Of an encoder: there are others beside it."""


def write(job: Job, part: Path) -> None:
    """Write `STEM_pID.mp4` of each person into the empty folder `part`.

    A video keeps the times from the person's first frame on. Where they are absent the window
    rests, and what lies outside of the picture is black.

    Raises:
        SettingsError: there is no such codec at hand, or it has no such quality.
        SourceError: the video of the session is not there any more, or is another one now.
        OutputError: an encoder refuses it.
    """
    # Tracks are read in a moment: what takes time, and is told, are the pictures. Those are never
    # mixed, so neither are the boxes.
    report = job.options.progress
    job.options = replace(job.options, progress=None, between="nearest")
    seconds = np.array([float(moment.time) for moment in job.heads()])
    shots = [_shot(job, track, seconds, part) for track, _ in job.tracks() if len(track)]
    people = [shot.described(job.indices.start) for shot in shots]
    job.added["crops"] = {"sound": False, "people": people}
    if not shots:
        return
    codec, passes = find_codec(job.options.codec), _passes(shots)
    progress = _Progress(report, job.total, sum(_stop(group) - group[0].first for group in passes))
    with reopened(job) as source, encoding():
        crew = _Crew(Timing(job, source), codec, job.options.quality)
        for group in passes:
            moments = progress.told(islice(job.heads(), group[0].first, _stop(group)))
            with closing(paired(job, source, moments)) as pairs:
                crew.film(group, pairs)


@dataclass(frozen=True, slots=True, eq=False)
class _Shot:
    """What is filmed of one person."""

    track_id: int
    path: Path
    first: int
    """Of the export's moments, counted from 0, the first one in it."""
    last: int
    window: Window

    def described(self, start: int) -> dict[str, Any]:
        """Return what the description says; `start` is the number of the export's first frame."""
        window = self.window
        return {
            "id": self.track_id,
            "file": self.path.name,
            "first_frame": start + self.first,
            "frames": self.last - self.first + 1,
            "size": list(window.size),
            "window_px": [round(window.width, 3), round(window.height, 3)],
        }


def _shot(job: Job, track: TrackArrays, seconds: Float64, folder: Path) -> _Shot:
    rows, source = job.rows(track), job.view.source
    first, last = int(rows[0]), int(rows[-1])
    boxes = np.full((last - first + 1, 4), np.nan, np.float32)
    boxes[rows - first] = track.boxes
    window = follow(
        seconds[first : last + 1], boxes, job.options.size, (source.width, source.height)
    )
    path = job.person_path(folder, track.track_id, ".mp4")
    return _Shot(track.track_id, path, first, last, window)


def _passes(shots: Sequence[_Shot]) -> list[list[_Shot]]:
    """Return `shots` by their beginning, in groups of which no more than `AT_ONCE` overlap."""
    passes: list[list[_Shot]] = []
    for shot in sorted(shots, key=lambda shot: shot.first):
        for group in passes:
            if sum(other.last >= shot.first for other in group) < AT_ONCE:
                group.append(shot)
                break
        else:
            passes.append([shot])
    return passes


def _stop(group: Sequence[_Shot]) -> int:
    return max(shot.last for shot in group) + 1


class _Progress:
    """Tells how many of the `work` pictures of all passes are done, as that share of `frames`."""

    def __init__(self, report: Report | None, frames: int, work: int) -> None:
        self._report = report
        self._frames = frames
        self._work = work
        self._step = max(1, min(work // REPORTS, 30))
        self._done = 0

    def told(self, moments: Iterable[FramePoses]) -> Iterator[FramePoses]:
        """Yield `moments`, telling of those that were made use of."""
        for moment in moments:
            yield moment
            self._done += 1
            is_due = self._done % self._step == 0 or self._done == self._work
            if self._report is not None and is_due:
                self._report(self._frames * self._done // self._work, self._frames)


# -- filming ---------------------------------------------------------------------------------------


class _Crew:
    """Films people, several of them in one pass over the pictures."""

    def __init__(self, timing: Timing, codec: Codec, quality: int | None) -> None:
        self._timing = timing
        self._codec = codec
        self._quality = quality

    def film(self, shots: Sequence[_Shot], pairs: Iterable[tuple[FramePoses, Frame]]) -> None:
        """Write the videos of `shots`, which are by their beginning; `pairs` are theirs."""
        waiting, cameras, last = deque(shots), list[_Camera](), 0
        try:
            with Lane(AHEAD) as lane:
                for moment, frame in pairs:
                    row, last = self._timing.row(moment), self._timing.of(moment)
                    for camera in [c for c in cameras if c.shot.last < row]:
                        lane.put(partial(camera.finish, last))
                        cameras.remove(camera)
                    while waiting and waiting[0].first <= row:
                        cameras.append(self._camera(waiting.popleft()))
                    for camera in cameras:
                        lane.put(camera.film(frame.image, row, last))
                lane.drain()
            while cameras:
                cameras.pop().finish(self._timing.stop(last))
        finally:
            for camera in cameras:
                camera.abandon()

    def _camera(self, shot: _Shot) -> _Camera:
        shape = Shape(*shot.window.size, self._timing.base, self._timing.rate)
        movie = Movie(shot.path, shape, self._codec, self._quality, threads=THREADS)
        return _Camera(shot, movie)


class _Camera:
    """Writes the video of one person."""

    def __init__(self, shot: _Shot, movie: Movie) -> None:
        self.shot = shot
        self._movie = movie
        self._canvas = Canvas(movie.shape)
        self._start: int | None = None

    def film(self, image: UInt8, row: int, time: int) -> Callable[[], None]:
        """Return the work of encoding what is seen at a moment, `time` in that of the export."""
        if self._start is None:
            self._start = time
        np.copyto(self._canvas.image, self.shot.window.cut(image, row - self.shot.first))
        return partial(self._movie.show, self._movie.converted(self._canvas), time - self._start)

    def finish(self, stop: int) -> None:
        """Complete the file; its last picture lasts until `stop`."""
        with self._movie:
            self._movie.finish(stop - (self._start or 0))

    def abandon(self) -> None:
        """Close what is of no use any more."""
        with suppress(av.FFmpegError):
            self._movie.close()
