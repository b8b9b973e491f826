"""What a program left that was killed at the worst moments, made on purpose, and who removes it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from command import MAIN, called, environment, refused, told
from killing import everything, halves
from sessions import fixture_a, write

from sdpose_track.cache import sha256_of
from sdpose_track.checkpoints import find
from sdpose_track.detect.openvino_runtime import OpenVinoRuntime
from sdpose_track.errors import CheckpointError
from sdpose_track.export.files import ABANDONED_S
from sdpose_track.locks import lock
from sdpose_track.pipeline import plan
from sdpose_track.pipeline.begun import SIZE
from sdpose_track.records import NO_DETECTIONS, FramePoses, FrameResult
from sdpose_track.scratch import PREFIX, YOUNG_S, scratch
from sdpose_track.session.recording import Recording
from sdpose_track.session.schema import ModelRecord, SessionHeader
from sdpose_track.session.writer import SessionWriter
from sdpose_track.settings import TrackSettings
from sdpose_track.sources import open_source
from sdpose_track.track.bytetrack import REVISION

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")

AT_RENAME = """
import os, runpy, signal, sys
left, after, rename = int(sys.argv[1]), sys.argv[2] == "after", os.replace
def replace(*names, **more):
    global left
    left -= 1
    if not left and not after:
        os.kill(os.getpid(), signal.SIGKILL)
    rename(*names, **more)
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
os.replace = replace
sys.argv[:] = sys.argv[3:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""Runs the program and kills it just before or after it renames a file for the n-th time."""
FORMATS = "csv,openpose,bvh"
RENAMES = 10
"""Of such an export where an older one is there: a folder takes two, every description one."""
Tried = Callable[[str, int], None]


def killed_at(rename: int, when: str, *words: str | Path, cwd: Path) -> int:
    command = [sys.executable, "-c", AT_RENAME, str(rename), when, str(MAIN), *map(str, words)]
    done = subprocess.run(command, cwd=cwd, env=environment(), check=False, capture_output=True)
    return done.returncode


def test_an_export_killed_at_any_renaming_is_put_right_by_the_next(
    tmp_path: Path, amount: Callable[[int, int], int], tried: Tried
) -> None:
    session = write(tmp_path / "clip.sdpose", fixture_a())
    words: tuple[str | Path, ...] = ("export", session, "--format", FORMATS, "--json")
    told(called(*words))
    whole = everything(tmp_path)
    moments = [(n, when) for n in range(1, RENAMES + 1) for when in ("before", "after")]
    hardest = [(4, "after"), (7, "after")]  # the old folder is moved, the new one is not
    for rename, when in moments if amount(0, 1) else hardest:
        killed = killed_at(rename, when, *words, cwd=tmp_path)
        assert killed in (-9, 0), (rename, when)
        told(called(*words))
        assert everything(tmp_path) == whole, (rename, when)
        assert not halves(tmp_path), (rename, when)
        tried("export killed at a renaming", 1)


def aged(path: Path, seconds: float) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def test_the_next_export_of_a_session_takes_away_what_others_of_it_left(tmp_path: Path) -> None:
    session = write(tmp_path / "clip.sdpose", fixture_a())
    told(called("export", session, "--format", FORMATS, "--json"))
    whole = everything(tmp_path)
    bvh, old = tmp_path / "clip_smooth_bvh", tmp_path / ".clip_smooth_bvh.old"
    bvh.rename(old)  # as if killed between moving the old folder away and the new one there
    parts = [tmp_path / f".clip_{name}.part" for name in ("annotated.mp4", "smooth.c3d", "raw.csv")]
    for part in parts:
        part.write_bytes(b"half")
        aged(part, 2 * ABANDONED_S)
    aged(old, 2 * ABANDONED_S)
    young, others = tmp_path / ".clip_raw.trc.part", tmp_path / ".other_annotated.mp4.part"
    young.write_bytes(b"being written elsewhere")
    others.write_bytes(b"of another session")
    aged(others, 2 * ABANDONED_S)
    busy = parts.pop()
    held = lock(tmp_path / "clip_raw.csv")
    assert held is not None

    told(called("export", session, "--format", "csv", "--json"))
    held.release()

    assert not [part for part in parts if part.exists()]
    for kept in (young, others, busy):
        assert kept.exists()
        kept.unlink()
    assert everything(tmp_path) == whole


@pytest.mark.hardening
def test_a_conversion_that_was_killed_is_made_anew_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tried: Tried
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("SDPOSE_TRACK_CACHE", str(cache))
    runtime = OpenVinoRuntime(find("yolo11n-pose", "pose"))
    runtime.close()
    (kept,) = (cache / "openvino").iterdir()
    left = kept.with_name(f".{kept.name}.part")
    kept.rename(left)
    (left / "network.bin").write_bytes(b"half of it")
    OpenVinoRuntime(find("yolo11n-pose", "pose")).close()
    assert list((cache / "openvino").iterdir()) == [kept]
    tried("conversions killed", 1)


HOLDING = """
import os, signal
from sdpose_track.scratch import scratch_to_the_end
print(scratch_to_the_end(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_temporary_folders_of_killed_programs_are_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    done = subprocess.run(
        [sys.executable, "-c", HOLDING],
        cwd=MAIN.parent,
        check=False,
        capture_output=True,
        text=True,
    )
    left = Path(done.stdout.strip()).parent
    assert left.parent == tmp_path
    assert left.is_dir()
    strange, unpacked = tmp_path / f"{PREFIX}file", tmp_path / f"{PREFIX}main"
    strange.touch()
    (unpacked / "docs").mkdir(parents=True)
    with scratch() as first:
        assert left.is_dir(), "it may be about to be held"
        for folder in (left, first.parent, unpacked):
            aged(folder, 2 * YOUNG_S)
        with scratch() as second:
            assert not left.exists()
            assert first.is_dir(), "it is held"
            assert second != first
    assert {*tmp_path.iterdir()} == {strange, unpacked}
    assert (unpacked / "docs").is_dir(), "it is somebody's"


@pytest.fixture
def complete(people_clip: Path, tmp_path: Path) -> Path:
    """A complete session of the clip, made in the time that it takes to write it."""
    session = tmp_path / "people_poses" / "people.sdpose"
    with open_source(str(people_clip)) as source:
        info = replace(source.info, name=str(people_clip))
    light = ModelRecord("yolo11n-pose", find("yolo11n-pose", "pose").sha256)
    told_of = {"runtime": "a GPU that is gone", "detector_runtime": "the same", SIZE: 960}
    settings = {**TrackSettings().results_key(), **told_of, "tracker": REVISION}
    header = SessionHeader(info, "coco17", light, light, settings, "0.1.0")
    with SessionWriter.create(session, header) as writer:
        for index in range(3):
            poses = FramePoses(index, index * 512, Fraction(index, 25), ())
            writer.append([FrameResult(poses, NO_DETECTIONS, np.empty(0, np.int32))])
        writer.finish({})
    return session


class AskedForError(Exception):
    """Somebody wanted networks."""


@pytest.fixture
def no_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_named: object) -> None:
        raise AskedForError

    monkeypatch.setattr(plan, "take", refuse)


@pytest.mark.usefixtures("no_networks")
def test_exports_of_a_complete_session_load_no_network(
    complete: Path, people_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    moved = tmp_path / "moved" / people_clip.name
    moved.parent.mkdir()
    shutil.copy(people_clip, moved)
    for words in (["--pose", "yolo11n-pose"], ["--detector-size", "960", "--export", "csv"]):
        result = told(called("track", moved, "--resume", "--json", *words))
        assert result["frames"] == result["frames_resumed"] == 3
    with Recording.open(complete) as recording:
        assert recording.header.source.name == str(moved)
    names = ["people.sdpose", "people_smooth.csv", "people_smooth.csv.meta.json"]
    assert sorted(path.name for path in complete.parent.iterdir()) == names


@pytest.mark.usefixtures("no_networks")
def test_who_trusts_a_checkpoint_is_believed_for_a_complete_session_too(
    complete: Path, people_clip: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.pt"
    with ZipFile(find("yolo11n-pose", "pose").path) as known, ZipFile(mine, "w") as own:
        for member in known.infolist():
            own.writestr(member, known.read(member))
        own.comment = b"nobody knows this one"
    with SessionWriter.resume(complete) as writer:
        writer.note("pose", {"name": "mine", "sha256": sha256_of(mine)})
    words = ("track", people_clip, "--out", complete.parent, "--resume", "--json", "--pose", mine)
    refused(called(*words), 4)
    assert told(called(*words, "--trust-checkpoint"))["frames_resumed"] == 3


@pytest.mark.usefixtures("no_networks")
@pytest.mark.parametrize(
    "wish",
    [
        {"confidence": 0.4}, {"flip_test": True}, {"end": Fraction(1)}, {"precision": "fp32"},
        {"device": "cuda"}, {"batch": 2}, {"detector_size": "640"}, {"detector": "yolo11n"},
        {"boxes": Path("boxes.json")},
    ],
    ids=str,
)  # fmt: skip
def test_a_complete_session_is_compared_whole_where_something_else_is_wished_for(
    wish: dict[str, Any], complete: Path, people_clip: Path
) -> None:
    expected = CheckpointError if wish.get("detector") else AskedForError  # that is not here
    with open_source(str(people_clip)) as source, pytest.raises(expected):
        plan.prepare(source, TrackSettings(**wish), complete, resume=True)
