from __future__ import annotations

import shutil
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import PTS_MS, Stamps, drifting, encode

from sdpose_track.capture import LIVE_TIME_BASE, CaptureSettings, LiveSource, open_live
from sdpose_track.capture.feed import Cue
from sdpose_track.capture.rehearsal import Rehearsal
from sdpose_track.errors import SourceError
from sdpose_track.records import Frame

REHEARSED = CaptureSettings(realtime=True)
TICKS = [90 * ms for ms in PTS_MS]


def rehearse(path: Path, settings: CaptureSettings = REHEARSED) -> LiveSource:
    return open_live(str(path), settings, print)


def level(frame: Frame) -> int:
    """Return which of the six grey pictures of the uneven clip it is."""
    return round(float(frame.image.mean()) / 40)


def test_a_file_is_played_with_its_own_intervals_and_ends(uneven_clip: Path) -> None:
    with rehearse(uneven_clip) as source:
        frames = list(source.frames())
        assert source.arrived == len(TICKS)
        assert source.left_out == len(TICKS) - len(frames)
    assert level(frames[0]) == 0
    assert level(frames[-1]) == 5
    assert [frame.pts for frame in frames] == [TICKS[level(frame)] for frame in frames]
    assert [frame.index for frame in frames] == [level(frame) for frame in frames]
    assert [frame.time for frame in frames] == [f.pts * LIVE_TIME_BASE for f in frames]
    info = source.info
    assert (info.kind, info.name) == ("rehearsal", str(uneven_clip))
    assert (info.width, info.height, info.frame_count, info.duration) == (64, 48, None, None)


def test_a_frame_arrives_when_it_is_due(uneven_clip: Path) -> None:
    with rehearse(uneven_clip) as source:
        frames = list(source.frames())
    first = frames[0].arrived or 0
    for frame in frames[1:]:
        assert (frame.arrived or 0) - first >= float(frame.time) - 0.01


def test_nothing_is_missed_before_somebody_looks(uneven_clip: Path) -> None:
    with rehearse(uneven_clip) as early, rehearse(uneven_clip) as late:
        list(early.frames())
        assert level(next(late.frames())) == 0


def test_a_loop_goes_on_with_ascending_times(uneven_clip: Path) -> None:
    settings = CaptureSettings(realtime=True, loop=True)
    with rehearse(uneven_clip, settings) as source:
        frames = list(islice(source.frames(), 14))
    assert all(a.pts < b.pts for a, b in pairwise(frames))
    assert frames[-1].index >= 13
    assert [level(frame) for frame in frames] == [frame.index % 6 for frame in frames]
    rounds = {frame.pts - TICKS[level(frame)] for frame in frames}
    assert rounds <= {0, *(frame.index // 6 * min(rounds - {0}) for frame in frames)}


@pytest.mark.parametrize("other", ["gone", "another video", "no video"])
def test_a_loop_ends_when_its_file_is_taken_away_or_exchanged(
    other: str, uneven_clip: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(uneven_clip, tmp_path / "clip.mp4"))
    with rehearse(path, CaptureSettings(realtime=True, loop=True)) as source:
        frames = source.frames()
        next(frames)
        path.unlink()
        if other == "another video":
            encode(path, drifting(3), stamps=Stamps([7, 70, 700], Fraction(1, 90_000)))
        elif other == "no video":
            path.write_text("no video")
        with pytest.raises(SourceError, match=r"clip\.mp4 is not there any more, or is another"):
            list(frames)


def test_a_loop_ends_when_its_pictures_are_taken_away(tmp_path: Path) -> None:
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((48, 64, 3), 80 * i, np.uint8))
    settings = CaptureSettings(realtime=True, loop=True, rate=Fraction(50))
    with rehearse(tmp_path, settings) as source:
        frames = source.frames()
        list(islice(frames, 4))
        (tmp_path / "1.png").unlink()
        with pytest.raises(SourceError, match="is not there any more"):
            list(frames)


def test_times_that_lie_closer_than_live_times_can_tell_ascend(tmp_path: Path) -> None:
    clip = encode(
        tmp_path / "close.mp4",
        drifting(6),
        stamps=Stamps(time_base=Fraction(1, 1_000_000), pts=range(6)),
    )
    cue = Cue()
    cue.begin.set()
    arrivals = Rehearsal(str(clip), None, loop=False).play(cue)
    assert [arrival.ticks for arrival in arrivals] == list(range(6))


def test_pictures_are_played_at_the_wished_rate(tmp_path: Path) -> None:
    for i in range(4):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((48, 64, 3), 40 * i, np.uint8))
    settings = CaptureSettings(realtime=True, rate=Fraction(50))
    with rehearse(tmp_path, settings) as source:
        frames = list(source.frames())
    assert source.info.rate == 50
    assert [frame.pts for frame in frames] == [1800 * level(frame) for frame in frames]


def test_a_rehearsal_ends_at_once_when_it_is_interrupted(uneven_clip: Path) -> None:
    settings = CaptureSettings(realtime=True, loop=True)
    with rehearse(uneven_clip, settings) as source:
        frames = source.frames()
        next(frames)
        source.interrupt()
        assert list(frames) == []


def test_what_is_no_video_is_refused_as_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("These are notes.\n" * 100)
    with pytest.raises(SourceError, match="is not a video: it is a text file"):
        rehearse(path)
    with pytest.raises(SourceError, match="does not exist; check the path"):
        rehearse(tmp_path / "nothing.mp4")
