"""Pose pictures against the rules of their looks, stated here once more in plain geometry."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from sdpose_track.records import Float32, Float64, UInt8
from sdpose_track.render.letterbox import Letterbox
from sdpose_track.render.openpose_look import draw_openpose, draw_xinsir
from sdpose_track.render.wan_look import draw_wan
from sdpose_track.skeletons import COCO17, WHOLEBODY133, Skeleton

Draw = Callable[[UInt8, Skeleton, Float32, Float32, float], None]
Rgb = tuple[int, int, int]
Mask = npt.NDArray[np.bool_]
Inside = Callable[[Float64, Float64, int], Mask]
"""Tells of places, relative to a shape's centre, whether they are in it: grown (1) or shrunk (-1)
by what rounding may do."""

P: list[Rgb] = [
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0),
    (0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255),
    (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85),
]  # fmt: skip
NECK = -1
OPENPOSE_FROM_COCO = (0, NECK, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
LIMBS = "1-2 1-5 2-3 3-4 5-6 6-7 1-8 8-9 9-10 1-11 11-12 12-13 1-0 0-14 14-16 0-15 15-17"
BODY: Float32 = np.array(
    [
        [320, 60], [332, 50], [308, 50], [344, 56], [296, 56], [380, 120], [260, 120], [420, 180],
        [220, 180], [440, 240], [200, 240], [350, 260], [290, 260], [356, 340], [284, 340],
        [360, 420], [280, 420],
    ],
    np.float32,
)  # fmt: skip
"""COCO's 17 keypoints of somebody who faces the camera."""
SURE = np.ones(17, np.float32)


def drawing(
    points: Float32,
    scores: Float32 = SURE,
    draw: Draw = draw_openpose,
    skeleton: Skeleton = COCO17,
    size: tuple[int, int] = (640, 480),
    threshold: float = 0.3,
) -> UInt8:
    image = np.zeros((size[1], size[0], 3), np.uint8)
    draw(image, skeleton, points, scores, threshold)
    return image


def at(image: UInt8, x: float, y: float) -> tuple[int, ...]:
    return tuple(image[int(y), int(x)].tolist())


def middle(a: int, b: int) -> tuple[float, float]:
    x, y = (neck_or(a) + neck_or(b)) / 2
    return x, y


def neck_or(k: int) -> Float32:
    neck: Float32 = BODY[[5, 6]].mean(axis=0)
    return neck if k == NECK else BODY[k]


# -- sample pixels ---------------------------------------------------------------------------------


def test_the_limbs_have_the_colours_of_the_format() -> None:
    image = drawing(BODY)

    assert at(image, *middle(NECK, 6)) == (153, 0, 0)  # the right shoulder
    assert at(image, *middle(NECK, 0)) == (0, 0, 153)
    assert at(image, *middle(5, 7)) == (102, 153, 0)  # the left upper arm
    assert at(image, *middle(6, 8)) == (153, 102, 0)  # the right upper arm
    assert at(image, *middle(14, 16)) == (0, 153, 102)  # the right shin
    assert at(image, *middle(13, 15)) == (0, 51, 153)  # the left shin


def test_every_joint_has_its_colour() -> None:
    image = drawing(BODY)

    for colour, k in zip(P, OPENPOSE_FROM_COCO, strict=True):
        assert at(image, *neck_or(k)) == colour


# -- the whole figure, by geometry -----------------------------------------------------------------


