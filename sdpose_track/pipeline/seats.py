"""Chooses who does what in a run: detector, pose estimator, device.

The only place that knows which class serves which kind of checkpoint; `ESTIMATORS` is the table to
add a row to. Networks are imported inside functions, so that `--help` and exports never load one.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from sdpose_track.cache import sha256_of
from sdpose_track.checkpoints import Weights, find, locate
from sdpose_track.detect.detector import Detector, SizedDetector
from sdpose_track.detect.given_boxes import GivenBoxes
from sdpose_track.detect.yolo import YoloDetector, YoloSettings
from sdpose_track.errors import CheckpointError, SettingsError
from sdpose_track.pipeline.probing import open_fitting
from sdpose_track.pose.estimator import Estimator, Posing
from sdpose_track.pose.light import CutOutEstimator, SeenEstimator
from sdpose_track.records import Frame
from sdpose_track.session.schema import ModelRecord
from sdpose_track.settings import DETECTOR_SIZES, ModelSettings
from sdpose_track.skeletons import COCO17, SKELETONS, Skeleton

LIGHT = "yolo11n-pose"
"""The detector and pose model that is always there."""
LONG_S = 1.0
"""Seconds a person from which the user is warned."""
BEST = ("sdpose-body",)
"""What `auto` prefers on a GPU, if its weights are there."""


@dataclass(frozen=True, slots=True)
class Seats:
    """Who does what in a run. Detector and network are loaded already."""

    detector: Detector
    estimator: Estimator
    detector_record: ModelRecord
    pose_record: ModelRecord
    described: str
    """Device and precision of the pose model, for the user and for the session."""
    notes: tuple[str, ...] = ()
    """What was chosen for the user, in sentences."""
    seconds_a_person: float | None = None
    """About how long the pose of one person in one frame takes, where that was estimated."""
    detector_described: str | None = None
    """Device and precision of the detector; None where boxes come from a file."""
    detector_size: int | None = None
    """Longer side of the detector's input in pixels; None where boxes come from a file."""
    detector_at: Callable[[int], SizedDetector] | None = None
    """Returns the same detector, open, at another size; None where boxes come from a file."""
    device: str = "cpu"
    """`cpu` or `cuda[:N]`."""

    def close(self) -> None:
        """Give the devices' memory back, where no run does."""
        self.estimator.close()
        self.detector.close()

    def warnings(self, pictures: int | None) -> tuple[str, ...]:
        """Return what to tell the user before so many `pictures` are looked at; None unknown."""
        each = self.seconds_a_person
        if each is None or each < LONG_S:
            return ()
        whole = ""
        if pictures is not None and pictures > 1:
            whole = f", {_spoken(each * pictures)} for one person in all {pictures}"
        return (
            f"SDPose takes about {each:.0f} s for each person in each picture on this CPU{whole};"
            f" a smaller --input is faster, --pose {LIGHT} takes a few hundredths of a second",
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """What an estimator is built from."""

    pose: Weights
    settings: ModelSettings
    device: str
    detector: YoloDetector | None
    """The detector where it is a YOLO network; None where boxes come from a file."""
    shares_detector: bool
    """The detector is the pose model too."""
    pictures: int | None
    """How many will be looked at, which decides how much preparing pays; None for many."""


def take(
    settings: ModelSettings,
    picture: tuple[int, int],
    names: Mapping[int, str] | None = None,
    *,
    pictures: int | None = None,
    sample: Callable[[], Sequence[Frame]] | None = None,
) -> Seats:
    """Return the seats for `settings`, with every network loaded.

    `picture` is the (height, width) of the frames; `names` gives the file name of each frame index
    of a folder of pictures; `pictures` says how many will be looked at, None many; `sample` gives
    the frames by which the detector's size is chosen where the settings leave it open. Raises
    SettingsError, CheckpointError or DeviceError where something cannot be had.
    """
    device = _device(settings.device)
    pose, notes = _pose_weights(settings, device)
    yolo, open_at = None, None
    detector: Detector
    if settings.boxes is None:
        finder = _finder(settings, pose)
        open_at = _opener(finder, device, settings, picture)
        detector = yolo = _opened(open_at, settings, sample)
        record = ModelRecord(finder.name, finder.sha256)
        notes += _size_notes(settings, yolo.size)
    else:
        detector = GivenBoxes(settings.boxes, names)
        detector.open()
        record = ModelRecord(settings.boxes.name, sha256_of(settings.boxes))
    shares = yolo is not None and record.sha256 == pose.sha256
    try:
        posing = ESTIMATORS[pose.architecture](Wish(pose, settings, device, yolo, shares, pictures))
    except BaseException:
        detector.close()
        raise
    return Seats(
        detector,
        posing.estimator,
        record,
        ModelRecord(pose.name, pose.sha256),
        posing.described,
        notes,
        posing.seconds_a_person,
        None if yolo is None else yolo.runtime.described,
        None if yolo is None else yolo.size,
        open_at,
        device,
    )


def _opener(
    weights: Weights, device: str, settings: ModelSettings, picture: tuple[int, int]
) -> Callable[[int], YoloDetector]:
    def open_at(size: int) -> YoloDetector:
        detector = _yolo(weights, device, settings, size, picture)
        detector.open()
        return detector

    return open_at


def _opened(
    open_at: Callable[[int], YoloDetector],
    settings: ModelSettings,
    sample: Callable[[], Sequence[Frame]] | None,
) -> YoloDetector:
    """Return the detector, open, at the size that is wished for or suits the frames of `sample`."""
    if settings.detector_pixels is not None:
        return open_at(settings.detector_pixels)
    if sample is None:
        return open_at(DETECTOR_SIZES[0])
    return open_fitting(open_at, sample(), settings.confidence)


def _size_notes(settings: ModelSettings, size: int) -> tuple[str, ...]:
    if settings.detector_pixels is not None or size == DETECTOR_SIZES[0]:
        return ()
    return (f"people are small here: the detector looks at {size} px (--detector-size)",)


def _finder(settings: ModelSettings, pose: Weights) -> Weights:
    """Return what finds people: the pose model itself if it can."""
    if settings.detector != "auto":
        return find(settings.detector, "detector", settings.trusts)
    return find(LIGHT, "detector") if pose.architecture == "sdpose" else pose


def _pose_weights(settings: ModelSettings, device: str) -> tuple[Weights, tuple[str, ...]]:
    """Return the pose model: for `auto` SDPose where it is there and runs fast."""
    if settings.pose != "auto":
        return find(settings.pose, "pose", settings.trusts), ()
    if device == "cpu":
        return find(LIGHT, "pose"), (f"pose model: {LIGHT} (SDPose wants an NVIDIA GPU)",)
    for name in BEST:
        if locate(name) is not None:
            return find(name, "pose"), (f"pose model: {name}",)
    why = f"SDPose's weights are not here: models fetch {BEST[0]}"
    return find(LIGHT, "pose"), (f"pose model: {LIGHT} ({why})",)


def _light(wish: Wish) -> Posing:
    idle = wish.settings.for_sdpose()
    if idle:
        them = "it" if len(idle) == 1 else "them"
        raise SettingsError(
            f"{', '.join(idle)}: only SDPose heeds {them}, and {wish.pose.name} is not; leave"
            f" {them} out"
        )
    if wish.shares_detector and wish.detector is not None:
        skeleton = _skeleton(wish, wish.detector)
        return Posing(SeenEstimator(skeleton), wish.detector.runtime.described)
    network = _yolo(wish.pose, wish.device, wish.settings)
    network.open()
    skeleton = _skeleton(wish, network)
    return Posing(CutOutEstimator(network, skeleton), network.runtime.described)


def _sdpose(wish: Wish) -> Posing:
    from sdpose_track.pose.building import build

    return build(wish.pose, wish.settings, wish.device, pictures=wish.pictures)


ESTIMATORS: dict[str, Callable[[Wish], Posing]] = {"ultralytics": _light, "sdpose": _sdpose}
"""How the estimator of each architecture in the manifest is built."""


def _skeleton(wish: Wish, network: YoloDetector) -> Skeleton:
    named = wish.pose.skeleton
    skeleton = COCO17 if named is None else SKELETONS[named]
    found = network.runtime.facts.keypoints
    if found != len(skeleton):
        what = f"{found} keypoints a person" if found else "boxes, no keypoints"
        raise CheckpointError(
            f"--pose {wish.settings.pose}: it gives {what}, {len(skeleton)} are needed; use {LIGHT}"
        )
    return skeleton


def _yolo(
    weights: Weights,
    device: str,
    settings: ModelSettings,
    size: int = DETECTOR_SIZES[0],
    picture: tuple[int, int] | None = None,
) -> YoloDetector:
    def load() -> Any:
        if device == "cpu" and find_spec("openvino") is not None:
            from sdpose_track.detect.openvino_runtime import OpenVinoRuntime

            return OpenVinoRuntime(weights, settings.precision)
        from sdpose_track.detect.torch_runtime import TorchRuntime

        return TorchRuntime(weights, device, settings.precision, settings.batch)

    look = YoloSettings(size=size, confidence=settings.floor)
    return YoloDetector(load, look, picture=picture)


def _spoken(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes / 60:.1f} hours" if minutes >= 90 else f"{max(1, round(minutes))} min"


def _device(wish: str) -> str:
    if wish != "auto":
        return wish
    return "cuda" if has_cuda() else "cpu"


def has_cuda() -> bool:
    """Tell whether the NVIDIA driver reports a GPU, without the seconds importing torch takes."""
    return bool(gpu_names())


def gpu_names() -> tuple[str, ...]:
    """Return what the NVIDIA driver calls its GPUs, `cuda:0` first; empty without any."""
    library = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        return ()
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return ()
    return tuple(_gpu_name(driver, number) for number in range(count.value))


def _gpu_name(driver: ctypes.CDLL, number: int) -> str:
    device, name = ctypes.c_int(0), ctypes.create_string_buffer(128)
    if driver.cuDeviceGet(ctypes.byref(device), number) != 0:
        return ""
    known = driver.cuDeviceGetName(name, len(name), device) == 0
    return name.value.decode(errors="replace") if known else ""
