"""The formats of behaviour research: by hand, and by movement, xarray and sleap-io themselves."""

from __future__ import annotations

import csv
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sessions
from other_programs import read_with
from scipy.io import netcdf_file
from sessions import FRAMES, K, exported, view_of
from whole_people import LEFT_HAND, exported_whole, whole_person, whole_points

from sdpose_track.export import ExportOptions, export
from sdpose_track.session.view import View
from sdpose_track.skeletons import COCO17, WHOLEBODY133
from sdpose_track.smooth.choices import Smoothing

Array = npt.NDArray[np.float64]


def truth(frames: int = FRAMES) -> Array:
    """Return (F, 2, K, 2) positions of fixture A, NaN where there is none."""
    where = np.full((frames, 2, K, 2), np.nan)
    for index in range(frames):
        for pose in sessions.two_people(index):
            where[index, pose.track_id - 1] = pose.keypoints
    return where


def sure() -> Array:
    """Return (F, 2, K) confidences of fixture A, NaN where there is no keypoint."""
    confidence = np.broadcast_to(0.99 - 0.05 * np.arange(K), (FRAMES, 2, K))
    return np.where(np.isfinite(truth()[..., 0]), confidence, np.nan)


def named(folder: Path, format_name: str) -> Path:
    """Export fixture A with a name for the second person."""
    with view_of(folder / "clip.sdpose", sessions.fixture_a()) as view:
        repairs = replace(view.repairs, names={2: "Zoë B."})
        named_view = View(view.recording, Smoothing.OFF, repairs=repairs)
        return export(named_view, format_name, folder / "out", "clip")


# -- deeplabcut ------------------------------------------------------------------------------------


def table(path: Path) -> tuple[list[list[str]], Array]:
    """Return the header's rows and the numbers of a DLC table; empty cells are NaN."""
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    start = next(i for i, row in enumerate(rows) if row[0] == "coords") + 1
    assert [row[0] for row in rows[start:]] == [str(i) for i in range(len(rows) - start)]
    cells = [[float(cell or "nan") for cell in row[1:]] for row in rows[start:]]
    return rows[:start], np.array(cells)


def test_deeplabcut_has_four_header_rows_and_all_the_numbers(tmp_path: Path) -> None:
    path = exported(tmp_path, "deeplabcut", sessions.fixture_a())
    header, numbers = table(path)
    found = numbers.reshape(FRAMES, 2, K, 3)

    assert path.name == "clip_rawDLC_sdpose_track.csv"
    assert [row[0] for row in header] == ["scorer", "individuals", "bodyparts", "coords"]
    assert set(header[0][1:]) == {"sdpose_track"}
    assert header[1][1:] == ["track_1"] * 3 * K + ["track_2"] * 3 * K
    assert header[2][1:] == [name for name in COCO17.keypoints for _ in range(3)] * 2
    assert header[3][1:] == ["x", "y", "likelihood"] * 2 * K
    np.testing.assert_allclose(found[..., :2], truth(), atol=5.1e-4)
    np.testing.assert_allclose(found[..., 2], sure(), atol=5.1e-5)


def test_deeplabcut_of_one_person_has_no_individuals(tmp_path: Path) -> None:
    header, numbers = table(exported(tmp_path, "deeplabcut", sessions.with_a_lost_frame()))

    assert [row[0] for row in header] == ["scorer", "bodyparts", "coords"]
    assert np.isnan(numbers).all(axis=1).tolist() == [i == 2 for i in range(6)]


def test_deeplabcut_names_one_person_who_is_not_the_first_and_numbers_the_videos_frames(
    tmp_path: Path,
) -> None:
    people: sessions.People = {i: (sessions.person(2, i),) for i in (90, 91, 92)}
    source = sessions.source_info(count=200)
    script = sessions.Script(source, range(90, 93), people, first=90)
    lines = exported(tmp_path, "deeplabcut", script).read_text().splitlines()

    assert set(lines[1].split(",")) == {"individuals", "track_2"}
    assert [line.split(",")[0] for line in lines[4:]] == ["90", "91", "92"]


def test_deeplabcut_of_nobody_is_an_animal_never_seen(tmp_path: Path) -> None:
    header, numbers = table(exported(tmp_path, "deeplabcut", sessions.fixture_c()))

    assert header[1][1:4] == ["nose"] * 3
    assert numbers.shape == (5, 3 * K)
    assert np.isnan(numbers).all()


def test_deeplabcut_of_uneven_frames_is_retimed(tmp_path: Path) -> None:
    _, numbers = table(exported(tmp_path, "deeplabcut", sessions.fixture_b()))

    assert len(numbers) == int(sessions.UNEVEN_MS[-1] / 1000 * 30 + 1e-6) + 1


