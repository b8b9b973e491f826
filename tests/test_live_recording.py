"""Recording a live run: sessions and videos that are whole however it ends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from clips import drifting
from command import called, refused, told
from sessions import largest_file, points

from sdpose_track.errors import (
    OutputError,
    SdposeError,
    SessionError,
    SettingsError,
    SourceError,
    StageError,
)
from sdpose_track.live.recorder import RecordingFacts
from sdpose_track.live.recording import MOST_WAITING, RecordStage
from sdpose_track.live.records import LateLook, LiveResult
from sdpose_track.pipeline.engine import Engine
from sdpose_track.pipeline.events import Outcome
from sdpose_track.pipeline.plan import _session
from sdpose_track.pipeline.stage import Intake
from sdpose_track.pose.estimator import Estimate
from sdpose_track.records import (
    Detections,
    Float32,
    Frame,
    FramePoses,
    Int32,
    Pose,
    Provenance,
    SourceInfo,
    UInt8,
    measured,
)
from sdpose_track.review.report import quality
from sdpose_track.session.its_source import find_source, reopened
from sdpose_track.session.recording import Recording
from sdpose_track.session.schema import ModelRecord
from sdpose_track.session.view import View
from sdpose_track.skeletons import COCO17
from sdpose_track.smooth.choices import Smoothing
from sdpose_track.sources import open_source

BASE = Fraction(1, 90000)
BESIDE = 0.125
K = len(COCO17)
PICTURES = [picture[..., ::-1] for picture in drifting(48)]
FAST = np.full(K, Provenance.MEASURED_FAST, np.uint8)


def facts(name: str = "rtsp://camera/1", kind: str = "stream") -> RecordingFacts:
    source = SourceInfo(name, kind, 64, 48, BASE, 0, Fraction(30), True, None, None)
    return RecordingFacts(
        source,
        "coco17",
        ModelRecord("yolo11n-pose", "d" * 64),
        ModelRecord("sdpose-body", "p" * 64),
        {"latency": 100},
        "0.1.0",
    )


def pts_of(index: int) -> int:
    """Return the time stamp of a live frame: uneven, as cameras are."""
    return index * 3003 + (index % 3) * 211


def person(track_id: int, index: int) -> Pose:
    where = (points(track_id, index) / 20).astype(np.float32)
    return Pose(track_id, np.array([1, 2, 30, 40]), 0.9, where, np.full(K, 0.5), FAST)


def looked(index: int, track_ids: Sequence[int] = (1,)) -> LateLook:
    """What the pose model says of a frame: each keypoint a bit beside what the fast one said."""
    found = tuple(
        Estimate(_sharper(person(i, index).keypoints), np.full(K, 0.9, np.float32), measured(K))
        for i in track_ids
    )
    return LateLook(index, np.array(track_ids, np.int32), found)


def _sharper(where: Float32) -> Float32:
    return np.asarray(where + np.float32(BESIDE), np.float32)


def result(
    index: int,
    late: Sequence[LateLook] = (),
    settled: int | None = None,
    track_ids: Sequence[int] = (1,),
    picture: UInt8 | None = None,
) -> LiveResult:
    time = pts_of(index) * BASE
    image = PICTURES[index % len(PICTURES)] if picture is None else picture
    ids: Int32 = np.array(track_ids, np.int32)
    seen = Detections(
        np.tile(np.array([1, 2, 30, 40], np.float32), (len(ids), 1)),
        np.full(len(ids), 0.9),
        np.zeros((len(ids), K, 3), np.float32),
    )
    people = tuple(person(i, index) for i in track_ids)
    return LiveResult(
        FramePoses(index, pts_of(index), time, people),
        seen,
        ids,
        frame=Frame(index, pts_of(index), time, image),
        shown=people,
        late=tuple(late),
        settled=index + 1 if settled is None else settled,
    )


class Told(list[str]):
    """Notices."""

    def __call__(self, sentence: str) -> None:
        self.append(sentence)


@pytest.fixture
def notices() -> Told:
    return Told()


@pytest.fixture
def stage(notices: Told) -> Iterator[RecordStage]:
    made = RecordStage(facts(), notices)
    yield made
    made.close()


def passed(stage: RecordStage, results: Sequence[LiveResult]) -> None:
    for one in results:
        assert list(stage.process([one])) == [one]


def whole(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@contextmanager
def recording_of(path: Path) -> Iterator[Recording]:
    whole(path)
    with Recording.open(path) as recording:
        yield recording


# -- what is recorded ----------------------------------------------------------------------------


def test_frames_are_numbered_and_timed_from_the_first_one_recorded(
    tmp_path: Path, stage: RecordStage
) -> None:
    passed(stage, [result(i) for i in range(4)])
    stage.begin(tmp_path / "a.sdpose", video=False)
    passed(stage, [result(i) for i in (4, 6, 7, 11)])
    stage.end()
    passed(stage, [result(12)])

    with recording_of(tmp_path / "a.sdpose") as recording:
        assert recording.is_complete
        assert recording.indices() == range(4)
        heads = list(recording.frame_heads(range(4)))
        assert [head.pts for head in heads] == [pts_of(i) - pts_of(4) for i in (4, 6, 7, 11)]
        assert recording.header.source.first_pts == 0
        np.testing.assert_allclose(
            recording.frame(1).people[0].keypoints, person(1, 6).keypoints, atol=1e-5
        )


def test_what_the_pose_model_saw_later_takes_the_place_of_what_the_fast_one_saw(
    tmp_path: Path, stage: RecordStage
) -> None:
    stage.begin(tmp_path / "a.sdpose", video=False)
    both = (1, 2)
    passed(
        stage,
        [
            result(5, settled=5, track_ids=both),
            result(6, settled=5, track_ids=both),
            result(7, [looked(5, (2,))], settled=7, track_ids=both),
            result(8, [looked(3), looked(8, (1, 9))], settled=9, track_ids=both),
        ],
    )
    stage.end()

    with recording_of(tmp_path / "a.sdpose") as recording:
        made = [[int(pose.provenance[0]) for pose in recording.frame(i).people] for i in range(4)]
        assert made == [[4, 0], [4, 4], [4, 4], [0, 4]]
        second = recording.frame(0).people[1]
        np.testing.assert_allclose(second.keypoints, person(2, 5).keypoints + BESIDE, atol=1e-5)
        assert second.scores == pytest.approx(np.full(K, 0.9))
        assert second.score == pytest.approx(0.9)


def test_frames_are_stored_as_soon_as_no_more_will_come_of_them(
    tmp_path: Path, stage: RecordStage
) -> None:
    stage.begin(tmp_path / "a.sdpose", video=False)
    for i in range(200):
        passed(stage, [result(i, settled=max(0, i - 10))])
    stage.end()  # else the thread might not be as far
    with recording_of(tmp_path / "a.sdpose") as recording:
        assert recording.indices() == range(200)


def test_keypoints_of_another_skeleton_are_left_out_of_the_detections(
    tmp_path: Path, notices: Told
) -> None:
    whole_body = RecordingFacts(
        facts().source, "wholebody133", facts().detector, facts().pose, {}, "0.1.0"
    )
    stage = RecordStage(whole_body, notices)
    stage.begin(tmp_path / "a.sdpose", video=False)
    one = result(0, track_ids=())
    passed(stage, [LiveResult(one.poses, result(0).detections, result(0).track_ids,
                              frame=one.frame, shown=())])  # fmt: skip
    stage.close()

    with recording_of(tmp_path / "a.sdpose") as recording:
        seen, ids = recording.detections(0)
        assert (len(seen), seen.keypoints, ids.tolist()) == (1, None, [1])


def test_the_session_of_a_stream_tells_its_true_rate_and_length(
    tmp_path: Path, stage: RecordStage
) -> None:
    stage.begin(tmp_path / "a.sdpose", video=False)
    passed(stage, [result(i * 3) for i in range(20)])
    stage.end()

    with recording_of(tmp_path / "a.sdpose") as recording:
        source = recording.header.source
    assert (source.name, source.kind, source.frame_count) == ("rtsp://camera/1", "stream", 20)
    assert float(source.rate) == pytest.approx(90000 / 9009, rel=0.01)
    assert source.duration == pytest.approx(20 * 9009 / 90000, rel=0.01)


# -- with its pictures ---------------------------------------------------------------------------


def test_the_video_shows_every_frame_of_the_session_at_its_time(
    tmp_path: Path, stage: RecordStage
) -> None:
    stage.begin(tmp_path / "take.one.sdpose", video=True)
    passed(stage, [result(i) for i in range(0, 96, 2)])
    stage.end()

    assert stage.error is None
    with recording_of(tmp_path / "take.one.sdpose") as recording:
        heads = list(recording.frame_heads(recording.indices()))
        source = recording.header.source
        assert find_source(source.name, tmp_path) == tmp_path / "take.one.mp4"
        with reopened(source, tmp_path) as video:
            assert video.info == source
            assert video.times() == [head.pts for head in heads]
            assert video.info.frame_count == len(heads) == 48
            assert (video.info.first_pts, video.info.time_base) == (0, BASE)
            frames = list(video.frames())
            assert [frame.time for frame in frames] == [head.time for head in heads]
            assert [_shown(frame.image) for frame in frames] == [2 * i % 48 for i in range(48)]
            assert _shown(video.read(30).image) == 60 % 48
        assert View(recording, Smoothing.OFFLINE).frame(47).people[0].track_id == 1


def _shown(image: UInt8) -> int:
    """Return which of `PICTURES` is shown."""
    grey = image.mean(axis=2)
    return int(np.argmin([np.abs(grey - picture.mean(axis=2)).mean() for picture in PICTURES]))


def test_sessions_with_a_video_are_told_of_and_drawn_like_any_other(
    tmp_path: Path, stage: RecordStage
) -> None:
    session = tmp_path / "take.sdpose"
    stage.begin(session, video=True)
    passed(stage, [result(i) for i in range(30)])
    stage.end()

    about = told(called("info", session, "--json"))
    assert about["complete"] is True
    assert about["source"]["frame_count"] == about["frames"] == 30
    drawn = told(
        called("export", session, "--format", "video", "--out", tmp_path / "out", "--json")
    )
    with open_source(drawn["exports"][0]) as video, recording_of(session) as recording:
        assert video.times() == [head.pts for head in recording.frame_heads(range(30))]


def test_pictures_of_odd_sizes_are_padded_in_the_video(tmp_path: Path, notices: Told) -> None:
    odd = facts()
    source = SourceInfo("0: camera", "camera", 65, 49, BASE, 0, Fraction(30), True, None, None)
    stage = RecordStage(
        RecordingFacts(source, odd.skeleton, odd.detector, odd.pose, {}, "0.1.0"), notices
    )
    picture = np.full((49, 65, 3), 90, np.uint8)
    stage.begin(tmp_path / "a.sdpose", video=True)
    passed(stage, [result(i, picture=picture) for i in range(3)])
    stage.close()

    assert not notices
    with (
        recording_of(tmp_path / "a.sdpose") as recording,
        reopened(recording.header.source, tmp_path) as video,
    ):
        assert (video.info.width, video.info.height) == (66, 50)


def test_a_video_of_one_picture_is_a_video(tmp_path: Path, stage: RecordStage) -> None:
    stage.begin(tmp_path / "a.sdpose", video=True)
    passed(stage, [result(9)])
    stage.end()

    with (
        recording_of(tmp_path / "a.sdpose") as recording,
        reopened(recording.header.source, tmp_path) as video,
    ):
        assert video.info.frame_count == 1
        assert video.info.duration == pytest.approx(1 / 30)


def test_only_poses_wait_for_the_pose_model(tmp_path: Path, stage: RecordStage) -> None:
    stage.begin(tmp_path / "a.sdpose", video=True)
    alive: list[weakref.ref[UInt8]] = []
    for i in range(60):
        picture = PICTURES[i % 48].copy()
        alive.append(weakref.ref(picture))
        passed(stage, [result(i, settled=0, picture=picture)])
        del picture
        assert sum(ref() is not None for ref in alive) <= MOST_WAITING + 3
    stage.end()

    with recording_of(tmp_path / "a.sdpose") as recording:
        assert len(recording.indices()) == 60


# -- without its pictures ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [("rtsp://camera/1", "stream"), ("0: Camera", "camera"), ("dance.mp4", "rehearsal")],
)
def test_what_needs_pictures_says_that_those_of_a_live_source_are_gone(
    tmp_path: Path, notices: Told, name: str, kind: str
) -> None:
    session = tmp_path / "a.sdpose"
    (tmp_path / "dance.mp4").write_bytes(b"a video that was played")
    stage = RecordStage(facts(name, kind), notices)
    stage.begin(session, video=False)
    passed(stage, [result(i) for i in range(12)])
    stage.close()

    refusal = refused(called("export", session, "--format", "video", "--out", tmp_path / "out"), 3)
    assert f"{name} was live" in refusal
    about = told(called("info", session, "--json"))
    assert (about["frames"], about["source"]["kind"]) == (12, kind)
    made = told(called("export", session, "--format", "openpose", "csv", "bvh", "--out",
                       tmp_path / "out", "--json"))  # fmt: skip
    assert made["exports"]


# -- how it begins and ends ----------------------------------------------------------------------


def test_nothing_that_exists_is_overwritten(tmp_path: Path, stage: RecordStage) -> None:
    stage.begin(tmp_path / "a.sdpose", video=False)
    passed(stage, [result(0)])
    with pytest.raises(SettingsError, match="is being recorded; end that recording first"):
        stage.begin(tmp_path / "b.sdpose", video=False)
    stage.end()
    with pytest.raises(SettingsError, match=r"a\.sdpose exists; record to another name"):
        stage.begin(tmp_path / "a.sdpose", video=False)
    (tmp_path / "c.mp4").write_bytes(b"dear")
    with pytest.raises(SettingsError, match=r"c\.mp4 exists; record to another name"):
        stage.begin(tmp_path / "c.sdpose", video=True)

    assert (tmp_path / "c.mp4").read_bytes() == b"dear"
    assert not (tmp_path / "c.sdpose").exists()
    assert stage.recorded is None


def test_a_folder_that_cannot_be_written_is_told_at_once(
    tmp_path: Path, stage: RecordStage
) -> None:
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(OutputError, match="record to another folder"):
        stage.begin(tmp_path / "file" / "a.sdpose", video=True)


def test_a_recording_without_frames_leaves_no_files(
    tmp_path: Path, stage: RecordStage, notices: Told
) -> None:
    stage.begin(tmp_path / "a.sdpose", video=True)
    stage.end()

    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == []
    assert notices == [f"No frame was recorded, so {tmp_path / 'a.sdpose'} was not kept."]


def test_one_run_may_make_several_recordings(tmp_path: Path, stage: RecordStage) -> None:
    for name in ("a", "b"):
        stage.begin(tmp_path / f"{name}.sdpose", video=True)
        passed(stage, [result(i) for i in range(5)])
        stage.end()
        stage.end()

    for name in ("a", "b"):
        with recording_of(tmp_path / f"{name}.sdpose") as recording:
            assert recording.is_complete
            assert len(recording.indices()) == 5


def test_the_end_of_the_run_completes_the_recording(tmp_path: Path, stage: RecordStage) -> None:
    stage.begin(tmp_path / "a.sdpose", video=True)
    passed(stage, [result(i, settled=0) for i in range(7)])
    stage.close()

    with recording_of(tmp_path / "a.sdpose") as recording:
        assert recording.is_complete
        assert len(recording.indices()) == 7
    with pytest.raises(SettingsError, match="the live run has ended"):
        stage.begin(tmp_path / "b.sdpose", video=False)


class Camera:
    """Frames for an engine; it fails after `count` of them, or waits to be stopped."""

    def __init__(self, count: int, stop: Callable[[], None] | None = None) -> None:
        self._count = count
        self.stop = stop

    def frames(self, start: int = 0) -> Generator[Frame, None, None]:
        for i in range(start, self._count):
            yield result(i).frame
        if self.stop is None:
            raise SourceError("the camera was unplugged; plug it in again")
        self.stop()


class Seen:
    """A stage that makes live results of frames."""

    name = "seen"
    intake = Intake(capacity=1)

    def open(self) -> None: ...

    def process(self, items: Sequence[Frame]) -> Iterable[LiveResult]:
        return [result(item.index, settled=0) for item in items]

    def flush(self) -> Iterable[LiveResult]:
        return ()

    def close(self) -> None: ...


def test_a_run_that_fails_leaves_a_whole_recording(tmp_path: Path, stage: RecordStage) -> None:
    stage.begin(tmp_path / "a.sdpose", video=True)
    engine = Engine(Camera(20), (Seen(), stage))

    with pytest.raises(StageError, match="unplugged"):
        engine.run()

    with recording_of(tmp_path / "a.sdpose") as recording:
        assert recording.is_complete
        stored = len(recording.indices())
        with reopened(recording.header.source, tmp_path) as video:
            assert len(video.times() or ()) == stored


def test_a_run_that_is_stopped_leaves_a_whole_recording(tmp_path: Path, stage: RecordStage) -> None:
    stage.begin(tmp_path / "a.sdpose", video=True)
    camera = Camera(200)
    engine = Engine(camera, (Seen(), stage))
    camera.stop = engine.stop

    assert engine.run() is Outcome.CANCELLED

    with recording_of(tmp_path / "a.sdpose") as recording:
        assert recording.is_complete
        assert len(recording.indices()) > 150


# -- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("video", [False, True])
def test_a_full_disk_ends_the_recording_and_not_the_run(
    tmp_path: Path, stage: RecordStage, notices: Told, video: bool
) -> None:
    stage.begin(tmp_path / "a.sdpose", video=video)
    many = tuple(range(1, 30))
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    with largest_file(1_000_000):
        for i in range(400):
            passed(stage, [result(i, track_ids=many, picture=noise)])
        stage.end()

    assert isinstance(stage.error, OutputError)
    assert notices == [f"The recording has ended: {stage.error}"]
    assert stage.recorded is None
    with recording_of(tmp_path / "a.sdpose") as recording:
        assert len(recording.indices()) > 10
    passed(stage, [result(500)])
    stage.begin(tmp_path / "b.sdpose", video=video)
    assert stage.error is None


def test_a_recording_whose_folder_is_gone_ends(
    tmp_path: Path, stage: RecordStage, notices: Told
) -> None:
    folder = tmp_path / "stick"
    stage.begin(folder / "a.sdpose", video=True)
    passed(stage, [result(0)])
    shutil.rmtree(folder)
    passed(stage, [result(1), result(2)])
    stage.end()

    assert isinstance(stage.error, SdposeError)
    # Which of the two files is missed first, is chance: the first frame may not be written yet.
    told = r"a\.(mp4|sdpose) (is not there any more|was removed or replaced while it was open)"
    assert re.search(f"{told}; record to another folder$", notices[0])


@pytest.mark.parametrize("more", [0, 2])
def test_a_recording_whose_video_is_gone_ends(
    tmp_path: Path, stage: RecordStage, notices: Told, more: int
) -> None:
    stage.begin(tmp_path / "a.sdpose", video=True)
    passed(stage, [result(0)])
    (tmp_path / "a.mp4").unlink()
    passed(stage, [result(i) for i in range(1, 1 + more)])
    stage.end()

    assert isinstance(stage.error, OutputError)
    assert notices == [f"The recording has ended: {stage.error}"]
    assert "a.mp4 is not there any more; record to another folder" in notices[0]
    with recording_of(tmp_path / "a.sdpose") as recording:
        assert recording.is_complete


RECORD_FOR_EVER = """
import sys
from pathlib import Path
from test_live_recording import facts, result
from sdpose_track.live.recording import MOST_WAITING, RecordStage

