"""`sdpose-track live --headless`, as users and scripts call it; receivers as people write them."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command import MAIN, called, environment, refused, sdpose, told
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import ThreadingOSCUDPServer
from streams import HlsServer, PageServer, RawServer, TcpServer
from websockets.sync.client import connect

from sdpose_track.capture.stream import READ_LIST_S
from sdpose_track.cli.live import stats_line
from sdpose_track.live.meter import LiveStats
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View
from sdpose_track.sources import open_source

PATIENCE_S = 120.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def live(*arguments: str | Path, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the command beside the test; it is interrupted at the end if it still runs."""
    words = [sys.executable, str(MAIN), "live", *map(str, arguments), "--headless"]
    process = subprocess.Popen(
        words,
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)


def test_a_rehearsal_ends_with_its_file_and_tells_how_it_went(
    people_clip: Path, tmp_path: Path
) -> None:
    take = tmp_path / "take.sdpose"
    done = sdpose(
        "live", people_clip, "--realtime", "--headless", "--json", "--record", take, "--video",
        cwd=tmp_path,
    )  # fmt: skip
    result = told(done)
    assert result["session"] == str(take)
    assert result["pose_model"] == "yolo11n-pose"
    assert result["frames"] > 0
    assert result["recorded"] == result["frames"]
    assert result["people"] > 0
    assert set(result["stats"]["dropped"]) == {"detect", "pose"}
    with Recording.open(take) as recording, open_source(tmp_path / "take.mp4") as video:
        assert recording.is_complete
        assert len(recording.indices()) == result["frames"] == video.info.frame_count
        assert recording.header.source.name == str(tmp_path / "take.mp4")
        assert View(recording).track_ids
    assert "frames/s)" in done.stderr


def test_every_person_is_received_by_osc_and_by_websocket_under_one_id(
    people_clip: Path, tmp_path: Path
) -> None:
    heard: dict[int, list[tuple[float, ...]]] = defaultdict(list)
    enough = threading.Event()

    def track(address: str, track_id: int, _score: float, *points: float) -> None:
        assert address == f"/sdpose/track/{track_id}"
        heard[track_id].append(points)
        if len(heard[track_id]) >= 20:
            enough.set()

    dispatcher = Dispatcher()
    dispatcher.map("/sdpose/track/*", track)
    port = free_port()
    with ThreadingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        osc = server.server_address[1]
        with live(
            people_clip, "--realtime", "--loop", "--osc", f"{osc}", "--ws", f"{port}", cwd=tmp_path
        ) as process:
            assert enough.wait(PATIENCE_S), process.poll()
            with connect(f"ws://127.0.0.1:{port}") as client:
                messages = [json.loads(client.recv(PATIENCE_S)) for _ in range(12)]
        server.shutdown()
    assert heard
    assert all(len(points) == 17 * 3 for seen in heard.values() for points in seen)
    poses = [message for message in messages if message["type"] == "pose"]
    people = [{person["id"] for person in pose["people"]} for pose in poses]
    assert len(poses) >= 10
    assert set.union(*people) & set(heard)
    frames = [pose["frame"] for pose in poses]
    assert frames == sorted(set(frames))


def test_ctrl_c_ends_it_in_good_order_and_the_recording_is_whole(
    people_clip: Path, tmp_path: Path
) -> None:
    take = tmp_path / "take.sdpose"
    with live(
        people_clip, "--realtime", "--loop", "--record", take, "--json", cwd=tmp_path
    ) as process:
        assert process.stderr is not None
        line = ""
        while "recorded" not in line:
            line = process.stderr.readline()
            assert line, process.poll()
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "Traceback" not in errors
    result = json.loads(out.splitlines()[-1])
    with Recording.open(take) as recording:
        assert recording.is_complete
        assert len(recording.indices()) > 0
    assert result["session"] == str(take)


def test_ctrl_c_does_not_wait_for_a_stream_that_fell_silent(tmp_path: Path) -> None:
    with HlsServer() as server, live(server.address, cwd=tmp_path) as process:
        assert process.stderr is not None
        line = ""
        while "out/s" not in line:
            line = process.stderr.readline()
            assert line, process.poll()
        server.hush()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=READ_LIST_S / 2)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors


def test_seconds_end_it_and_the_figures_are_those_before_the_end(
    people_clip: Path, tmp_path: Path
) -> None:
    take = tmp_path / "take.sdpose"
    done = sdpose(
        "live", people_clip, "--realtime", "--loop", "--headless", "--seconds", "1", "--json",
        "--record", take, cwd=tmp_path,
    )  # fmt: skip
    result = told(done)
    assert result["seconds"] >= 1
    assert 0 < result["stats"]["recorded"] <= result["frames"]


