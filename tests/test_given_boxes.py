"""Person boxes from a file: both formats, and each way in which they can be wrong."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from sdpose_track.detect.given_boxes import GivenBoxes
from sdpose_track.errors import SettingsError
from sdpose_track.records import Frame

IMAGE = np.zeros((8, 8, 3), np.uint8)


def frame(index: int) -> Frame:
    return Frame(index, index, Fraction(index), IMAGE)


def given(tmp_path: Path, text: str, names: dict[int, str] | None = None) -> GivenBoxes:
    path = tmp_path / "boxes.txt"
    path.write_text(text, encoding="utf-8")
    return GivenBoxes(path, names)


def test_json_is_read_by_frame_index_and_by_file_name(tmp_path: Path) -> None:
    text = '{"0": [[1, 2, 3, 4], [5, 6, 7, 8, 0.5]], "b.jpg": [[1, 1, 2, 2, 0.25]]}'
    boxes = given(tmp_path, text, {1: "b.jpg"})
    first, second, third = boxes.submit([frame(0), frame(1), frame(2)]).result()
    assert first.boxes.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert first.scores.tolist() == [1.0, 0.5]
    assert second.scores.tolist() == [0.25]
    assert len(third) == 0


def test_motchallenge_frames_begin_at_one(tmp_path: Path) -> None:
    boxes = given(tmp_path, "1,-1,10,20,30,40,0.9,-1,-1,-1\n\n3,-1,1,1,1,1,87\n")
    first, second, third = boxes.submit([frame(0), frame(1), frame(2)]).result()
    assert first.boxes.tolist() == [[10, 20, 40, 60]]
    assert first.scores.tolist() == [np.float32(0.9)]
    assert len(second) == 0
    assert third.scores.tolist() == [1.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no valid JSON"),
        ('{"0": 5}', "'0' holds no list of boxes"),
        ('{"0": [[1, 2, 3]]}', "expected \\[x1, y1, x2, y2, score\\?\\]"),
        ('{"0": [[1, 2, "3", 4]]}', "expected \\[x1"),
        ('{"0": [[1, 2, true, 4]]}', "expected \\[x1"),
        ('{"0": [[1, 2, NaN, 4]]}', "expected \\[x1"),
        ('{"0": [[1, 2, 1' + "0" * 400 + ", 4]]}", "expected \\[x1"),
        ('{"0": ' + "[" * 99_999, "is no valid JSON"),
        ('{"gone.jpg": [[1, 2, 3, 4]]}', "'gone.jpg' is neither a frame index nor a picture"),
        ('{"0": [[3, 2, 1, 4]]}', "is empty"),
        ('{"0": [[1, 2, 3, 4, 1.5]]}', "score 1.5 is not within 0 and 1"),
        ("1,2,3", "line 1: expected frame,id,left,top"),
        ("1,1,0,0,5,5,1\nx", "line 2: expected frame,id"),
        ("1,1,0,0,-5,5,1", "is empty"),
        ("nan,1,0,0,5,5,1", "line 1: expected"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        given(tmp_path, text)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (found,) = given(tmp_path, '\ufeff{"0": [[1, 2, 3, 4]]}').submit([frame(0)]).result()
    assert len(found) == 1


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no such file"):
        GivenBoxes(tmp_path / "gone.json")


def test_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read \(.*\); choose another file$"):
        GivenBoxes(tmp_path)


def test_an_empty_file_is_no_json_and_a_list_without_boxes(tmp_path: Path) -> None:
    (tmp_path / "boxes.json").touch()
    with pytest.raises(SettingsError, match=r"is empty; JSON without boxes is \{\}$"):
        GivenBoxes(tmp_path / "boxes.json")
    (tmp_path / "det.txt").touch()
    (nobody,) = GivenBoxes(tmp_path / "det.txt").submit([frame(0)]).result()
    assert len(nobody) == 0


def test_a_binary_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "boxes.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="cannot be read as text"):
        GivenBoxes(path)
