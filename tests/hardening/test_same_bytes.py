"""The same input gives the same bytes: whatever threads, hashes, clocks and folders are like."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints_made import made_folder
from command import called, sdpose, told
from killing import everything
from sessions import fixture_a, write

from sdpose_track.export import FORMATS
from sdpose_track.export.media.codecs import CHOICES as CODECS
from sdpose_track.pipeline import plan, seats
from sdpose_track.pipeline.engine import Engine
from sdpose_track.pipeline.events import Outcome
from sdpose_track.pipeline.plan import prepare
from sdpose_track.pipeline.stage import Frames, Stage
from sdpose_track.records import Float32, Frame
from sdpose_track.settings import TrackSettings
from sdpose_track.sources import open_source

LONGEST_S = 0.02
ONE_CORE = 1
"""Which of several runs is on a single core."""
NEARLY = 1.0
"""Pixels: the weights are random, so heatmaps are flat and a peak may be off by some tenths."""
Tried = Callable[[str, int], None]


class Halting:
    """A stage or a source that waits for a moment of chance before and after all it does."""

    def __init__(self, inner: Any, chance: random.Random) -> None:
        self.inner = inner
        self.chance = chance
        self.often = chance.random()

    def halt(self) -> None:
        if self.chance.random() < self.often:
            time.sleep(self.chance.random() * LONGEST_S)

    def halting(self, items: Iterable[Any]) -> Iterator[Any]:
        self.halt()
        for item in items:
            yield item
            self.halt()


class HaltingSource(Halting):
    def frames(self, start: int = 0) -> Generator[Frame, None, None]:
        with closing(self.inner.frames(start)) as frames:
            yield from self.halting(frames)


class HaltingStage(Halting):
    def __init__(self, inner: Stage[Any, Any], chance: random.Random) -> None:
        super().__init__(inner, chance)
        self.name = inner.name
        kept = inner.intake
        self.intake = replace(
            kept, capacity=chance.randint(1, kept.capacity), most=chance.randint(1, kept.most)
        )

    def open(self) -> None:
        self.halt()
        self.inner.open()

    def process(self, items: Sequence[Any]) -> Iterator[Any]:
        yield from self.halting(self.inner.process(items))

    def flush(self) -> Iterator[Any]:
        yield from self.halting(self.inner.flush())

    def close(self) -> None:
        self.inner.close()


def rows(session: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that a session holds, table by table."""
    connection = sqlite3.connect(session)
    try:
        tables = [n for (n,) in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            for table in tables
            if table not in ("pose_by_track",) and not table.startswith("sqlite_")
        }
    finally:
        connection.close()


def keypoints(tables: dict[str, list[tuple[Any, ...]]]) -> Float32:
    """The keypoints and scores of everybody in a session."""
    return np.concatenate([np.frombuffer(row[4], np.float32) for row in tables["pose"]])


def run(clip: Path, session: Path, settings: TrackSettings, engine: Callable[..., Engine]) -> None:
    """Track in this process; `engine` takes the place of the one that would run the stages."""
    with pytest.MonkeyPatch.context() as patch, open_source(str(clip)) as source:
        patch.setattr(plan, "Engine", engine)
        prepared = prepare(source, settings, session)
        assert prepared.engine is not None
        assert prepared.engine.run() is Outcome.COMPLETED


def halting_engine(chance: random.Random) -> Callable[..., Engine]:
    def make(source: Frames, stages: Sequence[Stage[Any, Any]], **rest: Any) -> Engine:
        return Engine(
            HaltingSource(source, chance), [HaltingStage(s, chance) for s in stages], **rest
        )

    return make


SMALL: dict[str, Any] = {"input": "384x512", "precision": "fp32", "end": Fraction(1, 5)}
SETTINGS: dict[str, dict[str, Any]] = {
    "light": {"pose": "yolo11n-pose", "end": Fraction(3, 5)},
    "light, in torch": {"pose": "yolo11n-pose", "end": Fraction(1, 2)},
    "sdpose": SMALL,
    "sdpose, drawn by chance": {**SMALL, "latent": "sample", "seed": 5},
}
FEW = 2
CASES = [
    pytest.param(path, seed, marks=() if path == "light" and seed < FEW else pytest.mark.hardening)
    for path in SETTINGS
    for seed in range(20 if path == "light" else 5)
]
Results = Callable[..., tuple[Any, Any]]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, people_clip: Path) -> Results:
    """`results(path, engine)` are the rows of a run's session and the bytes of its exports."""
    tiny = cache(lambda: made_folder(tmp_path_factory.mktemp("made") / "tiny"))

    def find(path: str, engine: Callable[..., Engine], **more: Any) -> tuple[Any, Any]:
        folder = tmp_path_factory.mktemp("run")
        wish = {"device": "cpu", **SETTINGS[path], **more}
        if "pose" not in wish:
            wish["pose"] = str(tiny())
        session = folder / "people.sdpose"
        with pytest.MonkeyPatch.context() as patch:
            if path == "light, in torch":
                patch.setattr(seats, "find_spec", lambda _name: None)  # as without openvino
            run(people_clip, session, TrackSettings(**wish), engine)
        told(called("export", session, "--format", "csv,npz,openpose,parquet", "--json"))
        return rows(session), everything(folder)

    return find


@pytest.fixture(scope="module")
def undisturbed(results: Results) -> Callable[[str], tuple[Any, Any]]:
    return cache(lambda path: results(path, Engine))


