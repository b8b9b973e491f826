"""`sdpose-track export`: which filter, with which figures, for which people."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from command import called, refused
from sessions import fixture_a, write

from sdpose_track.smooth.choices import Smoothing, SmoothSettings


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return write(tmp_path / "clip.sdpose", fixture_a())


@pytest.mark.parametrize("smoothing", list(Smoothing))
def test_every_filter_can_be_chosen_and_names_its_file(session: Path, smoothing: Smoothing) -> None:
    done = called("export", session, "--format", "csv", "--smooth", smoothing.value)
    assert done.returncode == 0, done.stderr
    meta = json.loads((session.parent / f"clip_{smoothing.label}.csv.meta.json").read_text())
    assert meta["processing"]["smoothing"] == smoothing.label


def test_raw_is_the_filter_off(session: Path) -> None:
    called("export", session, "--format", "csv", "--smooth", "off", "--out", session.parent / "a")
    called("export", session, "--format", "csv", "--raw", "--out", session.parent / "b")
    one, other = (session.parent / d / "clip_raw.csv" for d in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_figures_of_a_filter_can_be_chosen_and_are_told(session: Path) -> None:
    done = called(
        "export", session, "--format", "csv", "--smooth", "butterworth",
        "--tune", "cutoff_hz=2.5", "--tune", "repair_sides=no", "--tune", "believe_after=4",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    meta = json.loads((session.parent / "clip_butterworth.csv.meta.json").read_text())
    told = meta["processing"]["settings"]
    assert (told["cutoff_hz"], told["repair_sides"], told["believe_after"]) == (2.5, False, 4)
    assert set(told) == set(SmoothSettings.__dataclass_fields__)


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ("cutof_hz=3", "expected NAME=VALUE with one of noise"),
        ("cutoff_hz", "expected cutoff_hz=NUMBER"),
        ("cutoff_hz=fast", "expected cutoff_hz=NUMBER"),
        ("cutoff_hz=-1", "cutoff_hz is -1.0"),
        ("cutoff_hz=nan", "cutoff_hz is nan"),
        ("believe_after=2.5", "expected believe_after=WHOLE NUMBER"),
        ("repair_sides=1", "expected repair_sides=yes or no"),
    ],
)
def test_a_figure_that_cannot_be_is_refused(session: Path, wish: str, sentence: str) -> None:
    done = called("export", session, "--format", "csv", "--tune", wish)
    assert sentence in refused(done, 2)
    assert list(session.parent.iterdir()) == [session]


def test_which_way_people_look_and_a_moving_camera_are_told_to_kinematics(session: Path) -> None:
    def exported(*options: str) -> list[dict[str, str]]:
        done = called("export", session, "--format", "kinematics", "--raw", *options)
        assert done.returncode == 0, done.stderr
        with (session.parent / "clip_raw.kinematics.csv").open() as file:
            return list(csv.DictReader(file))

    left, right = (exported("--facing", side)[12] for side in ("left", "right"))
    assert float(left["trunk_deg"]) == pytest.approx(180 - float(right["trunk_deg"]), abs=0.01)
    assert right["contact_left"] in "01"
    assert exported("--camera-moves")[12]["contact_left"] == ""
