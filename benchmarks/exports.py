"""Seconds and peak memory of every export of 10 000 frames with 5 people, each in its own process.

PYTHONPATH=tests python benchmarks/exports.py [--smooth offline] [FORMAT...]
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from long_sessions import FRAMES, PEOPLE, export_alone, long_session

from sdpose_track.export import FORMATS
from sdpose_track.skeletons import COCO17, WHOLEBODY133

OF_THE_VIDEO = ("video", "video-prores", "crops", "wan-animate")
"""They need the pictures; `benchmarks/memory.py` measures that."""


def main() -> None:
    """Print a row for each format, with 17 and with 133 keypoints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", metavar="FORMAT")
    parser.add_argument("--smooth", default="off")
    options = parser.parse_args()
    names = options.formats or [name for name in FORMATS if name not in OF_THE_VIDEO]
    print(f"{FRAMES} frames, {PEOPLE} people, {os.cpu_count()} cores, --smooth {options.smooth}\n")
    print("| format | 17: seconds | MB | file MB | 133: seconds | MB | file MB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sessions = [
            long_session(folder / f"{skeleton.name}.sdpose", skeleton)
            for skeleton in (COCO17, WHOLEBODY133)
        ]
        for format_name in names:
            cells = [_measured(session, format_name, options.smooth) for session in sessions]
            print(f"| `{format_name}` | {' | '.join(cells)} |", flush=True)


def _measured(session: Path, format_name: str, smoothing: str) -> str:
    out = session.parent / "out"
    try:
        seconds, megabytes = export_alone(session, format_name, out, smoothing)
    except AssertionError as error:
        return f"{str(error).splitlines()[-1]:.60} | | "
    size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file()) / 1e6
    shutil.rmtree(out)
    return f"{seconds:.1f} | {megabytes} | {size:.1f}"


if __name__ == "__main__":
    main()
