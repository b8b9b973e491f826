"""Writes binary glTF 2.0 (.glb): the container, not what is in it.

Our own hundred lines rather than pygltflib, which keeps a whole file in memory and would be one
more package to install. Numbers go to a temporary file as they come and nothing but the JSON is
kept. glTF is right-handed with y up, in metres and seconds.

Source: the glTF 2.0 specification of the Khronos Group, 2021.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from sdpose_track import __version__
from sdpose_track.errors import OutputError
from sdpose_track.export.files import strict_json
from sdpose_track.records import Float32, Float64

VERTICES, TRIANGLES = 34962, 34963
"""What a buffer view is for, where it is of a mesh: ARRAY_BUFFER and ELEMENT_ARRAY_BUFFER."""
_COMPONENT = {"<f4": 5126, "<u2": 5123, "|u1": 5121}
_KIND = {(): "SCALAR", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}
_MAGIC, _JSON, _BIN = 0x46546C67, 0x4E4F534A, 0x004E4942
_MOST_BYTES = 2**32 - 1

Thing = dict[str, Any]
"""An object of the JSON."""


class Glb:
    """A glTF asset as it grows. What `add` and `accessor` return are numbers to refer to."""

    def __init__(self, numbers: IO[bytes]) -> None:
        """`numbers` takes the binary part; it is empty, and can be read again."""
        self._numbers = numbers
        self._size = 0
        self._lists: dict[str, list[Thing]] = {}
        self._known: dict[bytes, int] = {}
        self._roots: list[int] = []
        self._animation: dict[str, list[Thing]] = {"samplers": [], "channels": []}

    def add(self, kind: str, thing: Thing) -> int:
        """Append to a list of the asset, such as `meshes`; what is None or empty is left out."""
        things = self._lists.setdefault(kind, [])
        things.append({k: v for k, v in thing.items() if v is not None and v not in ([], {})})
        return len(things) - 1

    def node(self, name: str, *, is_root: bool = False, **what: Any) -> int:
        """Add a node of the one scene; `is_root`: it is in nothing else."""
        number = self.add("nodes", {"name": name, **what})
        if is_root:
            self._roots.append(number)
        return number

    def accessor(
        self, values: npt.NDArray[Any], *, target: int | None = None, bounded: bool = False
    ) -> int:
        """Store `values` (N, ...), float32, uint16 or uint8, N at least 1; the same ones only once.

        Matrices (N, 4, 4) are given by their columns. `bounded` tells the least and the largest
        values, which times and vertex positions must.
        """
        own = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        head: Thing = {
            "componentType": _COMPONENT[own.dtype.str],
            "count": len(own),
            "type": _KIND[own.shape[1:]],
        }
        data = own.tobytes()
        key = hashlib.sha256(repr((head, target, bounded)).encode() + data).digest()
        if key not in self._known:
            if bounded:
                head |= {
                    "min": np.atleast_1d(own.min(axis=0)).tolist(),
                    "max": np.atleast_1d(own.max(axis=0)).tolist(),
                }
            self._known[key] = self.add(
                "accessors", {"bufferView": self._view(data, target)} | head
            )
        return self._known[key]

    def _view(self, data: bytes, target: int | None) -> int:
        view = {"buffer": 0, "byteOffset": self._size, "byteLength": len(data), "target": target}
        self._numbers.write(data + bytes(-len(data) % 4))
        self._size += len(data) + -len(data) % 4
        return self.add("bufferViews", view)

    def animate(self, node: int, path: str, seconds: Float32, values: Float32 | Float64) -> None:
        """Let the `translation` or `rotation` of a node be `values` (F, ...) at `seconds` (F,).

        `seconds` ascend from 0 or more, see `rising`; between them a viewer interpolates.
        """
        sampler = {
            "input": self.accessor(seconds, bounded=True),
            "output": self.accessor(values.astype(np.float32)),
        }
        samplers, channels = self._animation["samplers"], self._animation["channels"]
        channels.append({"sampler": len(samplers), "target": {"node": node, "path": path}})
        samplers.append(sampler)

    def write(self, file: IO[bytes], extras: Thing) -> None:
        """Write the whole asset; `extras` is what it says of itself.

        Raises OutputError if it is larger than a .glb can be.
        """
        text = strict_json(self._json(extras)).encode("ascii")
        text += b" " * (-len(text) % 4)
        size = 12 + 8 + len(text) + (8 + self._size if self._size else 0)
        if size > _MOST_BYTES:
            raise OutputError("a .glb holds up to 4 GB, and this is more; export fewer people")
        file.write(struct.pack("<III", _MAGIC, 2, size))
        file.write(struct.pack("<II", len(text), _JSON) + text)
        if self._size:
            file.write(struct.pack("<II", self._size, _BIN))
            self._numbers.seek(0)
            shutil.copyfileobj(self._numbers, file, 1 << 20)

    def _json(self, extras: Thing) -> Thing:
        asset = {"version": "2.0", "generator": f"sdpose_track {__version__}", "extras": extras}
        scene: Thing = {"nodes": self._roots} if self._roots else {}
        whole: Thing = {"asset": asset, "scene": 0, "scenes": [scene], **self._lists}
        if self._animation["channels"]:
            whole["animations"] = [{"name": "pose", **self._animation}]
        if self._size:
            whole["buffers"] = [{"byteLength": self._size}]
        return whole


@contextmanager
def temporary(beside: Path) -> Iterator[Glb]:
    """Give an asset whose numbers lie in a nameless file in the folder of `beside`."""
    with tempfile.TemporaryFile(dir=beside.parent) as numbers:
        yield Glb(numbers)


def rising(seconds: Float64) -> tuple[Float32, npt.NDArray[np.bool_]]:
    """Return ascending `seconds` as float32 and, as (F,), which of them are above the one before.

    Keys of one animation may not share a time, as frames of damaged video do, and late ones of days
    of video with the precision that glTF has.
    """
    own = seconds.astype(np.float32)
    return own, np.diff(own, prepend=np.float32(-1)) > 0
