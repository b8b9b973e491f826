"""Broken, lying and odd inputs, through the real program: one sentence, and nothing left behind."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from clips import Coding, drifting, encode
from command import called, refused
from measured import measured
from mutating import broken
from odd_files import (
    bombs,
    frames_without_end,
    index_first,
    jpeg,
    lies,
    no_files,
    odd_times,
    png,
    sound_files,
)
from reading_whole import LONGEST_S, MEMORY, read_whole

from sdpose_track.cli.pose import _folder
from sdpose_track.cli.track import stem_of
from sdpose_track.errors import SourceError
from sdpose_track.session.schema import ModelRecord, SessionHeader, header_from_meta, header_to_meta
from sdpose_track.sources import open_source

REFUSED = {
    "zero_byte.mp4",
    "text_renamed.mp4",
    "only_ftyp.mp4",
    "truncated_no_moov.mp4",
    "audio_only.mp3",
    "audio_with_cover_art.m4a",
    "directory_named.mp4",
    "header_only.jpg",
    "truncated_half.jpg",
    "zero_byte.jpg",
}
"""Nothing in these can be used, says ../shared/media/malformed/MANIFEST.md."""
COMMANDS = {
    "track": ("--detector-size", "320", "--export", "csv"),
    "pose": ("--out", "poses.json", "--annotate", "drawn"),
    "view": ("--screenshot", "window.png"),
    "live": ("--headless", "--realtime", "--seconds", "3", "--record", "take.sdpose"),
}
NAMES = (
    b"new\nline.mp4",
    b"\x1b[31mred\x07.mp4",
    "\U0001f600 \u202egpj.mp4".encode(),
    b"100%d %s %n.mp4",
    b"-dash.mp4",
    b"--json.mp4",
    b"concat:a|b.mp4",
    b"lone\xff\xfe.mp4",
    b"a" * 251 + b".mp4",
    "é".encode() * 125 + b".mp4",
    b" .mp4",
    b"...mp4",
    b"~",
    b"*",
    b"a'b\"c;$(d)`e`.mp4",
    b"sub,file,,a.mp4",
)
needs_files = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
Amount = Callable[[int, int], int]
Tried = Callable[[str, int], None]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def sentence(said: str) -> str:
    """Return the one sentence of a refusal; the colours of nobody's terminal change by it."""
    line, *more = said.splitlines()
    assert not more, said
    assert line.startswith("sdpose-track: "), said
    assert line.isprintable(), said
    return line


def malformed(media: Path) -> list[Path]:
    return sorted(p for part in ("video", "image") for p in (media / "malformed" / part).iterdir())


def test_what_the_manifest_says_becomes_of_every_malformed_file(
    media: Path, here: Path, tried: Tried
) -> None:
    for path in malformed(media):
        done = called("info", "--json", "--", path)
        assert done.returncode == (3 if path.name in REFUSED else 0), (path.name, done.stderr)
        if path.name in REFUSED:
            assert path.name in sentence(done.stderr)
    assert not list(here.iterdir())
    tried("malformed files of the manifest: info", len(malformed(media)))


def test_pose_refuses_a_video_in_one_sentence(media: Path, here: Path, tried: Tried) -> None:
    videos = [path for path in malformed(media) if path.parent.name == "video"]
    for path in videos:
        done = called("pose", "--out", "poses.json", "--annotate", "drawn", "--", path)
        assert done.returncode == 3, (path.name, done.stderr)
        assert path.name in sentence(done.stderr)
        assert not list(here.iterdir()), path.name
    tried("malformed files of the manifest: pose", len(videos))


def test_a_folder_for_drawings_is_taken_away_where_nothing_was_drawn(here: Path) -> None:
    def fail(*, after: str | None) -> None:
        with _folder("drawn"):
            if after is not None:
                (here / "drawn" / after).touch()
            raise KeyError

    with pytest.raises(KeyError):
        fail(after=None)
    assert not (here / "drawn").exists()
    with pytest.raises(KeyError):
        fail(after="one.jpg")
    assert (here / "drawn" / "one.jpg").exists()


@needs_files
@pytest.mark.hardening
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_survives_every_malformed_file(
    command: str, media: Path, tmp_path: Path, tried: Tried
) -> None:
    for number, path in enumerate(malformed(media)):
        folder = tmp_path / str(number)
        folder.mkdir()
        done = measured(command, *COMMANDS[command], "--", path, folder=folder, longest_s=LONGEST_S)
        told = (path.name, done)
        refused = path.name in REFUSED or (command == "pose" and path.parent.name == "video")
        assert done.code == (3 if refused else 0), told
        assert "Traceback" not in done.said, told
        assert done.peak < MEMORY, told
        if refused:
            own = [line for line in done.said.splitlines() if line.startswith("sdpose-track: ")]
            assert len(own) == 1, told
            assert path.name in own[0], told
            assert not list(folder.iterdir()), told
        assert not list(folder.rglob("*.part*")), told
    tried(f"malformed files of the manifest: {command}", len(malformed(media)))


