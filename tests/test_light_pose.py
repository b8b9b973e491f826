"""The light pose model on real photographs: with its own boxes, and with boxes from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from test_detect import frame, picture

from sdpose_track.checkpoints import find
from sdpose_track.cli.demo import photographs
from sdpose_track.detect.openvino_runtime import OpenVinoRuntime
from sdpose_track.detect.yolo import YoloDetector
from sdpose_track.pose.estimator import Subject
from sdpose_track.pose.light import CutOutEstimator, SeenEstimator
from sdpose_track.records import Detections, Frame


@pytest.fixture
def network() -> Iterator[YoloDetector]:
    detector = YoloDetector(lambda: OpenVinoRuntime(find("yolo11n-pose", "pose")))
    detector.open()
    yield detector
    detector.close()


@pytest.fixture
def bus(network: YoloDetector) -> tuple[Frame, Detections]:
    image = frame(picture(photographs()[0]))
    (found,) = network.submit([image]).result()
    return image, found


def test_keypoints_that_came_with_the_box_are_taken_as_they_are(
    bus: tuple[Frame, Detections],
) -> None:
    image, found = bus
    assert found.keypoints is not None
    (estimate,) = (
        SeenEstimator().submit([Subject(image, found.boxes[0], found.keypoints[0])]).result()
    )
    np.testing.assert_array_equal(estimate.keypoints, found.keypoints[0, :, :2])
    np.testing.assert_array_equal(estimate.scores, found.keypoints[0, :, 2])


def test_a_box_without_keypoints_is_no_subject_for_it(bus: tuple[Frame, Detections]) -> None:
    image, found = bus
    with pytest.raises(ValueError, match="without keypoints"):
        SeenEstimator().submit([Subject(image, found.boxes[0])])


def test_a_given_box_gets_about_the_keypoints_of_the_whole_picture(
    network: YoloDetector, bus: tuple[Frame, Detections]
) -> None:
    image, found = bus
    assert found.keypoints is not None
    sure = found.scores > 0.8
    subjects = [Subject(image, box) for box in found.boxes[sure]]
    estimates = CutOutEstimator(network).submit(subjects).result()
    assert len(estimates) == 3
    for estimate, seen, box in zip(estimates, found.keypoints, found.boxes, strict=False):
        known = seen[:, 2] > 0.5
        off = np.linalg.norm(estimate.keypoints[known] - seen[known, :2], axis=1)
        assert np.median(off) < 0.03 * (box[3] - box[1])


@pytest.mark.parametrize(
    "box", [[0, 0, 20, 20], [-50, -50, -10, -10], [5000, 5000, 5100, 5100], [3, 3, 3, 3]]
)
def test_a_box_with_nobody_in_it_has_no_keypoints(
    network: YoloDetector, bus: tuple[Frame, Detections], box: list[float]
) -> None:
    subject = Subject(bus[0], np.array(box, np.float32))
    (estimate,) = CutOutEstimator(network).submit([subject]).result()
    assert np.isnan(estimate.keypoints).all()
    assert (estimate.scores == 0).all()