class Plan:
    """What must be seen, pixel by pixel, where geometry leaves no doubt about it."""

    def __init__(self, size: tuple[int, int]) -> None:
        width, height = size
        self.image = np.zeros((height, width, 3), np.uint8)
        self.sure = np.ones((height, width), np.bool_)

    def shape(self, at: tuple[int, int], reach: int, inside: Inside, colour: Rgb) -> None:
        """Paint what is surely `inside`, and forget what may be, within `reach` of a point."""
        x, y = at
        rows, columns = (slice(max(0, n - reach), max(0, n + reach + 1)) for n in (y, x))
        image, sure = self.image[rows, columns], self.sure[rows, columns]
        down, right = np.mgrid[rows, columns][:, : sure.shape[0], : sure.shape[1]]
        sure[inside(right - x, down - y, 1)] = False
        surely = inside(right - x, down - y, -1)
        image[surely], sure[surely] = colour, True

    def ellipse(self, a: Float64, b: Float64, half_width: int, colour: Rgb) -> None:
        long = int(math.dist(a, b) / 2)
        turned = math.radians(int(math.degrees(math.atan2(a[1] - b[1], a[0] - b[0]))))

        def inside(x: Float64, y: Float64, more: int) -> Mask:
            along = x * math.cos(turned) + y * math.sin(turned)
            across = y * math.cos(turned) - x * math.sin(turned)
            axes = long + 1.2 * more, half_width + 1.2 * more
            if min(axes) <= 0:
                return np.zeros(x.shape, np.bool_)
            return np.asarray((along / axes[0]) ** 2 + (across / axes[1]) ** 2 <= 1)

        centre = int((a[0] + b[0]) / 2), int((a[1] + b[1]) / 2)
        self.shape(centre, max(long, half_width) + 3, inside, colour)

    def disc(self, at: Float64, radius: int, colour: Rgb) -> None:
        def inside(x: Float64, y: Float64, more: int) -> Mask:
            return np.asarray(np.hypot(x, y) <= radius + 0.6 * more)

        self.shape((int(at[0]), int(at[1])), radius + 2, inside, colour)

    def person(self, points: Float32, scores: Float32, threshold: float, half_width: int) -> None:
        pose, shown = np.full((18, 2), np.nan), np.zeros(18, np.bool_)
        for i, k in enumerate(OPENPOSE_FROM_COCO):
            ends = [5, 6] if k == NECK else [k]
            pose[i], shown[i] = points[ends].mean(axis=0), scores[ends].min() >= threshold
        for i, limb in enumerate(LIMBS.split()):
            one, other = map(int, limb.split("-"))
            if shown[one] and shown[other]:
                colour = tuple(int(0.6 * channel) for channel in P[i])
                self.ellipse(pose[one], pose[other], half_width, (colour[0], colour[1], colour[2]))
        for i in np.flatnonzero(shown).tolist():
            self.disc(pose[i], 4, P[i])


@pytest.mark.parametrize(
    ("draw", "size", "half_width"),
    [
        (draw_openpose, (640, 480), 4),
        (draw_openpose, (1280, 720), 4),
        (draw_xinsir, (480, 480), 4),
        (draw_xinsir, (640, 480), 8),
        (draw_xinsir, (1280, 720), 12),
    ],
)
def test_figures_are_what_the_geometry_says(
    draw: Draw, size: tuple[int, int], half_width: int
) -> None:
    rng = np.random.default_rng(5)
    for _ in range(4):
        plan = Plan(size)
        image = np.zeros((size[1], size[0], 3), np.uint8)
        for _ in range(2):
            points = (BODY * 0.8 + rng.normal(0, 40, (17, 2))).astype(np.float32)
            scores = rng.uniform(0.15, 1, 17).astype(np.float32)
            draw(image, COCO17, points, scores, 0.3)
            plan.person(points, scores, 0.3, half_width)
        assert (image == plan.image)[plan.sure].all()
        drawn = plan.image.any(axis=2) & plan.sure
        assert drawn.sum() > 0.5 * image.any(axis=2).sum()


def test_joints_stay_small_where_xinsirs_limbs_are_thick() -> None:
    image = drawing(BODY, draw=draw_xinsir, size=(1280, 720))
    wrist = image[230:251, 430:451]

    assert (wrist == P[7]).all(axis=2).sum() == (drawing(BODY) == P[7]).all(axis=2).sum()


@pytest.mark.parametrize(
    ("size", "half_width"),
    [((499, 300), 4), ((500, 300), 8), ((300, 1999), 12), ((4000, 300), 24), ((6000, 300), 28)],
)
def test_xinsirs_limbs_follow_the_longer_side(size: tuple[int, int], half_width: int) -> None:
    points = np.full((17, 2), np.nan, np.float32)
    points[11], points[13] = (20, 150), (220, 150)  # a thigh that lies
    image = drawing(points, draw=draw_xinsir, size=size)

    assert (image[:, 120] == (0, 102, 153)).all(axis=1).sum() == 2 * half_width + 1


# -- what is left out ------------------------------------------------------------------------------


