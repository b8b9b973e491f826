"""POSE_KEYPOINT as the nodes of ComfyUI read it; their rules are stated here once more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sessions
from sessions import FRAMES, LEFT_WRIST, exported, points, strict
from whole_people import FACE, LEFT_HAND, RIGHT_HAND, exported_whole, whole_person, whole_points

from sdpose_track.export import ExportOptions

Array = npt.NDArray[np.float64]
LENGTHS = {
    "pose": 18, "foot": 6, "face": 70, "hand_left": 21, "hand_right": 21,
}  # fmt: skip
OPENPOSE_18 = (0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
THRESHOLD = 0.3


def controlnet_aux(numbers: list[float] | None, canvas: tuple[int, int]) -> list[Any]:
    """Return a part's points in pixels as comfyui_controlnet_aux decodes it; None is not there.

    A point is there only if its confidence is not below 1; a part whose points all are within
    -1..1 is taken for fractions of the canvas.
    """
    triples = zip(*[iter(numbers or [])] * 3, strict=True)
    found = [None if c < 1.0 else (x, y) for x, y, c in triples]
    there = [p for p in found if p is not None]
    if all(abs(x) <= 1 and abs(y) <= 1 for x, y in there):
        return [p and (p[0] * canvas[0], p[1] * canvas[1]) for p in found]
    return found


def comfyui_core(person: dict[str, Any]) -> dict[str, Array]:
    """Return the parts as ComfyUI's own SDPoseDrawKeypoints does: only the feet may be absent."""
    shapes = {name: (count, 3) for name, count in LENGTHS.items() if name != "foot"}
    parts = {
        name: np.array(person[f"{name}_keypoints_2d"], np.float64).reshape(shape)
        for name, shape in shapes.items()
    }
    if "foot_keypoints_2d" in person:
        parts["foot"] = np.array(person["foot_keypoints_2d"], np.float64).reshape(6, 3)
    return parts


def canvas_of(frame: dict[str, Any]) -> tuple[int, int]:
    assert type(frame["canvas_width"]) is type(frame["canvas_height"]) is int
    return frame["canvas_width"], frame["canvas_height"]


def test_there_is_an_object_for_every_frame_and_people_are_in_order(tmp_path: Path) -> None:
    frames = strict(exported(tmp_path, "comfyui", sessions.fixture_a()))

    assert len(frames) == FRAMES
    assert all(canvas_of(frame) == (640, 480) for frame in frames)
    assert [p["person_id"] for p in frames[9]["people"]] == [[1]]
    assert [p["person_id"] for p in frames[10]["people"]] == [[1], [2]]
    assert (
        strict(exported(tmp_path, "comfyui", sessions.fixture_c()))
        == [{"people": [], "canvas_width": 640, "canvas_height": 480}] * 5
    )


def test_controlnet_aux_sees_exactly_the_keypoints_that_are_sure(tmp_path: Path) -> None:
    for index, frame in enumerate(strict(exported(tmp_path, "comfyui", sessions.fixture_a()))):
        for track_id, person in enumerate(frame["people"], start=1):
            found = controlnet_aux(person["pose_keypoints_2d"], canvas_of(frame))
            truth = points(track_id, index)
            for k, point in zip(OPENPOSE_18, found, strict=True):
                if k is None:
                    assert point == pytest.approx(truth[[5, 6]].mean(axis=0), abs=5.1e-4)
                elif 0.99 - 0.05 * k < THRESHOLD or (
                    k == LEFT_WRIST and track_id == 1 and index in (20, 21)
                ):
                    assert point is None
                else:
                    assert point == pytest.approx(truth[k], abs=5.1e-4)


def test_comfyui_core_gets_every_part_at_its_length_with_ones_and_zeros(tmp_path: Path) -> None:
    for script in (sessions.fixture_a(), sessions.fixture_e()):
        for frame in strict(exported(tmp_path, "comfyui", script)):
            for person in frame["people"]:
                parts = comfyui_core(person)
                assert {name: len(part) for name, part in parts.items()} == LENGTHS
                assert set(np.concatenate(list(parts.values()))[:, 2]) <= {0.0, 1.0}
                assert not any(parts[name].any() for name in LENGTHS if name != "pose")


