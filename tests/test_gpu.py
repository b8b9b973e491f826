"""SDPose on a GPU against the CPU's runner and the reference's numbers, where there is a GPU."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints_made import golden_copy, made_folder
from command import sdpose, told
from test_sdpose import BOXES, RUNS, WHOLE, frame, look, picture, run_of, stable, wish_of
from torch import Tensor

from sdpose_track import Recording, Smoothing, View
from sdpose_track.checkpoints import find
from sdpose_track.pose.building import build, load
from sdpose_track.pose.estimator import Estimate, Estimator, Subject
from sdpose_track.pose.folding import FoldedNetwork
from sdpose_track.pose.gpu import GpuRunner
from sdpose_track.pose.running import CpuRunner
from sdpose_track.settings import ModelSettings

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
SIZE = (192, 256)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> FoldedNetwork:
    folder: Path = made_folder(tmp_path_factory.mktemp("made") / "body")
    with torch.no_grad():
        return FoldedNetwork(load(folder, "tests"))


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(4, 3, 256, 192, generator=generator) * 2 - 1


@pytest.fixture(scope="module")
def wanted(network: FoldedNetwork, pictures: Tensor) -> Tensor:
    return CpuRunner(copy.deepcopy(network), "fp32")(pictures)


@pytest.fixture
def runner(network: FoldedNetwork) -> Iterator[GpuRunner]:
    made = GpuRunner(copy.deepcopy(network), torch.device("cuda"), "fp32", SIZE, batch=4)
    yield made
    made.close()


def test_the_plain_pass_is_the_cpus(runner: GpuRunner, pictures: Tensor, wanted: Tensor) -> None:
    found = runner(pictures.cuda()).cpu()
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4)


def test_the_fast_pass_is_the_plain_one(
    runner: GpuRunner, pictures: Tensor, wanted: Tensor
) -> None:
    runner.make_fast()
    first = runner(pictures.cuda())
    again = runner(pictures.flip(0).cuda())
    torch.testing.assert_close(first.cpu(), wanted, rtol=0, atol=1e-4)
    torch.testing.assert_close(again.flip(0).cpu(), wanted, rtol=0, atol=1e-4)


def test_where_there_is_a_compiler_the_pass_is_compiled_and_recorded(
    runner: GpuRunner, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("triton")
    runner.make_fast()
    assert "compiled" in runner.described
    assert not [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


def test_a_part_filled_batch_gives_what_a_full_one_gives(
    runner: GpuRunner, pictures: Tensor
) -> None:
    runner.make_fast()
    given = pictures.cuda()
    assert torch.equal(runner(given[:1]), runner(given)[:1])


def test_another_thread_may_run_what_this_one_prepared(
    runner: GpuRunner, pictures: Tensor, wanted: Tensor
) -> None:
    runner.make_fast()
    found: list[Tensor] = []
    thread = threading.Thread(target=lambda: found.append(runner(pictures.cuda()).cpu()))
    thread.start()
    thread.join()
    torch.testing.assert_close(found[0], wanted, rtol=0, atol=1e-4)


def test_a_smaller_batch_goes_on_with_the_same_numbers(
    runner: GpuRunner, pictures: Tensor, wanted: Tensor
) -> None:
    runner.make_fast()
    assert runner.shrink()
    assert runner.batch == 2
    found = runner(pictures[:2].cuda()).cpu()
    torch.testing.assert_close(found, wanted[:2], rtol=0, atol=1e-4)


def test_bf16_is_near_fp32(network: FoldedNetwork, pictures: Tensor, wanted: Tensor) -> None:
    runner = GpuRunner(copy.deepcopy(network), torch.device("cuda"), "bf16", SIZE, batch=2)
    runner.make_fast()
    found = runner(pictures[:2].cuda()).cpu()
    assert (found - wanted[:2]).norm() < 0.1 * wanted[:2].norm()
    runner.close()


def test_where_memory_runs_out_half_a_batch_gives_the_same(network: FoldedNetwork) -> None:
    many = torch.rand(8, 3, 512, 384, generator=torch.Generator().manual_seed(1)).cuda() * 2 - 1
    runner = GpuRunner(copy.deepcopy(network), torch.device("cuda"), "fp32", (384, 512), batch=8)
    torch.cuda.reset_peak_memory_stats()
    wanted = runner(many)
    needed, whole = torch.cuda.max_memory_allocated(), torch.cuda.mem_get_info()[1]
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(0.8 * needed / whole)
    try:
        with pytest.raises(torch.OutOfMemoryError):
            runner(many)
        assert runner.shrink()
        found = torch.cat([runner(many[:4]), runner(many[4:])])
    finally:
        torch.cuda.set_per_process_memory_fraction(1)
    runner.close()
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4)


@pytest.fixture(scope="module")
def golden_bodies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny checkpoints `body` and `wholebody`."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for kind in ("body", "wholebody"):
        golden_copy(kind, folder)
    return folder


def estimator_of(path: Path, pictures: int | None = 1, **wish: Any) -> Estimator:
    settings = ModelSettings(**{"pose": str(path), "precision": "fp32", **wish})
    return build(find(str(path), "pose"), settings, "cuda", pictures=pictures).estimator


def crop_seen(estimator: Estimator, box: str = "box0") -> Estimate:
    """Look at the reference's own crop, in which nothing is resampled."""
    (found,) = look(estimator, picture(f"preproc/crop_{BOXES[box]}.png"), WHOLE)
    estimator.close()
    return found