@pytest.mark.parametrize("data", [b"\x00\xff\x13" * 40_000, b"GET lost\r\n" * 9_000])
def test_a_stream_of_garbage_is_refused_in_a_sentence(data: bytes) -> None:
    with RawServer(data) as server:
        sentence = refused(called("live", server.address, "--headless"), 3)
    assert server.address in sentence


def test_what_ffmpeg_would_open_and_is_no_source_is_refused(tmp_path: Path) -> None:
    sentence = refused(called("live", f"concat:{tmp_path}/a|{tmp_path}/b", "--headless"), 3)
    assert "no address of a stream" in sentence


def test_a_web_page_is_refused_in_a_sentence() -> None:
    with PageServer("text/html", b"<html><body>Camera log in</body></html>") as server:
        sentence = refused(called("live", server.address, "--headless"), 3)
    assert server.address in sentence


def test_a_stream_that_is_gone_for_good_ends_it_and_keeps_the_recording(tmp_path: Path) -> None:
    take = tmp_path / "take.sdpose"
    server = TcpServer()
    server.start()
    with live(server.address, "--reconnect", "0.2", "--record", take, cwd=tmp_path) as process:
        assert process.stderr is not None
        line = ""
        while "recorded" not in line:
            line = process.stderr.readline()
            assert line, process.poll()
        server.stop()
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 3, errors
    assert server.address in errors
    assert "Traceback" not in errors
    with Recording.open(take) as recording:
        assert recording.is_complete


WRONG: list[tuple[list[str], str]] = [
    (["0", "--latency", "1"], "--latency 1"),
    (["0", "--latency", "nan"], "--latency nan"),
    (["0", "--size", "big"], "--size big"),
    (["0", "--size", "0x0"], "--size 0x0"),
    (["0", "--rate", "fast"], "--rate fast"),
    (["0", "--rate", "1/0"], "--rate 1/0"),
    (["0", "--rate", "1e400"], "--rate 1e400"),
    (["0", "--reconnect", "-1"], "--reconnect -1"),
    (["0", "--seconds", "0"], "--seconds 0"),
    (["0", "--video"], "--video"),
    (["0", "--record", ""], "--record"),
    (["0", "--loop"], "--loop"),
    (["0", "--max-people", "0"], "--max-people 0"),
    (["0", "--conf", "2"], "--conf 2"),
    (["clip.mp4"], "--realtime"),
    (["ftp://camera.local/x"], "ftp://"),
    (["file:///etc/passwd"], "file:///etc/passwd"),
]


@pytest.mark.parametrize(("arguments", "names"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_wish_is_refused_in_a_sentence(
    arguments: list[str], names: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(b"x")
    sentence = refused(called("live", *arguments, "--headless"), 2)
    assert names in sentence
    assert list(tmp_path.iterdir()) == [tmp_path / "clip.mp4"]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--osc", "nowhere:port"], "--osc nowhere:port"),
        (["--ws", "0"], "--ws 0"),
        (["--ws", "9001", "--ws-origin", "evil"], "--ws-origin"),
        (["--virtual-camera"], "pyvirtualcam"),
        (["--record", "there.sdpose"], "there.sdpose"),
    ],
    ids=str,
)
def test_what_cannot_be_sent_or_recorded_is_refused_before_anything_runs(
    arguments: list[str],
    names: str,
    people_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.sdpose").write_bytes(b"mine")
    done = called("live", str(people_clip), "--realtime", *arguments, "--headless")
    assert names in refused(done, 2)
    assert (tmp_path / "there.sdpose").read_bytes() == b"mine"


def test_a_window_is_wanted_unless_it_is_headless() -> None:
    assert "--headless" in refused(called("live", "0"), 2)
    assert "--headless" in refused(called("live", "0", "--json"), 2)


def test_cameras_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    done = called("live", "--cameras")
    assert done.returncode == 0, done.stderr


def test_the_stats_line_tells_what_there_is() -> None:
    known: dict[str, Any] = {
        "latency_p50_ms": 27.4, "latency_p95_ms": 41.0, "frames_in": 29.94, "frames_out": 29.8,
        "dropped": {"detect": 3, "pose": 31}, "waiting": {"detect": 0, "pose": 0},
        "gpu_bytes": 3 << 30, "people": 1, "detector_size": 640, "crops": 2, "pose_rate": 2.42,
        "recorded": 410,
    }  # fmt: skip
    assert stats_line(LiveStats(**known)) == (
        "29.9 in, 29.8 out/s, latency 27/41 ms, left out 3, 1 person, 640 px,"
        " pose 2.4/s x 2 (31 left out), GPU 3.0 GiB, recorded 410"
    )
    nothing: dict[str, Any] = dict.fromkeys(known) | {
        "dropped": {"detect": 0, "pose": 0},
        "people": 0,
    }
    nothing |= {"detector_size": 480, "waiting": {}}
    line = stats_line(LiveStats(**nothing))
    assert line == "- in, - out/s, latency -/- ms, left out 0, 0 people, 480 px"
