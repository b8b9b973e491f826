"""The detector on real photographs, against ultralytics' own answer for the same weights."""

from __future__ import annotations

import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from command import refused, sdpose

from sdpose_track.cache import sha256_of
from sdpose_track.checkpoints import Weights, find
from sdpose_track.cli.demo import photographs
from sdpose_track.detect.letterbox import Letterbox
from sdpose_track.detect.nms import iou_matrix, suppress
from sdpose_track.detect.openvino_runtime import OpenVinoRuntime
from sdpose_track.detect.torch_runtime import TorchRuntime
from sdpose_track.detect.ultralytics_door import contained, load_network
from sdpose_track.detect.yolo import YoloDetector
from sdpose_track.errors import CheckpointError, DeviceError
from sdpose_track.pipeline.stages import DetectStage
from sdpose_track.records import Detections, Float32, Frame, UInt8

Image = npt.NDArray[np.uint8]


def picture(path: Path) -> Image:
    image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def frame(image: UInt8, index: int = 0) -> Frame:
    return Frame(index, index, Fraction(index, 25), image)


@pytest.fixture(scope="module")
def weights() -> Weights:
    return find("yolo11n-pose", "detector")


@pytest.fixture(scope="module")
def images() -> list[Image]:
    return [picture(path) for path in photographs()]


@pytest.fixture(scope="module")
def peer(weights: Weights) -> Any:
    with contained():
        from ultralytics.models import YOLO

    return YOLO(str(weights.path))


def cut_off(keypoints: Float32, image: Image) -> Float32:
    """Keypoints as ultralytics gives them: moved to the border where they lie outside."""
    height, width = image.shape[:2]
    return np.clip(keypoints[..., :2], 0, np.array([width, height], np.float32))


def expected(peer: Any, image: Image) -> Detections:
    (found,) = peer.predict(image, conf=0.1, iou=0.7, verbose=False, device="cpu")
    return Detections(
        found.boxes.xyxy.numpy(), found.boxes.conf.numpy(), found.keypoints.data.numpy()
    )


@pytest.mark.parametrize("runtime", ["openvino", "torch"])
def test_fp32_gives_what_ultralytics_gives(
    runtime: str, weights: Weights, images: list[Image], peer: Any
) -> None:
    kinds = {"openvino": OpenVinoRuntime, "torch": TorchRuntime}
    detector = YoloDetector(lambda: kinds[runtime](weights, precision="fp32"))
    detector.open()
    for image in images:
        (ours,), theirs = detector.submit([frame(image)]).result(), expected(peer, image)
        assert len(theirs) >= 2
        np.testing.assert_allclose(ours.scores, theirs.scores, atol=2e-3)
        np.testing.assert_allclose(ours.boxes, theirs.boxes, atol=0.1)
        assert ours.keypoints is not None
        assert theirs.keypoints is not None
        inside = cut_off(ours.keypoints, image)
        np.testing.assert_allclose(inside, theirs.keypoints[..., :2], atol=0.1)
    detector.close()


def test_the_default_precision_finds_the_same_people_where_they_are(
    weights: Weights, images: list[Image], peer: Any
) -> None:
    offs: list[float] = []
    detector = YoloDetector(lambda: OpenVinoRuntime(weights))
    detector.open()
    for image in images:
        (ours,), theirs = detector.submit([frame(image)]).result(), expected(peer, image)
        overlap = iou_matrix(ours.boxes, theirs.boxes)
        assert (overlap.max(axis=0)[theirs.scores > 0.4] > 0.9).all()
        assert (overlap.max(axis=1)[ours.scores > 0.4] > 0.9).all()
        assert ours.keypoints is not None
        assert theirs.keypoints is not None
        for row in np.flatnonzero(theirs.scores > 0.4):
            inside = cut_off(ours.keypoints[overlap[:, row].argmax()], image)
            off = np.linalg.norm(inside - theirs.keypoints[row, :, :2], axis=1)
            offs.extend(off[theirs.keypoints[row, :, 2] > 0.5])
    assert len(offs) > 50
    assert np.median(offs) < 1  # of people who are half hidden some move far: see benchmarks/
    detector.close()


