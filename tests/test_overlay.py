"""The drawing of people: what must be seen, what must not, and nothing that can break it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from sessions import person, points

from sdpose_track.records import Float32, Pose, Provenance
from sdpose_track.render.overlay import PALETTE, Style, draw_people, track_colour
from sdpose_track.render.trails import Trails
from sdpose_track.skeletons import COCO17, WHOLEBODY133

Image = npt.NDArray[np.uint8]
BONES = Style(ids=False)


def grey(width: int = 640, height: int = 480) -> Image:
    return np.full((height, width, 3), 128, np.uint8)


def drawn(pose: Pose, style: Style, image: Image | None = None) -> Image:
    picture = grey() if image is None else image
    draw_people(picture, (pose,), COCO17, style)
    return picture


def only(keypoints: dict[int, tuple[float, float]], made: Provenance, score: float = 0.9) -> Pose:
    where = np.full((17, 2), np.nan, np.float32)
    scores = np.zeros(17, np.float32)
    for k, xy in keypoints.items():
        where[k], scores[k] = xy, score
    box = np.array([100, 100, 500, 460], np.float32)
    return Pose(1, box, 0.9, where, scores, np.full(17, made, np.uint8))


def test_colours_are_okabe_itos_and_repeat_after_seven() -> None:
    assert track_colour(1) == (0x00, 0x9F, 0xE6)
    assert [track_colour(i) for i in range(1, 8)] == [track_colour(i) for i in range(8, 15)]
    assert len({track_colour(i) for i in range(1, 8)}) == len(PALETTE)


def test_a_measured_joint_is_a_disc_in_the_colour_of_its_track() -> None:
    image = drawn(only({0: (300, 200)}, Provenance.MEASURED), BONES)

    assert tuple(image[200, 300]) == track_colour(1)


@pytest.mark.parametrize("made", [Provenance.PREDICTED, Provenance.FILLED])
def test_a_joint_that_a_filter_made_is_hollow(made: Provenance) -> None:
    image = drawn(only({0: (300, 200)}, made), Style(ids=False, scale=3))

    assert tuple(image[200, 300]) != track_colour(1)
    assert (image == track_colour(1)).all(axis=2).any()


def test_the_left_side_is_lighter_than_the_right() -> None:
    image = drawn(person(1, 0), BONES)
    left, right = points(1, 0)[15].round().astype(int), points(1, 0)[16].round().astype(int)
    sure = drawn(only({15: (200, 300), 16: (400, 300)}, Provenance.MEASURED), BONES)

    assert (image != 128).any()
    assert left.tolist() != right.tolist()
    assert tuple(sure[300, 400]) == track_colour(1)
    assert int(sure[300, 200].sum()) > int(sure[300, 400].sum())


@pytest.mark.parametrize("score", [0.0, 0.29])
def test_a_keypoint_under_the_threshold_is_not_drawn(score: float) -> None:
    image = drawn(only({0: (300, 200)}, Provenance.MEASURED, score), BONES)

    assert (image == 128).all()


def test_a_bone_is_drawn_only_where_both_ends_are_known() -> None:
    shoulder, elbow = COCO17.index("left_shoulder"), COCO17.index("left_elbow")
    both = drawn(only({shoulder: (200, 200), elbow: (400, 200)}, Provenance.MEASURED), BONES)
    one = drawn(only({shoulder: (200, 200)}, Provenance.MEASURED), BONES)

    assert (both[200, 300] != 128).any()
    assert (one[200, 300] == 128).all()


def test_a_tag_lies_inside_the_picture_for_people_at_every_border() -> None:
    for x, y in ((-50, -50), (600, -50), (-50, 440), (600, 440)):
        box = np.array([x, y, x + 90, y + 90], np.float32)
        nothing = np.full((17, 2), np.nan, np.float32)
        pose = Pose(12, box, 0.9, nothing, np.zeros(17, np.float32), np.zeros(17, np.uint8))
        image = drawn(pose, Style())
        tagged = (image == track_colour(12)).all(axis=2)

        assert tagged.sum() > 50
        rows, columns = np.nonzero(tagged)
        assert rows.min() > 0
        assert columns.min() > 0
        assert rows.max() < 479
        assert columns.max() < 639


def test_tags_of_people_in_one_place_do_not_cover_each_other() -> None:
    image = grey()
    draw_people(image, [person(i, 0) for i in (1, 1, 1)], COCO17, Style(skeleton=False))
    three = (image == track_colour(1)).all(axis=2).sum()
    one = (drawn(person(1, 0), Style(skeleton=False)) == track_colour(1)).all(axis=2).sum()

    assert three == 3 * one


def test_a_box_is_drawn_when_asked_for() -> None:
    pose = only({}, Provenance.MEASURED)

    assert (drawn(pose, Style(ids=False, boxes=True))[100, 300] != 128).any()
    assert (drawn(pose, BONES) == 128).all()


def test_nobody_changes_nothing() -> None:
    image = grey()
    draw_people(image, (), COCO17, Style(boxes=True))

    assert (image == 128).all()


HUGE = np.float32(3e38)


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (7, 3), (64, 2000), (640, 480)])
@pytest.mark.parametrize("value", [-1e9, -40000.5, 0.0, 33000.0, 1e9, HUGE, np.inf, -np.inf])
def test_no_position_breaks_the_drawing(size: tuple[int, int], value: float) -> None:
    where: Float32 = points(1, 0)
    where[::2] = value
    where[1::4, 0] = value
    box = np.array([value, -value, abs(value), abs(value)], np.float32)
    pose = Pose(1, box, 0.9, where, np.ones(17, np.float32), np.zeros(17, np.uint8))

    drawn(pose, Style(boxes=True), grey(*size))


def test_a_person_without_any_position_is_left_out() -> None:
    nothing = np.full(4, np.nan, np.float32)
    where = np.full((17, 2), np.nan, np.float32)
    pose = Pose(1, nothing, 0.9, where, np.zeros(17, np.float32), np.zeros(17, np.uint8))

    assert (drawn(pose, Style(boxes=True)) == 128).all()


# -- whole bodies ----------------------------------------------------------------------------------

FACE = np.array(WHOLEBODY133.group("face"))
NOSE = (320.0, 100.0)


def whole(tall: float, made: Provenance = Provenance.MEASURED, face: float = 0.9) -> Pose:
    """Return somebody with a nose, knees apart, a face around the nose, and two straight hands."""
    where = np.full((133, 2), np.nan, np.float32)
    where[0], where[13], where[14] = NOSE, (420, 300), (220, 300)
    turn = np.linspace(0, 2 * np.pi, len(FACE), endpoint=False)
    where[FACE] = NOSE + 60 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    for hand, x in (("left_hand", 520), ("right_hand", 120)):
        numbers = WHOLEBODY133.group(hand)
        where[numbers] = np.stack([np.full(21, x), 200 + 8 * np.arange(21)], axis=1)
    scores = np.where(np.isfinite(where[:, 0]), 0.9, 0).astype(np.float32)
    scores[FACE] = face
    box = np.array([100, 460 - tall, 100 + tall / 3, 460], np.float32)
    return Pose(1, box, 0.9, where, scores, np.full(133, made, np.uint8))


def drawn_whole(pose: Pose) -> Image:
    image = grey()
    draw_people(image, (pose,), WHOLEBODY133, Style(ids=False, scale=2))
    return image


def test_hands_and_face_are_drawn_in_the_colour_of_the_person() -> None:
    image = drawn_whole(whole(400))
    right, left = image[190:210, 110:130], image[190:210, 510:530]

    assert (right == track_colour(1)).all(axis=2).any()
    assert left.max(axis=(0, 1)).sum() > right.max(axis=(0, 1)).sum()
    for x, y in pose_points(whole(400), FACE):
        assert (image[y - 1 : y + 2, x - 1 : x + 2] != 128).any()


def pose_points(pose: Pose, numbers: npt.NDArray[np.int_]) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in pose.keypoints[numbers].round()]


def test_somebody_far_away_is_drawn_as_a_body_only() -> None:
    far = whole(80)
    body = Pose(1, far.box, 0.9, far.keypoints[:17], far.scores[:17], far.provenance[:17])

    assert np.array_equal(drawn_whole(far), drawn(body, Style(ids=False, scale=2)))


def test_a_face_takes_the_place_of_the_nose_of_the_body() -> None:
    x, y = int(NOSE[0]), int(NOSE[1])

    assert (drawn_whole(whole(400))[y, x] == 128).all()
    assert tuple(drawn_whole(whole(400, face=0.1))[y, x]) == track_colour(1)


def test_a_hand_that_a_filter_made_is_darker_than_one_that_was_seen() -> None:
    seen = drawn_whole(whole(400))[200:360, 100:140]
    made = drawn_whole(whole(400, Provenance.FILLED))[200:360, 100:140]

    assert (made != 128).any()
    assert made.max(axis=(0, 1)).sum() < seen.max(axis=(0, 1)).sum()


@pytest.mark.parametrize("value", [-40000.5, 33000.0, HUGE, np.inf, np.nan])
def test_no_position_breaks_the_drawing_of_a_whole_body(value: float) -> None:
    where = whole(400).keypoints.copy()
    where[::2] = value
    where[1::4, 0] = value
    scores = np.full(133, 1.5, np.float32)
    for side in (400.0, value):
        box = np.array([0, 0, 100, side], np.float32)
        drawn_whole(Pose(1, box, 0.9, where, scores, np.zeros(133, np.uint8)))


def test_a_strip_of_a_larger_picture_can_be_drawn_on() -> None:
    whole = grey(800, 480)
    draw_people(whole[:, :640], (person(1, 0),), COCO17)

    assert np.array_equal(whole[:, :640], drawn(person(1, 0), Style()))
    assert (whole[:, 640:] == 128).all()


# -- trails ----------------------------------------------------------------------------------------

HIPS = (COCO17.index("left_hip"), COCO17.index("right_hip"))


def walker(x: float, y: float = 240, *, hips: bool = True, box: float = 300) -> Pose:
    """Return somebody whose hips are around (x, y) and whose box is around (x, 120)."""
    where = np.full((17, 2), np.nan, np.float32)
    if hips:
        where[HIPS[0]], where[HIPS[1]] = (x - 10, y), (x + 10, y)
    scores = np.where(np.isfinite(where[:, 0]), 0.9, 0).astype(np.float32)
    around = np.array([x - box / 2, 120 - box / 2, x + box / 2, 120 + box / 2], np.float32)
    return Pose(1, around, 0.9, where, scores, np.zeros(17, np.uint8))


def trail(steps: list[tuple[float, Pose | None]]) -> npt.NDArray[np.bool_]:
    """Return which pixels of a grey picture (480, 640) the trail after `steps` changes."""
    trails, image = Trails(COCO17), grey()
    for seconds, pose in steps:
        trails.add(seconds, () if pose is None else (pose,))
    trails.draw(image)
    return np.asarray((image != 128).any(axis=2))


def test_a_trail_leads_to_where_the_hips_were_a_second_ago_and_tapers() -> None:
    inked = trail([(i / 25, walker(100 + 8 * i)) for i in range(51)])  # at 500 now
    widths = inked.sum(axis=0)

    assert not inked[:, :298].any()
    assert inked[240, 320:500].all()
    assert widths[490] > widths[400] > widths[320] > 0


def test_a_trail_fades() -> None:
    image, trails = grey(), Trails(COCO17)
    for i in range(26):
        trails.add(i / 25, (walker(100 + 8 * i),))
    trails.draw(image)
    off = np.abs(image[240].astype(int) - track_colour(1)).sum(axis=1)

    assert off[295] < off[200] < off[110]
    assert off[295] < 30


def test_a_trail_is_not_drawn_across_an_absence_or_a_cut() -> None:
    here = [(i / 25, walker(100 + 4 * i)) for i in range(5)]
    gone: list[tuple[float, Pose | None]] = [(0.2, None)]
    there = [(0.24 + i / 25, walker(160 + 4 * i)) for i in range(5)]
    far = [(0.2 + i / 25, walker(400 + 4 * i)) for i in range(5)]

    assert not trail([*here, *gone, *there])[:, 125:155].any()
    assert not trail([*here, *far])[:, 130:390].any()
    assert trail([*here, *far])[240, 105:115].all()


def test_the_middle_of_the_box_takes_the_place_of_hips_that_are_not_seen() -> None:
    inked = trail([(i / 25, walker(100 + 8 * i, hips=i < 10)) for i in range(20)])

    assert inked[240, 110:165].all()
    assert inked[120, 185:250].all()
    assert not inked[150:210].any()


def test_a_trail_stays_until_it_has_faded_where_somebody_left() -> None:
    steps: list[tuple[float, Pose | None]] = [(i / 25, walker(100 + 8 * i)) for i in range(20)]

    assert trail([*steps, (1.2, None)]).any()
    assert not trail([*steps, (1.8, None)]).any()


def test_going_back_begins_a_trail_anew() -> None:
    steps = [(i / 25, walker(100 + 8 * i)) for i in range(20)]

    assert not trail([*steps, (0.1, walker(120))]).any()


@pytest.mark.parametrize("value", [-1e9, 33000.0, 1e38, np.inf, np.nan])
def test_no_position_breaks_a_trail(value: float) -> None:
    for box in (300.0, value):
        trail([(0, walker(100, box=box)), (0.1, walker(value, box=box)), (0.2, walker(90, value))])
    Trails(COCO17).draw(grey(1, 1))
