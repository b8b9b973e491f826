"""The command line, run as a user runs it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import pytest
from command import MAIN, called, refused, sdpose, told

from sdpose_track.cli.demo import photographs
from sdpose_track.cli.track import stem_of
from sdpose_track.session.recording import Recording

COMMANDS = ("demo", "track", "export", "info", "models", "benchmark")


WHAT = ("--export", "openpose", "--export", "coco,csv", "--export", "npz", "--annotate")


@pytest.fixture(scope="module")
def run(people_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A folder where the clip was tracked by a process of its own, and what that told."""
    folder = tmp_path_factory.mktemp("run")
    return folder / "people_poses", told(sdpose("track", *WHAT, people_clip, "--json", cwd=folder))


@pytest.fixture
def session(run: tuple[Path, Any], tmp_path: Path) -> Path:
    """The session of that run, alone in the folder where another run would put it."""
    (tmp_path / "people_poses").mkdir()
    return Path(shutil.copy(run[0] / "people.sdpose", tmp_path / "people_poses"))


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_a_screen_and_ends_with_an_example(command: str, tmp_path: Path) -> None:
    done = called(*command.split(), "--help", cwd=tmp_path)
    assert done.returncode == 0
    lines = done.stdout.rstrip().splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 100
    assert lines[-1].startswith("example: sdpose-track")


