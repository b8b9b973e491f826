"""Runs YOLO on a CPU with OpenVINO: two to five times as fast as torch, with the same answers.

A checkpoint is converted once; the converted network is kept in the user's cache under the hash of
the checkpoint, so later runs import neither torch nor ultralytics. Several requests of one picture
each run beside one another, one core each: that costs less CPU time than many cores on one picture,
and a picture's answer does not depend on what else is in the batch.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from sdpose_track.cache import cache_folder, sha256_of
from sdpose_track.checkpoints import Weights
from sdpose_track.detect.restraint import restrained
from sdpose_track.detect.runtime import Answer, NetworkFacts, cpu_count
from sdpose_track.errors import CheckpointError, DeviceError, OutputError, SettingsError
from sdpose_track.locks import lock
from sdpose_track.records import Float32, UInt8
from sdpose_track.scratch import scratch_to_the_end

log = logging.getLogger(__name__)

FACTS = "facts.json"
OWN = "sha256"
"""Key in it: the sha256 of all else that it says, the sha256 of the files among it."""
CONVERTED = 3
"""Counts changes to how networks are converted; older conversions are made anew."""
WAITING = 2
"""Requests beyond those that run: a core has its next picture while an answer is being read."""
SHAPES = 8
"""Input sizes that stay compiled: a folder of pictures has several, taken in turn."""
_HINTS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}
_CAPABILITY = {"bf16": "BF16", "fp16": "FP16"}


class OpenVinoRuntime:
    """A YOLO network on the CPU."""

    batch = 1

    def __init__(self, weights: Weights, precision: str = "auto") -> None:
        """Load, converting first if need be.

        `precision` is `auto`, `fp32`, `bf16` or `fp16`; `auto` is bf16 where the CPU computes in
        it and fp32 elsewhere. Raises SettingsError if the CPU lacks what was asked for,
        CheckpointError if `weights` cannot be read.
        """
        self._core = _core()
        self.precision = _choose(precision, self._core)
        folder = _converted(weights)
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        self.facts = NetworkFacts(tuple(facts["classes"]), facts["keypoints"], facts["stride"])
        self._streams = cpu_count()
        self.in_flight = self._streams + WAITING
        self.described = f"CPU (OpenVINO, {self.precision})"
        self._model = folder / "network.xml"
        self._ready: dict[tuple[int, ...], Iterator[Any]] = {}

    def expect(self, height: int, width: int) -> None:
        """Compile the network for this input size."""
        with _told():
            self._requests((height, width, 3))

    def start(self, pictures: Sequence[UInt8]) -> Answer:
        """Start the network on one (h, w, 3) BGR picture."""
        (picture,) = pictures
        with _told():
            request = next(self._requests(picture.shape))
            request.start_async([picture[None]])

        def wait() -> list[Float32]:
            with _told():
                request.wait()
                return [np.array(request.get_output_tensor(0).data[0], dtype=np.float32)]

        return wait

    def close(self) -> None:
        """Give the memory back."""
        self._ready.clear()

    def _requests(self, shape: tuple[int, ...]) -> Iterator[Any]:
        """Return the requests for pictures of (h, w, 3) `shape`, in turn."""
        requests = self._ready.pop(shape, None)
        if requests is None:
            if len(self._ready) >= SHAPES:
                del self._ready[next(iter(self._ready))]  # requests under way keep themselves alive
            requests = cycle(self._compiled(shape))
        self._ready[shape] = requests
        return requests

    def _compiled(self, shape: tuple[int, ...]) -> list[Any]:
        """Compile for one shape, which is faster than any, and make its requests."""
        height, width, _ = shape
        model = self._core.read_model(self._model)
        model.reshape([1, 3, height, width])
        compiled = self._core.compile_model(
            _with_preparation(model),
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": _HINTS[self.precision],
                "NUM_STREAMS": self._streams,
                "INFERENCE_NUM_THREADS": self._streams,
            },
        )
        return [compiled.create_infer_request() for _ in range(self.in_flight)]


@contextmanager
def _told() -> Iterator[None]:
    """Turn what OpenVINO raises, in many lines, into a sentence."""
    try:
        yield
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        why = lines[-1] if lines else type(error).__name__
        raise DeviceError(
            f"OpenVINO failed to find people ({why}); is the memory of this machine full?"
            " Close other programs or use a smaller --detector-size"
        ) from error


@cache
def _core() -> Any:
    """Return the process's only core, which is never destroyed.

    Its CPU plugin gives the thread that loads it a stack for signals; destroyed on another thread,
    it leaves that stack dangling, and the next Ctrl-C kills the process.
    """
    return _openvino().Core()


def _openvino() -> Any:
    # With this name blocked, openvino falls back to its own silent stub: nothing is ever sent.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def _choose(precision: str, core: Any) -> str:
    able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if precision == "auto":
        return "bf16" if "BF16" in able else "fp32"
    needed = _CAPABILITY.get(precision)
    if needed is not None and needed not in able:
        raise SettingsError(f"--precision {precision}: this CPU does not compute in it; use fp32")
    return precision


def _with_preparation(model: Any) -> Any:
    """Put BGR bytes → RGB in 0..1 into the graph, where it is fused with the first layer."""
    from openvino import Layout, Type
    from openvino.preprocess import ColorFormat, PrePostProcessor

    prepared = PrePostProcessor(model)
    given = prepared.input()
    given.tensor().set_element_type(Type.u8).set_layout(Layout("NHWC"))
    given.tensor().set_color_format(ColorFormat.BGR)
    given.model().set_layout(Layout("NCHW"))
    steps = given.preprocess()
    steps.convert_element_type(Type.f32).convert_color(ColorFormat.RGB).scale(255.0)
    return prepared.build()


def _converted(weights: Weights) -> Path:
    """Return the folder of the converted network, converting if it is not there yet."""
    version = _openvino().get_version().partition("-")[0]
    folder = cache_folder() / "openvino" / f"{weights.sha256[:20]}-{version}-{CONVERTED}"
    if _is_whole(folder):
        return folder
    log.info("preparing %s for this CPU, once", weights.name)
    try:
        _keep(weights, folder)
    except OSError as error:  # a cache that cannot be written costs time, not the run
        log.info("what was prepared cannot be kept in %s (%s)", folder.parent, error.strerror)
        return _for_this_run(weights)
    return folder


def _keep(weights: Weights, folder: Path) -> None:
    """Convert into `folder`, unless another run was faster. Raises OSError if it has no room."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".{folder.name}.part")
    held = lock(folder, waits=True)
    try:
        if not _is_whole(folder):
            shutil.rmtree(beside, ignore_errors=True)  # of a run that was killed
            beside.mkdir(exist_ok=True)
            _convert(weights, beside)
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        if held is not None:
            held.release()