stage = RecordStage(facts(), print)
stage.begin(Path(sys.argv[1]), video=True)
for i in range(10**9):
    list(stage.process([result(i, settled=max(0, i - 5))]))
    if i == 300:
        print("on", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kill is for Unix")
def test_a_killed_recording_opens_and_its_video_plays(tmp_path: Path) -> None:
    session = tmp_path / "a.sdpose"
    folder = str(Path(__file__).parent)
    command = [sys.executable, "-c", RECORD_FOR_EVER, str(session)]
    paths = os.pathsep.join([folder, str(Path(folder).parent)])
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"on\n"
        process.send_signal(signal.SIGKILL)

    with recording_of(session) as recording:
        assert not recording.is_complete
        stored = recording.indices()
        assert len(stored) > 250
        with reopened(recording.header.source, tmp_path) as video:
            shown = video.times() or []
            assert len(shown) > 200
            both = min(len(shown), len(stored))
            assert shown[:both] == [head.pts for head in recording.frame_heads(range(both))]
            assert sum(1 for _ in video.frames()) == len(shown)
    drawn = told(
        called("export", session, "--format", "video", "--out", tmp_path / "out", "--json")
    )
    assert drawn["exports"]
    assert "not complete, cut short" in called("info", session).stdout


def test_no_run_goes_on_with_a_live_recording(tmp_path: Path, stage: RecordStage) -> None:
    session = tmp_path / "a.sdpose"
    stage.begin(session, video=False)
    passed(stage, [result(0)])
    stage.end()
    with Recording.open(session) as recording:
        header = recording.header

    with pytest.raises(SessionError, match="recorded live, which cannot be gone on with"):
        _session(session, header, resume=True, overwrite=False)


def test_a_report_counts_what_either_model_saw_as_measured(
    tmp_path: Path, stage: RecordStage
) -> None:
    stage.begin(tmp_path / "a.sdpose", video=False)
    passed(stage, [result(i, [looked(i)] if i % 4 == 0 else ()) for i in range(40)])
    stage.end()

    with recording_of(tmp_path / "a.sdpose") as recording:
        (one,) = quality(recording).people
    assert one.measured > 0.9
    assert one.measured + one.predicted + one.filled + one.edited + one.missing == pytest.approx(1)
