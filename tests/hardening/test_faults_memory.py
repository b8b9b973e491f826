"""Memory runs out: less is looked at at a time, or the run ends with a sentence and can go on."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints_made import made_folder
from command import called, refused
from light_runs import BlockFinder, Scene, exported, frames_in, track
from torch import Tensor

from sdpose_track.checkpoints import find
from sdpose_track.detect.openvino_runtime import OpenVinoRuntime
from sdpose_track.detect.torch_runtime import TorchRuntime
from sdpose_track.errors import DeviceError
from sdpose_track.pose.building import build
from sdpose_track.pose.estimator import Estimate, Subject
from sdpose_track.pose.sdpose import Look, SdposeEstimator
from sdpose_track.records import Frame
from sdpose_track.settings import ModelSettings

ERRORS = {
    "GPU": torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 2.00 GiB."),
    "CPU": RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
    "numpy": MemoryError(),
}
NAMES = ["GPU", *(pytest.param(name, marks=pytest.mark.hardening) for name in ("CPU", "numpy"))]
Tried = Callable[[str, int], None]
KIND = "memory that runs out, on the device and on the machine"


class Cramped:
    """A real runner in the memory of a device that holds `room` people."""

    def __init__(self, runner: Any, room: int, error: BaseException, batch: int = 4) -> None:
        self.device, self.described, self.batch = runner.device, runner.described, batch
        self.sizes: list[int] = []
        self._runner, self._room, self._error = runner, room, error

    def __call__(self, pictures: Tensor, noise: Tensor | None = None) -> Tensor:
        self.sizes.append(len(pictures))
        if len(pictures) > self._room:
            raise self._error
        heatmaps: Tensor = self._runner(pictures, noise)
        return heatmaps

    def shrink(self) -> bool:
        if self.batch == 1:
            return False
        self.batch //= 2
        return True

    def close(self) -> None:
        self._runner.close()


def people(count: int) -> list[Subject]:
    rng = np.random.default_rng(2)
    image = rng.integers(0, 255, (96, 128, 3), dtype=np.uint8)
    image.flags.writeable = False
    shot = Frame(0, 0, Fraction(0), image)
    boxes = [np.array([4 * i, 5, 4 * i + 40, 85], np.float32) for i in range(count)]
    return [Subject(shot, box) for box in boxes]


@pytest.fixture(scope="module")
def sdpose(tmp_path_factory: pytest.TempPathFactory) -> SdposeEstimator:
    """A real network, small and of random numbers."""
    folder = made_folder(tmp_path_factory.mktemp("tiny") / "tiny")
    settings = ModelSettings(pose=str(folder), precision="fp32", input="384x512")
    made = build(find(str(folder), "pose"), settings, "cpu", pictures=1).estimator
    assert isinstance(made, SdposeEstimator)
    return SdposeEstimator(made._runner, made.skeleton, Look(size=(192, 256)))


def looked(sdpose: SdposeEstimator, count: int) -> list[Estimate]:
    return sdpose.submit(people(count)).result()


@pytest.mark.parametrize("name", NAMES)
def test_fewer_people_are_looked_at_in_a_pass_until_they_fit(
    name: str, sdpose: SdposeEstimator, monkeypatch: pytest.MonkeyPatch, tried: Tried
) -> None:
    wanted = looked(sdpose, 3)
    cramped = Cramped(sdpose._runner, 1, ERRORS[name])
    monkeypatch.setattr(sdpose, "_runner", cramped)
    found = looked(sdpose, 3)
    assert cramped.sizes == [3, 2, 1, 1, 1]
    for one, other in zip(wanted, found, strict=True):
        np.testing.assert_array_equal(one.keypoints, other.keypoints)
    tried(KIND, 1)


@pytest.mark.parametrize("name", NAMES)
def test_where_not_even_one_person_fits_it_is_told(
    name: str, sdpose: SdposeEstimator, monkeypatch: pytest.MonkeyPatch, tried: Tried
) -> None:
    monkeypatch.setattr(sdpose, "_runner", Cramped(sdpose._runner, 0, ERRORS[name]))
    with pytest.raises(DeviceError, match="the memory of cpu does not hold 1 of the people"):
        looked(sdpose, 2)
    tried(KIND, 1)


def test_another_mistake_of_the_network_is_no_lack_of_memory(
    sdpose: SdposeEstimator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sdpose, "_runner", Cramped(sdpose._runner, 0, RuntimeError("bad shape")))
    with pytest.raises(RuntimeError, match="bad shape"):
        looked(sdpose, 1)


@pytest.mark.hardening
@pytest.mark.parametrize("name", ERRORS)
def test_people_are_found_in_fewer_pictures_at_a_time_until_they_fit(
    name: str, monkeypatch: pytest.MonkeyPatch, tried: Tried
) -> None:
    threads = torch.get_num_threads()
    runtime = TorchRuntime(find("yolo11n-pose", "detector"))
    pictures = [np.full((64, 64, 3), 30 * i, np.uint8) for i in range(5)]
    wanted = [row for one in pictures for row in runtime.start([one])()]
    whole, sizes = runtime._network, []

    def cramped(given: Tensor) -> Tensor:
        sizes.append(len(given))
        if len(given) > 2:
            raise ERRORS[name]
        out: Tensor = whole(given)
        return out

    monkeypatch.setattr(runtime, "_network", cramped)
    monkeypatch.setattr(runtime, "_rows", 8)
    found = runtime.start(pictures)()
    assert sizes == [8, 4, 2, 2, 2]
    for one, other in zip(wanted, found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)

    def never(_given: Tensor) -> Tensor:
        raise ERRORS[name]

    monkeypatch.setattr(runtime, "_network", never)
    with pytest.raises(DeviceError, match="does not hold what finds people"):
        runtime.start(pictures)
    torch.set_num_threads(threads)
    tried(KIND, 2)


class Bursting:
    """A request to OpenVINO that fails as it does: with many lines."""

    def start_async(self, _given: object) -> None: ...

    def wait(self) -> None:
        raise RuntimeError("Exception from src/infer.cpp:1:\nCheck failed:\nbad allocation\n\n")


def test_what_openvino_cannot_hold_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tried: Tried
) -> None:
    runtime = OpenVinoRuntime.__new__(OpenVinoRuntime)  # its network is not asked for
    monkeypatch.setattr(runtime, "_requests", lambda _shape: repeat(Bursting()))
    with pytest.raises(DeviceError, match=r"OpenVINO failed to find people \(bad allocation\)"):
        runtime.start([np.zeros((32, 32, 3), np.uint8)])()
    tried(KIND, 1)


@pytest.mark.parametrize("name", ["GPU", "numpy"])
def test_a_run_whose_memory_runs_out_is_kept_and_goes_on(
    name: str, scene: Scene, tried: Tried
) -> None:
    submit, seen = BlockFinder.submit, [0]

    def bursting(self: BlockFinder, frames: Any) -> Any:
        seen[0] += 1
        if seen[0] > 20:  # the first are those by which the detector's size is chosen
            raise DeviceError("full") if name == "GPU" else MemoryError
        return submit(self, frames)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BlockFinder, "submit", bursting)
        refused(track(scene.clip, scene.folder), 4)
    assert frames_in(scene.folder / "block.sdpose") > 0
    assert track(scene.clip, scene.folder, "--resume").returncode == 0
    assert exported(scene.folder) == scene.exports
    tried(KIND, 1)


def test_a_command_without_memory_ends_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tried: Tried
) -> None:
    def full(*_given: object) -> int:
        raise MemoryError

    monkeypatch.setattr("sdpose_track.cli.info.run", full)
    assert "memory" in refused(called("info", tmp_path / "clip.mp4"), 4)
    tried(KIND, 1)
