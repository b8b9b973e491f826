"""Machines set up oddly: no home, nothing to write to, closed streams, small limits, odd clocks."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from command import called, told
from light_runs import Scene, exported, frames_in, make_block_clip, track

from sdpose_track.cache import known_sha256, remember
from sdpose_track.cli.limits import LEAST_BYTES, LEAST_FILES, is_memory
from sdpose_track.locks import lock
from sdpose_track.scratch import scratch

CHILD = Path(__file__).with_name("stand_in_child.py")
TESTS = CHILD.parents[1]
HARD = pytest.mark.hardening
Tried = Callable[[str, int], None]
LIMITS = {
    f"ulimit -n {LEAST_FILES - 1}": 4,
    "ulimit -n 6": 4,
    f"ulimit -n {LEAST_FILES}": 0,
    "ulimit -s 256": 0,
    f"ulimit -v {LEAST_BYTES // 1024 - 1}": 4,
    "ulimit -v 600000": 4,
    "ulimit -v 4000000": 0,
}
ODD = {
    "env -u HOME -u SDPOSE_TRACK_CACHE": 0,
    "env -u SDPOSE_TRACK_CACHE -u XDG_CACHE_HOME HOME=/proc/nowhere TMPDIR=/nowhere": 0,
    "env -u SDPOSE_TRACK_CACHE -u XDG_CACHE_HOME HOME=/dev/null": 0,
    "env LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0": 0,
}
CLOSED = ("<&-", ">&-", "2>&-", "<&- >&- 2>&-")
ALWAYS = ("ulimit -n 6", "ulimit -v 600000", "<&- >&- 2>&-")


def some(cases: dict[str, int]) -> list[object]:
    return [
        pytest.param(words, code, marks=() if words in ALWAYS else HARD, id=words)
        for words, code in cases.items()
    ]


def shell(line: str, cwd: Path, clip: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which `RUN` is the program, tracking `clip`."""
    program = f"{sys.executable} {CHILD} track {clip} --out 'Ünï コ' --export csv --json"
    path = os.pathsep.join((str(TESTS), str(TESTS.parent)))
    return subprocess.run(
        ["sh", "-c", line.replace("RUN", program)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=240,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="these limits are Linux's")
@pytest.mark.parametrize(("words", "code"), some(LIMITS))
def test_a_limit_of_the_shell_is_kept_or_told_in_a_sentence(
    words: str, code: int, scene: Scene, tried: Tried
) -> None:
    done = shell(f"{words}; RUN", scene.folder, scene.clip)
    assert done.returncode == code, done.stderr
    if code:
        assert done.stderr.count("\n") == 1, done.stderr
        assert f"raise it with {words[:9]}" in done.stderr
        assert not list(scene.folder.iterdir())
    tried("small limits of the shell: open files, memory, stack", 1)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a Unix shell")
@pytest.mark.parametrize(("words", "code"), some(ODD | dict.fromkeys(CLOSED, 0)))
def test_odd_surroundings_hold_nothing_up(
    words: str, code: int, scene: Scene, tried: Tried
) -> None:
    line = f"RUN {words}" if "&" in words else f"{words} RUN"
    done = shell(line, scene.folder, scene.clip)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    (out,) = (path for path in scene.folder.iterdir() if path.is_dir())
    assert out.name == "Ünï コ"
    assert (out / "block_smooth.csv").read_bytes() == scene.exports["block_smooth.csv"]
    if ">&-" not in words.replace("2>&-", ""):
        assert json.loads(done.stdout.splitlines()[-1])["frames"] == frames_in(out / "block.sdpose")
    tried("no home, no folder for temporary files, closed streams, another language", 1)


@pytest.mark.hardening
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere such a folder cannot be removed")
def test_a_folder_that_is_gone_is_told_unless_nothing_is_written_there(
    scene: Scene, tried: Tried
) -> None:
    gone = "mkdir gone; cd gone; rmdir ../gone"
    done = shell(f"{gone}; RUN", scene.folder, scene.clip)
    assert done.returncode == 5
    assert "choose another folder with --out" in done.stderr
    assert done.stderr.count("\n") == 1
    tried("no home, no folder for temporary files, closed streams, another language", 1)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(12, "Cannot allocate memory"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
        RuntimeError("can't start new thread"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_memory_that_runs_out_is_a_sentence_whoever_says_so(
    error: Exception, scene: Scene, monkeypatch: pytest.MonkeyPatch, tried: Tried
) -> None:
    def fails(*_given: object, **_named: object) -> None:
        raise error

    monkeypatch.setattr("sdpose_track.pipeline.plan.take", fails)
    done = track(scene.clip, scene.folder)
    assert done.returncode == 4
    assert "memory of this machine is full" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not is_memory(ImportError("no such module"))
    tried("memory that runs out, as native code says it", 1)


# -- clocks ----------------------------------------------------------------------------------------


@pytest.fixture
def stepping(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wall clock goes years back or ahead whenever it is looked at."""
    chance, real = random.Random(8), time.time
    turn = threading.Lock()

    def now() -> float:
        with turn:
            return real() + chance.choice((-1e8, -4000.0, -61.0, 0.0, 61.0, 4000.0, 1e8))

    monkeypatch.setattr(time, "time", now)
    monkeypatch.setattr(time, "time_ns", lambda: int(now() * 1e9))


@pytest.mark.usefixtures("stepping")
def test_a_run_does_not_look_at_the_wall_clock(scene: Scene, tried: Tried) -> None:
    done = track(scene.clip, scene.folder, "--json")
    assert told(done)["seconds"] >= 0
    assert exported(scene.folder) == scene.exports
    assert track(scene.clip, scene.folder, "--resume").returncode == 0
    tried("a wall clock that steps back and ahead", 1)


@pytest.mark.usefixtures("stepping")
@pytest.mark.usefixtures("live_stand_in")
def test_a_live_recording_has_times_that_ascend(tmp_path: Path, tried: Tried) -> None:
    from sdpose_track.session.recording import Recording

    clip, take = make_block_clip(tmp_path / "block.mp4"), tmp_path / "take.sdpose"
    done = called("live", clip, "--realtime", "--headless", "--record", take, "--video", "--json")
    stats = told(done)
    assert stats["seconds"] >= 0
    assert stats["stats"]["latency_p95_ms"] >= 0
    with Recording.open(take) as recording:
        times: list[Fraction] = [recording.frame(i).time for i in recording.indices()]
    assert times
    assert times == sorted(times)
    tried("a wall clock that steps back and ahead", 1)


@pytest.mark.usefixtures("stepping")
def test_what_another_program_holds_is_not_swept_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tried: Tried
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    session = tmp_path / "clip.sdpose"
    held = lock(session)
    assert held is not None
    large = tmp_path / "large.safetensors"
    large.write_bytes(bytes(17 * 2**20))
    remember(large, "0" * 64)
    with scratch() as first:
        (first / "kept").write_text("")
        for _ in range(20):
            with scratch() as second:
                assert second.is_dir()
            assert (first / "kept").exists()
            assert lock(session) is None
            assert known_sha256(large) == "0" * 64
    held.release()
    assert not list(tmp_path.glob("sdpose-track-*"))
    tried("a wall clock that steps back and ahead", 20)