@pytest.mark.parametrize(("path", "seed"), CASES)
def test_threads_that_wait_at_any_moment_change_no_number(
    path: str,
    seed: int,
    results: Results,
    undisturbed: Callable[[str], tuple[Any, Any]],
    tried: Tried,
) -> None:
    chance = random.Random(seed)
    more = {"batch": chance.choice((None, 1, 3, 7))} if path.startswith("sdpose") else {}
    assert results(path, halting_engine(chance), **more) == undisturbed(path), seed
    tried("runs whose threads wait at random moments", 1)


ELSEWHERE: tuple[dict[str, str], ...] = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "7", "TZ": "Asia/Kolkata", "LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"},
    {"PYTHONHASHSEED": "4242", "TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8"},
)
"""Environments of processes; a locale that a machine lacks is taken for C."""
CODED = frozenset(name for name, entry in FORMATS.items() if entry.module in ("video", "control"))
"""Formats with video in them, which takes long, and the cores that may be used change its bytes."""


def elsewhere(index: int, patch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Be in another place, with other words and hours, and return it."""
    for name, value in ELSEWHERE[index % len(ELSEWHERE)].items():
        patch.setenv(name, value)
    place = folder / f"place {index}"
    place.mkdir()
    return place


def there(formats: Iterable[str]) -> str:
    """Those of the formats whose packages are here."""
    return ",".join(n for n in formats if (p := FORMATS[n].needs) is None or find_spec(p))


def test_exports_have_the_same_bytes_whatever_hour_language_and_folder(
    tmp_path: Path, amount: Callable[[int, int], int], tried: Tried
) -> None:
    session = write(tmp_path / "clip.sdpose", fixture_a())
    formats = there(n for n in FORMATS if n not in CODED | {"wan-animate", "crops"})
    found: list[dict[str, bytes]] = []
    for index in range(amount(2, 6)):
        with pytest.MonkeyPatch.context() as patch:
            place = elsewhere(index, patch, tmp_path)
            os.utime(session, (1e9 * index, 1e9 * index))
            told(
                sdpose("export", session, "--format", formats, "--out", place, "--json", cwd=place)
            )
        found.append(everything(place))
    assert len(found[0]) > 2 * len(formats.split(","))
    for index, contents in enumerate(found):
        assert contents == found[0], index
    tried("exports of the same session, files compared", len(found[0]) * (len(found) - 1))


@pytest.mark.hardening
def test_every_export_of_a_real_run_has_the_same_bytes_each_time(
    people_clip: Path, tmp_path: Path, tried: Tried
) -> None:
    told(sdpose("track", people_clip, "--end", "1", "--json", cwd=tmp_path))
    session = tmp_path / "people_poses" / "people.sdpose"
    found: list[dict[str, bytes]] = []
    for index in range(3):
        with pytest.MonkeyPatch.context() as patch:
            place = elsewhere(index, patch, tmp_path)
            os.utime(people_clip, (1e9 * index, 1e9 * index))
            words = ("export", session, "--format", there(FORMATS), "--out", place, "--json")
            told(sdpose(*words, cwd=place))
        found.append(everything(place))
    assert found[1].keys() == found[0].keys()
    for contents in found:
        assert [n for n, data in contents.items() if data != found[0].get(n)] == []
    tried("exports of the same session, files compared", len(found[0]) * (len(found) - 1))


@pytest.mark.hardening
@pytest.mark.parametrize("codec", [codec.name for codec in CODECS])
def test_an_encoder_makes_the_same_bytes_on_any_thread_timing(
    codec: str, people_clip: Path, tmp_path: Path, tried: Tried
) -> None:
    told(sdpose("track", people_clip, "--end", "1", "--json", cwd=tmp_path))
    session = tmp_path / "people_poses" / "people.sdpose"
    made: list[bytes] = []
    for index in range(5):
        place = tmp_path / str(index)
        words = ("--format", "video", "--set", f"codec={codec}", "--out", place, "--json")
        (path,) = told(called("export", session, *words))["exports"]
        made.append(Path(path).read_bytes())
    assert all(data == made[0] for data in made)
    tried("videos encoded again", len(made) - 1)


@pytest.mark.hardening
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux chooses the cores")
@pytest.mark.parametrize("path", ["light", "sdpose"])
def test_tracks_have_the_same_numbers_whatever_cores_hour_language_and_folder(
    path: str, people_clip: Path, tmp_path: Path, tried: Tried
) -> None:
    wishes: tuple[str | Path, ...] = (
        "--end",
        "1",
        "--device",
        "cpu",
        "--export",
        "csv,npz,openpose",
    )
    if path == "sdpose":
        tiny = made_folder(tmp_path / "tiny")
        wishes = (
            *wishes,
            "--end",
            "0.1",
            "--pose",
            tiny,
            "--precision",
            "fp32",
            "--input",
            "384x512",
        )
    sessions: list[dict[str, list[tuple[Any, ...]]]] = []
    exports: list[dict[str, bytes]] = []
    cores = os.sched_getaffinity(0)
    for index in range(4):
        with pytest.MonkeyPatch.context() as patch:
            place = elsewhere(index, patch, tmp_path)
            os.sched_setaffinity(0, {min(cores)} if index == ONE_CORE else cores)
            try:
                told(sdpose("track", people_clip, *wishes, "--json", cwd=place))
            finally:
                os.sched_setaffinity(0, cores)
        sessions.append(rows(place / "people_poses" / "people.sdpose"))
        exports.append(everything(place))
    for index in range(4):
        if path == "sdpose" and index == ONE_CORE:  # torch adds in another order there
            near = keypoints(sessions[0]), keypoints(sessions[index])
            np.testing.assert_allclose(*near, rtol=0, atol=NEARLY)
            continue
        assert sessions[index] == sessions[0], index
        assert exports[index] == exports[0], index
    tried("tracks in other environments", 3)
