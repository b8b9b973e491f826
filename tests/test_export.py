"""What all data formats have in common: names, descriptions, progress, and nothing left behind."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import sessions
from sessions import FRAMES, K, exported, largest_file, openpose_people, strict

from sdpose_track.errors import OutputError, SettingsError
from sdpose_track.export import FORMATS, ExportOptions, export
from sdpose_track.skeletons import COCO17
from sdpose_track.smooth.choices import Smoothing

DATA = [name for name in FORMATS if name != "video"]
NAMES = {
    "openpose": "clip_raw_json",
    "coco": "clip_raw.coco.json",
    "csv": "clip_raw.csv",
    "npz": "clip_raw.poses.npz",
    "kinematics": "clip_raw.kinematics.csv",
    "kinematics-parquet": "clip_raw.kinematics.parquet",
}


# -- what all have in common -----------------------------------------------------------------------


@pytest.mark.parametrize("name", DATA)
def test_every_format_has_its_name_and_a_description_beside_it(name: str, tmp_path: Path) -> None:
    path = exported(tmp_path, name, sessions.fixture_a())
    meta_name = "clip_raw.poses.json" if name == "npz" else f"{NAMES[name]}.meta.json"

    assert path == tmp_path / "out" / NAMES[name]
    assert {p.name for p in path.parent.iterdir()} == {NAMES[name], meta_name}
    meta = strict(path.parent / meta_name)
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


@pytest.mark.parametrize("name", DATA)
def test_every_format_can_hold_nobody(name: str, tmp_path: Path) -> None:
    path = exported(tmp_path, name, sessions.fixture_c())

    if name == "openpose":
        assert [openpose_people(path, i) for i in range(5)] == [[]] * 5
    elif name == "coco":
        loaded = strict(path)
        assert len(loaded["images"]) == 5
        assert loaded["annotations"] == []
    elif name in ("csv", "kinematics"):
        assert path.read_text().count("\n") == 1
    elif name == "kinematics-parquet":
        assert pl.read_parquet(path).height == 0
    else:
        with np.load(path, allow_pickle=False) as arrays:
            assert arrays["xy"].shape == (5, 0, K, 2)
            assert arrays["time_s"].tolist() == pytest.approx([i / 30 for i in range(5)])


@pytest.mark.parametrize("name", DATA)
def test_every_format_can_hold_a_session_without_frames(name: str, tmp_path: Path) -> None:
    empty = sessions.Script(sessions.source_info(count=0), ())

    assert exported(tmp_path, name, empty).exists()


@pytest.mark.parametrize("name", DATA)
def test_names_may_have_spaces_and_any_letters(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "mes vidéos 動画"
    with sessions.view_of(tmp_path / "été 1.sdpose", sessions.fixture_a("été 1.mp4")) as view:
        path = export(view, name, folder, "tanz 100% (ß) {x}")

    assert path.parent == folder
    assert path.name.startswith("tanz 100% (ß) {x}_raw")


@pytest.mark.parametrize("name", DATA)
def test_a_second_export_replaces_the_first(name: str, tmp_path: Path) -> None:
    exported(tmp_path, name, sessions.fixture_a())
    path = exported(tmp_path, name, sessions.fixture_c())

    if name == "openpose":
        assert len(list(path.iterdir())) == 5
    assert len(list(path.parent.iterdir())) == 2


@pytest.mark.parametrize("name", DATA)
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


def content(path: Path) -> dict[str, bytes]:
    files = path.iterdir() if path.is_dir() else [path]
    return {p.name: p.read_bytes() for p in files}


@pytest.mark.parametrize("name", DATA)
def test_progress_rises_to_the_end(name: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    options = ExportOptions(progress=lambda done, total: told.append((done, total)))
    exported(tmp_path, name, sessions.fixture_a(), options)

    assert told[-1] == (FRAMES, FRAMES)
    assert told == sorted(told)
    assert len(told) == 2 if name.startswith("kinematics") else len(told) > 10


@pytest.mark.parametrize("name", DATA)
def test_a_folder_that_is_a_file_is_told_in_a_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")

    with pytest.raises(OutputError, match=r"cannot be written .*choose another folder"):
        exported(tmp_path, name, sessions.fixture_c())
    assert (tmp_path / "out").read_text() == "a file"


@pytest.mark.parametrize("name", DATA)
def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    folder.chmod(0o555)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(OutputError, match="cannot be written"):
        exported(tmp_path, name, sessions.fixture_c())


@pytest.mark.parametrize("name", ["coco", "csv", "npz", "kinematics", "kinematics-parquet"])
def test_a_disk_that_takes_no_more_leaves_no_part(name: str, tmp_path: Path) -> None:
    with (
        sessions.view_of(tmp_path / "clip.sdpose", sessions.fixture_a()) as view,
        largest_file(2000),
        pytest.raises(OutputError, match="cannot be written"),
    ):
        export(view, name, tmp_path / "out", "clip")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("openpos", r"did you mean openpose\?"),
        ("xyz", "openpose, coco, csv, npz, kinematics, kinematics-parquet, video"),
    ],
)
def test_an_unknown_format_names_a_near_one_or_all(name: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"no format is named '{name}'; .*{hint}"):
        exported(tmp_path, name, sessions.fixture_c())


def test_a_stem_with_a_folder_in_it_is_refused(tmp_path: Path) -> None:
    with (
        sessions.view_of(tmp_path / "clip.sdpose", sessions.fixture_c()) as view,
        pytest.raises(SettingsError, match="leave out the folder"),
    ):
        export(view, "csv", tmp_path, "../clip")


def test_a_smoothed_view_is_named_so_and_what_a_filter_made_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "clip.sdpose"
    with sessions.view_of(path, sessions.fixture_a(), Smoothing.OFFLINE) as view:
        made = export(view, "csv", tmp_path / "out", "clip")
    rows = list(csv.DictReader(made.read_text(encoding="utf-8").splitlines()))
    meta = strict(made.with_name("clip_smooth.csv.meta.json"))

    assert made.name == "clip_smooth.csv"
    guessed = [(int(r["frame"]), r["keypoint_name"]) for r in rows if r["provenance"] in ("1", "2")]
    assert guessed == [(20, "left_wrist"), (21, "left_wrist")]
    assert all(r["x"] for r in rows)
    assert meta["processing"]["filled"] == 2
    assert meta["processing"]["keypoints"]["measured"] == len(rows) - 2
    assert meta["processing"]["settings"]["max_gap_s"] == 0.5
