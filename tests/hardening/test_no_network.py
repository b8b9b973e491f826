"""The program tells nobody anything: no connection, no look-up, no program, no file elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import recorded_child
from command import MAIN

CHILD = Path(recorded_child.__file__)
QUIET = "commands that were watched: no connection, no program, no file elsewhere"
LOOKS_ONLY = ("socket.__new__", "socket.gethostname")
"""Events of sockets that tell nobody anything: a pair of them may wake a thread."""
PROGRAMS = ("subprocess", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "pty")
LDCONFIG = "/sbin/ldconfig"
"""Python's own way to find a library, which torch asks for as it is imported."""
MAKES = ("open", "os.mkdir", "os.symlink", "os.link", "os.rename", "shutil.move")
LONG_S = 300
COMMANDS = {
    "track": ["track", "people.mp4", "--end", "0.4", "--out", "out", "--annotate"],
    "export": ["export", "there.sdpose", "--format", "csv", "bvh", "glb", "--out", "out"],
    "info": ["info", "there.sdpose", "--check", "--json"],
    "models list": ["models", "list"],
    "models verify": ["models", "verify", "yolo11n-pose"],
    "pose": ["pose", "picture.jpg", "--out", "out/poses.json"],
    "live": ["live", "people.mp4", "--realtime", "--headless", "--record", "out/live", "--video"],
    "view": ["view", "there.sdpose", "--screenshot", "out/window.png"],
    "refused": ["track", "gone.mp4", "--out", "out"],
}
IN_MAKE_TEST = ("track", "models list")


@dataclass
class World:
    """A machine of its own for a command: a home, a folder for temporary files, a cache."""

    folder: Path
    cache: Path
    events: list[list[str]] = field(default_factory=list)

    @property
    def record(self) -> Path:
        return self.folder / "record.jsonl"

    def run(self, *words: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        for name in ("home", "temporary", "out"):
            (self.folder / name).mkdir(exist_ok=True)
        environment = {
            "PATH": os.defpath,
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "temporary"),
            "SDPOSE_TRACK_CACHE": str(self.cache),
            "PYTHONDONTWRITEBYTECODE": "1",
            "QT_QPA_PLATFORM": "offscreen",
        }
        done = subprocess.run(
            [*before, sys.executable, str(CHILD), str(self.record), str(MAIN), *words],
            cwd=self.folder,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=LONG_S,
        )
        lines = self.record.read_text(encoding="utf-8").splitlines()
        self.events = [json.loads(line) for line in lines]
        assert self.events.pop(0) == ["began"]
        return done

    def reached(self) -> list[list[str]]:
        """What was done that goes over a network."""
        groups = ("socket", "urllib", "http", "ftplib", "smtplib")
        return [
            event
            for event in self.events
            if event[0].partition(".")[0] in groups and event[0] not in LOOKS_ONLY
        ]

    def started(self) -> list[list[str]]:
        """Other programs that were started."""
        return [e for e in self.events if e[0].startswith(PROGRAMS) and e[1] != LDCONFIG]

    def made_elsewhere(self) -> list[str]:
        """What was written outside the output folder, the cache and the temporary folder."""
        own = [self.folder / "out", self.folder / "temporary", self.cache, Path(os.devnull)]
        made = []
        for event in self.events:
            if event[0] not in MAKES or event[1].isdecimal():  # a number: it is open already
                continue
            path = (self.folder / event[2 if event[0] in MAKES[2:] else 1]).resolve()
            if not any(path.is_relative_to(place.resolve()) for place in own):
                made.append(f"{event[0]} {path}")
        return made