def test_a_keypoint_at_the_origin_is_seen_and_a_weak_one_is_not(tmp_path: Path) -> None:
    (frame,) = strict(exported(tmp_path, "comfyui", sessions.fixture_e()))
    body = comfyui_core(frame["people"][0])["pose"]

    assert body[0].tolist() == [0.001, 0.001, 1]
    assert body[OPENPOSE_18.index(1)].tolist() == [-12.346, 20, 1]
    assert body[OPENPOSE_18.index(2)].tolist() == [5000, -1e6, 1]
    assert body[OPENPOSE_18.index(7)].tolist() == [0, 0, 0]
    assert body[OPENPOSE_18.index(8)].tolist() == [0, 0, 0]


def test_the_threshold_decides_what_is_seen(tmp_path: Path) -> None:
    options = ExportOptions(threshold=0.6)
    (frame, *_) = strict(exported(tmp_path, "comfyui", sessions.fixture_a(), options))
    sure = sum(0.99 - 0.05 * k >= 0.6 for k in range(17))
    neck = 0.99 - 0.05 * 6 >= 0.6

    assert comfyui_core(frame["people"][0])["pose"][:, 2].sum() == sure + neck


def test_a_whole_body_has_feet_and_its_own_left_hand_on_the_left(tmp_path: Path) -> None:
    (frame,) = strict(exported_whole(tmp_path, "comfyui", [[whole_person()]]))
    parts = comfyui_core(frame["people"][0])
    truth = whole_points(0)

    assert parts["foot"][:, :2] == pytest.approx(truth[17:23], abs=5.1e-4)
    assert parts["hand_left"][:, :2] == pytest.approx(truth[LEFT_HAND], abs=5.1e-4)
    assert parts["hand_right"][:, :2] == pytest.approx(truth[RIGHT_HAND], abs=5.1e-4)
    assert parts["face"][:68, :2] == pytest.approx(truth[FACE], abs=5.1e-4)
    assert parts["face"][68:, :2] == pytest.approx(truth[[2, 1]], abs=5.1e-4)
    assert all((part[:, 2] == 1).all() for part in parts.values())


def test_a_face_of_which_too_little_is_seen_is_left_out(tmp_path: Path) -> None:
    just = whole_person(weak=FACE[:4], missing=FACE[30:34])
    less = whole_person(weak=FACE[:4], missing=FACE[30:35])
    frames = strict(exported_whole(tmp_path, "comfyui", [[just], [less]]))
    first, second = (comfyui_core(frame["people"][0])["face"] for frame in frames)

    assert first[:, 2].tolist() == [1] * 70
    assert not second.any()


def test_what_a_face_lacks_is_put_between_its_neighbours(tmp_path: Path) -> None:
    eyebrow_end, jaw, inner_lips = FACE[17], FACE[5], FACE[60:68]
    hidden = (eyebrow_end, jaw)
    lips = strict(exported_whole(tmp_path, "comfyui", [[whole_person(missing=inner_lips)]]))
    path = exported_whole(tmp_path, "comfyui", [[whole_person(missing=(2, *hidden))]])
    (frame,) = strict(path)
    told = strict(path.with_name(f"{path.name}.meta.json"))["comfyui"]
    face = comfyui_core(frame["people"][0])["face"][:, :2]
    truth = whole_points(0)[FACE]

    assert told == {"face_points_filled": 3}  # and the pupil, for which the eye stands
    assert face[5] == pytest.approx(truth[[4, 6]].mean(axis=0), abs=2e-3)
    assert face[17] == pytest.approx(truth[18], abs=2e-3)
    assert face[68] == pytest.approx(truth[36:42].mean(axis=0), abs=2e-3)
    whole = comfyui_core(lips[0]["people"][0])["face"][:, :2]
    known = np.delete(whole, range(60, 68), axis=0)
    assert whole[60:68] == pytest.approx(np.tile(known.mean(axis=0), (8, 1)), abs=2e-3)


def test_a_part_in_the_corner_is_not_taken_for_fractions_of_the_picture(tmp_path: Path) -> None:
    person = whole_person(missing=RIGHT_HAND)
    where = person.keypoints.copy()
    where[LEFT_HAND] = np.linspace(0.1, 0.9, 42).reshape(21, 2)
    where[LEFT_HAND[0]] = (-50, 1.5)
    corner = type(person)(1, person.box, 0.8, where, person.scores, person.provenance)
    (frame,) = strict(exported_whole(tmp_path, "comfyui", [[corner]]))
    (found,) = frame["people"]

    assert controlnet_aux(found["hand_left_keypoints_2d"], canvas_of(frame)) == [None] * 21