def test_the_neck_needs_both_shoulders() -> None:
    scores = SURE.copy()
    scores[6] = 0.29
    image = drawing(BODY, scores)

    assert at(image, *neck_or(NECK)) == (0, 0, 0)
    assert at(image, *middle(NECK, 0)) == (0, 0, 0)
    assert at(image, *BODY[5]) == P[5]


def test_a_keypoint_at_the_threshold_counts_and_an_unknown_one_never() -> None:
    points, scores = BODY.copy(), np.full(17, 0.5, np.float32)
    points[9], scores[9] = np.nan, 0

    assert at(drawing(points, scores, threshold=0.5), *BODY[7]) == P[6]
    assert not drawing(points, scores, threshold=0.51).any()
    everything = drawing(points, scores, threshold=0)
    assert not everything[0:10, 0:10].any()
    assert at(everything, *BODY[7]) == P[6]


def test_points_may_lie_far_outside() -> None:
    points = BODY.copy()
    points[9], points[10] = (1e6, -1e6), (1e9, 0)
    image = drawing(points)

    assert at(image, *BODY[7]) == P[6]
    assert (image[150] == np.array([0, 153, 0])).all(axis=1).any()  # the left lower arm, on its way
    assert not (image == np.array([153, 153, 0])).all(axis=2).any()  # the right one: a mistake


# -- hands and face --------------------------------------------------------------------------------