@pytest.fixture(scope="module")
def there(people_clip: Path, own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of the clip, beside it."""
    from sdpose_track import TrackSettings, track_video

    folder = tmp_path_factory.mktemp("there")
    shutil.copy(people_clip, folder / "people.mp4")
    settings = TrackSettings(device="cpu")
    return track_video(folder / "people.mp4", folder / "there.sdpose", settings)


def world(folder: Path, cache: Path, clip: Path, session: Path | None) -> World:
    from sdpose_track.cli.demo import photographs

    shutil.copy(clip, folder / "people.mp4")
    shutil.copy(photographs()[0], folder / "picture.jpg")
    if session is not None:
        shutil.copy(session, folder / "there.sdpose")
    return World(folder, cache)


def check_quiet(seen: World) -> None:
    assert seen.reached() == []
    assert seen.started() == []
    assert seen.made_elsewhere() == []
    found = {path.name for path in (seen.folder / "home").rglob("*") if path.is_file()}
    assert found <= {"sdpose-track.ini"}, "the viewer's settings only"
    assert list((seen.folder / "temporary").rglob("*")) == []


def test_the_recorder_hears_what_it_is_for(tmp_path: Path, own_cache: Path) -> None:
    (tmp_path / "loud.py").write_text(
        "import os, pathlib, socket, subprocess, sys, urllib.request\n"
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 9))\n"
        "subprocess.run([sys.executable, '-V'])\n"
        "pathlib.Path('elsewhere').write_text('')\n"
        "pathlib.Path(os.environ['HOME'], 'new').mkdir()\n"
    )
    seen = World(tmp_path, own_cache)
    loud = subprocess.run(
        [sys.executable, str(CHILD), str(seen.record), str(tmp_path / "loud.py")],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        check=True,
        capture_output=True,
    )
    assert loud.returncode == 0
    seen.events = [json.loads(line) for line in seen.record.read_text().splitlines()]
    assert seen.events.pop(0) == ["began"]
    assert [event[0] for event in seen.reached()] == ["socket.connect"]
    assert [event[0] for event in seen.started()][:1] == ["subprocess.Popen"]
    assert len(seen.made_elsewhere()) == 2


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(name, marks=[] if name in IN_MAKE_TEST else [pytest.mark.hardening])
        for name in COMMANDS
    ],
)
def test_a_command_reaches_nobody_and_writes_nowhere_else(
    command: str,
    people_clip: Path,
    own_cache: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    tried: Callable[..., None],
) -> None:
    needs = "there.sdpose" in COMMANDS[command]
    session = request.getfixturevalue("there") if needs else None
    seen = world(tmp_path, own_cache, people_clip, session)
    done = seen.run(*COMMANDS[command])
    assert done.returncode in ((3,) if command == "refused" else (0, 1)), done.stderr
    check_quiet(seen)
    tried(QUIET)


@pytest.mark.hardening
def test_the_first_run_with_nothing_in_the_cache_is_as_quiet(
    people_clip: Path, tmp_path: Path, tried: Callable[..., None]
) -> None:
    """It imports torch and ultralytics, and converts the network."""
    seen = world(tmp_path, tmp_path / "cache", people_clip, None)
    assert seen.run(*COMMANDS["track"]).returncode == 0
    check_quiet(seen)
    tried(QUIET)
    cached = {path.name for path in seen.cache.iterdir()}
    assert cached <= {"digests", "locks", "openvino", "ultralytics"}
    settings = (seen.cache / "ultralytics" / "Ultralytics" / "settings.json").read_text()
    nobody = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"  # sha256 of "0"
    assert json.loads(settings)["uuid"] == nobody, "it says which machine this is"


@pytest.mark.hardening
@pytest.mark.parametrize("command", ["track", "export", "live", "view", "models list"])
def test_the_kernel_is_asked_for_no_socket_of_the_internet(
    command: str, people_clip: Path, there: Path, tmp_path: Path, tried: Callable[..., None]
) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    seen = world(tmp_path, tmp_path / "cache", people_clip, there)
    heard = tmp_path / "calls.txt"
    watched = (strace, "-f", "-q", "-e", "trace=network", "-o", str(heard))
    done = seen.run(*COMMANDS[command], before=watched)
    if "ptrace" in done.stderr:
        pytest.skip("this machine does not let a program be watched")
    assert done.returncode in (0, 1), done.stderr
    calls = heard.read_text(errors="replace").splitlines()
    assert not [call for call in calls if re.search(r"AF_(?!UNIX|NETLINK|UNSPEC)", call)]
    tried("commands under strace: no socket of the internet")


@pytest.mark.hardening
def test_without_any_network_the_results_are_the_same(
    people_clip: Path, tmp_path: Path, tried: Callable[..., None]
) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], check=False).returncode != 0:
        pytest.skip("no network can be taken from a program here")
    results = []
    for name, before in (("with", ()), ("without", (unshare, "-rn"))):
        folder = tmp_path / name
        folder.mkdir()
        seen = world(folder, folder / "cache", people_clip, None)
        done = seen.run(*COMMANDS["track"], "--export", "csv", before=before)
        assert done.returncode == 0, done.stderr
        results.append((folder / "out" / "people_smooth.csv").read_bytes())
    assert results[0] == results[1]
    assert results[0].count(b"\n") > 100
    tried("whole runs without any network")
