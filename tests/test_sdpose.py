"""SDPose from picture to keypoints, against the reference and against itself."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from golden_files import arrays, golden
from torch import Tensor

from sdpose_track.checkpoints import find
from sdpose_track.errors import DeviceError, SettingsError
from sdpose_track.pose.building import build
from sdpose_track.pose.estimator import Estimate, Estimator, Subject
from sdpose_track.pose.running import precision_for
from sdpose_track.pose.sdpose import Look, SdposeEstimator
from sdpose_track.records import Frame
from sdpose_track.settings import ModelSettings
from sdpose_track.skeletons import COCO17

BOXES = {"box0": "plain", "box1": "over_left_top"}
RUNS = ("mode_noflip", "mode_flip", "sample_noflip", "sample_flip")
WHOLE = (0, 0, 768, 1024)
Made = Callable[..., Estimator]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny checkpoints in a folder of their own: the prompt's embedding is kept beside them."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for kind in ("body", "wholebody"):
        source = golden(f"ckpt/tiny_{kind}")
        shutil.copytree(source, folder / kind, copy_function=shutil.copyfile)
    return folder


@pytest.fixture
def made(checkpoints: Path) -> Made:
    def make(kind: str = "body", **wish: Any) -> Estimator:
        path = str(checkpoints / kind)
        settings = ModelSettings(**{"pose": path, "precision": "fp32", "input": "384x512", **wish})
        return build(find(path, "pose"), settings, "cpu", pictures=1).estimator

    return make


def frame(image: Any) -> Frame:
    image = np.asarray(image, np.uint8)
    image.flags.writeable = False
    return Frame(0, 0, Fraction(0), image)


def picture(name: str) -> Frame:
    return frame(cv2.imread(str(golden(name))))


def look(estimator: Estimator, shot: Frame, *boxes: Any) -> list[Estimate]:
    return estimator.submit([Subject(shot, np.array(b, np.float32)) for b in boxes]).result()


def run_of(kind: str, box: str, run: str) -> dict[str, Any]:
    every = arrays(f"e2e_{kind}.npz")
    prefix = f"{box}/{run}/"
    found = {k.removeprefix(prefix): v for k, v in every.items() if k.startswith(prefix)}
    if not found:
        pytest.skip(f"the reference made no {run} of {box}")
    return {**found, "bbox": every[f"{box}/bbox_xyxy"], "scale": every[f"{box}/scale"]}


def wish_of(run: str) -> dict[str, Any]:
    sample = "sample" in run
    return {
        "input": "768x1024",
        "flip_test": run.endswith("_flip"),
        "latent": "sample" if sample else "mode",
        "seed": 1011 if sample else 0,
    }


def stable(given: dict[str, Any]) -> Any:
    """Keypoints that may be compared, as golden/README.md defines them."""
    return (given["sensitivity_px"] < 0.05) & (given["argmax_gap"] > 1e-3)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("kind", ["body", "wholebody"])
def test_a_crop_gives_the_references_keypoints(made: Made, kind: str, box: str, run: str) -> None:
    given = run_of(kind, box, run)
    estimator = made(kind, crop="stretch", **wish_of(run))
    (found,) = look(estimator, picture(f"preproc/crop_{BOXES[box]}.png"), WHOLE)
    sure = stable(given)
    assert sure.sum() >= 16
    off = np.abs(found.keypoints - given["keypoints_input"][0])[sure]
    assert off.max() < 0.01
    np.testing.assert_allclose(found.scores, given["scores"][0], rtol=1e-4)


@pytest.mark.parametrize("box", BOXES)
def test_a_box_gives_the_references_keypoints(made: Made, box: str) -> None:
    given = run_of("body", box, "mode_noflip")
    (found,) = look(made(input="768x1024"), picture("image.png"), given["bbox"])
    off = np.abs(found.keypoints - given["keypoints_image"][0])[stable(given)]
    assert (off / given["scale"] * (768, 1024)).max() < 0.01


def test_people_of_several_frames_get_what_they_get_alone(made: Made) -> None:
    first, second = picture("image.png"), frame(np.full((90, 70, 3), 120))
    subjects = [
        Subject(shot, np.array(box, np.float32))
        for shot, box in [
            (first, (100, 50, 300, 400)),
            (second, (5, 5, 60, 80)),
            (first, (250, 100, 640, 480)),
        ]
    ]
    estimator = made(batch=8)
    together = estimator.submit(subjects).result()
    for subject, found in zip(subjects, together, strict=True):
        (alone,) = estimator.submit([subject]).result()
        np.testing.assert_array_equal(found.scores, alone.scores)
        np.testing.assert_array_equal(found.keypoints, alone.keypoints)


def test_the_same_person_gets_the_same_answer_again(made: Made) -> None:
    shot, box = picture("image.png"), (100, 50, 300, 400)
    for wish in ({}, {"latent": "sample", "seed": 7}, {"flip_test": True}):
        first, again = look(made(**wish), shot, box), look(made(**wish), shot, box)
        np.testing.assert_array_equal(first[0].keypoints, again[0].keypoints)
        np.testing.assert_array_equal(first[0].scores, again[0].scores)


def test_another_seed_is_another_sample(made: Made) -> None:
    shot, box = picture("image.png"), (100, 50, 300, 400)
    scores = [look(made(latent="sample", seed=s), shot, box)[0].scores for s in (1, 2)]
    assert np.abs(scores[0] - scores[1]).max() > 1e-3


@pytest.mark.parametrize("crop", ["udp", "stretch"])
@pytest.mark.parametrize(
    "box",
    [(-80, -60, 120, 200), (500, 300, 900, 700), (10, 200, 630, 230), (300, 200, 304, 203)],
    ids=["over the corner", "over the other corner", "wider than tall", "tiny"],
)
def test_boxes_of_every_kind_are_looked_at(made: Made, box: Any, crop: str) -> None:
    (found,) = look(made(crop=crop), picture("image.png"), box)
    assert np.isfinite(found.keypoints[found.scores > 0]).all()
    assert (found.scores > 0).any()


@pytest.mark.parametrize("crop", ["udp", "stretch"])
def test_a_box_that_shows_nothing_has_no_keypoints(made: Made, crop: str) -> None:
    boxes = [(-50, -50, -10, -10), (700, 10, 800, 90), (3, 3, 3, 9), (np.nan, 0, 5, 5)]
    sound = (100, 50, 300, 400)
    estimator = made(crop=crop)
    found = look(estimator, picture("image.png"), boxes[0], sound, *boxes[1:])
    (alone,) = look(estimator, picture("image.png"), sound)
    np.testing.assert_array_equal(found[1].keypoints, alone.keypoints)
    for nothing in (found[0], *found[2:]):
        assert np.isnan(nothing.keypoints).all()
        assert not nothing.scores.any()


def test_the_flip_test_of_a_mirrored_picture_is_the_mirrored_answer(made: Made) -> None:
    shot = picture("image.png").image[:480, :360]
    estimator = made(flip_test=True, crop="stretch")
    here, there = (
        look(estimator, frame(image), (0, 0, 360, 480))[0]
        for image in (shot.copy(), shot[:, ::-1].copy())
    )
    mirror = np.array(COCO17.mirror)
    np.testing.assert_allclose(there.scores[mirror], here.scores, rtol=1e-4)
    across = (360 * 768 / 767, 0) - there.keypoints[mirror] * (1, -1)
    sure = np.abs(across - here.keypoints).max(axis=1) < 2
    assert sure.sum() > 8


def test_the_wholebody_checkpoint_gives_133_keypoints(made: Made) -> None:
    estimator = made("wholebody")
    assert estimator.skeleton.name == "wholebody133"
    (found,) = look(estimator, picture("image.png"), (100, 50, 300, 400))
    assert found.keypoints.shape == (133, 2)


def test_bf16_is_near_fp32(made: Made) -> None:
    shot, box = picture("image.png"), (100, 50, 300, 400)
    exact, fast = (look(made(precision=p), shot, box)[0].scores for p in ("fp32", "bf16"))
    assert 0 < np.abs(exact - fast).max() < 0.2


def test_fp16_on_a_cpu_is_refused() -> None:
    with pytest.raises(SettingsError, match="--precision fp16 needs a CUDA device"):
        precision_for(torch.device("cpu"), "fp16", 10**9)


def test_a_toy_is_computed_in_fp32_where_nothing_else_is_wished() -> None:
    assert precision_for(torch.device("cpu"), "auto", 10**6) == "fp32"
    assert precision_for(torch.device("cpu"), "bf16", 10**6) == "bf16"


class Cramped:
    """A runner whose memory holds at most `room` pictures: what a GPU does when it is full."""

    def __init__(self, room: int, batch: int) -> None:
        self.device, self.described = torch.device("cpu"), "cramped"
        self.room, self.batch = room, batch
        self.sizes: list[int] = []
        self.held: list[weakref.ref[Tensor]] = []

    def __call__(self, pictures: Tensor, noise: Tensor | None = None) -> Tensor:
        if len(pictures) > self.room:
            held = pictures.clone()
            self.held.append(weakref.ref(held))
            raise torch.OutOfMemoryError("out of memory")
        self.sizes.append(len(pictures))
        grey = pictures.mean((1, 2, 3)).view(-1, 1, 1, 1)
        return torch.ones(len(pictures), 17, 64, 48) + grey

    def shrink(self) -> bool:
        assert all(gone() is None for gone in self.held), "the failed pass still holds memory"
        if self.batch == 1:
            return False
        self.batch //= 2
        return True

    def close(self) -> None: ...


def crowd(count: int) -> list[Subject]:
    shots = [frame(np.full((64, 48, 3), 20 * i)) for i in range(count)]
    return [Subject(shot, np.array([0, 0, 48, 64], np.float32)) for shot in shots]


def test_where_memory_runs_out_smaller_batches_give_the_same() -> None:
    plenty = SdposeEstimator(Cramped(8, 8), COCO17, Look(crop="stretch", size=(192, 256)))
    cramped = Cramped(4, 8)
    estimator = SdposeEstimator(cramped, COCO17, Look(crop="stretch", size=(192, 256)))
    wanted, found = (e.submit(crowd(7)).result() for e in (plenty, estimator))
    assert cramped.sizes == [4, 3]
    assert estimator.batch == 4
    for one, other in zip(wanted, found, strict=True):
        np.testing.assert_array_equal(one.scores, other.scores)


@pytest.mark.parametrize("batch", [8, 1])
def test_where_not_even_one_person_fits_the_run_ends_with_what_to_do(batch: int) -> None:
    estimator = SdposeEstimator(Cramped(0, batch), COCO17, Look(size=(192, 256)))
    with pytest.raises(DeviceError, match=r"does not hold .* smaller --input"):
        estimator.submit(crowd(batch))
