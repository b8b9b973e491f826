"""TRC: read back cell by cell, and by OpenSim itself."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sessions
import test_wholebody
from other_programs import read_with
from sessions import FRAMES, LEFT_WRIST, K, exported, strict
from standing import standing, still

from sdpose_track.export import ExportOptions, export
from sdpose_track.export.formats.markers import marker_name
from sdpose_track.records import Float64
from sdpose_track.skeletons import WHOLEBODY133

EXACT = ExportOptions(threshold=0.1, mm_per_px=10)
"""Everything is known, and a pixel is a centimetre."""


@dataclass(frozen=True)
class Trc:
    """A file as its text says, cell by cell."""

    facts: dict[str, str]
    markers: list[str]
    frames: list[int]
    times: list[float]
    metres: Float64
    """(N, M, 3), NaN where a marker's three cells are empty."""


def read(path: Path) -> Trc:
    """Read a file, and refuse whatever is not as OpenSim describes it."""
    raw = path.read_bytes()
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    head, keys, values, names, axes, *rows = raw.decode().split("\n")[:-1]
    assert head.split("\t") == ["PathFileType", "4", "(X/Y/Z)", path.name]
    facts = dict(zip(keys.split("\t"), values.split("\t"), strict=True))
    cells = names.split("\t")
    assert cells[:2] == ["Frame#", "Time"]
    markers = cells[2::3]
    assert cells[3::3] == cells[4::3] == [""] * len(markers)
    numbers = range(1, len(markers) + 1)
    assert axes.split("\t") == ["", "", *(f"{axis}{i}" for i in numbers for axis in "XYZ")]
    table = [row.split("\t") for row in rows]
    assert {len(row) for row in table} <= {len(cells)}
    assert all(row[-1] for row in table), "OpenSim does not count an empty cell at the end"
    places = [[float(cell) if cell else np.nan for cell in row[2:]] for row in table]
    metres = np.array(places).reshape(len(table), len(markers), 3)
    gone = np.isnan(metres)
    assert (gone.all(axis=-1) == gone.any(axis=-1)).all()
    return Trc(facts, markers, [int(r[0]) for r in table], [float(r[1]) for r in table], metres)


def pixels(trc: Trc, height: int = 480) -> Float64:
    """Return (N, M, 2) pixels, y down, of a file in which a pixel is a centimetre."""
    x, y, z = np.moveaxis(trc.metres, -1, 0)
    assert (z[np.isfinite(z)] == 0).all()
    return np.stack([x * 100, height - y * 100], axis=-1)


def test_the_head_says_rate_counts_and_units(tmp_path: Path) -> None:
    folder = exported(tmp_path, "trc", sessions.fixture_a(), EXACT)
    trc = read(folder / "clip_p2.trc")

    assert sorted(p.name for p in folder.iterdir()) == ["clip_p1.trc", "clip_p2.trc"]
    assert trc.facts == {
        "DataRate": "30", "CameraRate": "30", "NumFrames": "35", "NumMarkers": str(K + 2),
        "Units": "m", "OrigDataRate": "30", "OrigDataStartFrame": "11", "OrigNumFrames": "35",
    }  # fmt: skip


def test_every_marker_is_where_the_keypoint_is(tmp_path: Path) -> None:
    folder = exported(tmp_path, "trc", sessions.fixture_a(), EXACT)

    for track_id, first in ((1, 0), (2, 10)):
        found = pixels(read(folder / f"clip_p{track_id}.trc"))
        true = np.array([sessions.points(track_id, i) for i in range(first, FRAMES)])
        seen = np.isfinite(found[:, :K, 0])
        assert np.abs(found[:, :K] - true)[seen].max() < 1e-4
        gone = [(20, LEFT_WRIST), (21, LEFT_WRIST)] if track_id == 1 else []
        assert [(int(i), int(k)) for i, k in np.argwhere(~seen)] == gone


def test_frames_count_from_one_and_times_are_those_of_the_clip(tmp_path: Path) -> None:
    trc = read(exported(tmp_path, "trc", sessions.fixture_a(), EXACT) / "clip_p2.trc")

    assert trc.frames == list(range(11, FRAMES + 1))
    assert trc.times == pytest.approx([i / 30 for i in range(10, FRAMES)], abs=1e-9)


