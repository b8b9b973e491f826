"""`sdpose-track benchmark`: frames per second on this machine, and against a named peer.

Every run is a process of its own, ours and the peer's in turn, so that both meet the same machine;
the medians are compared. Counted is the time from the first frame to the last result, without the
start of Python and the loading of the network. The peer is ultralytics' `YOLO.track(stream=True,
tracker="bytetrack.yaml")` with the same weights and its own defaults.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from sdpose_track.cli.demo import make_clip
from sdpose_track.cli.screen import Screen
from sdpose_track.detect.runtime import cpu_count
from sdpose_track.errors import SettingsError
from sdpose_track.scratch import scratch
from sdpose_track.sources import open_source

WORKER = "sdpose_track.cli.benchmark_worker"
Result = dict[str, Any]


def run(options: argparse.Namespace, screen: Screen) -> int:
    """Measure and print a table. Returns the exit code."""
    if not 1 <= options.runs <= 50:
        raise SettingsError(f"--runs {options.runs}: expected a number from 1 to 50")
    with scratch() as folder:
        clip = Path(options.source) if options.source else folder / "demo.mp4"
        if options.source is None:
            make_clip(clip)
        with open_source(str(clip)) as source:  # refuses what cannot be measured
            info = source.info
        results = _measure(clip.absolute(), folder, options, screen)
    report = {
        "clip": clip.name,
        "picture": f"{info.width}x{info.height}",
        "frames": info.frame_count,
        "cpu": _cpu_name(),
        "cores": cpu_count(),
        **_summary(results, against=options.against),
    }
    screen.say("")
    print("\n".join(_lines(report)))
    if options.json:
        print(json.dumps(report))
    return 0


def _measure(
    clip: Path, folder: Path, options: argparse.Namespace, screen: Screen
) -> dict[str, list[Result]]:
    kinds = ["ours"] if options.against is None else ["ours", "peer"]
    _work(["ours", str(clip), str(folder / "warm"), "plain"])  # converts the network, fills caches
    results: dict[str, list[Result]] = {}
    for turn in range(options.runs):
        for what in ("plain", "video"):
            for kind in kinds:
                screen.say(f"run {turn + 1} of {options.runs}: {kind}, {what}")
                out = folder / f"{kind}-{what}-{turn}"
                done = _work([kind, str(clip), str(out), what])
                results.setdefault(f"{kind} {what}", []).append(done)
    if options.against is not None:
        screen.say("comparing boxes and keypoints with torch fp32")
        session = folder / "ours-plain-0" / "run.sdpose"
        results["agreement"] = [_work(["agreement", str(clip), str(session), "plain"])]
    return results


def _work(arguments: list[str]) -> Result:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", WORKER, *arguments],  # -P: nothing of the folder we are in
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise SettingsError(f"the {arguments[0]} run failed: {last}")
    result: Result = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def _summary(results: dict[str, list[Result]], *, against: str | None) -> Result:
    report: Result = {}
    for name, runs in results.items():
        if name == "agreement":
            report["agreement"] = runs[0]
            continue
        rates = [run["frames_per_second"] for run in runs]
        report[name] = {
            "frames_per_second": round(statistics.median(rates), 2),
            "least": min(rates),
            "most": max(rates),
            "cpu_ms_per_frame": round(statistics.median(r["cpu_ms_per_frame"] for r in runs), 2),
            "peak_memory_mb": round(statistics.median(r["peak_memory_mb"] for r in runs)),
        }
        if "stages" in runs[0]:
            report[name]["stages"] = runs[len(runs) // 2]["stages"]
            report[name]["device"] = runs[0]["device"]
    if against is not None:
        for what in ("plain", "video"):
            ours, peer = (report[f"{k} {what}"]["frames_per_second"] for k in ("ours", "peer"))
            report[f"ratio {what}"] = round(ours / peer, 2)
    return report


def _lines(report: Result) -> list[str]:
    lines = [
        f"{report['clip']}: {report['picture']}, {report['frames']} frames;"
        f" {report['cpu']}, {report['cores']} cores",
        "",
        f"{'run':12} {'frames/s':>9} {'min–max':>15} {'CPU ms/frame':>13} {'peak MB':>8}",
    ]
    for name in ("ours plain", "peer plain", "ours video", "peer video"):
        if name in report:
            r = report[name]
            span = f"{r['least']:.1f}–{r['most']:.1f}"
            lines.append(
                f"{name:12} {r['frames_per_second']:9.1f} {span:>15}"
                f" {r['cpu_ms_per_frame']:13.1f} {r['peak_memory_mb']:8d}"
            )
    ratios = [what for what in ("plain", "video") if f"ratio {what}" in report]
    lines += [f"ratio, {what}: {report[f'ratio {what}']:.2f}×" for what in ratios]
    for name in ("ours plain", "ours video"):
        shares = report[name]["stages"]
        told = ", ".join(f"{stage} {share:.0%}" for stage, share in shares.items())
        lines.append(f"{name}: share of the wall time in which each stage worked: {told}")
    if "agreement" in report:
        lines += _agreement_lines(report["agreement"])
    return lines


def _agreement_lines(a: Result) -> list[str]:
    return [
        f"agreement with torch fp32 on {a['frames']} frames, {a['people']} people"
        f" (confidence > 0.4): {a['only_ours']} found only by us, {a['only_theirs']} only by torch",
        f"  keypoints: median {a['keypoint_px_median']:.2f} px, p95 {a['keypoint_px_p95']:.2f} px;"
        f" boxes: median {a['box_px_median']:.2f} px, p95 {a['box_px_p95']:.2f} px",
    ]


def _cpu_name() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return next(x.split(":", 1)[1].strip() for x in text.splitlines() if "model name" in x)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
