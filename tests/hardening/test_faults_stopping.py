"""Ctrl-C, once and twice, at any moment of any command: one line, and what is stored is whole."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from command import environment
from fetched_room import UNET, Place, made_content
from hub import Hub, Repository, Stall
from killing import PATIENCE_S, everything, halves, is_sound
from light_runs import make_block_clip
from sessions import fixture_a, write

from sdpose_track.cli.insisting import Insisting
from sdpose_track.cli.stopping import Stopping

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")

CHILD = Path(__file__).with_name("stand_in_child.py")
TESTS = CHILD.parents[1]
FORMATS = "csv,openpose,coco,npz,bvh,glb,trc,mot,c3d,parquet,kinematics"
RECORD = ("--video", "--record", "take.sdpose")
COMMANDS = {
    "track": ["track", "block.mp4", "--annotate", "--export", "csv,openpose,npz", "--json"],
    "live": ["live", "block.mp4", "--realtime", "--loop", "--headless", *RECORD],
    "export": ["export", "clip.sdpose", "--format", FORMATS],
    "edit": ["edit", "clip.sdpose", "swap", "1", "2", "20"],
    "pose": ["pose", "block.png", "--annotate", "looked"],
    "info": ["info", "block.mp4", "--json"],
    "evaluate": ["evaluate", "tracks", "--truth", "gt.txt", "--results", "gt.txt"],
    "poses": ["evaluate", "poses", "--annotations", "coco.json", "--images", ".", "--json"],
    "demo": ["demo"],
    "view": ["view", "clip.sdpose"],
}
FEW = ("track",)
CASES = [
    pytest.param((name, how), marks=() if name in FEW and how == "once" else pytest.mark.hardening)
    for name in COMMANDS
    for how in ("once", "twice", "SIGTERM", "SIGHUP")
]
LONGEST_S = 6.0
"""The moments are spread over that many seconds, also for commands that last for ever."""
Tried = Callable[[str, int], None]


class Ended(NamedTuple):
    code: int
    was_reached: bool
    """The signal came while it was alive."""
    errors: str


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands are given."""
    import cv2

    folder = tmp_path_factory.mktemp("things")
    clip = make_block_clip(folder / "block.mp4")
    write(folder / "clip.sdpose", fixture_a())
    _, picture = cv2.VideoCapture(str(clip)).read()
    cv2.imwrite(str(folder / "block.png"), picture)
    (folder / "coco.json").write_text(json.dumps(somebody()))
    (folder / "gt.txt").write_text("1,1,10,10,20,20,1,1,1\n2,1,11,10,20,20,1,1,1\n")
    return folder


def somebody() -> dict[str, object]:
    """COCO's, of somebody in the picture."""
    sides = {"bbox": [0, 0, 20, 20], "area": 400, "keypoints": [9, 9, 2] * 17, "num_keypoints": 17}
    return {
        "images": [{"id": 1, "file_name": "block.png", "width": 64, "height": 48}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, **sides}],
        "categories": [{"id": 1, "name": "person"}],
    }