def _for_this_run(weights: Weights) -> Path:
    try:
        folder = scratch_to_the_end()
        _convert(weights, folder)
    except OSError as error:
        raise OutputError(
            f"{weights.name} cannot be prepared for this CPU: there is no room in"
            f" {tempfile.gettempdir()} ({error.strerror}); let TMPDIR name a folder that has some"
        ) from error
    return folder


def _is_whole(folder: Path) -> bool:
    """Tell whether a converted network lies in `folder` to the byte as it was written."""
    try:
        told = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        own = told.pop(OWN)
        files = all(sha256_of(folder / name) == known for name, known in told["files"].items())
        return bool(files and own == _sum(told))
    except (
        CheckpointError, OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError
    ):  # fmt: skip
        return False


def _sum(facts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _convert(weights: Weights, folder: Path) -> None:
    from sdpose_track.detect.ultralytics_door import load_network

    network, facts = load_network(weights)
    openvino = _openvino()
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of itself and of shapes in python
        example = torch.zeros(1, 3, 2 * facts.stride, 3 * facts.stride)
        try:
            with restrained():  # the network runs here, as a stranger's file has it
                model = openvino.convert_model(
                    network, example_input=example, input=[-1, 3, -1, -1]
                )
        except Exception as error:  # boundary: the converter raises whatever its parts raise
            raise DeviceError(
                f"{weights.path} cannot be converted for the CPU ({error}); use --device cuda"
            ) from error
    try:
        openvino.save_model(model, folder / "network.xml", compress_to_fp16=False)
    except RuntimeError as error:  # of its streams, which do not say why
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
    told = {**asdict(facts), "files": {path.name: sha256_of(path) for path in folder.iterdir()}}
    (folder / FACTS).write_text(json.dumps({**told, OWN: _sum(told)}), encoding="utf-8")