def test_a_clip_of_people_goes_in_and_poses_come_out(run: tuple[Path, Any]) -> None:
    folder, result = run
    assert result["frames"] == 50
    assert result["people"] >= 4
    assert result["frames_lost"] == result["frames_concealed"] == 0
    assert result["pose_model"] == "yolo11n-pose"
    assert result["frames_per_second"] > 0
    made = {Path(p).name for p in result["exports"]}
    assert made == {
        "people_smooth_json",
        "people_smooth.coco.json",
        "people_smooth.csv",
        "people_smooth.poses.npz",
        "people_annotated.mp4",
    }
    frames = sorted((folder / "people_smooth_json").glob("*_keypoints.json"))
    assert len(frames) == 50
    assert any(json.loads(f.read_text())["people"] for f in frames)
    coco = json.loads((folder / "people_smooth.coco.json").read_text())
    assert len(coco["images"]) == 50
    with (folder / "people_smooth.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {int(r["frame"]) for r in rows} <= set(range(50))
    assert len({r["track_id"] for r in rows}) == result["people"]
    with av.open(str(folder / "people_annotated.mp4")) as video:
        assert sum(1 for _ in video.decode(video=0)) == 50
    assert not [p for p in folder.iterdir() if p.name.startswith(".") or ".part" in p.name]


def test_two_runs_give_the_same_bytes(
    run: tuple[Path, Any], people_clip: Path, tmp_path: Path
) -> None:
    told(called("track", people_clip, *WHAT, "--json", cwd=tmp_path))
    first, second = run[0], tmp_path / "people_poses"
    made = [
        path.relative_to(first) for path in first.rglob("*") if path.suffix in (".csv", ".json")
    ]
    assert len(made) > 52
    assert all((first / path).read_bytes() == (second / path).read_bytes() for path in made)


def test_a_session_that_is_there_is_neither_replaced_nor_resumed_unasked(
    people_clip: Path, tmp_path: Path
) -> None:
    assert told(called("track", people_clip, "--end", "0.2", "--json", cwd=tmp_path))["frames"] == 5
    again = refused(called("track", people_clip, "--end", "0.2", cwd=tmp_path), 2)
    assert "--resume" in again
    assert "--overwrite" in again
    other = refused(called("track", people_clip, "--resume", cwd=tmp_path), 2)
    assert "was made with another end" in other
    done = told(called("track", people_clip, "--end", "0.2", "--resume", "--json", cwd=tmp_path))
    assert (done["frames"], done["frames_resumed"]) == (5, 5)
    anew = called("track", people_clip, "--end", "0.4", "--overwrite", "--json", cwd=tmp_path)
    assert told(anew)["frames"] == 10


def test_a_part_of_a_video_keeps_its_frame_numbers_and_times(
    people_clip: Path, tmp_path: Path
) -> None:
    span = ("--start", "0.4", "--end", "0:01", "--max-people", "2")
    told(called("track", people_clip, *span, "--export", "csv", "--smooth", "off", "--json",
                cwd=tmp_path))  # fmt: skip
    with (tmp_path / "people_poses" / "people_raw.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {int(r["frame"]) for r in rows} == set(range(10, 25))
    assert rows[0]["time_s"] == "0.400000"
    people: dict[str, set[str]] = {}
    for row in rows:
        people.setdefault(row["frame"], set()).add(row["track_id"])
    assert max(len(ids) for ids in people.values()) == 2


def test_an_export_is_made_from_a_session_for_some_people_raw(
    session: Path, tmp_path: Path
) -> None:
    done = called("export", session, "--format", "csv", "coco", "--people", "2", "--raw",
                  "--out", "given", "--json", cwd=tmp_path)  # fmt: skip
    assert [Path(p).name for p in told(done)["exports"]] == [
        "people_raw_p2.csv",
        "people_raw_p2.coco.json",
    ]
    with (tmp_path / "given" / "people_raw_p2.csv").open() as file:
        assert {row["track_id"] for row in csv.DictReader(file)} == {"2"}
    nobody = called("export", session, "--format", "csv", "--people", "99", cwd=tmp_path)
    assert "there is no person 99" in refused(nobody, 2)


def test_an_export_may_name_its_session_last(session: Path, tmp_path: Path) -> None:
    done = called("export", "--format", "csv", "coco", session, "--json", cwd=tmp_path)
    assert len(told(done)["exports"]) == 2
    nothing = called("export", "--format", "csv", cwd=tmp_path)
    assert "give the SESSION" in refused(nothing, 2)


def test_a_source_that_was_moved_is_found_when_the_session_goes_on(
    people_clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    shutil.copy(people_clip, tmp_path / "a" / "clip.mp4")
    part = ("--end", "0.2", "--out", "out")
    called("track", "a/clip.mp4", *part, cwd=tmp_path)
    (tmp_path / "a" / "clip.mp4").rename(tmp_path / "b" / "clip.mp4")
    again = ("--resume", "--annotate", "--json")
    done = told(called("track", "b/clip.mp4", *part, *again, cwd=tmp_path))
    assert Path(done["exports"][0]).name == "clip_annotated.mp4"


def test_frames_lost_at_the_end_are_in_every_export(tmp_path: Path) -> None:
    folder = tmp_path / "shots"
    folder.mkdir()
    for i in range(6):
        picture = folder / f"s_{i}.jpg"
        shutil.copy(photographs()[0], picture)
        if i > 3:
            picture.write_bytes(picture.read_bytes()[:999])
    wish = ("track", "shots", "--export", "openpose,coco,npz", "--json")
    done = told(called(*wish, cwd=tmp_path))
    assert (done["frames"], done["frames_lost"]) == (4, 2)
    made = tmp_path / "shots_poses"
    assert len(list((made / "shots_smooth_json").iterdir())) == 6
    assert len(json.loads((made / "shots_smooth.coco.json").read_text())["images"]) == 6
    part = told(called("track", "shots", "--end", "0.2", "--overwrite", "--json", cwd=tmp_path))
    assert (part["frames"], part["frames_lost"]) == (4, 1)


def test_all_sources_are_looked_at_before_the_first_is_tracked(
    people_clip: Path, tmp_path: Path
) -> None:
    shutil.copy(people_clip, tmp_path / "a.mp4")
    assert "gone.mp4" in refused(called("track", "a.mp4", "gone.mp4", cwd=tmp_path), 3)
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_a_source_is_never_replaced_by_an_export_of_another(
    people_clip: Path, tmp_path: Path
) -> None:
    for name in ("a.mp4", "a_annotated.mp4"):
        shutil.copy(people_clip, tmp_path / name)
    wish = ("track", "a.mp4", "a_annotated.mp4", "--out", ".", "--annotate")
    assert "would be replaced by an export" in refused(called(*wish, cwd=tmp_path), 2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4", "a_annotated.mp4"]


def test_a_video_is_never_replaced_by_its_own_session(people_clip: Path, tmp_path: Path) -> None:
    video = tmp_path / "clip.sdpose"
    shutil.copy(people_clip, video)
    done = called("track", "clip.sdpose", "--out", ".", "--overwrite", cwd=tmp_path)
    assert "is the source itself" in refused(done, 2)
    assert video.read_bytes() == people_clip.read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="only here may names be no valid text")
def test_a_file_name_that_is_no_text_is_a_file_name(people_clip: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"\xffclip.mp4")
    shutil.copy(people_clip, tmp_path / name)
    wish = ("--end", "0.2", "--export", "coco,csv,openpose,npz", "--annotate", "--json")
    assert len(told(called("track", name, *wish, cwd=tmp_path))["exports"]) == 5
    assert called("info", name, cwd=tmp_path).returncode == 0


def test_messages_that_nobody_reads_stop_nothing(people_clip: Path, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, str(MAIN), "track", str(people_clip), "--json"],
        check=False, stdout=subprocess.PIPE, stderr=writing, text=True, cwd=tmp_path,
    )  # fmt: skip
    os.close(writing)
    assert told(done)["frames"] == 50
    with Recording.open(tmp_path / "people_poses" / "people.sdpose") as recording:
        assert recording.is_complete


def test_output_that_cannot_be_written_is_told(people_clip: Path, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, str(MAIN), "info", str(people_clip), "--json"],
            check=False, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        )  # fmt: skip
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("wish", ["--annotate", "--export=csv"])
def test_a_disk_that_is_full_costs_the_export_and_nothing_else(
    wish: str, session: Path, people_clip: Path, tmp_path: Path
) -> None:
    resource = pytest.importorskip("resource", reason="this system has no limit on file sizes")
    folder, before = session.parent, session.read_bytes()
    limited = subprocess.run(
        [sys.executable, str(MAIN), "track", str(people_clip), "--resume", wish],
        check=False, capture_output=True, text=True, cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)),
    )  # fmt: skip
    assert "cannot be written" in refused(limited, 5)
    assert [p.name for p in folder.iterdir()] == ["people.sdpose"]
    assert session.read_bytes() == before


