"""The only module that imports ultralytics: it turns a .pt checkpoint into a torch network.

Before the import, everything with which ultralytics would reach out is switched off: the online
check, settings sync, analytics, auto-install, auto-download. Its settings file is kept in our own
cache, away from the user's. Checkpoints are pickles, so they are read with torch's weights-only
loader, which builds nothing but network modules that ultralytics itself lists.
"""

from __future__ import annotations

import atexit
import logging
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from sdpose_track.cache import cache_folder
from sdpose_track.checkpoints import Weights
from sdpose_track.detect.runtime import NetworkFacts
from sdpose_track.errors import CheckpointError

STAY_AT_HOME = {
    "YOLO_OFFLINE": "true",
    "YOLO_AUTOINSTALL": "false",
    "YOLO_VERBOSE": "false",
    "ULTRALYTICS_SAFE_LOAD": "true",
}
_CORES = "OMP_NUM_THREADS"


@contextmanager
def contained() -> Iterator[None]:
    """Import ultralytics inside this block only.

    Nothing reaches out, and what the import changes of other libraries is put back: it replaces
    Pillow's `Image.open` by one that installs packages, stops OpenCV's threads, leaves torch one
    (and so other sums than in a run without this import) and changes the way numpy prints.
    """
    import torch  # noqa: F401  it asks for its number of threads when it is loaded

    os.environ.update(STAY_AT_HOME)
    if "YOLO_CONFIG_DIR" not in os.environ:
        os.environ["YOLO_CONFIG_DIR"] = str(_settings_folder())
    opens, threads, prints = Image.open, cv2.getNumThreads(), np.get_printoptions()
    cores = os.environ.get(_CORES)
    try:
        yield
    finally:
        Image.open = opens
        cv2.setNumThreads(threads)
        np.set_printoptions(**prints)
        os.environ.pop(_CORES, None)
        if cores is not None:
            os.environ[_CORES] = cores


def _settings_folder() -> Path:
    """Return where ultralytics may keep its settings: our cache, or nowhere that lasts."""
    folder = cache_folder() / "ultralytics"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="sdpose-track-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def load_network(weights: Weights) -> tuple[Any, NetworkFacts]:
    """Return the fused fp32 torch module in eval mode, and what must be known of it.

    Its output for (B, 3, h, w) RGB input in 0..1 is (B, 4 + classes + 3·K, A).
    Raises CheckpointError if the file holds no YOLO network that finds people.
    """
    with contained(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages behind the door, about themselves
        from ultralytics.nn.tasks import load_checkpoint

        logging.getLogger("ultralytics").setLevel(logging.ERROR)
        path = weights.path.absolute()  # ultralytics deletes damaged files given by a bare name
        try:
            with _nothing_downloaded():
                network, _ = load_checkpoint(str(path))
            network = network.fuse().eval()
            facts = _facts(network)
        except Exception as error:  # boundary: what is damaged can lead to anything
            raise CheckpointError(
                f"{weights.path} is no YOLO checkpoint that can be loaded"
                f" ({_reason(error, path)}); give an ultralytics .pt file"
            ) from error
    if "person" not in facts.classes:
        raise CheckpointError(
            f"{weights.path} finds {', '.join(facts.classes[:5])} but no class named person;"
            " give a checkpoint that was trained to find people"
        )
    return network, facts


def _facts(network: Any) -> NetworkFacts:
    head = network.model[-1]
    if getattr(head, "end2end", False):
        head.end2end = False  # its one-to-many branch is scored too, and all our models share NMS
    head.export = True  # the plain output only, with anchors worked out from the input's shape
    head.dynamic = True
    shape = getattr(head, "kpt_shape", (0, 3))
    if shape[0] and shape[1] != 3:
        raise ValueError(f"it gives keypoints of {shape[1]} values, not x, y and confidence")
    for parameter in network.parameters():
        parameter.requires_grad = False
    names = network.names
    classes = tuple(str(names[i]) for i in range(len(names)))
    return NetworkFacts(classes, int(shape[0]), int(network.stride.max()))


@contextmanager
def _nothing_downloaded() -> Iterator[None]:
    """Let ultralytics load a file inside this block only.

    It changes names that have an apostrophe or an older YOLO's name in them, and downloads what is
    not there by the new name. Here every file is taken by the name that was given.
    """
    from ultralytics.utils import downloads

    seek = downloads.attempt_download_asset
    downloads.attempt_download_asset = lambda file, *_, **__: str(file)
    try:
        yield
    finally:
        downloads.attempt_download_asset = seek


def _reason(error: BaseException, path: Path) -> str:
    """Return what ultralytics says of the file, without the shout and the advice around it.

    What does not begin with the file comes from deeper down, and tells a user nothing.
    """
    line = str(error).replace(str(path), "it").partition("\n")[0]
    said = re.sub(r"^ERROR\W*", "", line)
    if not said.startswith("it "):
        return "what it holds is no YOLO network"
    return re.split(r"\.$|\. | \(", said)[0]