def pixels_off(found: Estimate, given: dict[str, Any]) -> Any:
    """Return how far the stable keypoints are off, in pixels of the input."""
    return np.abs(found.keypoints - given["keypoints_input"][0])[stable(given)]


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("kind", ["body", "wholebody"])
def test_a_crop_gives_the_references_keypoints(golden_bodies: Path, kind: str, run: str) -> None:
    given = run_of(kind, "box0", run)
    found = crop_seen(estimator_of(golden_bodies / kind, crop="stretch", **wish_of(run)))
    assert pixels_off(found, given).max() < 0.01
    np.testing.assert_allclose(found.scores, given["scores"][0], rtol=1e-4)


@pytest.mark.parametrize("kind", ["body", "wholebody"])
def test_compiled_and_recorded_it_gives_the_same(golden_bodies: Path, kind: str) -> None:
    given = run_of(kind, "box0", "sample_flip")
    wish = {"crop": "stretch", "batch": 2, **wish_of("sample_flip")}
    found = crop_seen(estimator_of(golden_bodies / kind, None, **wish))
    assert pixels_off(found, given).max() < 0.01
    np.testing.assert_allclose(found.scores, given["scores"][0], rtol=1e-4)


@pytest.mark.parametrize("box", BOXES)
def test_a_box_gives_the_references_keypoints(golden_bodies: Path, box: str) -> None:
    given = run_of("body", box, "mode_noflip")
    estimator = estimator_of(golden_bodies / "body", input="768x1024")
    (found,) = look(estimator, picture("image.png"), given["bbox"])
    estimator.close()
    off = np.abs(found.keypoints - given["keypoints_image"][0])[stable(given)]
    assert (off / given["scale"] * (768, 1024)).max() < 0.01


@pytest.mark.parametrize(("precision", "pixels"), [("bf16", 1), ("fp16", 0.2)])
@pytest.mark.parametrize("kind", ["body", "wholebody"])
def test_in_half_precision_keypoints_stay_near(
    golden_bodies: Path, kind: str, precision: str, pixels: float
) -> None:
    given = run_of(kind, "box0", "mode_noflip")
    wish = {**wish_of("mode_noflip"), "crop": "stretch", "precision": precision}
    found = crop_seen(estimator_of(golden_bodies / kind, **wish))
    assert 0 < np.median(pixels_off(found, given)) < pixels


@pytest.mark.parametrize("pictures", [1, None], ids=["plain", "fast"])
def test_people_of_several_frames_get_what_they_get_alone(
    golden_bodies: Path, pictures: int | None
) -> None:
    wish = {"input": "384x512", "batch": 4, "precision": "bf16"}
    estimator = estimator_of(golden_bodies / "body", pictures, **wish)
    first, second = picture("image.png"), frame(np.full((90, 70, 3), 120))
    boxes = [(100, 50, 300, 400), (5, 5, 60, 80), (250, 100, 640, 480)] * 2
    subjects = [
        Subject(shot, np.array(box, np.float32))
        for shot, box in zip((first, second, first) * 2, boxes, strict=True)
    ]
    underway = [estimator.submit(subjects), estimator.submit(subjects[::-1])]
    together, backwards = (each.result() for each in underway)
    for subject, one, other in zip(subjects, together, backwards[::-1], strict=True):
        (alone,) = estimator.submit([subject]).result()
        for found in (one, other):
            np.testing.assert_array_equal(found.scores, alone.scores)
            np.testing.assert_array_equal(found.keypoints, alone.keypoints)
    estimator.close()


def test_a_video_is_tracked_twice_with_the_same_result(
    people_clip: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = made_folder(tmp_path_factory.mktemp("made") / "body")
    wish = ("--pose", folder, "--device", "cuda", "--input", "384x512", "--end", "0.4", "--json")
    scores = []
    for place in ("first", "second"):
        (tmp_path / place).mkdir()
        result = told(sdpose("track", people_clip, *wish, cwd=tmp_path / place))
        assert torch.cuda.get_device_name() in result["device"]
        with Recording.open(tmp_path / place / result["session"]) as recording:
            view = View(recording, Smoothing.OFF)
            scores.append([view.track(track.track_id).scores for track in recording.tracks()])
    assert scores[0]
    for one, other in zip(*scores, strict=True):
        assert (one > 0).any()
        np.testing.assert_array_equal(one, other)
