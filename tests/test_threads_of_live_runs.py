"""A machine that has no more threads to give, wherever a live run wants one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from artificial_models import FastModel, SlowModel
from command import called, refused
from light_runs import make_block_clip
from threads import engine_threads
from two_models import moving_body

from sdpose_track.broadcast.osc import OscSender
from sdpose_track.broadcast.websocket import WebSocketServer
from sdpose_track.capture import CaptureSettings, open_live
from sdpose_track.closing import Closing
from sdpose_track.errors import DeviceError
from sdpose_track.export.media.lane import Lane
from sdpose_track.live.detecting import ChangingDetector
from sdpose_track.live.lane import PoseLane
from sdpose_track.live.wish import LiveWish
from sdpose_track.live.work import LiveWork

pytestmark = pytest.mark.usefixtures("live_stand_in")
BODY = moving_body(seconds=1)


@contextmanager
def no_more_threads(named: str = "sdpose-") -> Iterator[None]:
    """Let no thread begin whose name begins like this."""
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name.startswith(named):
            raise RuntimeError("can't start new thread")
        real(thread)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        yield


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_block_clip(tmp_path_factory.mktemp("clips") / "block.mp4", 20)


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def _camera(clip: Path) -> Closing:
    return open_live(str(clip), CaptureSettings(realtime=True), print)


def _osc(_clip: Path) -> Closing:
    return OscSender("127.0.0.1", 9)


def _websocket(_clip: Path) -> Closing:
    return WebSocketServer("127.0.0.1", 0)


def _encoder(_clip: Path) -> Closing:
    return Lane(1)


@pytest.mark.parametrize("opened", [_camera, _osc, _websocket, _encoder])
def test_what_needs_a_thread_says_that_there_is_none_and_leaves_nothing_open(
    opened: Callable[[Path], Closing], clip: Path
) -> None:
    with no_more_threads(), pytest.raises(DeviceError, match="no more threads"):
        opened(clip)
    with opened(clip):
        assert len(engine_threads()) == 1


@pytest.mark.parametrize(
    "name", ["sdpose-capture", "sdpose-osc", "sdpose-websocket", "sdpose-encode"]
)
def test_a_live_run_that_gets_no_thread_at_its_beginning_ends_with_a_sentence(
    name: str, clip: Path, tmp_path: Path
) -> None:
    session = tmp_path / "live.sdpose"
    wishes = ("--osc", "127.0.0.1:9", "--ws", _free_port(), "--record", session, "--video")
    with no_more_threads(name):
        done = called("live", clip, "--realtime", "--headless", *wishes)
    assert "no more threads" in refused(done, DeviceError.exit_code)
    assert engine_threads() == []
    assert list(tmp_path.iterdir()) == []


def test_a_recording_that_gets_no_thread_does_not_begin_and_the_run_goes_on(
    clip: Path, tmp_path: Path
) -> None:
    wish = LiveWish(spec=str(clip), capture=CaptureSettings(realtime=True, loop=True))
    shown = threading.Semaphore(0)
    with LiveWork(wish, print, lambda _result: shown.release()) as work:
        run = work.prepare()
        work.start()
        with no_more_threads(), pytest.raises(DeviceError, match="no more threads"):
            run.begin_recording(tmp_path / "live.sdpose", video=True)
        assert list(tmp_path.iterdir()) == []
        assert all(shown.acquire(timeout=20) for _ in range(30))


def test_what_was_opened_is_closed_where_a_run_that_never_began_gets_no_thread_to_end(
    clip: Path,
) -> None:
    wish = LiveWish(
        spec=str(clip),
        capture=CaptureSettings(realtime=True, loop=True),
        osc="127.0.0.1:9",
        websocket=f"127.0.0.1:{_free_port()}",
    )
    work = LiveWork(wish, print, print)
    work.prepare()
    with no_more_threads("sdpose-detect"), pytest.raises(DeviceError, match="no more threads"):
        work.close()
    assert engine_threads() == []


def test_a_detector_that_gets_no_thread_to_open_another_stays_at_its_size() -> None:
    fast, told = FastModel(BODY, 0.0), list[str]()
    detector = ChangingDetector(fast, lambda size: FastModel(BODY, 0.0, size), told.append)
    with no_more_threads():
        detector.want(320)
    detector.close()
    assert (detector.size, detector.refused, fast.closed) == (640, frozenset({320}), True)
    assert "no more threads" in told[0]


def test_a_pose_model_that_gets_no_thread_is_closed() -> None:
    slow = SlowModel(BODY, 0.0)
    lane = PoseLane(slow, lambda _people, _seconds: None)
    with no_more_threads(), pytest.raises(DeviceError, match="no more threads"):
        lane.open()
    lane.close()
    assert slow.closed
