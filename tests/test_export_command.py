"""`sdpose-track export`: which filter, with which figures, for which people."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path

import pytest
from command import called, refused, sdpose
from sessions import (
    People,
    Script,
    fixture_a,
    fixture_b,
    fixture_c,
    largest_file,
    person,
    source_info,
    write,
)

from sdpose_track.cli.exporting import Exports, export_all
from sdpose_track.cli.screen import Screen
from sdpose_track.export import FORMATS, ExportOptions
from sdpose_track.export.options import CHOICES
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View
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


# -- rates, choices, people ------------------------------------------------------------------------


def test_a_rate_is_written_in_the_name_and_in_the_file(session: Path) -> None:
    done = called("export", session, "--format", "csv", "--raw", "--fps", "29.97", "--json")
    assert done.returncode == 0, done.stderr
    path = Path(json.loads(done.stdout)["exports"][0])

    assert path.name == "clip_raw_29.97fps.csv"
    with path.open() as file:
        times = sorted({float(row["time_s"]) for row in csv.DictReader(file)})
    assert times == pytest.approx([i * 1001 / 30000 for i in range(44)], abs=1e-6)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--fps", "fast"), "--fps fast: expected frames per second such as 24"),
        (("--set", "layout=body_26"), "expected layout=body_18, body_25 or coco_17"),
        (("--set", "layout"), "expected layout="),
        (("--set", "preset=wan"), "preset cannot be chosen; these formats have layout"),
        (("--people", "1,9"), "9"),
    ],
)
def test_what_cannot_be_chosen_is_refused_and_nothing_is_written(
    session: Path, options: tuple[str, ...], sentence: str
) -> None:
    done = called("export", session, "--format", "openpose", *options)
    assert sentence in refused(done, 2)
    assert list(session.parent.iterdir()) == [session]


def test_choices_reach_the_format(session: Path) -> None:
    done = called("export", session, "--format", "openpose", "--raw", "--set", "layout=coco_17")
    assert done.returncode == 0, done.stderr
    first = session.parent / "clip_raw_json" / "clip_000000000000_keypoints.json"
    assert len(json.loads(first.read_text())["people"][0]["pose_keypoints_2d"]) == 51


def test_each_person_can_have_their_own_export(session: Path) -> None:
    done = called("export", session, "--format", "csv", "coco", "--raw", "--each", "--json")
    assert done.returncode == 0, done.stderr
    paths = [Path(p) for p in json.loads(done.stdout)["exports"]]

    assert [p.name for p in paths] == [
        "clip_raw_p1.csv", "clip_raw_p1.coco.json", "clip_raw_p2.csv", "clip_raw_p2.coco.json",
    ]  # fmt: skip
    with paths[2].open() as file:
        assert {row["track_id"] for row in csv.DictReader(file)} == {"2"}


def test_uneven_frames_are_told_where_a_format_cannot_hold_their_times(tmp_path: Path) -> None:
    uneven = write(tmp_path / "phone.sdpose", fixture_b())
    told = "the frames of clip.mp4 are uneven"

    assert told not in called("export", uneven, "--format", "csv").stderr
    assert told not in called("export", uneven, "--format", "deeplabcut", "--fps", "30").stderr
    done = called("export", uneven, "--format", "deeplabcut", "csv")
    assert f"{told}; formats that need a constant rate get 30 frames/s" in done.stderr
    assert done.returncode == 0


def test_an_export_of_nobody_is_said(tmp_path: Path) -> None:
    nobody = write(tmp_path / "empty.sdpose", fixture_c())
    done = called("export", nobody, "--format", "csv")

    assert done.returncode == 0
    assert "nobody is in clip.mp4, so nobody is in its exports" in done.stderr


def test_nobody_one_by_one_is_said(tmp_path: Path) -> None:
    nobody = write(tmp_path / "empty.sdpose", fixture_c())
    done = called("export", nobody, "--format", "csv", "--each", "--json")

    assert json.loads(done.stdout)["exports"] == []
    assert "nobody is in clip.mp4, so nothing is written" in done.stderr


def test_the_bar_ends_at_its_end_at_any_rate(session: Path, tmp_path: Path) -> None:
    class Bar(Screen):
        done: list[int]

        def advance(self, done: int, people: int | None = None) -> None:
            self.done.append(done)

    for rate in (10, 30, 120):
        screen = Bar()
        screen.done = []
        with Recording.open(session) as recording:
            options = ExportOptions(rate=Fraction(rate))
            exports = Exports(View(recording), tmp_path / "out", "clip", options)
            export_all(exports, ["csv", "kinematics"], screen)
        assert (max(screen.done), screen.done[-1]) == (45, 45)


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    people: People = {i: (person(1, i),) for i in range(300)}
    long = write(tmp_path / "long.sdpose", Script(source_info(count=300), range(300), people))
    out = tmp_path / "out"
    with largest_file(1 << 16):
        done = sdpose("export", long, "--format", "coco", "--out", out, cwd=tmp_path)

    assert "cannot be written" in refused(done, 5)
    assert list(out.iterdir()) == []


def test_the_list_tells_every_format_and_every_choice() -> None:
    done = called("export", "--list")

    assert done.returncode == 0
    for name, entry in FORMATS.items():
        assert f"\n{name} " in f"\n{done.stdout}"
        assert entry.summary in done.stdout
    for name in CHOICES:
        assert f"\n{name}= " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 110


def test_a_preset_says_what_it_leaves_out_and_is_in_the_name(session: Path) -> None:
    done = called(
        "export", session, "--format", "control-png", "--raw",
        "--set", "preset=ltx", "--set", "look=xinsir", "--set", "size=64x48",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "preset ltx: the first 33 of 37 frames; --set frames=N takes others" in done.stderr
    folder = session.parent / "clip_raw_xinsir_ltx_control"
    assert len(list(folder.iterdir())) == 33
    more = called(
        "export", session, "--format", "control-png", "--raw",
        "--set", "preset=ltx", "--set", "frames=37", "--set", "size=64x48",
    )  # fmt: skip
    assert "preset ltx" not in more.stderr
    assert len(list((session.parent / "clip_raw_ltx_control").iterdir())) == 37