def test_info_says_what_is_in_a_video_and_in_a_session(people_clip: Path, tmp_path: Path) -> None:
    facts = told(called("info", people_clip, "--json", cwd=tmp_path))
    assert (facts["width"], facts["height"], facts["frame_count"]) == (720, 540, 50)
    assert facts["rate"] == "25"
    assert "50 frames, 2.000 s" in called("info", people_clip, cwd=tmp_path).stdout
    called("track", people_clip, "--end", "0.4", cwd=tmp_path)
    session = Path("people_poses") / "people.sdpose"
    facts = told(called("info", session, "--json", cwd=tmp_path))
    assert facts["complete"]
    assert facts["frames"] == 10
    assert facts["detector"]["sha256"].startswith("869e83fc")
    assert "person 1: frames" in called("info", session, cwd=tmp_path).stdout


def test_boxes_from_a_file_take_the_detectors_place(people_clip: Path, tmp_path: Path) -> None:
    boxes = {str(i): [[300, 100, 480, 500, 0.9]] for i in range(10)}
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    done = told(called("track", people_clip, "--boxes", "boxes.json", "--json", cwd=tmp_path))
    assert done["people"] == 1
    assert done["detector"] == "boxes.json"


def test_boxes_are_given_by_file_name_for_a_folder_of_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "shots"
    folder.mkdir()
    for path in photographs():
        shutil.copy(path, folder)
    boxes = {"bus.jpg": [[48, 400, 244, 906], [669, 388, 810, 878]]}
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    wish = ("track", "shots", "--boxes", "boxes.json", "--smooth", "off", "--export", "coco")
    done = told(called(*wish, "--json", cwd=tmp_path))
    assert (done["frames"], done["people"]) == (2, 2)
    coco = json.loads((tmp_path / "shots_poses" / "shots_raw.coco.json").read_text())
    assert [a["image_id"] for a in coco["annotations"]] == [1, 1]
    assert all(a["num_keypoints"] >= 10 for a in coco["annotations"])