def begin(words: list[str], cwd: Path) -> subprocess.Popen[str]:
    """Begin the program, and return once it takes the signals over with its next step."""
    process = subprocess.Popen(
        [sys.executable, str(CHILD), *words],
        cwd=cwd,
        env={
            **environment(),
            "PYTHONWARNINGS": "ignore",  # of what an import leaves open
            "PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent))),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def ended(process: subprocess.Popen[str], moments: list[float], how: signal.Signals) -> Ended:
    """Send `how` to the process's group, as a terminal does, at the moments."""
    began, was_reached = time.monotonic(), False
    for moment in moments:
        try:
            process.wait(max(0.0, began + moment - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, how)
            was_reached = True
    _, errors = process.communicate(timeout=PATIENCE_S)
    return Ended(process.returncode, was_reached, errors)


def run(words: list[str], cwd: Path) -> float:
    """Run it to its end, and return how many seconds that took."""
    began = time.monotonic()
    done = ended(begin(words, cwd), [], signal.SIGINT)
    assert done.code == 0, done.errors
    return time.monotonic() - began


def results(folder: Path) -> dict[str, bytes]:
    """Every file, without the name of the folder in it."""
    name = str(folder).encode()
    return {path: data.replace(name, b"") for path, data in everything(folder).items()}


def check(done: Ended, number: int, case: object) -> None:
    """See that it ended as promised: in time by itself, or by the signal with one line at most.

    In its last steps, when the result is told, the signal itself ends it: to a shell the same code.
    """
    lines = [x for x in done.errors.splitlines() if x.startswith(("stopped", "sdpose-track: "))]
    assert len(lines) <= 1, (case, done.errors)
    code = 128 - done.code if done.code < 0 and not lines else done.code
    assert code in ((128 + number, 0) if done.was_reached else (0,)), (case, done)
    assert "Traceback" not in done.errors, (case, done.errors)
    assert "Exception ignored" not in done.errors, (case, done.errors)


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_a_command_that_is_stopped_ends_in_order_and_can_be_called_again(
    case: tuple[str, str],
    things: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    amount: Callable[[int, int], int],
    tried: Tried,
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    name, how = case
    words, number = COMMANDS[name], signal.SIGINT
    if how.startswith("SIG"):
        number = signal.Signals[how]
    whole, seconds = tmp_path / "whole", LONGEST_S
    shutil.copytree(things, whole)
    if name not in ("live", "view"):
        seconds = run(words, whole)
    for seed in range(amount(1, 2)):
        folder, temporary = tmp_path / str(seed), tmp_path / f"temporary {seed}"
        shutil.copytree(things, folder)
        temporary.mkdir()
        monkeypatch.setenv("TMPDIR", str(temporary))
        chance = random.Random(f"{name} {how} {seed}")
        moments = [0.05 + chance.random() * seconds]
        if how == "twice":
            moments.append(moments[0] + chance.choice((0.0, 0.01, 0.1, 0.4)))

        check(ended(begin(words, folder), moments, number), number, (name, how, seed, moments))

        assert all(is_sound(path) for path in folder.rglob("*.sdpose")), (seed, moments)
        if how != "twice":
            assert not halves(folder), (seed, moments)
            assert not list(temporary.iterdir()), (seed, moments)
        if name in ("track", "export"):
            again = ["--resume"] if name == "track" else []
            run([*words, *again], folder)
            assert results(folder) == results(whole), (seed, moments)
        tried("commands stopped by Ctrl-C, SIGTERM or SIGHUP at random moments", 1)


@pytest.mark.hardening
def test_a_fetch_that_is_stopped_goes_on_from_where_it_was(tmp_path: Path, tried: Tried) -> None:
    content = made_content()
    with Hub(Repository("someone/Tiny", dict(content))) as hub:
        for seed in range(8):
            folder, chance = tmp_path / str(seed), random.Random(seed)
            folder.mkdir()
            place = Place(folder, hub, content)
            place.repository.answers[UNET] = [Stall(chance.randrange(24_000_000))]
            process = place.begin("fetch", "tiny")
            moments = [0.3 + 3 * chance.random()]
            try:
                process.wait(moments[0])
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=PATIENCE_S)
            check(Ended(process.returncode, True, errors), signal.SIGINT, (seed, moments))
            place.repository.answers.clear()
            assert place.fetch().returncode == 0, seed
            assert place.there() == place.content, seed
            tried("commands stopped by Ctrl-C, SIGTERM or SIGHUP at random moments", 1)


NATIVE = """
import ctypes, sys
from sdpose_track import cli
from sdpose_track.cli import info
def run(options, screen):
    print("now", flush=True)
    libc = ctypes.CDLL(None)
    libc.pthread_mutex_lock.argtypes = [ctypes.c_void_p]
    mutex = ctypes.create_string_buffer(64)
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_lock(mutex)  # for ever: nothing in Python is run in this thread any more
info.run = run
sys.exit(cli.main(["info", "x"]))
"""
SWALLOWED = """
import sys, time
from sdpose_track import cli
from sdpose_track.cli import info
class Loses:
    def __del__(self):
        print("now", flush=True)
        time.sleep(30)
def run(options, screen):
    Loses()
    time.sleep(30)
info.run = run
sys.exit(cli.main(["info", "x"]))
"""
CONVERTED = """
import sys, time
from sdpose_track import cli
from sdpose_track.cli import info
def run(options, screen):
    try:
        print("now", flush=True)
        time.sleep(30)
    except KeyboardInterrupt:
        raise ImportError("numpy failed to import")
info.run = run
sys.exit(cli.main(["info", "x"]))
"""
AT_THE_END = """
import atexit, sys, time
from sdpose_track import cli
def slow():
    print("now", flush=True)
    time.sleep(1)
atexit.register(slow)
cli.main(["info", "/nowhere"])
sys.exit(7)
"""
WHERE = {
    "in native code": (NATIVE, 2, 130),
    "lost in a destructor": (SWALLOWED, 1, 130),
    "made another error": (CONVERTED, 1, 130),
    "while it leaves": (AT_THE_END, 1, 7),
}


@pytest.mark.parametrize("where", WHERE)
def test_ctrl_c_is_heard_everywhere(where: str, tmp_path: Path, tried: Tried) -> None:
    program, times, code = WHERE[where]
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "now\n"
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        if times > 1:
            while signal_waits(process.pid):
                pass
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors
    tried("Ctrl-C where Python hears of none: native code, destructors, imports, the end", 1)


def signal_waits(pid: int) -> bool:
    """Tell whether a SIGINT has not reached the process yet: two at once would be one."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    sets = [
        line.split()[1] for line in status.splitlines() if line.startswith(("SigPnd", "ShdPnd"))
    ]
    return any(int(bits, 16) >> (signal.SIGINT - 1) & 1 for bits in sets)


def test_whoever_looks_at_the_signals_leaves_everything_as_it_was() -> None:
    before = sys.unraisablehook, signal.set_wakeup_fd(-1)
    with Insisting(Stopping()):
        assert sys.unraisablehook is not before[0]
    assert (sys.unraisablehook, signal.set_wakeup_fd(-1)) == before
