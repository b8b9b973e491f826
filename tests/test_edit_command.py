"""`sdpose-track edit`: every repair without the viewer, and every refusal a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import called, refused, sdpose, told
from sessions import FRAMES, UNEVEN_MS, fixture_a, fixture_b, points, write

from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View
from sdpose_track.smooth.choices import Smoothing


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """Person 1 in all of 45 frames, person 2 from frame 10 on."""
    return write(tmp_path / "my clip.sdpose", fixture_a())


def shown(path: Path) -> list[tuple[int, ...]]:
    with Recording.open(path) as recording:
        frames = View(recording, Smoothing.OFF).frames()
        return [tuple(pose.track_id for pose in frame.people) for frame in frames]


def answered(*arguments: str | Path) -> dict[str, Any]:
    answer: dict[str, Any] = told(called("edit", *arguments, "--json"))
    return answer


def test_each_action_says_what_changed(session: Path) -> None:
    says = {
        ("swap", "1", "2", "20"): "persons 1 and 2 exchange ids from frame 20 on",
        ("split", "1", "30"): "person 1 becomes person 3 from frame 30 on",
        ("merge", "1", "3"): "person 3 becomes person 1",
        ("rename", "2", "Anna Bo"): "person 2 is called Anna Bo",
        ("lock", "2"): "person 2 is locked",
        ("unlock", "2"): "person 2 is unlocked",
        ("delete", "2", "0", "12"): "person 2 is removed in frames 0 to 12",
        ("place", "1", "5", "nose", "10.5", "-3", "--blend", "0.5"):
            "nose of person 1 is put at (10.5, -3) in frame 5, blended over 0.5 s",
        ("undo",): "undone: nose of person 1 is put at (10.5, -3) in frame 5, blended over 0.5 s",
        ("redo",): "done again: nose of person 1 is put at (10.5, -3) in frame 5, blended over"
        " 0.5 s",
    }  # fmt: skip
    for words, sentence in says.items():
        done = called("edit", session, *words)
        assert (done.returncode, done.stdout.strip(), done.stderr) == (0, sentence, "")
    log = called("edit", session, "log").stdout.splitlines()
    assert len(log) == 8
    assert log[0].strip() == "1  persons 1 and 2 exchange ids from frame 20 on"


def test_undone_repairs_stay_in_the_log_and_say_so(session: Path) -> None:
    assert called("edit", session, "log").stdout == "no repairs\n"
    called("edit", session, "swap", "1", "2")
    called("edit", session, "undo")
    assert called("edit", session, "log").stdout.strip().endswith("(undone)")


def test_json_tells_the_edit_the_log_and_the_people(session: Path) -> None:
    called("edit", session, "rename", "2", "Anna")
    answer = answered(session, "split", "1", "20")
    assert answer["changed"] == [
        {"kind": "split", "track_id": 1, "frame": 20, "new_id": 3,
         "says": "person 1 becomes person 3 from frame 20 on"}
    ]  # fmt: skip
    assert [edit["kind"] for edit in answer["log"]] == ["rename", "split"]
    assert answer["held"] == 2
    assert answer["people"] == [
        {"track_id": 1, "name": None, "locked": False, "first": 0, "last": 19, "frames": 20},
        {"track_id": 2, "name": "Anna", "locked": False, "first": 10, "last": 44, "frames": 35},
        {"track_id": 3, "name": None, "locked": False, "first": 20, "last": 44, "frames": 25},
    ]


@pytest.mark.parametrize("when", ["20", "0.6666666s", "0:00:00.66", "0.65s"])
def test_a_frame_is_given_by_index_or_by_time(session: Path, when: str) -> None:
    assert answered(session, "split", "1", when)["changed"][0]["frame"] == 20


def test_times_are_those_of_an_uneven_recording(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.sdpose", fixture_b())
    seconds = f"{UNEVEN_MS[30] / 1000:.3f}s"
    assert answered(path, "split", "1", seconds)["changed"][0]["frame"] == 30


def test_exports_follow_the_repairs_and_the_raw_results_are_left_as_they_were(
    session: Path,
) -> None:
    def exported() -> str:
        done = called("export", session, "--format", "csv", "--raw")
        assert done.returncode == 0, done.stderr
        return (session.parent / "my clip_raw.csv").read_text()

    before = exported()
    with Recording.open(session) as recording:
        raw = recording.track(1).keypoints.tobytes()
    called("edit", session, "swap", "1", "2", "20")
    called("edit", session, "place", "2", "3", "nose", "1", "2")  # refused: not there yet
    called("edit", session, "place", "2", "40", "nose", "1", "2")
    after = exported()
    row = next(
        line for line in after.splitlines() if line.startswith("40,") and ",2,0,nose," in line
    )
    assert row.endswith("1.000,2.000,1.0000,3")
    called("edit", session, "undo", "2")
    assert exported() == before
    with Recording.open(session) as recording:
        assert recording.track(1).keypoints.tobytes() == raw


def test_people_of_an_export_are_those_that_are_shown(session: Path) -> None:
    called("edit", session, "split", "1", "20")
    called("edit", session, "rename", "3", "Anna")
    done = called("export", session, "--format", "csv", "--people", "3", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["people"] == [3]
    meta = json.loads((session.parent / "my clip_smooth_p3.csv.meta.json").read_text())
    assert meta["tracks"] == [
        {"id": 3, "name": "Anna", "first": 20, "last": 44, "frames_present": 25}
    ]
    assert meta["processing"]["repairs"] == 2
    assert "no person 9" in refused(
        called("export", session, "--format", "csv", "--people", "9"), 2
    )


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "nobody by that id": (("swap", "1", "9"), "there is no person 9; this session has 1, 2"),
    "people in one frame": (("merge", "1", "2"), "both there in frames 10 to 44 (35 in all)"),
    "a split at the first frame": (("split", "2", "10"), "choose one after 10, up to 44"),
    "a split after the end": (("split", "2", "99s"), "choose one after 10, up to 44"),
    "no such keypoint": (("place", "1", "3", "tail", "1", "2"), "no keypoint 'tail'"),
    "no number": (("place", "1", "3", "nose", "1", "x"), "argument Y"),
    "not a number": (("place", "1", "3", "nose", "nan", "1"), "out of range"),
    "no frame": (("split", "1", "soon"), "'soon' is no frame"),
    "no time": (("split", "1", "1:2:3:4"), "is no time"),
    "nothing to undo": (("undo",), "has no repair to undo"),
    "undo nothing": (("undo", "0"), "undo 0: expected 1 or more"),
    "no such action": (("dance",), "invalid choice: 'dance'"),
    "no action": ((), "ACTION"),
    "an empty id": (("lock", ""), "argument ID"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_nonsense_is_refused_in_one_sentence(session: Path, case: str) -> None:
    words, sentence = REFUSED[case]
    assert sentence in refused(called("edit", session, *words), 2)
    assert called("edit", session, "log").stdout == "no repairs\n"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("none.sdpose", None, "does not exist"),
        ("text.sdpose", b"hello " * 999, "no readable session"),
        ("empty.sdpose", b"", "no sdpose-track session"),
    ],
)
def test_what_is_no_session_is_refused(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert sentence in refused(called("edit", path, "swap", "1", "2"), 3)
    assert content is None or path.read_bytes() == content


def test_a_merge_of_several_is_done_whole_or_not_at_all(session: Path) -> None:
    called("edit", session, "split", "1", "20")
    called("edit", session, "split", "3", "30")
    assert "both there" in refused(called("edit", session, "merge", "1", "3", "2"), 2)
    assert len(answered(session, "log")["log"]) == 2
    assert [e["other"] for e in answered(session, "merge", "1", "3", "4")["changed"]] == [3, 4]
    assert shown(session) == [(1,)] * 10 + [(1, 2)] * (FRAMES - 10)


def test_a_keypoint_is_where_it_was_put(session: Path) -> None:
    called("edit", session, "place", "1", "5", "nose", "10.5", "-3")
    with Recording.open(session) as recording:
        nose = View(recording, Smoothing.OFF).frame(5).people[0].keypoints[0]
        assert nose.tolist() == [10.5, -3]
        assert recording.frame(5).people[0].keypoints[0].tolist() == points(1, 5)[0].tolist()
    assert np.isfinite(nose).all()


def test_the_command_of_the_help_works_as_it_stands(session: Path) -> None:
    done = sdpose("edit", session.name, "swap", "1", "2", "20", "--json", cwd=session.parent)
    assert told(done)["changed"][0]["frame"] == 20
    assert "example: sdpose-track edit dance.sdpose" in called("edit", "--help").stdout
    assert len(called("edit", "--help").stdout.splitlines()) <= 40
