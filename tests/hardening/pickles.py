"""Checkpoints as an attacker writes them: by hand, one opcode after another."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

TASKS = "ultralytics.nn.tasks"
NOWHERE = "http://127.0.0.1:9/net.yaml"


def name(module: str, attribute: str) -> bytes:
    return b"c" + f"{module}\n{attribute}\n".encode()


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def calling(function: bytes, *arguments: bytes) -> bytes:
    return function + b"(" + b"".join(arguments) + b"tR"


def made(function: bytes, *arguments: bytes) -> bytes:
    """A new object that no constructor has seen."""
    return function + b"(" + b"".join(arguments) + b"t\x81"


def entry(key: str, value: bytes) -> bytes:
    """A dictionary with one entry."""
    return b"}" + text(key) + value + b"s"


def pickle(body: bytes) -> bytes:
    return b"\x80\x02" + body + b"."


def archive(path: Path, content: bytes, *, compressed: bool = False) -> None:
    """Write a checkpoint as PyTorch does, a zip archive."""
    with ZipFile(path, "w", ZIP_DEFLATED if compressed else ZIP_STORED) as members:
        members.writestr("x/data.pkl", content)
        members.writestr("x/version", b"3\n")


def bare(path: Path, content: bytes) -> None:
    """Write a checkpoint as PyTorch did before version 1.6."""
    path.write_bytes(content)


WRITERS: tuple[Callable[[Path, bytes], None], ...] = (archive, bare)


def running(harm: Path) -> dict[str, bytes]:
    """What runs code in a plain `pickle.load`, or would reach out; `harm` is made if it does."""
    shell = f"touch {harm}"
    python = f"open({str(harm)!r}, 'w')"
    attribute = name("builtins", "getattr")
    linear = name("torch.nn.modules.linear", "Linear")
    hooked = made(linear) + entry("forward", calling(name("os", "system"), text(shell))) + b"b"
    bodies = {
        "os.system": calling(name("os", "system"), text(shell)),
        "posix.system": calling(name("posix", "system"), text(shell)),
        "eval": calling(name("builtins", "eval"), text(python)),
        "exec, by its old name": calling(name("__builtin__", "exec"), text(python)),
        "subprocess": calling(name("subprocess", "check_call"), text(shell)),
        "run module": calling(name("runpy", "run_path"), text(str(harm))),
        "import": calling(name("importlib", "import_module"), text("antigravity")),
        "torch.load": calling(name("torch", "load"), text(str(harm))),
        "hub": calling(name("torch.hub", "load"), text("somebody/else"), text("model")),
        "pickle in a pickle": calling(name("pickle", "loads"), text(python)),
        "numpy objects": calling(
            name("numpy._core.multiarray", "scalar"),
            calling(name("numpy", "dtype"), text("O8")),
            text(python),
        ),
        "getattr of os": calling(calling(attribute, name("os", "path"), text("os")), text(shell)),
        "getattr of a class": calling(
            calling(attribute, linear, text("__init__")), number(3), number(4)
        ),
        "getattr of a method": calling(
            calling(attribute, name(TASKS, "DetectionModel"), text("load")), text(str(harm))
        ),
        "a network that calls": hooked,
        "partial": calling(name("functools", "partial"), name("os", "system"), text(shell)),
        "protocol 4": b"\x8c\x02os\x8c\x06system\x93" + text(shell) + b"\x85R",
        "instance": b"(" + text(shell) + b"ios\nsystem\n",
        "object": b"(" + name("os", "system") + text(shell) + b"o",
        "extension": b"\x82\x01",
        "network from the web": calling(name(TASKS, "DetectionModel"), text(NOWHERE)),
        "network from a file": calling(name(TASKS, "DetectionModel"), text("yolo11n.yaml")),
        "weights from the web": calling(
            name("ultralytics.nn.modules.block", "TorchVision"), text("resnet18"), text("DEFAULT")
        ),
        "text model": calling(
            name("ultralytics.nn.text_model", "CLIP"),
            text("ViT-B/32"),
            calling(name("torch", "device"), text("cpu")),
        ),
        "40 GB of weights": calling(linear, number(100_000), number(100_000)),
        "a file of the disk": calling(name("pathlib", "PosixPath"), text("/etc/passwd")),
    }
    return {what: entry("model", body) for what, body in bodies.items()} | {
        "no model": bodies["os.system"]
    }
