"""A run inside the window: real clips, real networks, real threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from threads import engine_threads

from sdpose_track.pipeline.events import Outcome
from sdpose_track.session.recording import Recording
from sdpose_track.session.storage import RUN, locked
from sdpose_track.settings import TrackSettings
from ui.jobs.job import State
from ui.jobs.tracking import TrackJob
from ui.jobs.wishes import RunWish

SETTINGS = TrackSettings(device="cpu", detector_size="640")
FRAMES = 50
LIMIT_MS = 120_000
Jobs = Callable[[RunWish], TrackJob]


class Heard:
    """What a job told."""

    def __init__(self, job: TrackJob) -> None:
        self.states: list[State] = []
        self.progress: list[tuple[int, int | None, int]] = []
        self.begun: list[Path] = []
        self.notes: list[str] = []
        self.ends: list[tuple[Outcome, str | None]] = []
        job.state_changed.connect(self.states.append)
        job.progressed.connect(lambda *facts: self.progress.append(facts))
        job.begun.connect(self.begun.append)
        job.noted.connect(self.notes.append)
        job.ended.connect(lambda outcome, sentence: self.ends.append((outcome, sentence)))


@pytest.fixture
def jobs(qapp: Any) -> Iterator[Jobs]:
    made: list[TrackJob] = []

    def make(wish: RunWish) -> TrackJob:
        made.append(TrackJob(wish))
        return made[-1]

    yield make
    for job in made:
        job.close()


def wish(clip: Path, folder: Path, **more: Any) -> RunWish:
    return RunWish(source=str(clip), session=folder / "clip.sdpose", settings=SETTINGS, **more)


def poses(session: Path) -> list[tuple[object, ...]]:
    """Return every stored number of every person in every frame, as bytes."""
    found: list[tuple[object, ...]] = []
    with Recording.open(session) as recording:
        for index in recording.indices():
            for track in recording.people(range(index, index + 1)).values():
                pose = track.at(index)
                assert pose is not None
                arrays = (pose.box, pose.keypoints, pose.scores, pose.provenance)
                found.append((pose.track_id, *(np.asarray(a).tobytes() for a in arrays)))
    return found


def run(qtbot: QtBot, job: TrackJob) -> Heard:
    heard = Heard(job)
    with qtbot.waitSignal(job.ended, timeout=LIMIT_MS):
        job.start()
    return heard


@pytest.fixture(scope="module")
def whole(people_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of a run that never stopped, made without any window."""
    from sdpose_track import track_video

    return track_video(people_clip, tmp_path_factory.mktemp("whole") / "clip.sdpose", SETTINGS)


def test_a_run_goes_from_preparing_to_a_complete_session(
    qtbot: QtBot, jobs: Jobs, people_clip: Path, tmp_path: Path, whole: Path
) -> None:
    job = jobs(wish(people_clip, tmp_path))
    assert job.state is State.PREPARING

    heard = run(qtbot, job)

    assert heard.states == [State.RUNNING, State.DONE]
    assert heard.ends == [(Outcome.COMPLETED, None)]
    assert heard.begun == [tmp_path / "clip.sdpose"]
    done = [facts[0] for facts in heard.progress]
    assert done == sorted(done)
    assert heard.progress[-1][:2] == (FRAMES, FRAMES)
    assert max(people for _, _, people in heard.progress) > 1
    with Recording.open(tmp_path / "clip.sdpose") as recording:
        assert recording.is_complete
    assert poses(tmp_path / "clip.sdpose") == poses(whole)
    assert not engine_threads()


def test_a_pause_holds_the_run_until_it_goes_on(
    qtbot: QtBot, jobs: Jobs, people_clip: Path, tmp_path: Path
) -> None:
    job = jobs(wish(people_clip, tmp_path))
    heard = Heard(job)
    with qtbot.waitSignal(job.begun, timeout=LIMIT_MS):
        job.start()
    job.pause()
    assert job.state is State.PAUSED
    assert job.per_second is None
    qtbot.waitUntil(lambda: settled(job), timeout=LIMIT_MS)
    assert not heard.ends, "a run that is paused does not come to its end"
    assert job.done < FRAMES

    with qtbot.waitSignal(job.ended, timeout=LIMIT_MS):
        job.go_on()

    assert heard.states == [State.RUNNING, State.PAUSED, State.RUNNING, State.DONE]
    assert job.done == FRAMES


