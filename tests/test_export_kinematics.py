"""The tables of kinematics, read back: the same numbers as from Python, and what they mean."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import sessions
from sessions import FRAMES, exported, strict

from sdpose_track import Smoothing
from sdpose_track.errors import SettingsError
from sdpose_track.export import ExportOptions, export
from sdpose_track.kinematics.table import Kinematics, column_units, kinematics
from sdpose_track.skeletons import COCO17, WHOLEBODY133

HEAD = ["frame", "time_s", "pts", "track_id"]
TABLES = ["kinematics", "kinematics-parquet"]
DOCS = Path(__file__).resolve().parents[1] / "docs"


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def measured(folder: Path, script: sessions.Script) -> dict[int, Kinematics]:
    with sessions.view_of(folder / "again.sdpose", script) as view:
        return {i: kinematics(view.track(i), COCO17) for i in view.track_ids}


def description(path: Path) -> Any:
    return strict(path.with_name(path.name + ".meta.json"))


# -- csv -------------------------------------------------------------------------------------------


def test_the_csv_has_a_row_for_every_person_and_frame_by_person(tmp_path: Path) -> None:
    path = exported(tmp_path, "kinematics", sessions.fixture_a())
    found = rows(path)

    assert list(found[0]) == HEAD + list(column_units(COCO17))
    assert [(int(r["track_id"]), int(r["frame"])) for r in found] == [
        *((1, i) for i in range(FRAMES)),
        *((2, i) for i in range(10, FRAMES)),
    ]
    assert b"\r" not in path.read_bytes()


def test_the_csv_has_the_numbers_of_the_python_call(tmp_path: Path) -> None:
    script = sessions.fixture_b()
    found = rows(exported(tmp_path, "kinematics", script))
    people = measured(tmp_path, script)

    for row in found:
        person, index = people[int(row["track_id"])], int(row["frame"])
        i = int(np.searchsorted(person.indices, index))
        pts = script.pts[index]
        assert int(row["pts"]) == pts
        assert float(row["time_s"]) == pytest.approx(float(pts * script.source.time_base), abs=5e-7)
        for name, values in person.columns.items():
            if np.isnan(values[i]):
                assert row[name] == ""
            else:
                assert float(row[name]) == pytest.approx(float(values[i]), abs=5.1e-4)


def test_what_a_missing_keypoint_leaves_unknown_is_an_empty_cell(tmp_path: Path) -> None:
    found = rows(exported(tmp_path, "kinematics", sessions.fixture_a()))
    missing = {
        (int(r["frame"]), name)
        for r in found
        for name in ("elbow_left_deg", "length_forearm_left_px", "speed_left_wrist_bh_s")
        if r["track_id"] == "1" and r[name] == ""
    }

    assert missing == {(i, name) for i in (20, 21) for _, name in missing}
    assert len(missing) == 6


def test_keypoints_below_the_threshold_are_not_measured(tmp_path: Path) -> None:
    low, high = (
        rows(exported(tmp_path / str(t), "kinematics", sessions.fixture_a(), options))
        for t in (0.1, 0.9)
        for options in (ExportOptions(threshold=t),)
    )

    assert low[0]["knee_left_deg"]
    assert not high[0]["knee_left_deg"]


def test_frame_numbers_and_time_stamps_are_those_of_the_source(tmp_path: Path) -> None:
    people: sessions.People = {i: (sessions.person(1, i),) for i in range(100, 108)}
    source = sessions.source_info(time_base=Fraction(1, 1000), count=8)
    script = sessions.Script(source, range(4000, 4320, 40), people, frozenset({103}), first=100)
    path = exported(tmp_path, "kinematics", script)

    assert [(r["frame"], r["pts"], r["time_s"]) for r in rows(path)] == [
        (str(100 + i), str(4000 + 40 * i), f"{4 + 0.04 * i:.6f}") for i in range(8) if i != 3
    ]
    assert description(path)["source"]["lost_frames"] == 1


# -- parquet ---------------------------------------------------------------------------------------


def test_parquet_has_types_and_nulls_and_the_rows_of_the_csv(tmp_path: Path) -> None:
    script = sessions.fixture_b()
    table = pl.read_parquet(exported(tmp_path, "kinematics-parquet", script))
    text = rows(exported(tmp_path, "kinematics", script))

    assert table.columns == list(text[0])
    assert table.dtypes[:4] == [pl.Int64, pl.Float64, pl.Int64, pl.Int32]
    assert table.schema["knee_left_deg"] == pl.Float32
    assert table.schema["bones_too_long"] == pl.UInt8
    assert table.schema["contact_left"] == pl.Boolean
    assert not any(table[name].is_nan().any() for name in table.columns if name.endswith("_deg"))
    for row, cells in zip(table.iter_rows(named=True), text, strict=True):
        for name, value in row.items():
            if value is None:
                assert cells[name] == ""
            else:
                assert float(cells[name]) == pytest.approx(float(value), abs=5.1e-4)


def test_parquet_holds_the_description_that_is_beside_it(tmp_path: Path) -> None:
    path = exported(tmp_path, "kinematics-parquet", sessions.fixture_a())

    assert json.loads(pl.read_parquet_metadata(path)["sdpose_track"]) == description(path)


def test_parquet_of_nobody_has_the_columns_all_the_same(tmp_path: Path) -> None:
    full = pl.read_parquet(exported(tmp_path, "kinematics-parquet", sessions.fixture_a()))
    empty = pl.read_parquet(exported(tmp_path, "kinematics-parquet", sessions.fixture_c()))

    assert empty.height == 0
    assert empty.schema == full.schema


# -- the description -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_the_description_tells_units_people_and_how_steady_their_bones_are(
    name: str, tmp_path: Path
) -> None:
    path = exported(tmp_path, name, sessions.fixture_a(), ExportOptions(facing="left"))
    about = description(path)["kinematics"]

    assert about["columns"] == column_units(COCO17)
    assert about["threshold"] == 0.3
    assert about["camera_moves"] is False
    assert list(about["people"]) == ["1", "2"]
    assert about["people"]["1"]["facing"] == "left"
    shank = about["people"]["1"]["bones"]["thigh_left"]
    drawn = np.linalg.norm(sessions.points(1, 0)[11] - sessions.points(1, 0)[13])
    assert shank["usual_px"] == pytest.approx(drawn, abs=1e-3)
    assert shank["too_long_frames"] == 0


def test_a_bone_never_seen_is_null_in_the_description(tmp_path: Path) -> None:
    people: sessions.People = {0: (sessions.person(1, 0, (sessions.LEFT_WRIST,)),)}
    path = exported(tmp_path, "kinematics", sessions.Script(sessions.source_info(), [0], people))
    bones = description(path)["kinematics"]["people"]["1"]["bones"]

    assert bones["forearm_left"]["variation"] is None


def test_a_moving_camera_leaves_the_contacts_empty(tmp_path: Path) -> None:
    options = ExportOptions(camera_moves=True)
    table = pl.read_parquet(exported(tmp_path, TABLES[1], sessions.fixture_a(), options))

    assert table["contact_left"].null_count() == table.height


@pytest.mark.parametrize("name", TABLES)
def test_a_smoothed_table_counts_what_the_filter_made(name: str, tmp_path: Path) -> None:
    with sessions.view_of(tmp_path / "c.sdpose", sessions.fixture_a(), Smoothing.OFFLINE) as view:
        path = export(view, name, tmp_path / "out", "clip")

    assert path.name.startswith("clip_smooth.kinematics.")
    assert description(path)["processing"]["filled"] == 2


@pytest.mark.parametrize("name", TABLES)
def test_a_threshold_that_is_none_is_refused_before_anything_is_written(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="choose a confidence from 0 to 1"):
        exported(tmp_path, name, sessions.fixture_a(), ExportOptions(threshold=3))
    assert not (tmp_path / "out").exists()


# -- the documentation -----------------------------------------------------------------------------


def test_the_documentation_names_every_column_and_its_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DOCS / "kinematics.md").read_text(encoding="utf-8")
    bare = {name.replace("_left", "_SIDE").replace("_right", "_SIDE").replace("left_", "SIDE_")
            .replace("right_", "SIDE_") for name in column_units(WHOLEBODY133)}  # fmt: skip
    assert sorted(name for name in bare if f"`{name}`" not in text) == []

    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(tmp_path)
    sessions.write(tmp_path / "dance.sdpose", sessions.fixture_a())
    (example,) = text.split("```python\n")[1:]
    exec(example.split("```")[0], {})
    assert (tmp_path / "knee.png").stat().st_size > 1000