def whole_body() -> tuple[Float32, Float32]:
    """Return the keypoints of `BODY` with hands and a face away from it, well apart."""
    points = np.full((133, 2), np.nan, np.float32)
    points[:17] = BODY
    points[17:23] = [[370, 450], [390, 440], [350, 440], [270, 450], [250, 440], [290, 440]]
    for first, x in ((91, 480), (112, 20)):
        points[first] = (x + 60, 300)
        for finger in range(5):
            for joint in range(4):
                points[first + 1 + 4 * finger + joint] = (x + 30 * finger, 270 - 22 * joint)
    points[23:91] = [[20 + 12 * (i % 17), 20 + 12 * (i // 17)] for i in range(68)]
    return points, np.ones(133, np.float32)


@pytest.mark.parametrize("first", [91, 112])
def test_hands_have_coloured_fingers_and_blue_knuckles(first: int) -> None:
    points, scores = whole_body()
    image = drawing(points, scores, skeleton=WHOLEBODY133)

    for finger in range(5):
        for joint in range(4):
            k = first + 1 + 4 * finger + joint
            before = first if joint == 0 else k - 1
            x, y = (points[k] + points[before]) / 2
            colour = np.array(colorsys.hsv_to_rgb((4 * finger + joint) / 20, 1, 1)) * 255
            assert np.abs(np.array(at(image, x, y)) - colour).max() <= 0.5
            assert at(image, *points[k]) == (0, 0, 255)
            assert at(image, points[k][0] + 4, points[k][1]) == (0, 0, 255)
            assert at(image, points[k][0] + 5, points[k][1]) != (0, 0, 255)


def test_the_face_is_white_dots() -> None:
    points, scores = whole_body()
    scores[30] = 0.2
    image = drawing(points, scores, skeleton=WHOLEBODY133)

    for k in range(23, 91):
        x, y = points[k]
        if k == 30:
            assert at(image, x, y) == (0, 0, 0)
        else:
            assert at(image, x, y) == at(image, x + 3, y) == at(image, x, y - 3) == (255, 255, 255)
            assert at(image, x + 4, y) == (0, 0, 0)


def test_hands_and_face_at_the_very_edge_are_left_out_as_the_tools_do() -> None:
    points, scores = whole_body()
    points[23], points[95] = (0.9, 100), (480, 0.5)
    image = drawing(points, scores, skeleton=WHOLEBODY133)

    assert not image[90:110, :6].any()
    assert not image[:6, 470:490].any()


# -- Wan-Animate -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "half_width"), [((640, 480), 1), ((1280, 720), 2)])
def test_wans_limbs_grow_with_the_picture(size: tuple[int, int], half_width: int) -> None:
    image = drawing(BODY, draw=draw_wan, size=size)
    x, y = (int(n) for n in middle(13, 15))

    column = (image[y, x - 10 : x + 10] == [0, 51, 153]).all(axis=1)
    assert column.sum() == 2 * half_width + 1


@pytest.mark.parametrize(("size", "width"), [((1280, 720), 1), ((1920, 1080), 2)])
def test_wans_fingers_and_knuckles_are_half_as_thick(size: tuple[int, int], width: int) -> None:
    points, scores = whole_body()
    image = drawing(points, scores, draw_wan, WHOLEBODY133, size)
    x, y = (int(n) for n in points[96])  # the root of the forefinger
    knuckle = (image[y, x - 10 : x + 11] == (0, 0, 255)).all(axis=1)
    colour = np.array(colorsys.hsv_to_rgb(5 / 20, 1, 1)) * 255
    finger = np.abs(image[y - 11, x - 10 : x + 11] - colour).max(axis=1) <= 0.5

    assert knuckle.sum() == 2 * width + 1
    assert finger.sum() == {1: 1, 2: 3}[width]  # OpenCV's lines have odd widths


def test_wan_draws_toes_and_hands_but_no_face() -> None:
    points, scores = whole_body()
    image = drawing(points, scores, draw_wan, WHOLEBODY133, threshold=0.5)
    left, right = points[[17, 18]].mean(axis=0), points[[20, 21]].mean(axis=0)

    assert at(image, *left) == (200, 200, 0)
    assert at(image, *right) == (100, 100, 0)
    assert at(image, *((left + points[15]) / 2)) == (153, 0, 51)
    assert at(image, *((right + points[16]) / 2)) == (120, 120, 0)
    assert at(image, *points[95]) == (0, 0, 255)
    assert not image[:80, :230].any()


def test_wans_neck_and_toes_have_the_mean_of_two_confidences() -> None:
    points, scores = whole_body()
    scores[[17, 18]], scores[[20, 21]], scores[[5, 6]] = (0.4, 0.5), (0.2, 0.9), (0.9, 0.2)
    image = drawing(points, scores, draw_wan, WHOLEBODY133, threshold=0.5)

    assert at(image, *points[[17, 18]].mean(axis=0)) == (0, 0, 0)
    assert at(image, *points[[20, 21]].mean(axis=0)) == (100, 100, 0)
    assert at(image, *neck_or(NECK)) == P[1]
    assert at(image, *points[6]) == (0, 0, 0)


def test_wan_draws_no_middle_of_which_one_end_is_unknown() -> None:
    points, scores = whole_body()
    points[18], scores[18] = np.nan, 0
    image = drawing(points, scores, draw_wan, WHOLEBODY133, threshold=0.5)

    assert not (image == (200, 200, 0)).all(axis=2).any()
    assert at(image, *points[[20, 21]].mean(axis=0)) == (100, 100, 0)


# -- letterbox -------------------------------------------------------------------------------------


def test_points_on_a_scaled_picture_stay_on_their_pixels() -> None:
    box = Letterbox((640, 480), (1280, 960))
    corners = np.array([[0, 0], [639, 479]], np.float32)

    assert box.inner == (1280, 960)
    assert box.points(corners).tolist() == [[0.5, 0.5], [1278.5, 958.5]]


def test_bars_are_equal_at_two_sides() -> None:
    wide, tall = Letterbox((640, 480), (832, 480)), Letterbox((640, 480), (480, 832))

    assert (wide.inner, wide.origin) == ((640, 480), (96, 0))
    assert (tall.inner, tall.origin) == ((480, 360), (0, 236))
    assert wide.points(BODY[:1]).tolist() == [[416, 60]]
    point = tall.points(BODY[:1])[0]
    assert point == pytest.approx([320.5 * 0.75 - 0.5, 60.5 * 0.75 - 0.5 + 236])


def test_a_picture_that_does_not_fit_evenly_covers_whole_pixels() -> None:
    box = Letterbox((340, 256), (832, 480))

    assert (box.inner, box.origin) == ((637, 480), (97, 0))  # of 637.5, and bars of 97 and 98
    assert box.points(np.array([[339.5, 255.5]], np.float32)).tolist() == [[97 + 636.5, 479.5]]


def test_the_same_size_changes_no_bit_and_unknown_stays_unknown() -> None:
    points = np.array([[1 / 3, np.nan], [-7.1, 1e6]], np.float32)

    same = Letterbox((640, 480), (640, 480)).points(points)
    assert np.array_equal(same, points, equal_nan=True)
    assert np.isnan(Letterbox((640, 480), (320, 240)).points(points)[0, 1])
