"""One measured run in a process of its own: ours, the peer's, or the comparison of their answers.

`python -m sdpose_track.cli.benchmark_worker ours|peer|agreement CLIP OUT plain|video`
prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from sdpose_track.checkpoints import find
from sdpose_track.detect.nms import iou_matrix
from sdpose_track.detect.ultralytics_door import contained
from sdpose_track.export import ExportOptions, export
from sdpose_track.pipeline.plan import prepare
from sdpose_track.pipeline.seats import LIGHT
from sdpose_track.records import Detections, Float32
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View
from sdpose_track.settings import TrackSettings
from sdpose_track.smooth.choices import Smoothing
from sdpose_track.sources import open_source

SURE = 0.4
SAME_PERSON = 0.5
EVERY = 4
"""Only each so many-th frame is compared."""


def main(kind: str, clip: str, out: str, what: str) -> dict[str, Any]:
    """Do one run."""
    if kind == "agreement":
        return agreement(clip, Path(out))
    return {"ours": ours, "peer": peer}[kind](clip, Path(out), video=what == "video")


def ours(clip: str, out: Path, *, video: bool) -> dict[str, Any]:
    """Time our pipeline, and the annotated video if wished."""
    session = out / "run.sdpose"
    with open_source(clip) as source:
        settings = TrackSettings(detector_size="640")  # as the peer looks
        run = prepare(source, settings, session)
        if run.engine is None:
            raise RuntimeError(f"{session} was there already")
        wall, cpu = time.perf_counter(), time.process_time()
        run.engine.start()
        run.engine.wait()
        stages = {name: clock.wall_s for name, clock in run.engine.clocks.items()}
    with Recording.open(session) as recording:
        view = View(recording, Smoothing.OFFLINE)
        if video:
            before = time.perf_counter()
            export(view, "video", out, "run", ExportOptions())
            stages["video"] = time.perf_counter() - before
        seconds = time.perf_counter() - wall
        frames = len(view.indices)
        device = recording.header.settings["runtime"]
    result = _result(frames, seconds, time.process_time() - cpu)
    result["stages"] = {name: round(s / seconds, 4) for name, s in stages.items()}
    result["device"] = device
    return result


def peer(clip: str, out: Path, *, video: bool) -> dict[str, Any]:
    """Time ultralytics' tracking with its defaults on the same weights."""
    model = _peer_model()
    out.mkdir(parents=True, exist_ok=True)
    model.predict(np.zeros((64, 64, 3), np.uint8), verbose=False, device="cpu", save=False)
    wishes = {"save": True, "project": str(out), "name": "run"} if video else {"save": False}
    wall, cpu = time.perf_counter(), time.process_time()
    frames = 0
    for _ in model.track(
        clip, stream=True, tracker="bytetrack.yaml", verbose=False, device="cpu", **wishes
    ):
        frames += 1
    return _result(frames, time.perf_counter() - wall, time.process_time() - cpu)


def agreement(clip: str, session: Path) -> dict[str, Any]:
    """Compare what `session` holds with ultralytics' own torch fp32 prediction."""
    model = _peer_model()
    points: list[Float32] = []
    boxes: list[Float32] = []
    counts = dict.fromkeys(("frames", "people", "only_ours", "only_theirs"), 0)
    with open_source(clip) as source, Recording.open(session) as recording:
        for frame in source.frames():
            if frame.index % EVERY:
                continue
            counts["frames"] += 1
            seen = recording.detections(frame.index)[0]
            _compare(seen, _predicted(model, frame.image), counts, boxes, points)
    kp, bx = (np.concatenate(x) if x else np.zeros(1, np.float32) for x in (points, boxes))
    return {
        **counts,
        "keypoint_px_median": round(float(np.median(kp)), 4),
        "keypoint_px_p95": round(float(np.percentile(kp, 95)), 4),
        "box_px_median": round(float(np.median(bx)), 4),
        "box_px_p95": round(float(np.percentile(bx, 95)), 4),
    }


def _compare(
    a: Detections,
    b: Detections,
    counts: dict[str, int],
    boxes: list[Float32],
    points: list[Float32],
) -> None:
    overlap = iou_matrix(a.boxes, b.boxes)
    counts["people"] += int((b.scores > SURE).sum())
    if overlap.size == 0:
        counts["only_ours"] += int((a.scores > SURE).sum())
        counts["only_theirs"] += int((b.scores > SURE).sum())
        return
    counts["only_ours"] += int(((overlap.max(axis=1) < SAME_PERSON) & (a.scores > SURE)).sum())
    counts["only_theirs"] += int(((overlap.max(axis=0) < SAME_PERSON) & (b.scores > SURE)).sum())
    for row in np.flatnonzero(b.scores > SURE):
        match = int(overlap[:, row].argmax())
        if overlap[match, row] < SAME_PERSON or a.keypoints is None or b.keypoints is None:
            continue
        boxes.append(np.abs(a.boxes[match] - b.boxes[row]).ravel())
        known = b.keypoints[row, :, 2] > SURE
        off = a.keypoints[match, known, :2] - b.keypoints[row, known, :2]
        points.append(np.asarray(np.linalg.norm(off, axis=1), np.float32))


def _predicted(model: Any, image: Any) -> Detections:
    (found,) = model.predict(image, conf=0.1, iou=0.7, verbose=False, device="cpu")
    boxes = found.boxes
    return Detections(
        boxes.xyxy.numpy(), boxes.conf.numpy(), np.asarray(found.keypoints.data.numpy(), np.float32)
    )


def _peer_model() -> Any:
    with contained():
        from ultralytics.models import YOLO

    return YOLO(str(find(LIGHT, "detector").path))


def _result(frames: int, seconds: float, cpu: float) -> dict[str, Any]:
    return {
        "frames": frames,
        "frames_per_second": round(frames / seconds, 3),
        "cpu_ms_per_frame": round(cpu / frames * 1000, 3),
        "peak_memory_mb": _peak_memory_mb(),
    }


def _peak_memory_mb() -> float:
    import psutil

    memory = psutil.Process().memory_info()
    if hasattr(memory, "peak_wset"):  # Windows
        return round(float(memory.peak_wset) / 1e6, 1)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return round(float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit) / 1e6, 1)


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:5])))