@pytest.mark.hardening
def test_a_checkpoint_that_is_none_is_refused(media: Path, here: Path, tried: Tried) -> None:
    clip = media / "malformed" / "video" / "tiny_2x2.mp4"
    (here / "text.pt").write_text("no checkpoint\n")
    models = [*(media / "malformed" / "models").iterdir(), here / "text.pt"]
    for path in models:
        for option in ("--detector", "--pose"):
            done = called("track", clip, option, path, "--out", "out")
            assert done.returncode == 4, (path.name, option, done.stderr)
            assert path.name in sentence(done.stderr)
            assert not (here / "out").exists()
    tried("checkpoints that are none", 2 * len(models))


@needs_files
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, here: Path, tried: Tried) -> None:
    things = tmp_path / "things"
    things.mkdir()
    paths = no_files(things)
    for path in paths:
        for command in ("info", "track", "pose"):
            done = called(command, path)
            assert done.returncode == 3, (path.name, command, done.stderr)
            assert path.name in sentence(done.stderr)
    assert not list(here.iterdir())
    tried("pipes, devices, sockets and loops as input", 3 * len(paths))


@needs_files
def test_what_may_not_be_read_is_refused(here: Path) -> None:
    path = encode(here / "clip.mp4", drifting(2))
    path.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with pytest.raises(SourceError, match=r"clip\.mp4 cannot be read: .*check its permissions"):
            open_source(path)
    finally:
        if root:
            os.seteuid(0)


@needs_files
def test_a_lie_is_told_and_opens_no_other_file(tmp_path: Path, here: Path, tried: Tried) -> None:
    os.mkfifo(tmp_path / "fifo.mp4")  # who opens it waits for ever
    found = {}
    for name, data in lies().items():
        path = tmp_path / name
        path.write_bytes(data)
        found[path] = name
    for reading in read_whole(list(found)):
        assert not reading.fault, (reading.path.name, reading.fault)
        assert found[reading.path] in reading.refused
    assert not list(here.iterdir())
    tried("files that are not what their name says", len(found))


@needs_files
def test_every_name_that_a_file_may_have_works(tmp_path: Path, here: Path, tried: Tried) -> None:
    clip = encode(tmp_path / "clip.mp4", drifting(2)).read_bytes()
    for raw in NAMES:
        name = os.fsdecode(raw)
        (here / name).write_bytes(clip)
        done = called("info", "--json", "--", f"./{name}" if name == "~" else name)
        assert done.returncode == 0, (raw, done.stderr)
        assert len(os.fsencode(f"{stem_of(name)}_smooth_p1_p2_p3_f100-200.csv.meta.json")) < 255
    tried("odd file names", len(NAMES))


def test_a_name_is_cut_where_its_results_would_have_none(here: Path) -> None:
    assert stem_of("é" * 125 + ".mp4") == "é" * 80
    (here / ("a" * 255)).mkdir()
    assert stem_of("a" * 255) == "a" * 160
    assert "cannot be read" in refused(called("track", "a" * 300 + ".mp4"), 3)


def test_bombs_are_refused_before_they_fill_the_memory(tmp_path: Path, tried: Tried) -> None:
    paths = []
    for name, data in bombs().items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(data)
    for reading in read_whole(paths):
        assert not reading.fault, (reading.path.name, reading.fault)
        assert reading.refused, reading.path.name
    tried("decompression bombs", len(paths))


def test_frames_that_a_file_cannot_hold_are_not_counted(tmp_path: Path) -> None:
    (tmp_path / "endless.png").write_bytes(frames_without_end())
    with open_source(tmp_path / "endless.png") as source:
        assert source.info.frame_count == 4
        assert len(list(source.frames())) == 4


