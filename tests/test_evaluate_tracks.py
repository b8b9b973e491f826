"""Scores of identities: published figures, cases worked out by hand, and each way to be wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import called, refused, sdpose, told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sessions import People, Script, person, source_info, write

from sdpose_track.errors import SessionError, SettingsError, SourceError
from sdpose_track.evaluation.found_tracks import (
    TrackEvaluation,
    TrackWish,
    evaluate_tracks,
    read_detections,
    track_detections,
)
from sdpose_track.evaluation.mot_files import (
    Tracks,
    Truth,
    rate_of,
    read_rate,
    read_results,
    read_truth,
)
from sdpose_track.evaluation.tracks import score, score_together
from sdpose_track.track.bytetrack import ByteTracker

Row = tuple[Any, ...]
FRAMES = 10
LEFT, RIGHT = (0, 0, 50, 100), (200, 0, 50, 100)
TWO = [(i, own, *box) for i in range(1, FRAMES + 1) for own, box in ((1, LEFT), (2, RIGHT))]
"""Two people who stand still, with the ids 1 and 2."""


def sequence(folder: Path, rows: Iterable[Row], name: str = "gt", info: str | None = None) -> Path:
    """Write rows as MOTChallenge lays them out: NAME/NAME.txt, seqinfo.ini beside the folder."""
    path = folder / name / f"{name}.txt"
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    if info is not None:
        (folder / "seqinfo.ini").write_text(f"[Sequence]\n{info}\n")
    return path


def truth_of(folder: Path, rows: Iterable[Row] = TWO, end: Row = (1, -1, -1, -1)) -> Path:
    return sequence(folder, [(*row, *end) for row in rows])


def results(folder: Path, rows: Iterable[Row] = TWO) -> Path:
    return sequence(folder, [(*row, 1, -1, -1, -1) for row in rows], "results")


def scored(truth: Path, found: Path, kind: str = "results", **wish: Any) -> TrackEvaluation:
    return evaluate_tracks(TrackWish(truth=truth, found=found, kind=kind, **wish))


def test_a_published_result_has_its_published_scores(media: Path) -> None:
    mot = media / "mot"
    found = mot / "known_answers" / "TUD-Campus_results.txt"
    scores = scored(mot / "TUD-Campus" / "gt" / "gt.txt", found).scores
    assert (round(scores.mota, 1), round(scores.idf1, 1), round(scores.hota, 1)) == (
        52.6, 55.8, 39.1,
    )  # fmt: skip
    assert (scores.false_positives, scores.false_negatives) == (13, 150)
    assert (scores.switches, scores.fragmentations) == (7, 7)


def test_the_truth_of_itself_is_perfect(tmp_path: Path) -> None:
    scores = scored(truth_of(tmp_path), results(tmp_path)).scores
    assert [scores.mota, scores.idf1, scores.hota, scores.deta, scores.assa] == [100] * 5
    assert [scores.precision, scores.recall] == [100, 100]
    assert (scores.people, scores.ids, scores.mostly_tracked, scores.mostly_lost) == (2, 2, 2, 0)


def test_two_people_who_change_ids_half_way_are_two_switches(tmp_path: Path) -> None:
    rows = [(i, own if i <= 5 else 3 - own, *box) for i, own, *box in TWO]
    scores = scored(truth_of(tmp_path), results(tmp_path, rows)).scores
    assert scores.switches == 2
    assert scores.mota == pytest.approx(100 * (1 - 2 / 20))
    assert scores.idf1 == pytest.approx(50)
    assert scores.deta == 100
    assert scores.assa == pytest.approx(100 / 3)  # 5 frames together of 15 with either


def test_missed_and_wrongly_found_people_are_counted(tmp_path: Path) -> None:
    rows = [row for row in TWO if row[0] not in (4, 5) or row[1] == 1]
    rows += [(9, 7, 400, 0, 50, 100)]
    scores = scored(truth_of(tmp_path), results(tmp_path, rows)).scores
    assert (scores.false_negatives, scores.false_positives) == (2, 1)
    assert (scores.switches, scores.fragmentations, scores.ids) == (0, 1, 3)
    assert scores.mota == pytest.approx(100 * (1 - 3 / 20))
    assert scores.precision == pytest.approx(100 * 18 / 19)
    assert scores.recall == 90


def test_nobody_found_is_a_score_and_no_error(tmp_path: Path) -> None:
    scores = scored(truth_of(tmp_path), results(tmp_path, [])).scores
    assert (scores.mota, scores.hota, scores.false_negatives, scores.ids) == (0, 0, 20, 0)
    assert (scores.mostly_lost, scores.people) == (2, 2)


def test_a_box_is_the_true_one_from_the_wished_overlap_on(tmp_path: Path) -> None:
    half = [(i, own, x + 10, *box) for i, own, x, *box in TWO]  # 40 of 60 columns are shared
    truth, found = truth_of(tmp_path), results(tmp_path, half)
    assert scored(truth, found).scores.recall == 100
    assert scored(truth, found, iou=0.66).scores.recall == 100
    assert scored(truth, found, iou=0.67).scores.recall == 0


def test_rows_marked_with_0_need_not_be_found(tmp_path: Path) -> None:
    rows = [(*row, int(row[1] == 1), -1, -1, -1) for row in TWO]
    scores = scored(sequence(tmp_path, rows), results(tmp_path, TWO[::2])).scores
    assert (scores.mota, scores.people) == (100, 1)


def test_distractors_may_be_found_and_other_classes_may_not(tmp_path: Path) -> None:
    """Class 8 is a distractor, class 3 a car: MOT16 has 9 columns."""
    found = results(tmp_path)
    for kind, wrong in ((8, 0), (3, FRAMES)):
        rows = [(*row, 1, 1 if row[1] == 1 else kind, 1.0) for row in TWO]
        scores = scored(sequence(tmp_path, rows), found).scores
        assert (scores.people, scores.false_negatives, scores.false_positives) == (1, 0, wrong)


def test_a_place_in_the_world_is_no_class(tmp_path: Path) -> None:
    """MOT15 has 10 columns, the last three in metres."""
    scores = scored(truth_of(tmp_path, end=(1, 8.0, 2.5, 0)), results(tmp_path)).scores
    assert (scores.mota, scores.people) == (100, 2)


def test_frames_after_the_truth_are_not_scored_and_that_is_told(tmp_path: Path) -> None:
    found = results(tmp_path, [*TWO, (11, 1, *LEFT), (12, 1, *LEFT)])
    ended = scored(truth_of(tmp_path), found)
    assert ended.scores.mota == 100
    assert ended.frames == 10
    assert "2 boxes in frames after the last one of the truth, 10" in ended.notes[0]
    (tmp_path / "seqinfo.ini").write_text("[Sequence]\nseqLength=11\n")
    longer = scored(tmp_path / "gt" / "gt.txt", found)
    assert longer.scores.false_positives == 1
    assert longer.notes[0].startswith("1 boxes")


def test_sequences_together_are_scored_by_their_sums(tmp_path: Path) -> None:
    truth = read_truth(truth_of(tmp_path))
    perfect, half = truth.tracks, Tracks.of([(i, 1, (0, 0, 50, 100)) for i in range(1, 11)])
    scores = score_together([(truth, perfect), (truth, half)])
    assert scores.recall == 75
    assert (scores.people, scores.ids, scores.false_negatives) == (4, 3, 10)
    assert scores.mota == pytest.approx(75)


def test_ids_in_the_millions_and_frames_far_apart_cost_nothing() -> None:
    frames, ids = np.array([1, 900_000]), np.array([999_999_999, 5])
    tracks = Tracks(frames, ids, np.array([[0, 0, 5, 5], [9, 9, 20, 20]], np.float64))
    truth = Truth(tracks, np.ones(2, np.bool_), np.zeros(2, np.bool_), 900_000)
    assert score(truth, tracks).hota == 100


def test_more_people_than_can_be_compared_are_refused() -> None:
    count = 20_000
    frames = ids = np.arange(1, count + 1)
    tracks = Tracks(frames, ids, np.tile([0.0, 0, 5, 5], (count, 1)))
    truth = Truth(tracks, np.ones(count, np.bool_), np.zeros(count, np.bool_), count)
    with pytest.raises(SourceError, match="20000 ids for 20000 true people are too many"):
        score(truth, tracks)


def test_detections_are_tracked_in_real_time(tmp_path: Path) -> None:
    """The rate is that of --fps, else of a seqinfo.ini by the detections or the truth, else 30."""
    truth = truth_of(tmp_path / "a")
    found = sequence(tmp_path / "b", [(i, -1, *box, 0.9) for i, _, *box in TWO], "det")
    assumed = scored(truth, found, "detections")
    assert assumed.rate == 30
    assert "30 per second are assumed; give the rate with --fps" in assumed.notes[0]
    (tmp_path / "a" / "seqinfo.ini").write_text("[Sequence]\nframeRate=14\n")
    assert scored(truth, found, "detections").rate == 14
    (tmp_path / "b" / "seqinfo.ini").write_text("[Sequence]\nframeRate=7.5\n")
    assert scored(truth, found, "detections").rate == Fraction(15, 2)
    wished = scored(truth, found, "detections", fps="30000/1001")
    assert wished.rate == Fraction(30000, 1001)
    assert wished.scores.mota == 100
    assert not wished.notes


def test_frames_without_detections_pass_as_well(tmp_path: Path) -> None:
    """Whoever is back after a quarter of an hour is somebody else."""
    rows = [(i, 1, *LEFT) for i in (*range(1, 6), *range(1000, 1006))]
    found = sequence(tmp_path, [(i, -1, *box, 0.9) for i, _, *box in rows], "det")
    scores = scored(truth_of(tmp_path, rows), found, "detections", fps="1").scores
    assert (scores.ids, scores.switches) == (2, 1)


def test_frames_that_are_passed_over_change_nothing(tmp_path: Path) -> None:
    """As if the tracker had been told of each of them, also before the first detection."""
    frames = (*range(4, 9), *range(20, 24), *range(200, 206), *range(380, 390))
    path = sequence(tmp_path, [(i, -1, i, 0, 50, 100, 0.9) for i in frames], "det")
    detections, tracker, rows = read_detections(path, 400), ByteTracker(), []
    for i, seen in enumerate(detections):
        ids = tracker.update(seen, i / Fraction(10))
        rows += [(i + 1, int(k), box) for k, box in zip(ids, tracker.boxes, strict=True) if k]
    expected, found = Tracks.of(rows), track_detections(detections, Fraction(10))
    np.testing.assert_array_equal(found.frames, expected.frames)
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_allclose(found.boxes, expected.boxes)
    assert set(found.ids.tolist()) == {1, 2, 3}


def session_truth(folder: Path, frames: int, *, swap_at: int | None = None) -> Path:
    """Return the truth of people of `sessions.person`, whose ids change half way if wished."""
    rows = []
    for i in range(frames):
        for own in (1, 2):
            x1, y1, x2, y2 = person(own, i).box.tolist()
            told_id = own if swap_at is None or i < swap_at else 3 - own
            rows.append((i + 1, told_id, x1, y1, x2 - x1, y2 - y1))
    return truth_of(folder, rows)


def session(folder: Path, frames: int, first: int = 0) -> Path:
    people: People = {i: (person(1, i), person(2, i)) for i in range(first, first + frames)}
    script = Script(source_info(count=frames), range(first, first + frames), people, first=first)
    return write(folder / "clip.sdpose", script)


def test_a_session_is_scored_frame_by_frame(tmp_path: Path) -> None:
    done = scored(session_truth(tmp_path, 8), session(tmp_path, 8), "session")
    assert done.scores.mota == done.scores.hota == 100
    assert done.rate is None
    assert not done.notes
    swapped = scored(session_truth(tmp_path, 8, swap_at=4), tmp_path / "clip.sdpose", "session")
    assert swapped.scores.switches == 2


def test_a_session_of_a_part_says_what_counts_as_missed(tmp_path: Path) -> None:
    done = scored(session_truth(tmp_path, 8), session(tmp_path, 4, first=2), "session")
    assert (done.scores.false_negatives, done.scores.false_positives) == (8, 0)
    assert done.notes == (
        "The session has the frames 3 to 6 of 8: people in the others count as missed.",
    )


def test_a_session_that_is_longer_than_the_truth_is_cut_and_that_is_told(tmp_path: Path) -> None:
    done = scored(session_truth(tmp_path, 5), session(tmp_path, 8), "session")
    assert done.scores.mota == 100
    assert len(done.notes) == 1
    assert done.notes[0].startswith("6 boxes in frames after")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1,1,5,5,10", "expected frame,id,left,top,width,height"),
        ("1,1,5,5,ten,10,1", "expected the numbers frame,id"),
        ("1,1,nan,5,10,10,1", "no position"),
        ("1,1,5,5,inf,10,1", "no position"),
        ("1,1,5e300,5,10,10,1", "no position"),
        ("1,1,5,5,-10,10,1", "empty"),
        ("1,1,5,5,10,0,1", "empty"),
        ("0,1,5,5,10,10,1", "the frame"),
        ("1.5,1,5,5,10,10,1", "the frame"),
        ("1e300,1,5,5,10,10,1", "the frame"),
        ("nan,1,5,5,10,10,1", "the frame"),
        ("1,-1,5,5,10,10,1", "the id"),
        ("1,1e12,5,5,10,10,1", "the id"),
        ("1_0,1,5,5,10,10,1", "expected the numbers frame"),
        ("2,3,5,5,10,10,1", "frame 2 has id 3 twice"),
    ],
)
def test_a_malformed_row_is_named_with_its_line(line: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_text(f"1,1,5,5,10,10,1\n\n2,3,5,5,10,10,1\n{line}\n")
    for read in (read_truth, read_results):
        with pytest.raises(SourceError, match=rf"rows\.txt, line 4: .*{why}"):
            read(path)


@pytest.mark.parametrize("value", ["nan", "inf", "1e400"])
@pytest.mark.parametrize("before", [(), (1,)], ids=["flag", "class"])
def test_a_flag_and_a_class_that_are_not_finite_are_refused(
    before: Row, value: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match="line 1: the flag or the class is not finite; correct"):
        read_truth(sequence(tmp_path, [(1, 1, 5, 5, 10, 10, *before, value)]))


@pytest.mark.parametrize("end", ["", ",", ",0.9,", ",nan", ",1,inf", ",1,,,", ",1,who,-1,-1,"])
def test_what_follows_the_box_in_a_results_file_is_not_read(end: str, tmp_path: Path) -> None:
    path = tmp_path / "results.txt"
    path.write_text(f"1,7,5,5,10,10{end}\n")
    assert read_results(path).ids.tolist() == [7]


def test_a_comma_at_the_end_of_a_row_is_no_column(tmp_path: Path) -> None:
    plain = read_truth(sequence(tmp_path, [(1, 1, 5, 5, 10, 10, 1, 7), (1, 2, 5, 5, 9, 9, 1, 1)]))
    comma = read_truth(
        sequence(tmp_path, [(1, 1, 5, 5, 10, 10, 1, 7, ""), (1, 2, 5, 5, 9, 9, 1, 1, "")])
    )
    assert comma.is_scored.tolist() == plain.is_scored.tolist() == [False, True]
    assert comma.is_distractor.tolist() == plain.is_distractor.tolist() == [True, False]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("0,-1,5,5,10,10,1", "the frame is no number from 1 on"),
        ("1e9,-1,5,5,10,10,1", "the frame is no number from 1 on"),
        ("1,-1,5,5,1_0,10,1", "expected frame,id"),
    ],
)
def test_a_malformed_detection_is_named_with_its_line(line: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "det.txt"
    path.write_text(f"1,-1,5,5,10,10,1\n\n{line}\n")
    with pytest.raises(SourceError, match=rf"det\.txt, line 3: {why}"):
        read_detections(path, 10)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "holds nobody"),
        (b"1,1,5,5,10,10,0\n", "holds nobody"),
        (b"\xff\xfe\x00\x01", "is no text"),
        (b"\x00" * 64, "line 1: expected the numbers"),
        (b"SQLite format 3\x00", "line 1: expected the numbers"),
    ],
)
def test_what_is_no_truth_is_refused(content: bytes, why: str, tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=why):
        read_truth(path)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text("0123456789.,-+e \nnaif\x00", max_size=60) | st.text(max_size=40))
@pytest.mark.parametrize("kind", ["results", "detections"])
def test_any_text_is_scored_or_refused_in_one_sentence(
    text: str, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "any.txt"
    path.write_text(text, encoding="utf-8", newline="")
    told = ""
    try:
        scored(truth_of(tmp_path), path, kind)
    except SourceError as error:
        told = str(error)
    assert len(told.splitlines()) <= 1


@pytest.mark.parametrize(
    "info", ["frameRate=fast", "frameRate=1e9", "frameRate", "frameRate=1\nframeRate=2"]
)
def test_a_damaged_seqinfo_is_named(info: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"seqinfo\.ini"):
        read_rate(sequence(tmp_path, [], "det", info))


@pytest.mark.parametrize(
    ("text", "rate"),
    [("25", 25), ("29.97", Fraction(2997, 100)), ("30000/1001", Fraction(30000, 1001)),
     ("0", None), ("1/0", None), ("-5", None), ("1e9", None), ("nan", None), ("", None)],
)  # fmt: skip
def test_a_rate_is_exact(text: str, rate: Fraction | None) -> None:
    assert rate_of(text) == rate


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"iou": 0.0}, "--iou 0.0"),
        ({"iou": float("nan")}, "--iou nan"),
        ({"kind": "detections", "fps": "0"}, "--fps 0"),
        ({"kind": "session", "fps": "25"}, "--fps: only detections"),
    ],
)
def test_a_wish_that_cannot_work_is_refused(wish: dict[str, Any], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        TrackWish(**{"truth": Path("gt.txt"), "found": Path("x"), "kind": "results", **wish})


def test_the_command_prints_one_object(media: Path) -> None:
    mot = media / "mot"
    found = mot / "known_answers" / "TUD-Campus_results.txt"
    truth = mot / "TUD-Campus" / "gt" / "gt.txt"
    arguments = ("evaluate", "tracks", "--truth", truth, "--results", found, "--json")
    done = sdpose(*arguments, cwd=mot)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
    scores = told(done)
    assert scores["MOTA"] == pytest.approx(52.6, abs=0.05)
    assert scores["IDF1"] == pytest.approx(55.8, abs=0.05)
    assert scores["HOTA"] == pytest.approx(39.1, abs=0.05)
    assert (scores["ID_switches"], scores["FP"], scores["FN"]) == (7, 13, 150)
    assert scores["protocol"] == {"found": "results", "iou": 0.5, "rate": None}


def test_the_command_prints_a_table_and_notes_beside_it(tmp_path: Path) -> None:
    found = sequence(tmp_path, [(i, -1, *box, 0.9) for i, _, *box in TWO], "det")
    truth = truth_of(tmp_path)
    done = called("evaluate", "tracks", "--truth", truth, "--detections", found, cwd=tmp_path)
    assert done.returncode == 0
    assert "det.txt: 10 frames at 30 per second, 2 true people, 2 ids" in done.stdout
    assert "MOTA              100.0" in done.stdout
    assert len(done.stderr.splitlines()) == 1
    assert "--fps" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["--results", "gt.txt"], 2, "--truth"),
        (["--truth", "gt.txt"], 2, "--session --detections --results"),
        (["--truth", "gt.txt", "--results", "gt.txt", "--session", "x"], 2, "not allowed with"),
        (["--truth", "gone.txt", "--results", "gt.txt"], 3, "gone.txt does not exist"),
        (["--truth", "gt.txt", "--results", "gt.txt", "--iou", "2"], 2, "--iou 2"),
    ],
)
def test_what_cannot_be_scored_is_told_in_one_sentence(
    arguments: list[str], code: int, why: str, tmp_path: Path
) -> None:
    (tmp_path / "gt.txt").write_text("1,1,5,5,10,10,1\n")
    assert why in refused(called("evaluate", "tracks", *arguments, cwd=tmp_path), code)


@pytest.mark.parametrize(
    ("kind", "name", "why"),
    [
        ("session", "gone.sdpose", "gone.sdpose"),
        ("session", "gt.txt", "gt.txt"),
        ("detections", "gone.txt", r"gone\.txt: there is no such file"),
        ("detections", "bad.txt", r"bad\.txt, line 1: expected frame"),
        ("results", ".", "cannot be read"),
        ("results", "gt.txt/det.txt", "cannot be read"),
    ],
)
def test_what_was_found_must_be_readable(kind: str, name: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "gt.txt").write_text("1,1,5,5,10,10,1\n")
    (tmp_path / "bad.txt").write_text("1;1;5;5;10;10;1\n")
    with pytest.raises((SourceError, SessionError), match=why) as refusal:
        scored(tmp_path / "gt.txt", tmp_path / name, kind)
    assert "--boxes" not in str(refusal.value)


def test_scoring_needs_no_network(tmp_path: Path) -> None:
    truth, found = truth_of(tmp_path), results(tmp_path)
    code = (
        "import sys; from sdpose_track.cli import main;"
        f"code = main(['evaluate', 'tracks', '--truth', {str(truth)!r},"
        f" '--results', {str(found)!r}]);"
        "heavy = {'torch', 'ultralytics', 'openvino', 'matplotlib'} & set(sys.modules);"
        "sys.exit(code or bool(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
