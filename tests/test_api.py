"""The Python interface: from a video to numpy, and to supervision's values."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

import sdpose_track
from sdpose_track import Recording, Smoothing, TrackSettings, View, track_video
from sdpose_track.errors import SdposeError
from sdpose_track.interop import to_supervision
from sdpose_track.pipeline.events import Event, Finished, FrameDone, Outcome


@pytest.fixture(scope="module")
def session(people_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return track_video(people_clip, tmp_path_factory.mktemp("api") / "people.sdpose")


def test_a_video_becomes_arrays(session: Path) -> None:
    with Recording.open(session) as recording:
        for span in recording.tracks():
            person = View(recording, Smoothing.OFFLINE).track(span.track_id)
            assert person.keypoints.shape == (len(person), 17, 2)
            assert person.scores.shape == (len(person), 17)
            assert (np.diff(person.times) > 0).all()


def test_a_finished_session_is_not_made_again(session: Path, people_clip: Path) -> None:
    before = session.stat().st_mtime_ns
    assert track_video(people_clip, session) == session
    assert session.stat().st_mtime_ns == before


def test_events_arrive_in_order_on_another_thread(people_clip: Path, tmp_path: Path) -> None:
    heard: list[tuple[Event, str]] = []
    track_video(
        people_clip,
        tmp_path / "people.sdpose",
        TrackSettings(max_people=1),
        listener=lambda event: heard.append((event, threading.current_thread().name)),
    )
    frames = [e.result.poses.index for e, _ in heard if isinstance(e, FrameDone)]
    assert frames == list(range(50))
    assert heard[-1][0] == Finished(Outcome.COMPLETED)
    assert {name for _, name in heard} == {"sdpose-results"}


def test_frames_become_supervisions_values(session: Path) -> None:
    with Recording.open(session) as recording:
        frame = recording.frame(10)
        detections, keypoints = to_supervision(frame)
        assert detections.tracker_id.tolist() == [p.track_id for p in frame.people]
        np.testing.assert_array_equal(detections.xyxy[0], frame.people[0].box)
        np.testing.assert_array_equal(keypoints.xy[0], frame.people[0].keypoints)
    nobody = type(frame)(0, 0, frame.time, ())
    assert len(to_supervision(nobody)[0]) == 0


def test_every_public_name_is_there() -> None:
    for name in sdpose_track.__all__:
        assert getattr(sdpose_track, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sdpose_track.nothing  # noqa: B018  the access is the test


def test_a_source_that_cannot_be_read_raises_our_error(tmp_path: Path) -> None:
    with pytest.raises(SdposeError, match=r"gone\.mp4"):
        track_video(tmp_path / "gone.mp4", tmp_path / "gone.sdpose")
    assert list(tmp_path.iterdir()) == []