def test_names_are_openposes_and_hip_and_neck_are_the_middles(tmp_path: Path) -> None:
    trc = read(exported(tmp_path, "trc", sessions.fixture_a(), EXACT) / "clip_p1.trc")
    where = {name: trc.metres[:, i, :2] for i, name in enumerate(trc.markers)}

    assert trc.markers == [
        "Nose", "LEye", "REye", "LEar", "REar", "LShoulder", "RShoulder", "LElbow", "RElbow",
        "LWrist", "RWrist", "LHip", "RHip", "LKnee", "RKnee", "LAnkle", "RAnkle", "Hip", "Neck",
    ]  # fmt: skip
    assert where["Hip"] == pytest.approx((where["LHip"] + where["RHip"]) / 2, abs=2e-6)
    assert where["Neck"] == pytest.approx((where["LShoulder"] + where["RShoulder"]) / 2, abs=2e-6)


def test_no_two_keypoints_have_one_name() -> None:
    names = [marker_name(name) for name in WHOLEBODY133.keypoints]

    assert len(set(names) | {"Hip", "Neck"}) == 135
    assert {"LBigToe", "RHeel", "Face0", "Face67", "LHandRoot", "RPinkyFinger4"} <= set(names)


def test_a_keypoint_below_the_threshold_is_not_known_nor_a_middle_of_it(tmp_path: Path) -> None:
    options = ExportOptions(threshold=0.4, mm_per_px=10)
    trc = read(exported(tmp_path, "trc", sessions.fixture_a(), options) / "clip_p1.trc")
    known = np.isfinite(trc.metres[0, :, 0])

    unsure = {name for name, here in zip(trc.markers, known, strict=True) if not here}
    assert unsure == {"RHip", "LKnee", "RKnee", "LAnkle", "RAnkle", "Hip"}


def test_everybody_is_as_tall_as_was_said(tmp_path: Path) -> None:
    small, tall = standing(1, 100, 200, 290), standing(2, 300, 20, 470)  # 100 and 500 px tall
    folder = exported(tmp_path, "trc", still(small, tall), ExportOptions(height_cm=180))

    for track_id in (1, 2):
        trc = read(folder / f"clip_p{track_id}.trc")
        y = dict(zip(trc.markers, trc.metres[0, :, 1], strict=True))
        assert y["LEar"] - y["LAnkle"] == pytest.approx(0.9 * 1.8, abs=1e-5)
    meta = strict(folder.with_name("clip_raw_trc.meta.json"))
    assert meta["markers"]["units"] == {"xyz": "m", "origin": "bottom-left", "y": "up", "time": "s"}
    assert meta["markers"]["people"]["1"]["metres_per_px"] == pytest.approx(0.018)
    assert meta["markers"]["people"]["2"]["body_height_px"] == pytest.approx(500)


def test_the_bottom_of_the_picture_is_zero(tmp_path: Path) -> None:
    options = ExportOptions(mm_per_px=2)
    trc = read(exported(tmp_path, "trc", still(standing(1, 100, 30, 480)), options) / "clip_p1.trc")

    assert trc.metres[0, trc.markers.index("LAnkle")].tolist() == [0.2, 0, 0]
    assert trc.metres[0, trc.markers.index("LEar")].tolist() == [0.2, 0.9, 0]


def test_frames_without_the_person_are_rows_without_markers(tmp_path: Path) -> None:
    people: sessions.People = {i: (sessions.person(1, i),) for i in (3, 4, 8)}
    script = sessions.Script(sessions.source_info(count=12), range(12), people)
    trc = read(exported(tmp_path, "trc", script, EXACT) / "clip_p1.trc")

    assert trc.frames == [4, 5, 6, 7, 8, 9]
    assert np.isfinite(trc.metres[..., 0]).all(axis=1).tolist() == [1, 1, 0, 0, 0, 1]
    assert np.isfinite(trc.metres[..., 0]).any(axis=1).tolist() == [1, 1, 0, 0, 0, 1]