def test_likelihoods_are_no_more_than_one(tmp_path: Path) -> None:
    pose = whole_person()
    above = replace(pose, scores=np.full(133, 1.3, np.float32))
    _, numbers = table(exported_whole(tmp_path, "deeplabcut", [[above]]))

    assert set(numbers[0, 2::3]) == {1.0}


def test_names_are_beside_the_ids(tmp_path: Path) -> None:
    header, _ = table(named(tmp_path, "deeplabcut"))

    assert sorted(set(header[1][1:])) == ["track_1", "track_2 Zoë B."]


# -- movement --------------------------------------------------------------------------------------


def dataset(path: Path) -> dict[str, Any]:
    """Return variables and attributes of a netCDF file as scipy reads them."""
    opened: Any = netcdf_file(str(path), "r", mmap=False)
    with opened as file:
        found: dict[str, Any] = {n: v[:].copy() for n, v in file.variables.items()}
        for name in ("space", "keypoints", "individuals"):
            assert file.variables[name]._Encoding == b"utf-8"
            found[name] = [b"".join(row).rstrip(b"\0").decode() for row in found[name]]
        found["dimensions"] = {n: v.dimensions for n, v in file.variables.items()}
        return found | {"attributes": dict(file._attributes)}


def test_netcdf_has_the_variables_of_movement(tmp_path: Path) -> None:
    found = dataset(exported(tmp_path, "movement", sessions.fixture_a()))

    assert found["dimensions"]["position"] == ("time", "space", "keypoints", "individuals")
    assert found["dimensions"]["confidence"] == ("time", "keypoints", "individuals")
    assert found["space"] == ["x", "y"]
    assert found["keypoints"] == list(COCO17.keypoints)
    assert found["individuals"] == ["track_1", "track_2"]
    assert found["time"] == pytest.approx(np.arange(FRAMES) / 30)
    np.testing.assert_array_equal(found["position"].transpose(0, 3, 2, 1), truth())
    np.testing.assert_allclose(found["confidence"].transpose(0, 2, 1), sure(), rtol=1e-6)
    attributes = found["attributes"]
    assert attributes["fps"] == 30
    assert (attributes["ds_type"], attributes["time_unit"]) == (b"poses", b"seconds")
    assert attributes["source_file"] == b"clip.mp4"


def test_netcdf_of_uneven_frames_has_their_times_and_no_rate(tmp_path: Path) -> None:
    found = dataset(exported(tmp_path, "movement", sessions.fixture_b()))

    assert found["time"] == pytest.approx(np.array(sessions.UNEVEN_MS) / 1000)
    assert "fps" not in found["attributes"]


def test_netcdf_of_a_recording_that_paused_has_no_rate(tmp_path: Path) -> None:
    script = sessions.fixture_a()
    paused = replace(script, pts=[i if i < 20 else i + 90 for i in script.pts])
    found = dataset(exported(tmp_path, "movement", paused))

    assert found["time"][20] == pytest.approx(110 / 30)
    assert "fps" not in found["attributes"]


def test_netcdf_at_a_chosen_rate_has_it(tmp_path: Path) -> None:
    options = ExportOptions(rate=Fraction(24000, 1001))
    found = dataset(exported(tmp_path, "movement", sessions.fixture_b(), options))

    assert found["attributes"]["fps"] == 24000 / 1001
    assert found["time"] == pytest.approx(np.arange(len(found["time"])) * 1001 / 24000)


def test_netcdf_of_nobody_is_somebody_never_seen(tmp_path: Path) -> None:
    found = dataset(exported(tmp_path, "movement", sessions.fixture_c()))

    assert found["individuals"] == ["nobody"]
    assert found["position"].shape == (5, 2, K, 1)
    assert np.isnan(found["position"]).all()


def test_netcdf_holds_names_of_any_letters(tmp_path: Path) -> None:
    assert dataset(named(tmp_path, "movement"))["individuals"] == ["track_1", "track_2 Zoë B."]


# -- sleap -----------------------------------------------------------------------------------------


@pytest.fixture
def slp(tmp_path: Path) -> Path:
    pytest.importorskip("sleap_io", reason="sleap-io is not installed")
    return exported(tmp_path, "sleap", sessions.fixture_a())


def test_sleap_gives_back_tracks_points_and_scores(slp: Path) -> None:
    import sleap_io

    labels = sleap_io.load_slp(str(slp))
    assert labels.skeleton.node_names == list(COCO17.keypoints)
    assert [track.name for track in labels.tracks] == ["track_1", "track_2"]
    assert labels.video.filename == "clip.mp4"
    assert [int(frame.frame_idx) for frame in labels] == list(range(FRAMES))
    for index, frame in enumerate(labels):
        assert len(frame) == len(sessions.two_people(index))
        for instance in frame:
            who = labels.tracks.index(instance.track)
            np.testing.assert_array_equal(instance.numpy(), truth()[index, who])
            known = np.isfinite(truth()[index, who, :, 0])
            np.testing.assert_array_equal(instance.points["visible"], known)
            np.testing.assert_allclose(instance.points["score"], np.nan_to_num(sure()[index, who]))
            assert instance.score == pytest.approx(0.9)