@needs_files
@pytest.mark.hardening
def test_the_largest_pictures_that_are_taken_fit_the_memory(tmp_path: Path, tried: Tried) -> None:
    files = {
        "wide.png": png(16384, 9000),
        "clear.png": png(12000, 12000, depth=16, colour=6),
        "deep.png": png(12240, 12240, depth=16, colour=0),
        "grey.jpg": jpeg((12000, 12000)),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    for reading in read_whole([tmp_path / name for name in files]):
        assert not reading.fault, (reading.path.name, reading.fault)
        assert not reading.refused
    tried("pictures just below the limit of size", len(files))


def test_any_times_give_a_source_that_a_session_takes(tmp_path: Path, tried: Tried) -> None:
    paths = odd_times(tmp_path)
    model = ModelRecord("none", "0" * 64)
    for path in paths:
        with open_source(path) as source:
            assert len([frame.time for frame in source.frames()]) == 5, path.name
            header = SessionHeader(source.info, "coco17", model, model)
        meta = {key: json.loads(text) for key, text in header_to_meta(header).items()}
        assert header_from_meta(meta, path).source == header.source, path.name
        rate = source.info.rate
        assert 0 < min(rate.as_integer_ratio()) <= max(rate.as_integer_ratio()) < 2**31, path.name
    tried("absurd time stamps", len(paths))


def test_what_an_avi_lost_leaves_all_others_their_times(tmp_path: Path, tried: Tried) -> None:
    pictures = drifting(12)
    path = encode(tmp_path / "clip.avi", pictures, Coding("mpeg4", {"g": "1", "q:v": "2"}))
    data = bytearray(path.read_bytes())
    at = data.index(b"movi")
    for _ in range(5):
        at = data.index(b"00dc", at + 4)
    data[at : at + 300] = np.random.default_rng(5).bytes(300)
    path.write_bytes(data)
    with open_source(path) as source:
        shown = {frame.index: frame for frame in source.frames()}
        assert source.info.frame_count == 12
        assert source.damaged.lost == 12 - len(shown) > 0
    for index, frame in shown.items():
        assert frame.time * 25 == index
        near = [np.abs(frame.image[:, :, ::-1].astype(int) - p).mean() for p in pictures]
        assert int(np.argmin(near)) == index
    tried("frames of an AVI that damage hides", source.damaged.lost)


def test_a_cut_file_tells_how_many_frames_are_missing(tmp_path: Path) -> None:
    data = index_first(encode(tmp_path / "clip.mp4", drifting(12)))
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: len(data) - 100])
    with open_source(path) as source:
        assert source.info.frame_count is not None
        missing = 12 - source.info.frame_count
        assert missing > 0
        assert any(f"{missing} of its 12 frames are missing" in note for note in source.info.notes)


def test_a_folder_of_empty_pictures_is_refused(here: Path, amount: Amount, tried: Tried) -> None:
    folder = here / "shots"
    folder.mkdir()
    count = amount(300, 20_000)
    for number in range(count):
        (folder / f"shot_{number:05d}.jpg").touch()
    done = called("track", folder)
    assert done.returncode == 3
    assert "not one of its pictures can be read" in sentence(done.stderr)
    assert list(here.iterdir()) == [folder]
    tried("empty pictures in one folder", count)


def test_mutants_of_sound_files_are_read_or_refused(
    tmp_path: Path, amount: Amount, tried: Tried
) -> None:
    sound, paths = sound_files(tmp_path), []
    for ending, data in sound.items():
        dice = random.Random(ending)
        for number in range(amount(8, 600)):
            paths.append(tmp_path / f"{number}.{ending}")
            paths[-1].write_bytes(broken(data, dice))
    assert_read_or_refused(paths)
    tried("mutants of small clips and pictures", len(paths))


@pytest.mark.hardening
def test_mutants_of_real_clips_are_read_or_refused(
    media: Path, tmp_path: Path, tried: Tried
) -> None:
    names = (
        "good_reference.mp4",
        "two_video_streams.mkv",
        "real_transparent.webm",
        "starts_mid_gop.ts",
        "corrupt_middle.avi",
        "real_decord_rot90_3f.mov",
    )
    paths = []
    for name in names:
        data = (media / "malformed" / "video" / name).read_bytes()
        dice = random.Random(name)
        for number in range(60):
            paths.append(tmp_path / f"{number}_{name}")
            paths[-1].write_bytes(broken(data, dice))
    assert_read_or_refused(paths)
    tried("mutants of real clips", len(paths))


def assert_read_or_refused(paths: list[Path]) -> None:
    """Read mutants in another process; the first one that is lost is kept and named.

    Its number and its ending, or its name, are the seed that makes it again.
    """
    for reading in read_whole(paths):
        assert not reading.fault, (reading.path, reading.fault)
        if reading.refused:
            assert str(reading.path) in reading.refused
            assert "\n" not in reading.refused
        reading.path.unlink()
