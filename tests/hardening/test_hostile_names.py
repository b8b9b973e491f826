"""Names are text: whatever people and files are called, exports stay in their folder as data."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sessions
from command import called, refused
from other_programs import SCRIPTS

from sdpose_track.cli.track import stem_of
from sdpose_track.errors import SdposeError, SettingsError
from sdpose_track.export import FORMATS, export
from sdpose_track.export.table import Format
from sdpose_track.repair.edits import Rename
from sdpose_track.session.edit_log import EditLog
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View
from sdpose_track.session.writer import SessionWriter
from sdpose_track.smooth.choices import Smoothing

Amount = Callable[[int, int], int]
Tried = Callable[[str, int], None]

FILES, PEOPLE, LINKS = (
    "export names: sessions and videos called so that a file would lie elsewhere",
    "export names: people called so that a script or a table would run it",
    "export names: links planted where an export is written",
)
STEMS = (
    "..", ".", "", "...", "a/b", "../x", "/etc/x", "a\\b", "..\\x", "CON", "nul", "com1", "-rf",
    "--out", "x\ny", "\x1b[31m", '"};throw 1;//', "*", "?", "[a-z]*", "%d", "%05d", "{stem}",
    "{0}{label}", "~", "~root", "$(id)", "`id`", "=cmd", "\u202egpj.x", "\u2028",
    "\N{NO-BREAK SPACE}", " x ", "x.", "x..", ".hidden", "a\0b", "file:x", "C:x", "x:y", "\udcff",
    "\U0001f483" * 60, "a" * 225, "a" * 240, "a" * 300, "a" * 5000,
)  # fmt: skip
PEOPLE_NAMES = (
    '"};throw 1;//', "'};throw 1;//", '\\"};throw 1;//', "*/ throw 1; /*",
    "</script><script>throw 1</script>", "${throw 1}", "\\u0022);throw 1;//", "\\",
    "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", '"', "a,b;c", "../../x", "/etc/passwd",
    "{stem}", "%s%n", "CON", "$(id)", "`id`", "'; DROP TABLE edit; --", "é" * 80, "\U0001f483",
)  # fmt: skip
DRAWN = ("crops", "wan_animate", "video", "control")


def hard(value: str) -> Any:
    """Return a parameter that only make harden tries."""
    return pytest.param(value, marks=pytest.mark.hardening)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return sessions.write(tmp_path / "in" / "clip.sdpose", sessions.fixture_a())


def files_of(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*")}


def formats(amount: Amount) -> list[Format]:
    chosen = [f for f in FORMATS.values() if f.needs is None and f.module not in DRAWN]
    return chosen[:: amount(9, 1)]


def test_whatever_a_session_is_called_its_exports_stay_in_the_folder(
    session: Path, tmp_path: Path, amount: Amount, tried: Tried
) -> None:
    out = tmp_path / "a" / "b" / "out"
    out.mkdir(parents=True)
    with Recording.open(session) as recording:
        view = View(recording, Smoothing.OFF)
        before = files_of(tmp_path)
        for stem, chosen in itertools.product(STEMS[:: amount(2, 1)], formats(amount)):
            with suppress(SdposeError):
                assert export(view, chosen.name, out, stem).parent == out
            more = files_of(tmp_path) - before
            assert all(out in (tmp_path / path).parents for path in more), f"{more} of {stem!r}"
            hidden = [path for path in out.iterdir() if path.suffix in (".part", ".old")]
            assert not hidden, f"{chosen.name} of {stem!r}"
            shutil.rmtree(out)
            out.mkdir()
            tried(FILES, 1)


@pytest.mark.parametrize("name", ["..mp4", "...mp4", "....mp4", "%d.mp4", "_%04d.mp4", ".mp4"])
def test_a_video_of_any_name_gives_results_a_name(name: str, tried: Tried) -> None:
    stem = stem_of(name)
    assert stem.strip(".")
    assert Path(stem).name == stem
    tried(FILES, 1)


def test_a_session_whose_name_is_too_long_for_an_export_is_refused_in_one_sentence(
    session: Path, tried: Tried
) -> None:
    long = session.rename(session.with_name("a" * 240 + ".sdpose"))
    for name in ("csv", "openpose", "bvh"):
        assert "too long" in refused(called("export", long, "--format", name), 5)
    tried(FILES, 3)


def run_as_after_effects(script: Path) -> Any:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node, which runs the script, is not installed")
    command = [node, str(SCRIPTS / "after_effects.js"), str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def called_so(session: Path, name: str) -> None:
    with EditLog.open(session) as log:
        log.append([Rename(1, name)])


def test_a_persons_name_never_becomes_a_command_of_a_script(
    session: Path, tmp_path: Path, amount: Amount, tried: Tried
) -> None:
    """The script runs in a model of After Effects; every throw in a name would end it."""
    stems = itertools.cycle(('";throw 1;', "clip"))
    for name, stem in zip(PEOPLE_NAMES[:: amount(5, 1)], stems, strict=False):
        called_so(session, name)
        with Recording.open(session) as recording:
            view = View(recording, Smoothing.OFF)
            script = export(view, "after-effects-script", tmp_path, stem)
        assert script.read_bytes().isascii()
        made = run_as_after_effects(script)
        [comp] = made["comps"]
        assert comp["name"] == stem
        named = {layer["name"].rpartition("/")[0] for layer in comp["layers"]}
        assert named == {f"track_1 {name}", "track_2"}
        tried(PEOPLE, 1)


def test_no_cell_of_a_table_begins_with_a_name(
    session: Path, tmp_path: Path, amount: Amount, tried: Tried
) -> None:
    """A spreadsheet takes what begins with = + - or @ for a formula, and some of them run it."""
    tables = [f.name for f in FORMATS.values() if f.pattern.endswith(".csv")]
    for name in PEOPLE_NAMES[:: amount(4, 1)]:
        called_so(session, name)
        with Recording.open(session) as recording:
            view = View(recording, Smoothing.OFF)
            for format_name in tables:
                path = export(view, format_name, tmp_path, "clip")
                with path.open(encoding="utf-8", newline="") as file:
                    rows = [next(csv.reader(file)) for _ in range(4)]
                cells = [cell for row in rows for cell in row]
                is_formula = [c for c in cells if c[:1] in "=+@\t\r" and c]
                assert not is_formula
                assert format_name != "deeplabcut" or f"track_1 {name}" in cells
                tried(PEOPLE, 1)


@pytest.mark.parametrize("format_name", ["csv", "openpose", *map(hard, ("npz", "parquet", "c3d"))])
def test_links_planted_where_an_export_goes_are_replaced_and_not_followed(
    session: Path, tmp_path: Path, format_name: str, tried: Tried
) -> None:
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    victim = elsewhere / "thesis.txt"
    with Recording.open(session) as recording:
        view = View(recording, Smoothing.OFF)
        target = export(view, format_name, out, "clip")
        meta = next(path for path in out.iterdir() if path != target)
        places = [target, meta]
        places += [p.with_name(f".{p.name}{kind}") for p in places for kind in (".part", ".old")]
        for place, is_folder in itertools.product(places, (False, True)):
            shutil.rmtree(out)
            shutil.rmtree(elsewhere, ignore_errors=True)
            out.mkdir()
            elsewhere.mkdir()
            victim.write_text("years of work")
            place.symlink_to(elsewhere if is_folder else victim, target_is_directory=is_folder)
            with suppress(SdposeError):
                export(view, format_name, out, "clip")
            assert victim.read_text() == "years of work"
            assert [*elsewhere.iterdir()] == [victim]
            tried(LINKS, 1)


def test_a_link_in_place_of_a_session_is_replaced_and_not_followed(
    session: Path, tmp_path: Path, tried: Tried
) -> None:
    victim = tmp_path / "thesis.txt"
    victim.write_text("years of work")
    with Recording.open(session) as recording:
        header = recording.header
    for suffix in ("", "-wal", "-shm", "-journal"):
        out = tmp_path / f"out{suffix}"
        out.mkdir()
        (out / f"clip.sdpose{suffix}").symlink_to(victim)
        SessionWriter.create(out / "clip.sdpose", header, replace=True).close()
        assert victim.read_text() == "years of work"
        assert not (out / "clip.sdpose").is_symlink()
        tried(LINKS, 1)


def test_a_stem_with_a_folder_in_it_is_refused(session: Path, tmp_path: Path) -> None:
    with Recording.open(session) as recording:
        view = View(recording, Smoothing.OFF)
        with pytest.raises(SettingsError, match="leave out the folder"):
            export(view, "csv", tmp_path, "../clip")
