"""The Parquet table, read by polars and by pyarrow."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import sessions
from sessions import FRAMES, LEFT_WRIST, K, exported, largest_file, points, strict
from whole_people import exported_whole, whole_person, whole_points

from sdpose_track.errors import OutputError
from sdpose_track.export import ExportOptions, export
from sdpose_track.skeletons import COCO17, WHOLEBODY133

TYPES = {
    "frame": "int64", "time_s": "double", "pts": "int64", "track_id": "int32", "keypoint": "int16",
    "x": "float", "y": "float", "confidence": "float", "provenance": "uint8",
}  # fmt: skip


def csv_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("script", [sessions.fixture_a(), sessions.fixture_b()], ids=["A", "B"])
def test_polars_reads_the_rows_of_the_csv(script: sessions.Script, tmp_path: Path) -> None:
    table = pl.read_parquet(exported(tmp_path, "parquet", script))
    rows = csv_rows(exported(tmp_path, "csv", script))

    assert table.columns == list(rows[0])
    assert table.height == len(rows) == (FRAMES + FRAMES - 10) * K
    for mine, text in zip(table.iter_rows(named=True), rows, strict=True):
        assert [str(mine[n]) for n in ("frame", "pts", "track_id", "keypoint")] == [
            text[n] for n in ("frame", "pts", "track_id", "keypoint")
        ]
        assert mine["keypoint_name"] == text["keypoint_name"]
        assert f"{mine['time_s']:.6f}" == text["time_s"]
        assert ("" if mine["x"] is None else f"{mine['x']:.3f}") == text["x"]
        assert f"{mine['confidence']:.4f}" == text["confidence"]


def test_missing_is_null_and_nothing_is_rounded(tmp_path: Path) -> None:
    table = pl.read_parquet(exported(tmp_path, "parquet", sessions.fixture_a()))
    missing = table.filter(pl.col("x").is_null())

    assert missing.select("frame", "keypoint").rows() == [(20, LEFT_WRIST), (21, LEFT_WRIST)]
    assert missing["y"].null_count() == 2
    assert not table["x"].is_nan().any()
    found = table.filter((pl.col("frame") == 30) & (pl.col("track_id") == 2))
    assert np.array_equal(found.select("x", "y").to_numpy(), points(2, 30))


def test_pyarrow_reads_types_names_and_the_description(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    path = exported(tmp_path, "parquet", sessions.fixture_e())
    table = pyarrow.read_table(path)

    assert {f.name: str(f.type) for f in table.schema if f.name in TYPES} == TYPES
    assert str(table.schema.field("keypoint_name").type).startswith("dictionary<values=")
    assert table.column("keypoint_name").to_pylist() == list(COCO17.keypoints)
    assert table.column("provenance").to_pylist()[4:7] == [1, 2, 3]
    meta = json.loads(pyarrow.ParquetFile(path).metadata.metadata[b"sdpose_track"])
    assert meta == strict(path.with_name(f"{path.name}.meta.json"))
    group = pyarrow.ParquetFile(path).metadata.row_group(0)
    assert {group.column(i).compression for i in range(group.num_columns)} == {"ZSTD"}


def test_a_table_of_nobody_has_the_columns_all_the_same(tmp_path: Path) -> None:
    table = pl.read_parquet(exported(tmp_path, "parquet", sessions.fixture_c()))

    assert table.height == 0
    assert list(TYPES) == [name for name in table.columns if name != "keypoint_name"]


def test_a_whole_body_has_133_rows_a_frame(tmp_path: Path) -> None:
    frames = [[whole_person(i)] for i in range(300)]
    table = pl.read_parquet(exported_whole(tmp_path, "parquet", frames))

    assert table["frame"].to_list() == np.repeat(np.arange(300), 133).tolist()
    last = table.tail(133)
    assert last["keypoint_name"].to_list() == list(WHOLEBODY133.keypoints)
    assert np.array_equal(last.select("x", "y").to_numpy(), whole_points(299))


def test_a_table_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        exported(tmp_path, "parquet", sessions.fixture_a(), ExportOptions(progress=stop))
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("name", ["parquet", "kinematics-parquet"])
def test_a_full_disk_is_told(name: str, tmp_path: Path) -> None:
    script = sessions.fixture_a()
    with (
        sessions.view_of(tmp_path / "clip.sdpose", script) as view,
        largest_file(1000),
        pytest.raises(OutputError, match="cannot be written"),
    ):
        export(view, name, tmp_path / "out", "clip")
    assert list((tmp_path / "out").iterdir()) == []


# -- at a constant rate ----------------------------------------------------------------------------


def test_tables_at_another_rate_count_its_frames(tmp_path: Path) -> None:
    options = ExportOptions(rate=Fraction(24))
    rows = csv_rows(exported(tmp_path, "csv", sessions.fixture_b(), options))
    table = pl.read_parquet(exported(tmp_path, "parquet", sessions.fixture_b(), options))
    last = int(sessions.UNEVEN_MS[-1] / 1000 * 24)

    for row in rows:
        assert row["pts"] == row["frame"]
        assert float(row["time_s"]) == pytest.approx(int(row["frame"]) / 24, abs=1e-6)
    assert {int(row["frame"]) for row in rows} == set(range(last + 1))
    assert (table["pts"] == table["frame"]).all()
    assert table["time_s"].to_numpy() == pytest.approx(table["frame"].to_numpy() / 24, abs=1e-9)


def test_arrays_at_another_rate_tell_that_clock(tmp_path: Path) -> None:
    options = ExportOptions(rate=Fraction(24000, 1001))
    with np.load(exported(tmp_path, "npz", sessions.fixture_b(), options)) as arrays:
        assert (int(arrays["fps_num"]), int(arrays["fps_den"])) == (24000, 1001)
        assert (int(arrays["time_base_num"]), int(arrays["time_base_den"])) == (1001, 24000)
        assert int(arrays["first_pts"]) == 0
        assert not arrays["is_vfr"]
        count = len(arrays["pts"])
        assert arrays["pts"].tolist() == arrays["frame_index"].tolist() == list(range(count))
        assert arrays["time_s"] == pytest.approx(np.arange(count) * 1001 / 24000)
        assert arrays["xy"].shape == (count, 2, K, 2)


def test_arrays_at_the_rate_of_the_source_keep_its_clock(tmp_path: Path) -> None:
    options = ExportOptions(rate=Fraction(30))
    with np.load(exported(tmp_path, "npz", sessions.fixture_a(), options)) as arrays:
        assert (int(arrays["time_base_num"]), int(arrays["time_base_den"])) == (1, 30)
        assert arrays["pts"].tolist() == list(range(FRAMES))


@pytest.mark.parametrize("name", ["kinematics", "kinematics-parquet"])
def test_kinematics_at_another_rate_count_its_frames(name: str, tmp_path: Path) -> None:
    path = exported(tmp_path, name, sessions.fixture_b(), ExportOptions(rate=Fraction(24)))
    table = pl.read_csv(path) if path.suffix == ".csv" else pl.read_parquet(path)

    assert (table["pts"] == table["frame"]).all()
    assert table["time_s"].to_numpy() == pytest.approx(table["frame"].to_numpy() / 24, abs=1e-6)
