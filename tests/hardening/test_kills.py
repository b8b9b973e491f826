"""Killed at any moment, the program loses nothing, and the next call leaves nothing of it about."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from checkpoints_made import made_folder
from command import MAIN, environment, sdpose, told
from fetched_room import UNET, Place, made_content
from hub import Hub, Repository, Stall
from killing import PATIENCE_S, begin, end_at, everything, halves, is_sound, kill_after, stored
from sessions import fixture_a, write

from sdpose_track.checkpoints import find
from sdpose_track.detect.openvino_runtime import OpenVinoRuntime
from sdpose_track.locks import lock
from sdpose_track.session.recording import Recording
from sdpose_track.sources import open_source

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

FEW, MANY = 1, 50
SEEDS = [*range(FEW), *(pytest.param(i, marks=pytest.mark.hardening) for i in range(FEW, MANY))]
WISHES = ("--annotate", "--export", "csv,openpose,coco,npz,bvh,parquet", "--json")
IGNORING = (
    "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
    " os.execv(sys.argv[1], sys.argv[1:])"
)
"""What `nohup` does."""
Tried = Callable[[str, int], None]


@dataclass(frozen=True)
class Scene:
    """A run that nobody disturbs."""

    clip: Path
    wishes: tuple[str, ...]
    exports: dict[str, bytes]
    seconds: float

    @property
    def session(self) -> Path:
        return Path(f"{self.clip.stem}_poses") / f"{self.clip.stem}.sdpose"


@pytest.fixture(scope="module", autouse=True)
def converted(own_cache: Path) -> None:
    """The network is converted before anything is timed."""
    OpenVinoRuntime(find("yolo11n-pose", "pose")).close()


@pytest.fixture(scope="module")
def scene(
    tmp_path_factory: pytest.TempPathFactory, people_clip: Path, request: pytest.FixtureRequest
) -> Callable[[int], Scene]:
    """`scene(seed)`: mostly the light path; every fifth has SDPose, every other one a real clip."""
    known: dict[tuple[Path, tuple[str, ...]], Scene] = {}

    def choose(seed: int) -> tuple[Path, tuple[str, ...]]:
        if seed % 5 == 4:
            folder = tmp_path_factory.getbasetemp() / "tiny"
            pose = folder if folder.is_dir() else made_folder(folder)
            small = ("--input", "384x512", "--precision", "fp32", "--end", "0.2")
            return people_clip, ("--pose", str(pose), *small)
        if seed < FEW or seed % 2 == 0:
            return people_clip, ("--end", "1")
        videos: Path = request.getfixturevalue("media") / "videos"
        names = ("bedroom_two_kids.mp4", "asl_book.mkv", "anime_girl_bust.gif", "tud_campus.mp4")
        return videos / names[seed // 2 % len(names)], ("--end", "1.2")

    def undisturbed(seed: int) -> Scene:
        clip, wishes = choose(seed)
        if (clip, wishes) not in known:
            folder = tmp_path_factory.mktemp("whole")
            began = time.monotonic()
            told(sdpose("track", clip, *wishes, *WISHES, cwd=folder))
            seconds = time.monotonic() - began
            known[clip, wishes] = Scene(clip, wishes, everything(folder), seconds)
        return known[clip, wishes]

    return undisturbed


class Places:
    """Where a program leaves something, if it does."""

    def __init__(self, cache: Path, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.cache = cache
        self.here = folder / "here"
        self.temporary = folder / "temporary"
        self._patch = patch
        for made in (self.here, self.temporary):
            made.mkdir()
        patch.setenv("TMPDIR", str(self.temporary))

    def begin_a_cache(self) -> None:
        """Nothing is kept yet: the network is converted first, which takes as long as the rest."""
        self.cache = self.here.with_name("cache")
        self._patch.setenv("SDPOSE_TRACK_CACHE", str(self.cache))

    def left(self) -> list[str]:
        """What is there and should not be."""
        return halves(self.here, self.cache) + [str(p) for p in self.temporary.iterdir()]


@pytest.fixture
def places(own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    return Places(own_cache, tmp_path, monkeypatch)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_bytes(
    seed: int, scene: Callable[[int], Scene], places: Places, tried: Tried
) -> None:
    undisturbed, chance = scene(seed), random.Random(seed)
    if seed % 10 == 8:
        places.begin_a_cache()
    folder = places.here
    session = folder / undisturbed.session
    moments = [chance.random() * undisturbed.seconds for _ in range(chance.choice((1, 1, 2, 3)))]
    kills = 0
    for moment in moments:
        process = begin(undisturbed.clip, folder, *undisturbed.wishes, *WISHES)
        kills += kill_after(process, moment)
        assert not session.exists() or is_sound(session), (seed, moments)
        assert len(halves(places.cache)) <= 1, (seed, moments)

    words = ("--resume", *undisturbed.wishes, *WISHES)
    told(sdpose("track", undisturbed.clip, *words, cwd=folder))

    assert everything(folder) == undisturbed.exports, (seed, moments)
    assert is_sound(session), (seed, moments)
    assert not places.left(), (seed, moments)
    held = lock(session)
    assert held is not None, (seed, moments)
    held.release()
    tried("track killed at random moments, then resumed", 1)
    tried("kills of track", kills)


def killed(words: list[str], seconds: float, cwd: Path) -> bool:
    process = subprocess.Popen(
        [sys.executable, str(MAIN), *words],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return kill_after(process, seconds)


def timed(words: list[str], cwd: Path) -> float:
    began = time.monotonic()
    done = sdpose(*words, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began


@pytest.mark.hardening
def test_a_killed_export_leaves_the_old_or_the_new_one_and_never_half_of_it(
    places: Places, tried: Tried
) -> None:
    folder = places.here
    session = write(folder / "clip.sdpose", fixture_a())
    formats = "csv,openpose,coco,npz,bvh,glb,trc,mot,c3d,parquet,comfyui,kinematics"
    words = ["export", str(session), "--format", formats]
    seconds = timed(words, folder)
    before = everything(folder)
    for seed in range(40):
        moment = (0.3 + 0.7 * random.Random(seed).random()) * seconds
        killed(words, moment, folder)
        now = everything(folder)
        moved = {name.replace("/.", "/").replace(".old/", "/"): data for name, data in now.items()}
        for name, data in before.items():
            assert now.get(name, moved.get(f".{name}", moved.get(name))) == data, (seed, name)
        timed(words, folder)
        assert everything(folder) == before, seed
        assert not places.left(), seed
    tried("export killed at random moments", 40)


@pytest.mark.hardening
def test_a_killed_repair_is_there_or_not_and_the_next_one_is_made(
    tmp_path: Path, tried: Tried
) -> None:
    session = write(tmp_path / "clip.sdpose", fixture_a())
    words = ["edit", str(session), "swap", "1", "2", "20"]
    seconds = timed(words, tmp_path)
    held = 1
    for seed in range(40):
        killed(words, (0.5 + 0.6 * random.Random(seed).random()) * seconds, tmp_path)
        assert is_sound(session), seed
        log = told(sdpose("edit", session, "log", "--json", cwd=tmp_path))
        assert log["held"] in (held, held + 1), seed
        assert len(log["log"]) == log["held"], seed
        held = log["held"]
        assert not halves(tmp_path), seed
    timed(words, tmp_path)
    tried("edit killed at random moments", 40)


@pytest.mark.hardening
def test_a_killed_fetch_goes_on_and_leaves_only_the_checkpoint(
    places: Places, tried: Tried
) -> None:
    content = made_content()
    with Hub(Repository("someone/Tiny", dict(content))) as hub:
        for seed in range(20):
            folder, chance = places.here / str(seed), random.Random(seed)
            folder.mkdir()
            place = Place(folder, hub, content)
            place.repository.answers[UNET] = [Stall(chance.randrange(24_000_000))]
            for _ in range(chance.choice((1, 2))):
                process = place.begin("fetch", "tiny")
                kill_after(process, 1 + 2 * chance.random())
            place.repository.answers.clear()
            done = place.fetch()
            assert done.returncode == 0, (seed, done.stderr)
            assert place.there() == place.content, seed
            assert not places.left(), seed
    tried("models fetch killed at random moments", 20)


@pytest.mark.hardening
def test_a_killed_live_recording_opens_and_is_whole_up_to_there(
    people_clip: Path, tmp_path: Path, tried: Tried
) -> None:
    for seed in range(12):
        folder, frames = tmp_path / str(seed), random.Random(seed).randrange(60)
        folder.mkdir()
        take = folder / "take.sdpose"
        words = ("live", people_clip, "--realtime", "--loop", "--headless", "--video")
        process = subprocess.Popen(
            [sys.executable, str(MAIN), *map(str, words), "--record", str(take)],
            cwd=folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        end_at(process, take, frames, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL, seed
        if not frames and not stored(take):
            continue
        assert is_sound(take), seed
        with Recording.open(take) as recording:
            assert len(recording.indices()) >= frames, seed
            assert not recording.is_complete, seed
            seconds = float(recording.time_of(recording.frame_head(frames - 1).pts))
        done = sdpose("export", take, "--format", "csv", "--json", cwd=folder)
        assert told(done)["frames"] >= frames, seed
        if seconds > 2:
            with open_source(folder / "take.mp4") as video:
                assert sum(1 for _ in video.frames()) > 0, seed
        assert not halves(folder), seed
    tried("live recordings killed", 12)


@pytest.mark.parametrize("how", ["SIGTERM", pytest.param("SIGHUP", marks=pytest.mark.hardening)])
def test_a_logout_stops_a_run_in_good_order(
    how: str, people_clip: Path, tmp_path: Path, tried: Tried
) -> None:
    number = signal.Signals[how]
    session = tmp_path / "people_poses" / "people.sdpose"
    process = begin(people_clip, tmp_path)
    end_at(process, session, 3, number)
    assert process.stderr is not None
    message = process.stderr.read()
    process.stderr.close()
    assert process.returncode == 128 + number
    assert "Traceback" not in message
    assert "go on with --resume" in message
    assert [p.name for p in session.parent.iterdir()] == [session.name]
    assert is_sound(session)
    tried("SIGTERM and SIGHUP", 1)


@pytest.mark.hardening
@pytest.mark.parametrize("how", ["SIGTERM", "SIGHUP"])
def test_a_logout_during_the_exports_leaves_no_half_of_one(
    how: str, people_clip: Path, tmp_path: Path, tried: Tried
) -> None:
    folder = tmp_path / "people_poses"
    process = begin(people_clip, tmp_path, "--annotate")
    limit = time.monotonic() + PATIENCE_S
    while not list(folder.glob(".*.part")) and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.001)
    for _ in range(3):  # a terminal that closes and the shell in it both say so
        process.send_signal(signal.Signals[how])
    _, message = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 128 + signal.Signals[how]
    assert "is complete, its exports are not: go on with --resume" in message
    assert [p.name for p in folder.iterdir()] == ["people.sdpose"]
    tried("SIGTERM and SIGHUP", 1)


@pytest.mark.hardening
def test_a_run_that_ignores_the_end_of_its_terminal_goes_on_without_it(
    people_clip: Path, tmp_path: Path, tried: Tried
) -> None:
    pty = pytest.importorskip("pty", reason="only Unix has such terminals")
    ours, theirs = pty.openpty()
    words = [sys.executable, str(MAIN), "track", str(people_clip), "--export", "csv", "--annotate"]
    process = subprocess.Popen(
        [sys.executable, "-c", IGNORING, *words], cwd=tmp_path, env=environment(), stderr=theirs
    )
    session = tmp_path / "people_poses" / "people.sdpose"
    limit = time.monotonic() + PATIENCE_S
    while stored(session) < 3 and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.002)
    os.close(theirs)
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    assert process.wait(PATIENCE_S) == 0
    assert (session.parent / "people_smooth.csv").stat().st_size > 0
    assert (session.parent / "people_annotated.mp4").stat().st_size > 0
    tried("a terminal that is gone", 1)