def test_frames_under_way_together_give_the_same_answers_as_alone(
    weights: Weights, images: list[Image]
) -> None:
    detector = YoloDetector(lambda: OpenVinoRuntime(weights))
    detector.open()
    stage = DetectStage(detector)
    frames = [frame(images[i // 2 % 2], i) for i in range(8)]
    together = [item for each in frames for item in stage.process([each])]
    together += stage.flush()
    assert [item.frame.index for item in together] == list(range(8))
    for item in together:
        (alone,) = detector.submit([item.frame]).result()
        np.testing.assert_array_equal(item.detections.boxes, alone.boxes)
        assert alone.keypoints is not None
        np.testing.assert_array_equal(item.detections.keypoints, alone.keypoints)
    stage.close()


def test_a_picture_without_people_gives_nobody(weights: Weights) -> None:
    detector = YoloDetector(lambda: OpenVinoRuntime(weights))
    detector.open()
    (found,) = detector.submit([frame(np.zeros((2, 2, 3), np.uint8))]).result()
    assert len(found) == 0
    assert found.keypoints is not None
    assert found.keypoints.shape == (0, 17, 3)
    detector.close()


def test_the_converted_network_is_kept_and_used_again(weights: Weights, own_cache: Path) -> None:
    OpenVinoRuntime(weights).close()
    (kept,) = (own_cache / "openvino").iterdir()
    before = (kept / "network.xml").stat().st_mtime_ns
    OpenVinoRuntime(weights).close()
    assert (kept / "network.xml").stat().st_mtime_ns == before


@pytest.mark.parametrize("damage", ["facts.json", "network.bin", "network.xml"])
def test_a_damaged_conversion_is_made_anew(weights: Weights, own_cache: Path, damage: str) -> None:
    OpenVinoRuntime(weights).close()
    (kept,) = (own_cache / "openvino").iterdir()
    (kept / damage).write_bytes(b"")
    OpenVinoRuntime(weights).close()
    assert (kept / damage).stat().st_size > 0


def test_a_cache_that_cannot_be_written_costs_no_run(
    weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SDPOSE_TRACK_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.delenv("YOLO_CONFIG_DIR", raising=False)
    assert OpenVinoRuntime(weights).facts.keypoints == 17


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04" + bytes(100)])
def test_a_file_that_is_no_checkpoint_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(content)
    mine = Weights("mine", path, sha256_of(path), known=False)
    with pytest.raises(CheckpointError, match=r"mine\.pt is no YOLO checkpoint"):
        TorchRuntime(mine)


@pytest.mark.parametrize("name", ["text.pt", "text"])
def test_a_text_is_told_before_anything_is_prepared(name: str, tmp_path: Path) -> None:
    shutil.copy(photographs()[0], tmp_path / "picture.jpg")
    (tmp_path / name).write_text("hello there")
    for option in ("--pose", "--detector"):
        done = sdpose("pose", "picture.jpg", option, f"./{name}", "--device", "cpu", cwd=tmp_path)
        told = refused(done, 4)
        assert f"{name} is no YOLO checkpoint: it is text and begins with 'hello there'" in told
        assert "preparing" not in done.stderr


@pytest.mark.parametrize("content", [b"hello there", b"\x80\x02", b"\x80\x02Kee."])
def test_what_pickle_says_of_a_damaged_file_is_not_repeated(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(content)
    with pytest.raises(
        CheckpointError, match=r"loaded \((it|what it holds) is [A-Za-z ,—]+\); give"
    ):
        load_network(Weights("mine", path, sha256_of(path), known=False))


def test_a_network_that_is_no_yolo_is_told(tmp_path: Path) -> None:
    import torch

    path = tmp_path / "mine.pt"
    torch.save({"model": torch.nn.Linear(2, 3)}, path)
    with pytest.raises(CheckpointError, match=r"\(what it holds is no YOLO network\)"):
        load_network(Weights("mine", path, sha256_of(path), known=False))


@pytest.mark.parametrize("name", ["yolov5s.pt", "somebody's.pt", " mine.pt", "yolov3.pt"])
def test_a_file_is_loaded_by_the_name_that_it_has(
    name: str, weights: Weights, tmp_path: Path
) -> None:
    """Ultralytics itself makes others of these names, and downloads what is not there by them."""
    path = tmp_path / name
    shutil.copy(weights.path, path)
    _, facts = load_network(Weights("mine", path, weights.sha256, known=False))
    assert facts.keypoints == 17
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_file_with_the_name_of_a_published_one_is_left_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ultralytics itself deletes it and downloads the published one."""
    monkeypatch.chdir(tmp_path)
    path = Path("yolo11n.pt")
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(CheckpointError, match=r"^yolo11n\.pt is no YOLO checkpoint"):
        load_network(Weights("mine", path, sha256_of(path), known=False))
    assert path.read_bytes() == b"PK\x03\x04" + bytes(100)


def test_a_pickle_that_runs_code_is_refused(tmp_path: Path) -> None:
    import pickle

    class Harm:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "harmed",))

    path = tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps({"model": Harm()}))
    with pytest.raises(CheckpointError):
        TorchRuntime(Weights("evil", path, sha256_of(path), known=False))
    assert not (tmp_path / "harmed").exists()


def test_ultralytics_leaves_other_libraries_as_they_were(weights: Weights) -> None:
    """In a process of its own, where ultralytics is imported for the first time."""
    code = (
        "import cv2, numpy, sys; from PIL import Image\n"
        "before = Image.open, cv2.getNumThreads(), numpy.get_printoptions()\n"
        "from sdpose_track.checkpoints import find\n"
        "from sdpose_track.detect.ultralytics_door import load_network\n"
        "load_network(find('yolo11n-pose', 'pose'))\n"
        "assert 'ultralytics' in sys.modules\n"
        "assert before == (Image.open, cv2.getNumThreads(), numpy.get_printoptions())\n"
        "import os, torch\n"
        "print(torch.get_num_threads(), os.environ.get('OMP_NUM_THREADS'))\n"
    )
    alone = "import os, torch; print(torch.get_num_threads(), os.environ.get('OMP_NUM_THREADS'))"
    with_it, without = (
        subprocess.run([sys.executable, "-c", c], check=True, capture_output=True, text=True)
        for c in (code, alone)
    )
    assert with_it.stdout == without.stdout


def test_a_missing_gpu_is_told(weights: Weights) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(DeviceError, match="--device cuda: torch finds no CUDA GPU"):
        TorchRuntime(weights, "cuda")


@pytest.mark.parametrize(
    ("height", "width"), [(720, 1280), (1080, 810), (64, 2560), (2, 2), (241, 321), (640, 640)]
)
def test_a_letterbox_fits_the_stride_and_maps_back(height: int, width: int) -> None:
    box = Letterbox.fit(height, width, 640, 32)
    assert box.height % 32 == box.width % 32 == 0
    assert max(box.inner_height, box.inner_width) == 640
    assert box.apply(np.zeros((height, width, 3), np.uint8)).shape == (box.height, box.width, 3)
    corners = np.array([[0, 0], [width, height]], np.float32)
    inside = corners * np.float32(box.gain) + np.array([box.left, box.top], np.float32)
    np.testing.assert_allclose(box.undo(inside), corners, atol=1e-3)


def test_suppression_keeps_the_surer_of_two_that_overlap() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]], np.float32)
    kept = suppress(boxes, np.array([0.5, 0.9, 0.7], np.float32), 0.7, 10)
    assert kept.tolist() == [1, 2]
    assert suppress(boxes, np.array([0.5, 0.9, 0.7], np.float32), 0.9, 2).tolist() == [1, 2]
    assert suppress(boxes[:0], np.empty(0, np.float32), 0.7, 10).tolist() == []
