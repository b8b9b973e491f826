"""The video again, with the people of a session drawn into it, as H.264 in MP4.

Every picture keeps its own time, the last one its duration, and the sound its place. This thread
decodes, draws and converts while another encodes; at most `AHEAD` pictures lie between them.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from urllib.parse import unquote, urlsplit

import av
import numpy as np

from sdpose_track.errors import OutputError, SourceError
from sdpose_track.export.job import Job
from sdpose_track.export.mp4 import HUGE, Canvas, Mp4, Shape
from sdpose_track.export.sound import Sound
from sdpose_track.records import Frame, FramePoses, SourceInfo
from sdpose_track.render.overlay import draw_people
from sdpose_track.session.schema import other_file
from sdpose_track.sources import Source, open_source

log = logging.getLogger(__name__)

AHEAD = 6
"""Pictures that may wait for the encoder."""


def write(job: Job, part: Path) -> None:
    """Write the frames of the view, drawn on, to the new file `part`.

    Lost frames are left out: there is nothing to show, and the picture before stays longer.

    Raises:
        SourceError: the video of the session is not there any more, or is another one now.
        OutputError: there is no frame to write, or the encoder refuses it.
    """
    if not job.total:
        raise OutputError(f"{part.parent}: the session has no frames yet, so there is no video")
    then = job.view.source
    path = find_source(then.name, job.view.recording.path.parent)
    try:
        with _reopened(then, path) as source:
            _check_same(then, source.info, path)
            _write(job, source, path, part)
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise OutputError(f"the video cannot be encoded ({error}); use another format") from error


def find_source(name: str, folder: Path) -> Path:
    """Return where the source that a session calls `name` is now.

    It is looked for at its path and, since sessions are moved with their videos, in `folder`, the
    session's. Raises SourceError if it is in neither place, or was a live one.
    """
    local = unquote(urlsplit(name).path) if name.lower().startswith("file://") else name
    if "://" in local:
        raise SourceError(
            f"{name} was live, so there is no video to draw on; export another format"
        )
    there = Path(local).expanduser()
    for path in (there, folder / there, folder / there.name):
        if path.exists() or ("%" in path.name and path.parent.is_dir()):
            return path
    raise SourceError(
        f"{name} is not there any more; the annotated video is drawn on it, so put it back"
        f" or beside the session in {folder}"
    )


def _reopened(then: SourceInfo, path: Path) -> Source:
    if then.kind in ("pictures", "picture"):
        return open_source(str(path), picture_rate=then.rate)
    return open_source(str(path))


def _check_same(then: SourceInfo, now: SourceInfo, path: Path) -> None:
    difference = other_file(then, now)
    if difference is not None:
        raise SourceError(
            f"{path} is not the video that the session was made from ({difference}); put that back"
            " or run track again"
        )


def _write(job: Job, source: Source, path: Path, part: Path) -> None:
    info = source.info
    shape = Shape(info.width, info.height, info.time_base, info.rate)
    clock = _Clock(job, source)
    written = 0
    with Mp4(part, shape) as mp4:
        sound = _sound(info, path, clock)
        if sound is not None:
            mp4.add_sound(sound)
        with ThreadPoolExecutor(1, thread_name_prefix="sdpose-encode") as thread:
            lane = _Lane(thread, mp4, shape)
            with closing(_drawn(job, source, mp4, Canvas(shape))) as pictures:
                for picture, time, duration in clock.timed(pictures):
                    lane.put(picture, time, duration)
                    written += 1
            lane.drain()
        if not written:
            raise OutputError(f"no frame of {path} can be shown, so there is no video to write")
        mp4.finish(clock.end)


def _drawn(
    job: Job, source: Source, mp4: Mp4, canvas: Canvas
) -> Generator[tuple[av.VideoFrame, int], None, None]:
    """Yield the pictures of the view with the people on them, ready to encode, and their pts."""
    view, options = job.view, job.options
    with closing(source.frames(view.indices.start)) as decoded:
        for poses, frame in _paired(job.frames(), decoded):
            if frame.pts != poses.pts:
                raise SourceError(
                    f"{view.source.name}: frame {frame.index} has another time than in the session;"
                    " it is not the video that the session was made from"
                )
            np.copyto(canvas.image, frame.image)
            draw_people(canvas.image, poses.people, view.skeleton, options.style)
            yield mp4.converted(canvas), frame.pts


def _paired(
    wanted: Iterator[FramePoses], decoded: Iterator[Frame]
) -> Iterator[tuple[FramePoses, Frame]]:
    """Yield the frames that are in both, by index; both come in ascending order."""
    frame = next(decoded, None)
    for poses in wanted:
        while frame is not None and frame.index < poses.index:
            frame = next(decoded, None)
        if frame is not None and frame.index == poses.index:
            yield poses, frame


class _Lane:
    """Hands pictures to the thread that encodes, a few at a time."""

    def __init__(self, thread: ThreadPoolExecutor, mp4: Mp4, shape: Shape) -> None:
        self._thread = thread
        self._mp4 = mp4
        self._waiting: deque[Future[None]] = deque()
        self._ahead = 1 if shape.width * shape.height > HUGE else AHEAD

    def put(self, picture: av.VideoFrame, time: int, duration: int) -> None:
        """Encode `picture` when its turn comes. Raises what the encoder raised, if it did."""
        self._waiting.append(self._thread.submit(self._mp4.encode, picture, time, duration))
        while len(self._waiting) > self._ahead:
            self._waiting.popleft().result()

    def drain(self) -> None:
        """Wait until every picture is encoded."""
        while self._waiting:
            self._waiting.popleft().result()


class _Clock:
    """Turns the source's time stamps into the file's: from 0, each with its duration."""

    def __init__(self, job: Job, source: Source) -> None:
        info = source.info
        indices = job.view.indices
        self._first = next(job.view.recording.frame_heads(indices)).pts
        self._base = info.time_base
        self._usual = max(1, round(1 / (info.rate * info.time_base)))
        self.whole_start = indices.start == 0
        self.origin = self._first * info.time_base
        """Time in the source, in seconds, that becomes 0."""
        self.end: Fraction | None = None
        """Seconds at which the sound is cut; None where the view goes to the source's end."""
        self._stop = self._stop_of(job, source)

    def _stop_of(self, job: Job, source: Source) -> int | None:
        """Return the pts at which the last frame ends, if it is known."""
        info, after = source.info, job.view.indices.stop
        times = source.times()
        if times is not None and after < len(times):
            self.end = (times[after] - self._first) * info.time_base
            return times[after]
        if info.duration is None:
            return None
        return info.first_pts + round(info.duration / info.time_base)

    def timed(
        self, pictures: Iterator[tuple[av.VideoFrame, int]]
    ) -> Iterator[tuple[av.VideoFrame, int, int]]:
        """Yield each picture with its time and duration in the time base."""
        held: tuple[av.VideoFrame, int] | None = None
        for picture, pts in pictures:
            if held is not None:
                yield held[0], held[1] - self._first, pts - held[1]
            held = (picture, pts)
        if held is not None:
            stop = self._stop
            last = stop - held[1] if stop is not None and stop > held[1] else self._usual
            yield held[0], held[1] - self._first, last


def _sound(info: SourceInfo, path: Path, clock: _Clock) -> Sound | None:
    if info.kind != "video" or info.audio_codec is None:
        return None
    try:
        return Sound(path, clock.origin, whole=clock.whole_start)
    except (av.FFmpegError, ValueError) as error:
        log.warning("%s: the sound cannot be read (%s); the picture can.", path, error)
        return None
