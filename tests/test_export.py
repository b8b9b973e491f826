"""What all data formats have in common: names, descriptions, progress, and nothing left behind."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import pytest
import sessions
from sessions import FRAMES, exported, largest_file, strict

from sdpose_track.errors import OutputError, SettingsError
from sdpose_track.export import FORMATS, ExportOptions, Format, export, find_format
from sdpose_track.export.options import CHOICES, COMMON
from sdpose_track.skeletons import COCO17
from sdpose_track.smooth.choices import Smoothing

OF_THE_VIDEO = ("video", "video-prores", "crops", "wan-animate")
"""What is drawn on the source's pictures: sessions without a video cannot have it."""
MOVIES = ("control", "control-mp4", "control-alpha")
"""There is no movie without a picture."""


def _installed(entry: Format) -> bool:
    return entry.needs is None or find_spec(entry.needs) is not None


def _each(formats: Iterable[Format]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "name",
        [
            pytest.param(
                f.name,
                marks=pytest.mark.skipif(not _installed(f), reason=f"{f.needs} is not installed"),
            )
            for f in formats
        ],
    )


EACH = _each(f for f in FORMATS.values() if f.name not in OF_THE_VIDEO)
FOLDERS = _each(f for f in FORMATS.values() if f.name not in OF_THE_VIDEO and f.is_folder)


def content(path: Path) -> dict[str, bytes]:
    files = path.rglob("*") if path.is_dir() else [path]
    return {str(p.relative_to(path)): p.read_bytes() for p in files if p.is_file()}


def meta_of(name: str, path: Path) -> Path:
    return path.with_name(
        path.name.replace(".npz", ".json") if name == "npz" else f"{path.name}.meta.json"
    )


# -- names and descriptions ------------------------------------------------------------------------


@EACH
def test_every_format_has_a_description_beside_it_and_leaves_nothing_else(
    name: str, tmp_path: Path
) -> None:
    path = exported(tmp_path, name, sessions.fixture_a())

    assert path.parent == tmp_path / "out"
    assert path.name.startswith("clip_raw")
    assert {p.name for p in path.parent.iterdir()} == {path.name, meta_of(name, path).name}
    assert path.is_dir() == FORMATS[name].is_folder
    assert all(content(path).values()), "a file is empty"
    meta = strict(meta_of(name, path))
    assert meta["format"] == "sdpose_track.poses"
    assert meta["source"]["fps"] == "30/1"
    assert meta["source"]["time_base"] == "1/30"
    assert meta["source"]["frames"] == FRAMES
    assert meta["source"]["is_vfr"] is False
    assert (meta["source"]["width"], meta["source"]["height"]) == (640, 480)
    assert meta["skeleton"]["keypoints"] == list(COCO17.keypoints)
    assert meta["tracks"] == [
        {"id": 1, "first": 0, "last": 44, "frames_present": 45},
        {"id": 2, "first": 10, "last": 44, "frames_present": 35},
    ]
    assert meta["processing"]["smoothing"] == "raw"
    assert meta["processing"]["filled"] == 0
    assert meta["processing"]["models"]["pose"] == {"name": "sdpose", "sha256": "p" * 64}
    assert meta["units"]["xy"] == "px"
    assert "retimed" not in meta


def test_no_two_formats_write_the_same_file() -> None:
    paths = [
        p
        for f in FORMATS.values()
        for p in (f.path(Path(), "a", "raw"), f.meta_path(Path(), "a", "raw"))
    ]
    assert len(set(paths)) == len(paths)


def test_what_can_be_chosen_of_a_format_is_a_choice_and_every_choice_is_of_a_format() -> None:
    used = {choice for f in FORMATS.values() for choice in f.choices} | set(COMMON)

    assert used == set(CHOICES)