def test_sleap_of_nobody_has_no_frames(tmp_path: Path) -> None:
    sleap_io = pytest.importorskip("sleap_io", reason="sleap-io is not installed")
    labels = sleap_io.load_slp(str(exported(tmp_path, "sleap", sessions.fixture_c())))

    assert len(labels) == 0
    assert labels.tracks == []


def test_sleap_keeps_the_numbers_of_uneven_and_lost_frames(tmp_path: Path) -> None:
    sleap_io = pytest.importorskip("sleap_io", reason="sleap-io is not installed")
    uneven = sleap_io.load_slp(str(exported(tmp_path, "sleap", sessions.fixture_b())))
    lost = sleap_io.load_slp(str(exported(tmp_path, "sleap", sessions.with_a_lost_frame())))

    assert [int(frame.frame_idx) for frame in uneven] == list(range(FRAMES))
    assert [int(frame.frame_idx) for frame in lost] == [0, 1, 3, 4, 5]


def test_a_long_project_of_sleap_is_whole(tmp_path: Path) -> None:
    sleap_io = pytest.importorskip("sleap_io", reason="sleap-io is not installed")
    frames = [[whole_person(i), whole_person(i + 1, track_id=7)] for i in range(600)]
    labels = sleap_io.load_slp(str(exported_whole(tmp_path, "sleap", frames)))

    assert len(labels) == 600
    first, second = labels[599]
    np.testing.assert_array_equal(first.numpy(), whole_points(599))
    np.testing.assert_array_equal(second.numpy(), whole_points(600))
    assert [i.track.name for i in labels[599]] == ["track_1", "track_7"]


# -- the programs themselves -----------------------------------------------------------------------


def as_numbers(values: Any) -> Array:
    return np.array(values, dtype=np.float64)  # None becomes NaN


@pytest.mark.readers
@pytest.mark.parametrize(
    ("name", "kind", "digits"),
    [("deeplabcut", "deeplabcut", 5.1e-4), ("movement", "netcdf", 0)],
)
def test_movement_gives_back_the_session(
    name: str, kind: str, digits: float, tmp_path: Path
) -> None:
    path = exported(tmp_path, name, sessions.fixture_a())
    found = read_with("behaviour", "behaviour.py", kind, path)

    assert found["individuals"] == ["track_1", "track_2"]
    assert found["keypoints"] == list(COCO17.keypoints)
    assert found["time"] == pytest.approx(np.arange(FRAMES) / 30)
    np.testing.assert_allclose(as_numbers(found["position"]), truth(), rtol=0, atol=digits)
    np.testing.assert_allclose(as_numbers(found["confidence"]), sure(), rtol=0, atol=5.1e-5)


@pytest.mark.readers
def test_movement_computes_speeds_of_the_netcdf(tmp_path: Path) -> None:
    path = exported(tmp_path, "movement", sessions.fixture_b())
    found = read_with("behaviour", "behaviour.py", "speed", path)
    gap, entry = 4, K  # a speed needs both neighbours: the gap has two more, the newcomer none yet
    assert found["finite"] == (45 + 35) * K - gap - entry


@pytest.mark.readers
def test_xarray_reads_names_of_any_letters(tmp_path: Path) -> None:
    found = read_with("behaviour", "behaviour.py", "netcdf", named(tmp_path, "movement"))
    assert found["individuals"] == ["track_1", "track_2 Zoë B."]


@pytest.mark.readers
def test_movement_and_sleap_io_give_back_the_session_of_a_project(slp: Path) -> None:
    found = read_with("behaviour", "behaviour.py", "sleap", slp)
    assert found["individuals"] == ["track_1", "track_2"]
    np.testing.assert_array_equal(as_numbers(found["position"]), truth())
    labels = read_with("behaviour", "behaviour.py", "labels", slp)
    assert labels["edges"] == [list(edge) for edge in COCO17.edges]
    assert {kind for frame in labels["frames"] for kind in frame["kinds"]} == {"PredictedInstance"}


@pytest.mark.readers
def test_movement_reads_a_whole_body(tmp_path: Path) -> None:
    frames = [[whole_person(i, missing=LEFT_HAND)] for i in range(3)]
    for name, kind in (("deeplabcut", "deeplabcut"), ("movement", "netcdf")):
        found = read_with("behaviour", "behaviour.py", kind, exported_whole(tmp_path, name, frames))
        assert found["keypoints"] == list(WHOLEBODY133.keypoints)
        where = as_numbers(found["position"])[:, 0]
        assert np.isnan(where[:, LEFT_HAND]).all()
        np.testing.assert_allclose(where[2, :91], whole_points(2)[:91], atol=5.1e-4)