def test_several_sources_in_one_call(people_clip: Path, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(people_clip, tmp_path / name)
    done = told(called("track", "a.mp4", "b.mp4", "--end", "0.2", "--json", cwd=tmp_path))
    assert [Path(r["session"]).name for r in done["runs"]] == ["a.sdpose", "b.sdpose"]
    twice = called("track", "a.mp4", "./a.mp4", "--overwrite", cwd=tmp_path)
    assert "would both write" in refused(twice, 2)


def test_a_name_that_begins_with_a_dash_works_after_two_dashes(
    people_clip: Path, tmp_path: Path
) -> None:
    shutil.copy(people_clip, tmp_path / "-clip.mp4")
    done = called("track", "--end", "0.2", "--json", "--", "-clip.mp4", cwd=tmp_path)
    assert told(done)["frames"] == 5


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["track", "gone.mp4"], 3, "gone.mp4"),
        (["track", "empty"], 3, "empty"),
        (["track", ""], 2, "SOURCE is empty"),
        (["track", "clip.mp4", "--out", ""], 2, "--out"),
        (["track", "clip.mp4", "--pose", "yolo99"], 4, "no model is named 'yolo99'"),
        (["track", "clip.mp4", "--pose", "yolo11n"], 4, "it is no pose model"),
        (["track", "clip.mp4", "--detector", "clip.mp4"], 4, "is no YOLO checkpoint"),
        (["track", "clip.mp4", "--export", "opnpose"], 2, "did you mean openpose"),
        (["track", "clip.mp4", "--device", "tpu"], 2, "--device tpu"),
        (["track", "clip.mp4", "--conf", "7"], 2, "--conf 7"),
        (["track", "clip.mp4", "--start", "soon"], 2, "is no time"),
        (["track", "clip.mp4", "--start", "60"], 2, "choose no frame"),
        (["track", "clip.mp4", "--start", "2", "--end", "1"], 2, "--end 1"),
        (["track", "clip.mp4", "--out", "clip.mp4/x"], 5, "cannot be made"),
        (["track", "clip.mp4", "--flip-test"], 2, "--flip-test: only SDPose"),
        (["track", "clip.mp4", "--boxes", "gone.json"], 2, "there is no such file"),
        (["track", "rtsp://127.0.0.1/x"], 2, "live"),
        (["track", "0"], 2, "live"),
        (["track"], 2, "SOURCE"),
        (["track", "clip.mp4", "--frobnicate"], 2, "--frobnicate"),
        (["export", "gone.sdpose", "--format", "csv"], 3, "gone.sdpose does not exist"),
        (["export", "clip.mp4", "--format", "csv"], 3, "no readable session"),
        (["info", "gone.mp4"], 3, "gone.mp4"),
        (["models", "where", "yolo11n"], 4, "yolo11n is not here"),
        (["models", "verify", "yolo11n"], 4, "are not in"),
        (["view", "clip.mp4", "--screenshot", "picture.jpg"], 2, "ends in .png"),
        (["view", "gone.mp4", "--screenshot", "picture.png"], 3, "gone.mp4"),
        (["view", "gone.sdpose", "--screenshot", "picture.png"], 3, "gone.sdpose"),
        (["view", "clip.mp4", "--screenshot", "gone/picture.png"], 5, "gone/picture.png"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_in_one_sentence(
    arguments: list[str], code: int, sentence: str, people_clip: Path, tmp_path: Path
) -> None:
    shutil.copy(people_clip, tmp_path / "clip.mp4")
    (tmp_path / "empty").mkdir()
    is_window = arguments[:1] == ["view"]  # which is for a process of its own
    run_it = sdpose if is_window else called
    assert sentence in refused(run_it(*arguments, cwd=tmp_path), code)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.mp4", "empty"]


def test_models_are_listed_found_and_checked(tmp_path: Path) -> None:
    assert "yolo11n-pose " in called("models", "list", cwd=tmp_path).stdout
    where = called("models", "where", "yolo11n-pose", cwd=tmp_path).stdout.strip()
    assert Path(where).is_file()
    assert "yolo11n-pose: whole" in called("models", "verify", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("source", "stem"),
    [("a/dance.mp4", "dance"), ("shot_%04d.png", "shot"), ("%d.jpg", "pictures"), ("x.y.z", "x.y")],
)
def test_results_are_named_after_their_source(source: str, stem: str) -> None:
    assert stem_of(source) == stem


@pytest.mark.slow
def test_the_demo_runs_and_says_where_to_look(tmp_path: Path) -> None:
    done = called("demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("bus", "zidane"):
        assert f"demo_poses/{name}_annotated.mp4" in done.stderr
        assert (tmp_path / "demo_poses" / f"{name}_annotated.mp4").stat().st_size > 50_000
