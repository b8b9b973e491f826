"""The GPU's runner against the CPU's, where there is a GPU."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from checkpoints_made import made_folder
from torch import Tensor

from sdpose_track.pose.building import load
from sdpose_track.pose.folding import FoldedNetwork
from sdpose_track.pose.gpu import GpuRunner
from sdpose_track.pose.running import CpuRunner

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
