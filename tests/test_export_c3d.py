"""C3D: read back by ezc3d, which had no part in writing it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import ezc3d
import named
import numpy as np
import numpy.typing as npt
import pytest
import sessions
import test_wholebody
from sessions import FRAMES, LEFT_WRIST, K, exported, strict
from standing import standing, still

from sdpose_track.errors import OutputError
from sdpose_track.export import ExportOptions
from sdpose_track.export.formats.c3d_file import BLOCK, c3d_end, c3d_head, texts
from sdpose_track.records import Float64
from sdpose_track.skeletons import COCO17, WHOLEBODY133

EXACT = ExportOptions(threshold=0.1, mm_per_px=10)
"""Everything is known, and a pixel is 10 mm."""


class C3d:
    """A file as ezc3d finds it."""

    def __init__(self, path: Path) -> None:
        found = ezc3d.c3d(str(path))
        self.header = found["header"]["points"]
        self._parameters = found["parameters"]
        self.millimetres: Float64 = found["data"]["points"][:3].transpose(2, 1, 0)
        """(T, P, 3)."""
        self.residuals: Float64 = found["data"]["meta_points"]["residuals"][0].T
        """(T, P)."""

    def get(self, group: str, name: str) -> Any:
        value = self._parameters[group][name]["value"]
        return value.tolist() if isinstance(value, np.ndarray) else value


def pixels(c3d: C3d) -> Float64:
    """Return (T, P, 2) pixels, y down, of a file in which a pixel is 10 mm."""
    x, depth, z = np.moveaxis(c3d.millimetres, -1, 0)
    assert (depth[np.isfinite(depth)] == 0).all()
    return np.stack([x / 10, 480 - z / 10], axis=-1)


def test_the_head_says_rate_counts_units_and_axes(tmp_path: Path) -> None:
    path = exported(tmp_path, "c3d", sessions.fixture_a(), EXACT)
    c3d = C3d(path)

    assert path.stat().st_size % BLOCK == 0
    assert c3d.header == {"size": 2 * K, "frame_rate": 30, "first_frame": 0, "last_frame": 44}
    assert c3d.get("POINT", "RATE") == [30]
    assert c3d.get("POINT", "FRAMES") == [FRAMES]
    assert c3d.get("POINT", "UNITS") == ["mm"]
    assert (c3d.get("POINT", "X_SCREEN"), c3d.get("POINT", "Y_SCREEN")) == (["+X"], ["+Z"])
    assert c3d.get("POINT", "LABELS") == [
        f"track_{track_id}:{name}" for track_id in (1, 2) for name in COCO17.keypoints
    ]


def test_every_marker_is_where_the_keypoint_is_and_missing_stays_missing(tmp_path: Path) -> None:
    c3d = C3d(exported(tmp_path, "c3d", sessions.fixture_a(), EXACT))
    found = pixels(c3d).reshape(FRAMES, 2, K, 2)

    gone = np.isnan(found[..., 0])
    assert [tuple(cell) for cell in np.argwhere(gone[:, 0])] == [(20, LEFT_WRIST), (21, LEFT_WRIST)]
    assert gone[:10, 1].all()
    assert not gone[10:, 1].any()
    for person in (0, 1):
        true = np.array([sessions.points(person + 1, i) for i in range(FRAMES)])
        here = ~gone[:, person]
        assert np.abs(found[:, person] - true)[here].max() < 1e-4


def test_a_missing_marker_has_the_residual_that_says_so(tmp_path: Path) -> None:
    c3d = C3d(exported(tmp_path, "c3d", sessions.fixture_a(), EXACT))
    gone = np.isnan(c3d.millimetres[..., 0])

    assert (c3d.residuals[gone] == -1).all()
    assert (c3d.residuals[~gone] == 0).all()


def test_a_keypoint_below_the_threshold_is_missing(tmp_path: Path) -> None:
    options = ExportOptions(threshold=0.4)
    c3d = C3d(exported(tmp_path, "c3d", sessions.fixture_a(), options))
    gone = np.isnan(c3d.millimetres[0, :K, 0])

    assert np.flatnonzero(gone).tolist() == list(range(COCO17.index("right_hip"), K))


def test_all_people_have_one_scale_at_which_the_median_is_as_tall_as_was_said(
    tmp_path: Path,
) -> None:
    people = (standing(1, 50, 300, 390), standing(2, 150, 200, 380), standing(5, 300, 0, 450))
    path = exported(tmp_path, "c3d", still(*people), ExportOptions(height_cm=180))
    c3d, meta = C3d(path), strict(path.with_name("clip_raw.c3d.meta.json"))
    z = dict(zip(c3d.get("POINT", "LABELS"), c3d.millimetres[0, :, 2], strict=True))
    tall = [z[f"track_{i}:left_ear"] - z[f"track_{i}:left_ankle"] for i in (1, 2, 5)]

    assert tall == pytest.approx([810, 1620, 4050], abs=1e-3)  # of 100, 200 and 500 pixels
    assert z["track_2:left_ankle"] == pytest.approx(900, abs=1e-3)
    assert meta["markers"]["mm_per_px"] == pytest.approx(9)
    assert meta["markers"]["body_heights_px"]["5"] == pytest.approx(500)
    assert meta["markers"]["units"]["xyz"] == "mm"


def test_people_are_called_what_the_user_calls_them(tmp_path: Path) -> None:
    path = named.exported(tmp_path, "c3d", sessions.fixture_a(), {2: "Zoë 動画"})
    c3d = C3d(path)

    assert c3d.get("SUBJECTS", "USED") == [2]
    assert c3d.get("SUBJECTS", "NAMES") == ["track_1", "Zoë 動画"]
    assert c3d.get("SUBJECTS", "LABEL_PREFIXES") == ["track_1:", "track_2:"]
    assert strict(path.with_name("clip_raw.c3d.meta.json"))["tracks"][1]["name"] == "Zoë 動画"


def test_uneven_frames_come_at_a_constant_rate(tmp_path: Path) -> None:
    options = ExportOptions(threshold=0.1, mm_per_px=10, rate=Fraction(24000, 1001))
    c3d = C3d(exported(tmp_path, "c3d", sessions.fixture_b(), options))

    assert c3d.get("POINT", "RATE") == pytest.approx([24000 / 1001], abs=1e-5)
    moments = np.arange(len(c3d.millimetres)) * 1001 / 24000
    at = np.array(sessions.UNEVEN_MS) / 1000
    nose = np.interp(moments, at, [sessions.points(1, i)[0, 0] for i in range(FRAMES)])
    assert pixels(c3d)[:, 0, 0] == pytest.approx(nose, abs=1e-3)


def test_positions_outside_the_picture_are_kept(tmp_path: Path) -> None:
    found = pixels(C3d(exported(tmp_path, "c3d", sessions.fixture_e(), EXACT)))[0]

    assert found[0].tolist() == [0, 0]
    assert found[1] == pytest.approx([-12.3456, 20], abs=1e-4)
    assert found[2] == pytest.approx([5000, -1e6], abs=0.1)  # float32 of 10 million millimetres


@pytest.mark.parametrize("frames", [0, 5])
def test_nobody_is_a_file_without_points(tmp_path: Path, frames: int) -> None:
    script = sessions.Script(sessions.source_info(count=frames), range(frames))
    c3d = C3d(exported(tmp_path, "c3d", script))

    assert c3d.header["size"] == 0
    assert c3d.header["last_frame"] == max(frames - 1, 0)
    assert c3d.get("POINT", "LABELS") == []


def test_a_whole_body_has_a_marker_for_every_keypoint(tmp_path: Path) -> None:
    people = test_wholebody.walk()
    options = ExportOptions(threshold=0, mm_per_px=10)
    c3d = C3d(test_wholebody.exported(tmp_path, "c3d", people, options))

    assert c3d.get("POINT", "LABELS")[-1] == f"track_1:{WHOLEBODY133.keypoints[-1]}"
    true = np.array([person.keypoints for person in people])
    assert np.array_equal(np.isnan(pixels(c3d)), np.isnan(true))
    assert np.nanmax(np.abs(pixels(c3d) - true)) < 1e-4


# -- long files ------------------------------------------------------------------------------------


def numbered(path: Path, points: int, frames: int) -> npt.NDArray[np.float32]:
    """Write a file by hand, and return its (F, P, 4) numbers."""
    values = np.arange(frames * points * 4, dtype="<f4").reshape(frames, points, 4)
    values[..., 3] = 0
    raw = c3d_head([f"p{i}" for i in range(points)], {}, 30.0, frames) + values.tobytes()
    path.write_bytes(raw + c3d_end(len(raw), frames))
    return values


@pytest.mark.parametrize("frames", [40_000, 65_534, 65_535, 65_536, 70_001])
def test_more_frames_than_a_word_counts_are_read_to_the_end(tmp_path: Path, frames: int) -> None:
    true = numbered(tmp_path / "long.c3d", 1, frames)
    c3d = C3d(tmp_path / "long.c3d")

    assert c3d.millimetres.shape == (frames, 1, 3)
    np.testing.assert_array_equal(c3d.millimetres, true[..., :3])
    low, high = (value % 65536 for value in c3d.get("TRIAL", "ACTUAL_END_FIELD"))
    assert low + (high << 16) == frames


@pytest.mark.parametrize(("points", "lists"), [(255, [255]), (600, [255, 255, 90])])
def test_more_labels_than_a_list_holds_go_on_in_another(
    tmp_path: Path, points: int, lists: list[int]
) -> None:
    true = numbered(tmp_path / "many.c3d", points, 2)
    c3d = C3d(tmp_path / "many.c3d")

    names = ["LABELS", "LABELS2", "LABELS3"][: len(lists)]
    found = [c3d.get("POINT", name) for name in names]
    assert [len(some) for some in found] == lists
    assert [label for some in found for label in some] == [f"p{i}" for i in range(points)]
    np.testing.assert_array_equal(c3d.millimetres, true[..., :3])


def test_a_name_that_is_too_long_is_cut_between_letters() -> None:
    (entry,) = texts("NAMES", ["é" * 100]).values()

    assert entry.data.decode() == "é" * 63


def test_more_people_than_the_head_can_name_are_refused_in_a_sentence(tmp_path: Path) -> None:
    crowd = tuple(sessions.person(i, 0) for i in range(1, 401))
    script = sessions.Script(sessions.source_info(count=1), range(1), {0: crowd})

    with pytest.raises(OutputError, match=r"^400 people are more than a C3D file can name; choose"):
        exported(tmp_path, "c3d", script)
    assert list((tmp_path / "out").iterdir()) == []
