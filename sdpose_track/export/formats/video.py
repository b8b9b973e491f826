"""The video again, with the people of a session drawn into it, and its sound.

Every picture keeps its own time, the last one its duration, and the sound its place; at a constant
rate pictures are repeated and skipped. This thread decodes, draws and converts while another
encodes; at most `AHEAD` pictures lie between them.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import closing
from functools import partial
from pathlib import Path

import av
import numpy as np

from sdpose_track.errors import OutputError
from sdpose_track.export.job import Job
from sdpose_track.export.media.codecs import PRORES_HQ, Codec, find_codec
from sdpose_track.export.media.lane import Lane
from sdpose_track.export.media.movie import Canvas, Movie, Shape, encoding
from sdpose_track.export.media.sound import Sound
from sdpose_track.export.media.source_pictures import pictures, reopened
from sdpose_track.export.media.timing import Timing
from sdpose_track.records import FramePoses
from sdpose_track.render.overlay import draw_people
from sdpose_track.render.trails import Trails
from sdpose_track.sources import Source

log = logging.getLogger(__name__)

AHEAD = 6
"""Pictures that may wait for the encoder; of huge ones, one."""


def write(job: Job, part: Path) -> None:
    """Write the frames of the export, drawn on, to the new MP4 file `part`.

    Lost frames are left out: there is nothing to show, and the picture before stays longer.

    Raises:
        SettingsError: there is no such codec at hand, or it has no such quality.
        SourceError: the video of the session is not there any more, or is another one now.
        OutputError: there is no frame to write, or the encoder refuses it.
    """
    _write(job, part, find_codec(job.options.codec), job.options.quality)


def write_prores(job: Job, part: Path) -> None:
    """Write the same as ProRes 422 HQ to the new QuickTime file `part`. Raises as `write` does."""
    _write(job, part, PRORES_HQ, None)


def _write(job: Job, part: Path, codec: Codec, quality: int | None) -> None:
    if not job.total:
        raise OutputError(f"{part.parent}: the session has no frames yet, so there is no video")
    with reopened(job) as source, encoding():
        info, timing = source.info, Timing(job, source)
        shape = Shape(info.width, info.height, timing.base, timing.rate)
        with Movie(part, shape, codec, quality) as movie:
            sound = _sound(source, timing)
            if sound is not None:
                movie.add_sound(sound)
            last = _show_all(job, source, timing, movie)
            if last is None:
                raise OutputError(f"no frame of {info.name} can be shown, so there is no video")
            movie.finish(timing.stop(last), timing.end)


def _show_all(job: Job, source: Source, timing: Timing, movie: Movie) -> int | None:
    """Show every picture of the export and return the time of the last one; None without any."""
    canvas, last = Canvas(movie.shape), None
    with Lane(1 if movie.shape.is_huge else AHEAD) as lane:
        with closing(_drawn(job, source, canvas)) as moments:
            for moment in moments:
                last = timing.of(moment)
                lane.put(partial(movie.show, movie.converted(canvas), last))
        lane.drain()
    return last


def _drawn(job: Job, source: Source, canvas: Canvas) -> Generator[FramePoses, None, None]:
    """Yield each moment that has a picture when that is on `canvas`, with the people on it."""
    skeleton, style = job.view.skeleton, job.options.style
    trails = Trails(skeleton, style)
    with closing(pictures(job, source)) as paired:
        for moment, frame in paired:
            np.copyto(canvas.image, frame.image)
            if style.trails:
                trails.add(float(moment.time), moment.people)
                trails.draw(canvas.image)
            draw_people(canvas.image, moment.people, skeleton, style)
            yield moment


def _sound(source: Source, timing: Timing) -> Sound | None:
    info = source.info
    if info.kind != "video" or info.audio_codec is None:
        return None
    try:
        return Sound(Path(info.name), timing.origin, whole=timing.begins_with_source)
    except (av.FFmpegError, ValueError) as error:
        log.warning("%s: the sound cannot be read (%s); the picture can.", info.name, error)
        return None