@EACH
def test_names_may_have_spaces_and_any_letters(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "mes vidéos 動画"
    with sessions.view_of(tmp_path / "été 1.sdpose", sessions.fixture_a("été 1.mp4")) as view:
        path = export(view, name, folder, "tanz 100% (ß) {x}")

    assert path.parent == folder
    assert path.name.startswith("tanz 100% (ß) {x}_raw")
    assert content(path)


def test_a_smoothed_view_is_named_so_and_what_a_filter_made_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "clip.sdpose"
    with sessions.view_of(path, sessions.fixture_a(), Smoothing.OFFLINE) as view:
        made = export(view, "csv", tmp_path / "out", "clip")
    rows = list(csv.DictReader(made.read_text(encoding="utf-8").splitlines()))
    meta = strict(made.with_name("clip_smooth.csv.meta.json"))

    assert made.name == "clip_smooth.csv"
    guessed = [(int(r["frame"]), r["keypoint_name"]) for r in rows if r["provenance"] in ("1", "2")]
    assert guessed == [(20, "left_wrist"), (21, "left_wrist")]
    assert meta["processing"]["smoothing"] == "smooth"
    assert meta["processing"]["filled"] == 2


# -- times -----------------------------------------------------------------------------------------


@EACH
def test_every_format_can_be_brought_to_a_constant_rate(name: str, tmp_path: Path) -> None:
    options = ExportOptions(rate=Fraction(24000, 1001))
    path = exported(tmp_path, name, sessions.fixture_b(), options)
    meta = strict(meta_of(name, path))

    assert path.name.startswith("clip_raw_23.976fps")
    assert meta["retimed"]["fps"] == "24000/1001"
    assert meta["frames"] == 36
    assert [t["last"] for t in meta["tracks"]] == [35, 35]
    assert meta["tracks"][0]["first"] == 0
    assert meta["source"]["frames"] == FRAMES


@EACH
def test_uneven_frames_are_brought_to_a_rate_where_the_format_knows_no_times(
    name: str, tmp_path: Path
) -> None:
    path = exported(tmp_path, name, sessions.fixture_b())
    meta = strict(meta_of(name, path))

    assert path.name.startswith("clip_raw")
    assert "fps" not in path.name
    if FORMATS[name].needs_rate:
        assert meta["retimed"]["fps"] == "30/1"
        assert len(meta["retimed"]["source_times_s"]) == FRAMES
    else:
        assert "retimed" not in meta


@pytest.mark.parametrize("name", ["csv", "kinematics"])
def test_the_source_has_as_many_lost_frames_at_any_rate(name: str, tmp_path: Path) -> None:
    options = ExportOptions(rate=Fraction(120))
    path = exported(tmp_path, name, sessions.with_a_lost_frame(), options)
    meta = strict(meta_of(name, path))

    assert meta["frames"] == 21
    assert (meta["source"]["frames"], meta["source"]["lost_frames"]) == (6, 1)


# -- what may be empty -----------------------------------------------------------------------------


@EACH
def test_every_format_can_hold_nobody(name: str, tmp_path: Path) -> None:
    path = exported(tmp_path, name, sessions.fixture_c())

    assert path.exists()
    assert strict(meta_of(name, path))["tracks"] == []


@EACH
def test_every_format_can_hold_a_session_without_frames(name: str, tmp_path: Path) -> None:
    empty = sessions.Script(sessions.source_info(count=0), ())
    if name in MOVIES:
        with pytest.raises(OutputError, match="no frame"):
            exported(tmp_path, name, empty)
        assert list((tmp_path / "out").iterdir()) == []
    else:
        assert exported(tmp_path, name, empty).exists()


@EACH
def test_every_format_can_hold_a_lost_frame_and_points_anywhere(name: str, tmp_path: Path) -> None:
    exported(tmp_path / "lost", name, sessions.with_a_lost_frame())
    exported(tmp_path / "points", name, sessions.fixture_e())


# -- whole or not at all ---------------------------------------------------------------------------


@EACH
def test_the_same_session_makes_the_same_bytes(name: str, tmp_path: Path) -> None:
    one = exported(tmp_path / "one", name, sessions.fixture_a())
    other = exported(tmp_path / "other", name, sessions.fixture_a())

    assert content(one) == content(other)
    assert meta_of(name, one).read_bytes() == meta_of(name, other).read_bytes()


@EACH
def test_a_second_export_replaces_the_first(name: str, tmp_path: Path) -> None:
    exported(tmp_path, name, sessions.fixture_a())
    path = exported(tmp_path, name, sessions.fixture_c())
    only = exported(tmp_path / "alone", name, sessions.fixture_c())

    assert content(path).keys() == content(only).keys()
    assert len(list(path.parent.iterdir())) == 2


@EACH
@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_what_stops_an_export_leaves_no_part_and_the_old_one(
    name: str, stop: type[BaseException], tmp_path: Path
) -> None:
    path = exported(tmp_path, name, sessions.fixture_c())
    old = content(path)

    def fail(done: int, total: int) -> None:
        if done >= total // 2:
            raise stop

    with pytest.raises(stop):
        exported(tmp_path, name, sessions.fixture_a(), ExportOptions(progress=fail))
    assert content(path) == old
    assert len(list(path.parent.iterdir())) == 2


@EACH
def test_progress_rises_to_the_end(name: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    options = ExportOptions(progress=lambda done, total: told.append((done, total)))
    exported(tmp_path, name, sessions.fixture_a(), options)

    assert told[-1] == (FRAMES, FRAMES)
    assert told == sorted(told)
    assert len(told) >= 2


@EACH
def test_a_folder_that_is_a_file_is_told_in_a_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")

    with pytest.raises(OutputError, match=r"cannot be written .*choose another folder"):
        exported(tmp_path, name, sessions.fixture_c())
    assert (tmp_path / "out").read_text() == "a file"


@EACH
def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    folder.chmod(0o555)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(OutputError, match="cannot be written"):
        exported(tmp_path, name, sessions.fixture_c())


@EACH
def test_a_disk_that_takes_no_more_leaves_no_part(name: str, tmp_path: Path) -> None:
    whole = exported(tmp_path / "whole", name, sessions.fixture_a())
    least = max(map(len, content(whole).values())) // 2
    with (
        sessions.view_of(tmp_path / "clip.sdpose", sessions.fixture_a()) as view,
        largest_file(least),
        pytest.raises(OutputError, match="cannot be written"),
    ):
        export(view, name, tmp_path / "out", "clip")
    assert list((tmp_path / "out").iterdir()) == []


@FOLDERS
def test_a_folder_with_other_files_in_it_is_not_replaced(name: str, tmp_path: Path) -> None:
    path = exported(tmp_path, name, sessions.fixture_a())
    (one, *_) = (file for file in path.rglob("*") if file.is_file())
    (path / "deeper").mkdir()
    for mine in (path / f"my own{one.suffix}", one.parent / "my notes.doc", path / "deeper/x.png"):
        mine.write_text("mine")
        with pytest.raises(OutputError, match=f"holds {mine.name}, which no export wrote"):
            exported(tmp_path, name, sessions.fixture_c())
        assert mine.read_text() == "mine"
        mine.unlink()
    exported(tmp_path, name, sessions.fixture_c())


# -- wishes that cannot be -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "hint"), [("openpos", r"did you mean openpose\?"), ("xyz", ", ".join(FORMATS))]
)
def test_an_unknown_format_names_a_near_one_or_all(name: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"no format is named '{name}'; .*{hint}"):
        exported(tmp_path, name, sessions.fixture_c())


def test_a_format_without_its_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = Format("c3d", "", "c3d", "{stem}", needs="no_such_package")
    monkeypatch.setitem(FORMATS, "c3d", missing)

    with pytest.raises(SettingsError, match=r"pip install 'sdpose-track\[c3d\]'"):
        find_format("c3d")


def test_a_stem_with_a_folder_in_it_is_refused(tmp_path: Path) -> None:
    with (
        sessions.view_of(tmp_path / "clip.sdpose", sessions.fixture_c()) as view,
        pytest.raises(SettingsError, match="leave out the folder"),
    ):
        export(view, "csv", tmp_path, "../clip")