def test_uneven_frames_come_at_a_constant_rate(tmp_path: Path) -> None:
    options = ExportOptions(threshold=0.1, mm_per_px=10, rate=Fraction(24000, 1001))
    trc = read(exported(tmp_path, "trc", sessions.fixture_b(), options) / "clip_p1.trc")

    assert trc.facts["DataRate"] == "23.976024"
    assert np.diff(trc.times) == pytest.approx(1001 / 24000, abs=2e-9)
    at = np.array(sessions.UNEVEN_MS) / 1000
    nose = [np.interp(trc.times, at, [sessions.points(1, i)[0, c] for i in range(FRAMES)])
            for c in (0, 1)]  # fmt: skip
    assert pixels(trc)[:, 0] == pytest.approx(np.array(nose).T, abs=1e-3)


def test_positions_outside_the_picture_are_kept(tmp_path: Path) -> None:
    trc = read(exported(tmp_path, "trc", sessions.fixture_e(), EXACT) / "clip_p3.trc")
    found = pixels(trc)[0]

    assert found[0].tolist() == [0, 0]
    assert found[1] == pytest.approx([-12.3456, 20], abs=1e-4)
    assert found[2] == pytest.approx([5000, -1e6], abs=1e-3)


def test_the_text_is_ascii_whatever_the_file_is_called(tmp_path: Path) -> None:
    with sessions.view_of(tmp_path / "clip.sdpose", sessions.fixture_a()) as view:
        folder = export(view, "trc", tmp_path / "out", "été\t動画")

    text = (folder / "été\t動画_p1.trc").read_bytes().decode("ascii")
    assert text.startswith("PathFileType\t4\t(X/Y/Z)\t?t? ??_p1.trc\n")


def test_nobody_leaves_an_empty_folder(tmp_path: Path) -> None:
    assert list(exported(tmp_path, "trc", sessions.fixture_c()).iterdir()) == []


def test_who_is_not_in_the_frames_of_the_export_has_no_file(tmp_path: Path) -> None:
    late = sessions.Script(sessions.source_info(), range(FRAMES), {44: (sessions.person(7, 44),)})
    options = ExportOptions(rate=Fraction(1))  # frames 0 and 30

    assert list(exported(tmp_path, "trc", late, options).iterdir()) == []


def test_a_whole_body_has_a_marker_for_every_keypoint(tmp_path: Path) -> None:
    options = ExportOptions(threshold=0, mm_per_px=10)
    people = test_wholebody.walk()
    trc = read(test_wholebody.exported(tmp_path, "trc", people, options) / "clip_p1.trc")

    found, true = pixels(trc)[:, :133], np.array([p.keypoints for p in people])
    assert np.array_equal(np.isnan(found), np.isnan(true))
    assert np.nanmax(np.abs(found - true)) < 1e-4


@pytest.mark.readers
def test_opensim_reads_the_markers(tmp_path: Path) -> None:
    folder = exported(tmp_path, "trc", sessions.fixture_a(), EXACT)
    said = read_with("opensim", "opensim_trc.py", folder / "clip_p1.trc")

    assert said["rows"] == FRAMES
    assert said["labels"] == read(folder / "clip_p1.trc").markers
    assert said["meta"]["DataRate"] == "30"
    assert said["meta"]["Units"] == "m"
    assert said["times"] == pytest.approx([i / 30 for i in range(FRAMES)], abs=1e-9)
    assert said["missing"] == [[20, "LWrist"], [21, "LWrist"]]
    for i, row in enumerate(said["points"]):
        for k in range(K):
            if [i, said["labels"][k]] not in said["missing"]:
                x, y, z = row[k]
                assert (x * 100, 480 - y * 100, z) == pytest.approx(
                    (*sessions.points(1, i)[k], 0), abs=1e-4
                )


@pytest.mark.readers
def test_opensim_reads_a_person_who_was_away(tmp_path: Path) -> None:
    people: sessions.People = {i: (sessions.person(1, i),) for i in (3, 4, 8)}
    script = sessions.Script(sessions.source_info(count=12), range(12), people)
    folder = exported(tmp_path, "trc", script, EXACT)
    said = read_with("opensim", "opensim_trc.py", folder / "clip_p1.trc")

    assert said["rows"] == 6
    assert {row for row, _ in said["missing"]} == {2, 3, 4}
    assert len(said["missing"]) == 3 * (K + 2)
