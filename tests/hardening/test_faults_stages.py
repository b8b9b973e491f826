"""A stage raises: the run ends in order, with one sentence, and can be gone on with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from command import refused
from light_runs import FRAMES, Scene, exported, frames_in, track
from threads import engine_threads

from sdpose_track.errors import DeviceError, OutputError, SourceError
from sdpose_track.pipeline.batching import PoseStage
from sdpose_track.pipeline.plan import Span
from sdpose_track.pipeline.stages import DetectStage, StoreStage, TrackStage

STAGES: dict[str, Any] = {
    "detect": DetectStage,
    "track": TrackStage,
    "pose": PoseStage,
    "store": StoreStage,
}
Tried = Callable[[str, int], None]


@dataclass(frozen=True)
class Fault:
    """What is raised, and how the command ends then."""

    error: BaseException
    code: int
    says: str
    """Part of the sentence."""


FAULTS = {
    "a mistake": Fault(ValueError("no such\nnumber"), 1, "stage: no such"),
    "without words": Fault(KeyError(), 1, "stage: KeyError"),
    "the machine's memory": Fault(MemoryError(), 4, "memory of this machine is full"),
    "the device": Fault(DeviceError("the GPU is gone; use --device cpu"), 4, "GPU is gone"),
    "the input": Fault(SourceError("clip.mp4 broke off"), 3, "clip.mp4 broke off"),
    "the output": Fault(OutputError("the disk is full; free some space"), 5, "disk is full"),
    "an exit": Fault(SystemExit(7), 1, "stage: 7"),
}


def raising_at(patch: pytest.MonkeyPatch, where: str, moment: str, k: int, fault: Fault) -> None:
    """Let the stage or source `where` raise: at its `moment`, in frame `k` of what it is given."""
    if where == "source":
        whole = Span.frames

        def frames(self: Span, start: int = 0) -> Iterator[Any]:
            for frame in whole(self, start):
                if frame.index >= k:
                    raise fault.error
                yield frame

        patch.setattr(Span, "frames", frames)
        return
    kind = STAGES[where]
    if moment != "process":

        def fails(_self: Any) -> None:
            raise fault.error

        patch.setattr(kind, moment, fails)
        return
    process, seen = kind.process, [0]

    def at_frame(self: Any, items: Sequence[Any]) -> Any:
        seen[0] += len(items)
        if seen[0] > k:
            raise fault.error
        return process(self, items)

    patch.setattr(kind, "process", at_frame)


ALWAYS = {("source", "a mistake"), ("detect", "the device"), ("track", "the machine's memory")}
ALWAYS |= {("pose", "without words"), ("store", "the output")}
HARD = pytest.mark.hardening
CASES = [
    *(
        pytest.param((where, "process", name), marks=() if (where, name) in ALWAYS else HARD)
        for where in ("source", *STAGES)
        for name in FAULTS
    ),
    *(
        pytest.param((where, moment, "a mistake"), marks=() if moment == "close" else HARD)
        for where in STAGES
        for moment in ("open", "flush", "close")
    ),
]


@pytest.mark.logs_errors
@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_a_stage_that_raises_ends_the_run_with_a_sentence_and_it_can_go_on(
    case: tuple[str, str, str],
    scene: Scene,
    amount: Callable[[int, int], int],
    tried: Tried,
) -> None:
    where, moment, name = case
    fault = FAULTS[name]
    moments = (13, 0, 1, FRAMES - 1) if moment == "process" else (0,)
    for k in moments[: amount(1, 4)]:
        out = scene.folder / str(k)
        with pytest.MonkeyPatch.context() as patch:
            raising_at(patch, where, moment, k, fault)
            says = refused(track(scene.clip, out), fault.code)
        assert fault.says in says
        assert engine_threads() == []
        kept = frames_in(out / "block.sdpose")
        assert kept <= FRAMES
        done = track(scene.clip, out, "--resume")
        assert done.returncode == 0, done.stderr
        assert exported(out) == scene.exports
        tried("a worker that raises, in each stage of a run", 1)


@pytest.mark.parametrize("at", [1, 2, 4, 5, 6])
def test_a_machine_without_more_threads_ends_the_run_with_a_sentence(
    at: int, scene: Scene, tried: Tried
) -> None:
    real, begun = threading.Thread.start, [0]

    def start(thread: threading.Thread) -> None:
        begun[0] += thread.name.startswith("sdpose-")
        if begun[0] == at:
            raise RuntimeError("can't start new thread")
        real(thread)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        assert "no more threads" in refused(track(scene.clip, scene.folder), 4)
    assert engine_threads() == []
    assert track(scene.clip, scene.folder, "--resume").returncode == 0
    assert exported(scene.folder) == scene.exports
    tried("a machine that gives no more threads", 1)
