"""The only module that imports ultralytics: it turns a .pt checkpoint into a torch network.

Before the import, everything with which ultralytics would reach out is switched off: the online
check, settings sync, analytics, auto-install, auto-download. Its settings file is kept in our own
cache, away from the user's. Checkpoints are pickles, so they are read with torch's weights-only
loader, which builds nothing but network modules that ultralytics itself lists, and under the
restraint of `restraint.py`. What is read are the very bytes whose hash was checked.
"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
import uuid
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
from sdpose_track.detect.restraint import only_read, restrained
from sdpose_track.detect.runtime import NetworkFacts
from sdpose_track.errors import CheckpointError
from sdpose_track.scratch import scratch_to_the_end

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
    (and so other sums than in a run without this import) and changes the way numpy prints. And what
    it would recognize this computer by, the address of the network card, is hidden from it.
    """
    import torch  # noqa: F401  it asks for its number of threads when it is loaded

    os.environ.update(STAY_AT_HOME)
    if "YOLO_CONFIG_DIR" not in os.environ:
        os.environ["YOLO_CONFIG_DIR"] = str(_settings_folder())
    opens, threads, prints = Image.open, cv2.getNumThreads(), np.get_printoptions()
    cores, node = os.environ.get(_CORES), uuid.getnode
    uuid.getnode = lambda: 0
    try:
        yield
    finally:
        Image.open, uuid.getnode = opens, node
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
        folder = scratch_to_the_end()
    return folder


def load_network(weights: Weights) -> tuple[Any, NetworkFacts]:
    """Return the fused fp32 torch module in eval mode, and what must be known of it.

    Its output for (B, 3, h, w) RGB input in 0..1 is (B, 4 + classes + 3·K, A).
    Raises CheckpointError if the file holds no YOLO network that finds people, or is another than
    the one that was checked.
    """
    content = _content(weights)
    with contained(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages behind the door, about themselves
        from ultralytics.nn import tasks

        logging.getLogger("ultralytics").setLevel(logging.ERROR)
        _check_is_careful(tasks, weights.path)
        path = weights.path.absolute()  # ultralytics deletes damaged files given by a bare name
        try:
            with restrained():
                with only_read(), _reading(content, tasks):
                    network, _ = tasks.load_checkpoint(str(path))
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


def _content(weights: Weights) -> io.BytesIO:
    """Return the bytes of the file that was checked: nobody can change them any more."""
    try:
        content = weights.path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{weights.path} cannot be read: {error.strerror}") from error
    if hashlib.sha256(content).hexdigest() != weights.sha256:
        raise CheckpointError(
            f"{weights.path} is another file now than when it was checked; start again"
        )
    return io.BytesIO(content)


def _check_is_careful(tasks: Any, path: Path) -> None:
    """Raise CheckpointError if this ultralytics cannot read a file without running it."""
    if not getattr(getattr(tasks, "_SafeLoad", None), "SUPPORTED", False):
        raise CheckpointError(
            f"{path} is not loaded: the ultralytics that is installed would run what is in it; run:"
            " pip install --upgrade ultralytics torch"
        )


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
def _reading(content: io.BytesIO, tasks: Any) -> Iterator[None]:
    """Let ultralytics read `content` inside this block, weights only, whatever it is asked for.

    It changes names that have an apostrophe or an older YOLO's name in them, and downloads what is
    not there by the new name. And its wish to be careful is taken from the environment when it is
    imported, which another part of the program may have done before.
    """
    import torch
    from ultralytics.utils import downloads

    def load(_file: Any, **wishes: Any) -> Any:
        content.seek(0)
        return torch.load(content, **{**wishes, "weights_only": True})

    changed = {
        (downloads, "attempt_download_asset"): lambda *_, **__: content,
        (tasks, "torch_load"): load,
        (tasks, "SAFE_LOAD"): True,
    }
    before = {place: getattr(*place) for place in changed}
    try:
        for place, ours in changed.items():
            setattr(*place, ours)
        yield
    finally:
        for place, theirs in before.items():
            setattr(*place, theirs)


def _reason(error: BaseException, path: Path) -> str:
    """Return what ultralytics says of the file, without the shout and the advice around it.

    What does not begin with the file comes from deeper down, and tells a user nothing.
    """
    line = str(error).replace(str(path), "it").partition("\n")[0]
    said = re.sub(r"^ERROR\W*", "", line)
    if not said.startswith("it "):
        return "what it holds is no YOLO network"
    return re.split(r"\.$|\. | \(", said)[0]
