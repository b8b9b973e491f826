"""`info SESSION`: the quality report in text and JSON, and --check for scripts."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import called, refused, told
from moving_people import TALL, Person, session

from sdpose_track.records import Float32
from sdpose_track.repair.edits import Merge, Rename
from sdpose_track.session.repairing import Repairing
from sdpose_track.skeletons import COCO17

NOSE = COCO17.index("nose")


def jumps(frame: int, points: Float32, _scores: Float32) -> None:
    if frame == 30:
        points[NOSE, 0] += np.float32(0.5 * TALL)


def clean(folder: Path) -> Path:
    return session(folder / "clean.sdpose", 60, Person(1, range(60)))


def doubtful(folder: Path) -> Path:
    people = (
        Person(1, range(60), change=jumps),
        Person(2, range(15), (300, 200)),
        Person(5, range(22, 60), (300, 200)),
    )
    return session(folder / "doubtful.sdpose", 60, *people)


def info(path: Path) -> Any:
    done = called("info", path, "--json")
    assert done.returncode == 0, done.stderr

    def refuse(token: str) -> None:
        raise AssertionError(token)

    return json.loads(done.stdout.splitlines()[-1], parse_constant=refuse)


def test_the_table_says_of_everybody_how_well_they_were_seen(tmp_path: Path) -> None:
    text = called("info", doubtful(tmp_path)).stdout
    lines = text.splitlines()
    assert max(map(len, lines[1:])) <= 80  # the first has the path
    (row,) = (line for line in lines if line.startswith("  person 5: frames 22 to 59 "))
    assert re.search(r" 100\.0% +0 +0 > 0 +0\.0% +90%$", row)
    assert "  1 person begins and 1 ends away from the border of the picture; 0 repairs" in lines
    assert "worth a look: 2 (1 switch, 1 speed); the worst first:" in lines
    assert "frame 30: at 1.00 s the nose of person 1 jumps" in text
    assert "[merge 2 5]" in text


def test_a_clean_session_has_nothing_worth_a_look(tmp_path: Path) -> None:
    text = called("info", clean(tmp_path)).stdout
    assert text.splitlines()[0].endswith("clean.sdpose: complete")
    assert text.splitlines()[-1] == "worth a look: nothing"


def test_a_session_of_one_frame_of_an_unknown_runtime_is_told_in_whole_words(
    tmp_path: Path,
) -> None:
    path = session(tmp_path / "one.sdpose", 1, Person(1, range(1)))
    lines = called("info", path).stdout.splitlines()
    assert lines[1] == "  1 frame over 0.000 s, 0 lost, 0 repaired by the decoder"
    assert lines[2].endswith(" (coco17)")
    assert lines[5].startswith("    1 frame, 0.033 s, ")


def test_names_and_repairs_are_shown(tmp_path: Path) -> None:
    path = doubtful(tmp_path)
    with Repairing.open(path) as repairing:
        repairing.apply(Merge(2, 5), Rename(2, "Anna"))
    text = called("info", path).stdout
    assert "    called Anna\n" in text
    assert "person 2: frames 0 to 59" in text
    assert "0 people begin and 0 end away from the border of the picture; 2 repairs" in text
    assert "switch" not in text


def test_of_many_people_twenty_are_listed_and_the_others_counted(tmp_path: Path) -> None:
    people = [Person(i, range(40), (30 + 50 * i, 200)) for i in range(1, 24)]
    path = session(tmp_path / "many.sdpose", 40, *people)
    lines = called("info", path).stdout.splitlines()
    assert sum(line.startswith("  person ") for line in lines) == 20
    assert "  and 3 more people: --json has them all" in lines
    assert len(info(path)["people"]) == 23


def test_of_many_doubts_the_ten_worst_are_listed(tmp_path: Path) -> None:
    people = [Person(i, range(20, 40), (60 + 100 * i, 200)) for i in range(1, 8)]
    path = session(tmp_path / "many.sdpose", 60, *people)
    lines = called("info", path).stdout.splitlines()
    assert "worth a look: 14 (7 birth, 7 death); the 10 worst:" in lines
    assert sum(bool(re.match(r"  \d\.\d\d  (birth|death) ", line)) for line in lines) == 10
    assert len(info(path)["worth_a_look"]) == 14


def test_json_has_the_facts_the_figures_and_the_whole_list(tmp_path: Path) -> None:
    facts = info(doubtful(tmp_path))
    assert {"session", "complete", "frames", "frames_lost", "frames_concealed"} <= set(facts)
    assert {"first_frame", "detector", "pose_model", "skeleton", "settings"} <= set(facts)
    assert {"app_version", "source"} <= set(facts)
    assert (facts["births"], facts["deaths"], facts["repairs"]) == (1, 1, 0)
    assert facts["doubts"] == {"switch": 1, "speed": 1}
    assert "findings" not in facts
    first, second = facts["worth_a_look"]
    assert first | {"severity": 0, "says": ""} == {
        "reason": "switch",
        "first": 14,
        "last": 22,
        "frame": 14,
        "time_s": pytest.approx(14 / 30),
        "track_ids": [2, 5],
        "severity": 0,
        "says": "",
        "suggestion": "merge 2 5",
    }
    assert (second["reason"], second["frame"], second["suggestion"]) == ("speed", 30, "")
    (person,) = (p for p in facts["people"] if p["track_id"] == 5)
    assert (person["first"], person["last"], person["frames"], person["name"]) == (22, 59, 38, None)
    assert person["coverage"] == 1.0


def test_figures_that_there_are_not_are_null(tmp_path: Path) -> None:
    path = session(tmp_path / "short.sdpose", 60, Person(1, [58, 59]))
    (person,) = info(path)["people"]
    assert person["jitter"] is None
    assert "- > -" in called("info", path).stdout


def test_a_session_with_nobody_says_so(tmp_path: Path) -> None:
    path = session(tmp_path / "empty.sdpose", 5)
    assert "  nobody was tracked" in called("info", path).stdout.splitlines()
    assert info(path)["people"] == []


def test_a_check_that_finds_nothing_ends_with_0_and_no_words(tmp_path: Path) -> None:
    done = called("info", clean(tmp_path), "--check")
    assert (done.returncode, done.stderr) == (0, "")
    assert told(called("info", clean(tmp_path), "--check", "--json"))["findings"] == []


def test_a_check_ends_with_1_and_a_sentence_for_each_doubt_of_its_severity(tmp_path: Path) -> None:
    path = doubtful(tmp_path)
    done = called("info", path, "--check")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 2
    assert "frame 30: at 1.00 s the nose of person 1 jumps (speed, 0.83)" in done.stderr
    assert "worth a look: 2" in done.stdout
    severe = called("info", path, "--check", "0.85")
    assert severe.returncode == 1
    assert len(severe.stderr.splitlines()) == 1
    assert called("info", path, "--check", "0.99").returncode == 0
    done = called("info", path, "--check", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["findings"] == done.stderr.splitlines()


def test_a_check_finds_lost_frames_an_unfinished_run_and_nobody(tmp_path: Path) -> None:
    lost = called("info", session(tmp_path / "a.sdpose", 30, Person(1, range(30)), lost=[7, 8]),
                  "--check", "1")  # fmt: skip
    assert lost.returncode == 1
    assert lost.stderr == "2 frames of the source could not be decoded\n"
    nobody = called("info", session(tmp_path / "b.sdpose", 5), "--check", "1")
    assert (nobody.returncode, nobody.stderr) == (1, "nobody was tracked\n")
    path = clean(tmp_path)
    with closing(sqlite3.connect(path)) as connection, connection:
        ending = json.dumps({"lost_after_last": 1})
        connection.execute("UPDATE meta SET value = ? WHERE key = 'complete'", (ending,))
    cut = called("info", path, "--check", "1")
    assert cut.stderr == "1 frame of the source could not be decoded\n"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM meta WHERE key = 'complete'")
    unfinished = called("info", path, "--check", "1")
    assert unfinished.returncode == 1
    assert "not complete" in unfinished.stderr


@pytest.mark.parametrize("severity", ["2", "-0.1", "nan", "much"])
def test_a_severity_that_is_none_is_refused(tmp_path: Path, severity: str) -> None:
    sentence = refused(called("info", clean(tmp_path), f"--check={severity}"), 2)
    assert f"'{severity}' is no severity" in sentence


def test_a_session_given_in_place_of_the_severity_is_refused_with_advice(tmp_path: Path) -> None:
    assert "give SESSION first" in refused(called("info", "--check", clean(tmp_path)), 2)


def test_a_video_cannot_be_checked(people_clip: Path) -> None:
    assert "only sessions" in refused(called("info", people_clip, "--check"), 2)
