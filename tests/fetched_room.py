"""A checkpoint made of chance, a manifest that knows it, and a cache into which it is fetched."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

from hub import COMMIT, Hub, Repository

UNET = "unet/diffusion_pytorch_model.safetensors"
TEXT = "text_encoder/model.safetensors"
CHUNK = 10 * 2**20
"""Bytes that huggingface_hub writes at once."""
RUN = (
    "import sys; from pathlib import Path; from sdpose_track.checkpoints import manifest;"
    " manifest.PATH = Path(sys.argv[1]);"
    " from sdpose_track.cli import main; sys.exit(main(['models', *sys.argv[2:]]))"
)


def small(name: str) -> bytes:
    return json.dumps({"what": name}).encode()


def made_content() -> dict[str, bytes]:
    """A checkpoint in SDPose's layout, of which one file takes more than one write to store."""
    some = random.Random(7)
    files = {
        "scheduler/scheduler_config.json": small("scheduler"),
        "tokenizer/vocab.json": small("vocab"),
        "unet/config.json": small("unet"),
        "vae/config.json": small("vae"),
        "decoder/decoder.safetensors": some.randbytes(3000),
        "vae/diffusion_pytorch_model.safetensors": some.randbytes(5000),
        TEXT: some.randbytes(4000),
        UNET: some.randbytes(24_000_000),
    }
    return {"README.md": b"not wanted", **files}


UNKNOWN = ("tokenizer/vocab.json", TEXT)
"""Files of which the manifest knows neither size nor sha256."""


class Place:
    """A manifest, a cache and a Hub of the test's own, and the command line that uses them."""

    def __init__(self, folder: Path, hub: Hub, content: dict[str, bytes]) -> None:
        self.hub = hub
        self.cache = folder / "cache"
        self.hf_home = folder / "hf"
        self.room = self.cache / "models" / "tiny"
        self.content = {path: data for path, data in content.items() if path != "README.md"}
        self.manifest = folder / "manifest.toml"
        self.write_manifest()

    @property
    def repository(self) -> Repository:
        return self.hub.repositories["someone/Tiny"]

    def write_manifest(self, revision: str = COMMIT, repository: str = "someone/Tiny") -> None:
        one = "unet/config.json"
        self.manifest.write_text(
            "".join(
                self._table(name, repository, revision, files)
                for name, files in (("tiny", list(self.content)), ("one-file", [one]))
            )
        )

    def _table(self, name: str, repository: str, revision: str, files: list[str]) -> str:
        lines = [
            f"[{name}]",
            'summary = "for tests"',
            'roles = ["pose"]',
            'architecture = "sdpose"',
            'skeleton = "coco17"',
            "input = [768, 1024]",
            f'repository = "{repository}"',
            f'revision = "{revision}"',
            'license = "MIT"',
            'origin = "nowhere"',
            'card = "none.md"',
            f"[{name}.files]",
        ]
        for path in files:
            data = self.content[path]
            sha256 = hashlib.sha256(data).hexdigest()
            known = f'bytes = {len(data)}, sha256 = "{sha256}"' if path not in UNKNOWN else ""
            lines.append(f'"{path}" = {{ {known} }}')
        return "\n".join([*lines, ""])

    def environment(self, **more: str) -> dict[str, str]:
        own = {
            "SDPOSE_TRACK_CACHE": str(self.cache),
            "HF_HOME": str(self.hf_home),
            "HF_ENDPOINT": self.hub.address,
            "NO_PROXY": "*",
            "PYTHONWARNINGS": "default",
        }
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
        return {**kept, **own, **more}

    def begin(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", RUN, str(self.manifest), *arguments],
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def models(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        process = self.begin(*arguments, **more)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def fetch(self, **more: str) -> subprocess.CompletedProcess[str]:
        return self.models("fetch", "tiny", **more)

    def there(self) -> dict[str, bytes]:
        """The files that are in their place."""
        return {p: (self.room / p).read_bytes() for p in self.content if (self.room / p).exists()}

    def parts(self) -> list[int]:
        """Sizes of the parts of files."""
        return [p.stat().st_size for p in self.room.glob(".partial/*")]
