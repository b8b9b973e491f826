"""Sessions with broken bytes and broken cells: whoever reads them does it, or says one sentence."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from broken_sessions import sound_sessions, spoil
from fuzzing import assert_answers, tried_out
from mutating import broken

from sdpose_track.errors import SdposeError
from sdpose_track.export.table import FORMATS
from sdpose_track.pipeline.resuming import resumed
from sdpose_track.smooth.choices import Smoothing
from ui.document.reading import Kind, Reader
from ui.document.review import _Walk, _whole

Amount = Callable[[int, int], int]
Tried = Callable[[str, int], None]
Sound = list[tuple[bytes, Path]]

_DRAWN = ("control", "wan-animate", "video", "crops")
QUICK = [n for n, f in FORMATS.items() if not n.startswith(_DRAWN) and f.needs is None]
EDITS = (
    ("swap", "1", "2", "5"), ("split", "1", "12"), ("merge", "1", "2"), ("delete", "2"), ("undo",),
    ("rename", "1", "Bob"), ("redo",), ("place", "1", "4", "nose", "3", "4", "--blend", "0.2"),
    ("lock", "1"), ("swap", "1", "2", "0.5s"), ("undo", "9"), ("delete", "1", "--from", "3"),
)  # fmt: skip
TRUTH = "1,1,10,20,30,40,1,1,1\n2,1,11,20,30,40,1,1,1\n40,2,101,20,30,40,1,1,1\n"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    return [(p.read_bytes(), p) for p in sound_sessions(tmp_path_factory.mktemp("sound"))]


def _broken(sound: Sound, path: Path, dice: random.Random, *, cells: bool) -> bytes:
    """Put a broken session at `path`, without files beside it, and return its bytes."""
    data = dice.choice((sound[0], *sound))[0]
    if cells:
        path.write_bytes(data)
        spoil(path, dice)
        data = path.read_bytes()
        _tidy(path)
    else:
        data = broken(data, dice, dice.choice(sound)[0])
    path.write_bytes(data)
    return data


def _tidy(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _viewed(path: Path, dice: random.Random) -> None:
    """Read all that the viewer reads of a session."""
    reader = Reader(path, dice.choice(list(Smoothing)))
    try:
        facts = reader.facts()
        for kind in Kind:
            for index in facts.indices[::39]:
                reader.stretch(kind, index)
        walk = _Walk(reader)
        while walk.step() is not None:
            pass
        walk.doubts()
        for span in facts.spans:
            _whole(reader, span.track_id)
        resumed(facts.header)
    finally:
        reader.close()


def _read(case: int, path: Path, dice: random.Random) -> None:
    """Read a session in one of the ways in which sessions are read."""
    way = dice.randrange(7)
    if way <= 1:
        tried_out(case, lambda: _viewed(path, dice), SdposeError)
    elif way == 2:
        words = [["--json"], [], ["--check"]][dice.randrange(3)]
        assert_answers(case, (1, 3), "info", path, *words)
    elif way == 3:
        assert_answers(case, (3,), "edit", path, "log", *dice.choice(([], ["--json"])))
    elif way == 4:
        truth = path.parent / "gt.txt"
        assert_answers(
            case, (3,), "evaluate", "tracks", "--truth", truth, "--session", path, "--json"
        )
    else:
        more = dice.choice(([], [], ["--each"], ["--fps", "24"], ["--start", "0.5"]))
        names, smooth = dice.sample(QUICK, 2), dice.choice(("off", "live", "offline"))
        assert_answers(
            case, (2, 3), "export", path, "--format", *names, "--out", path.parent / "out",
            "--smooth", smooth, "--json", *more,
        )  # fmt: skip


@pytest.mark.parametrize("cells", [False, True], ids=["bytes", "cells"])
def test_a_broken_session_is_read_or_refused_and_stays_as_it_was(
    cells: bool, sound: Sound, tmp_path: Path, amount: Amount, tried: Tried
) -> None:
    path, out = tmp_path / "broken.sdpose", tmp_path / "out"
    (tmp_path / "gt.txt").write_text(TRUTH, encoding="utf-8")
    count = amount(60, 3000)
    for seed in range(count):
        dice = random.Random(seed)
        before = _broken(sound, path, dice, cells=cells)
        _read(seed, path, dice)
        assert path.read_bytes() == before, seed
        there = {p.name for p in tmp_path.iterdir()} - {path.name, "gt.txt", out.name}
        assert not there, (seed, there)
    tried(f"sessions, {'cells' if cells else 'bytes'} broken: read", count)


def _without_mode(session: bytes) -> bytes:
    """Leave out of a file whether it is in WAL mode, which who may write puts right, and the count
    of its changes (sqlite.org/fileformat2.html, 1.3)."""
    return session[:18] + session[20:24] + session[28:92] + session[100:]


@pytest.mark.parametrize("cells", [False, True], ids=["bytes", "cells"])
def test_a_broken_session_is_repaired_or_refused(
    cells: bool, sound: Sound, tmp_path: Path, amount: Amount, tried: Tried
) -> None:
    path = tmp_path / "broken.sdpose"
    count = amount(30, 1500)
    for seed in range(count):
        dice = random.Random(seed)
        _tidy(path)
        before = _broken(sound, path, dice, cells=cells)
        code = assert_answers(seed, (2, 3, 5), "edit", path, *dice.choice(EDITS), "--json")
        assert code == 0 or _without_mode(path.read_bytes()) == _without_mode(before), seed
        assert [p.name for p in tmp_path.iterdir()] == [path.name], seed
    tried(f"sessions, {'cells' if cells else 'bytes'} broken: repaired", count)
