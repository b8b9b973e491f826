"""What the run dialog asks of the disk and the driver, on a thread of its own. It knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sdpose_track.checkpoints.finding import begun, how_to_get, locate
from sdpose_track.checkpoints.manifest import Checkpoint, manifest
from sdpose_track.errors import SdposeError
from sdpose_track.pipeline.seats import BEST, LIGHT, gpu_names
from sdpose_track.records import SourceInfo
from sdpose_track.session.place import is_begun, mend
from sdpose_track.session.recording import Recording
from sdpose_track.session.schema import other_file
from sdpose_track.settings import DEFAULT_CONFIDENCE
from ui.look.texts import bytes_text, plural

AUTO = "auto"
SDPOSE = "sdpose"
SECONDS_ON_CPU = 10
"""About what SDPose takes for one person in one frame on a CPU of four cores, at its full size."""


@dataclass(frozen=True, slots=True)
class Model:
    """A pose model or detector that has a name."""

    entry: Checkpoint
    is_here: bool
    is_begun: bool
    """Some of its files are here, and not all."""

    @property
    def state(self) -> str:
        """Whether it is here, in a word or two."""
        return "here" if self.is_here else ("partly here" if self.is_begun else "not here")

    @property
    def is_slow(self) -> bool:
        """It wants a GPU."""
        return self.entry.architecture == SDPOSE

    def told(self) -> str:
        """Return what it is and, where it is not here, how to get it."""
        what = self.entry.summary
        if self.is_here:
            return f"{what}."
        least = "" if self.entry.is_sized else "more than "
        size = f"{least}{bytes_text(self.entry.bytes)}"
        how = how_to_get(self.entry)
        return f"{what}. It is {self.state}: {size}, licence {self.entry.license}. To get it, {how}"


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine has to run with."""

    models: dict[str, Model]
    """By name, in the manifest's order."""
    gpus: tuple[str, ...]
    """What the driver calls them, `cuda:0` first."""

    def with_role(self, role: str) -> list[Model]:
        """Return the models for a role: `pose` or `detector`."""
        return [model for model in self.models.values() if role in model.entry.roles]

    def auto_pose(self, device: str) -> Model:
        """Return the pose model that `auto` means on a device."""
        if not self.is_cpu(device):
            for name in BEST:
                if self.models[name].is_here:
                    return self.models[name]
        return self.models[LIGHT]

    def is_cpu(self, device: str) -> bool:
        """Tell whether a device, `auto` too, is the CPU."""
        return device == "cpu" or (device == AUTO and not self.gpus)


def look_around() -> Machine:
    """Look which models and GPUs are here."""
    models = {
        name: Model(entry, locate(name) is not None, begun(name) is not None)
        for name, entry in manifest().items()
    }
    return Machine(models, gpu_names())


@dataclass(frozen=True, slots=True)
class Found:
    """The session that lies where the run would write it."""

    path: Path
    told: str
    """What it is, in a sentence."""
    can_open: bool
    can_resume: bool


def look_at(path: Path, info: SourceInfo) -> Found | None:
    """Return what is known of the session at `path`; None if there is none worth keeping.

    Raises OutputError if nothing can be looked for there, or moved back: no run could begin.
    """
    mend(path)
    if not is_begun(path):
        return None
    try:
        with Recording.open(path) as recording:
            return _found(recording, info)
    except SdposeError as error:
        return Found(path, str(error), can_open=False, can_resume=False)


def _found(recording: Recording, info: SourceInfo) -> Found | None:
    path, count = recording.path, len(recording.indices())
    if not count and not recording.is_complete:
        return None
    difference = other_file(recording.header.source, info)
    if difference is not None:
        told = f"{path.name} is there already, and was made from another file ({difference})."
        return Found(path, told, can_open=True, can_resume=False)
    of = "" if info.frame_count is None else f" of {info.frame_count:,}"
    pose, people = recording.header.pose.name, plural(len(recording.tracks()), "person", "people")
    if recording.is_complete:
        told = f"This video is tracked already: {plural(count, 'frame')}, {people}, with {pose}."
        return Found(path, told, can_open=True, can_resume=False)
    told = f"A run with {pose} stopped after {count:,}{of} frames; they are kept."
    return Found(path, told, can_open=True, can_resume=True)


__all__ = ["AUTO", "DEFAULT_CONFIDENCE", "Found", "Machine", "Model", "look_around", "look_at"]