def settled(job: TrackJob) -> bool:
    """Nothing is under way any more."""
    engine = job._work._engine
    return engine is not None and not any(engine.waiting.values())


def test_a_cancelled_run_keeps_its_frames_and_goes_on_to_the_same_bytes(
    qtbot: QtBot, jobs: Jobs, people_clip: Path, tmp_path: Path, whole: Path
) -> None:
    session = tmp_path / "clip.sdpose"
    first = jobs(wish(people_clip, tmp_path))
    heard = Heard(first)
    with qtbot.waitSignal(first.begun, timeout=LIMIT_MS):
        first.start()
    with qtbot.waitSignal(first.ended, timeout=LIMIT_MS):
        first.cancel()
        first.cancel()
    assert heard.ends == [(Outcome.CANCELLED, None)]
    assert heard.states[-2:] == [State.STOPPING, State.CANCELLED]
    with Recording.open(session) as recording:
        kept = len(recording.indices())
        assert 0 < kept < FRAMES
        assert not recording.is_complete

    second = jobs(RunWish(source=str(people_clip), session=session, settings=None, resume=True))
    heard = run(qtbot, second)

    assert heard.ends == [(Outcome.COMPLETED, None)]
    assert heard.progress[0][0] > kept
    assert poses(session) == poses(whole)


def test_a_session_that_is_complete_is_done_at_once(
    qtbot: QtBot, jobs: Jobs, people_clip: Path, whole: Path
) -> None:
    job = jobs(RunWish(source=str(people_clip), session=whole, settings=SETTINGS, resume=True))

    heard = run(qtbot, job)

    assert heard.ends == [(Outcome.COMPLETED, None)]
    assert heard.begun == [whole]
    assert job.done == FRAMES


def test_a_broken_file_is_told_in_one_sentence(
    qtbot: QtBot, jobs: Jobs, people_clip: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(people_clip.read_bytes()[:2000])

    job = jobs(wish(broken, tmp_path))
    heard = run(qtbot, job)

    assert len(heard.ends) == 1
    outcome, sentence = heard.ends[0]
    assert outcome is Outcome.FAILED
    assert sentence is not None
    assert "broken.mp4" in sentence
    assert "\n" not in sentence
    assert not (tmp_path / "clip.sdpose").exists()


def test_an_option_that_contradicts_the_session_is_told_in_the_words_of_the_window(
    qtbot: QtBot, jobs: Jobs, people_clip: Path, whole: Path
) -> None:
    job = jobs(RunWish(source=str(people_clip), session=whole, settings=SETTINGS))

    heard = run(qtbot, job)

    sentence = heard.ends[0][1]
    assert sentence is not None
    assert "Resume" in sentence
    assert "--" not in sentence


def test_closing_while_a_run_is_prepared_leaves_no_thread(
    qtbot: QtBot, jobs: Jobs, people_clip: Path, tmp_path: Path
) -> None:
    job = jobs(wish(people_clip, tmp_path))
    heard = Heard(job)
    job.start()
    qtbot.waitUntil(lambda: bool(engine_threads()), timeout=LIMIT_MS)

    job.close()
    job.close()

    assert not engine_threads()
    assert not heard.ends
    assert free(tmp_path)


def free(folder: Path) -> bool:
    """Nobody holds the session any more: another run may write it."""
    held = locked(folder / "clip.sdpose", RUN)
    held.release()
    return True


def test_closing_in_the_middle_of_a_run_leaves_no_thread_and_a_readable_session(
    qtbot: QtBot, jobs: Jobs, people_clip: Path, tmp_path: Path
) -> None:
    job = jobs(wish(people_clip, tmp_path))
    with qtbot.waitSignal(job.begun, timeout=LIMIT_MS):
        job.start()

    job.close()

    assert not engine_threads()
    assert free(tmp_path)
    with Recording.open(tmp_path / "clip.sdpose") as recording:
        assert len(recording.indices()) > 0


def test_a_run_that_is_cancelled_before_it_began_ends_as_cancelled(
    qtbot: QtBot, jobs: Jobs, people_clip: Path, tmp_path: Path
) -> None:
    job = jobs(wish(people_clip, tmp_path))
    heard = Heard(job)
    with qtbot.waitSignal(job.ended, timeout=LIMIT_MS):
        job.start()
        job.cancel()

    assert heard.ends == [(Outcome.CANCELLED, None)]
    assert not heard.begun
