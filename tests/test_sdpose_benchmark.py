"""The benchmark of SDPose: that its peer is SDPose, that it counts right, and that it runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmarks are scripts: they find each other beside themselves."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.mark.parametrize("checkpoint", ["body", "wholebody"])
def test_peer_and_ours_give_the_same_heatmaps(checkpoint: str) -> None:
    from sdpose_reference import Reference

    reference = Reference("tiny", checkpoint).filled()
    pictures = torch.rand(2, 3, 128, 192, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        theirs = reference(pictures, sample=False)
    ours = reference.folded()
    with torch.inference_mode():
        apart = (ours(pictures) - theirs).abs().max() / theirs.abs().max()
    assert apart < 1e-5


def test_the_peer_draws_its_latents_anew_each_time() -> None:
    from sdpose_reference import Reference

    reference, picture = Reference("tiny", "body").filled(), torch.zeros(1, 3, 64, 64)
    with torch.inference_mode():
        assert not torch.equal(reference.latent(picture), reference.latent(picture))


@pytest.mark.parametrize(
    ("checkpoint", "theirs", "ours"), [("body", 6733, 6656), ("wholebody", 6891, 5855)]
)
def test_operations_are_counted_at_the_true_size(checkpoint: str, theirs: int, ours: int) -> None:
    from sdpose_reference import our_flops, reference_flops

    size = ("full", checkpoint, (768, 1024))
    counted = reference_flops(*size)
    del counted["text encoder"]
    assert sum(counted.values()) == pytest.approx(theirs * 1e9, rel=1e-4)
    assert sum(our_flops(*size).values()) == pytest.approx(ours * 1e9, rel=1e-4)


def test_the_benchmark_runs_on_a_cpu_and_writes_its_report(tmp_path: Path) -> None:
    from sdpose_gpu import main

    report = tmp_path / "report.md"
    command = "--device cpu --width tiny --input 64x64 --batches 2 --precisions bf16 --runs 1"
    main([*command.split(), "--out", str(report)])
    text = report.read_text(encoding="utf-8")
    measured = re.findall(
        r"^\| (reference|ours), (bf16|fp32) \| (\d+) \| ([\d.e+]+) \|", text, re.M
    )
    assert [row[:3] for row in measured] == [
        ("reference", "bf16", "1"),
        ("reference", "bf16", "2"),
        ("ours", "bf16", "2"),
    ]
    assert all(float(row[3]) > 0 for row in measured)
    assert re.search(r"bf16: ours at batch 2 is [\d.]+× the reference at batch 1", text)
    assert re.search(r"\| bf16 \|( [\d.e+-]+ \|){4}", text), "the stages are missing"


def test_the_benchmark_says_in_one_sentence_that_a_device_is_absent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from sdpose_gpu import main

    with pytest.raises(SystemExit) as ended:
        main(["--device", "cuda:99"])
    assert ended.value.code == 2
    assert "--device cuda:99: " in capsys.readouterr().err
