"""Peak memory of `track --annotate` on one minute and on ten of the same clip, repeated.

python benchmarks/memory.py CLIP        a file whose video can be copied into MP4, such as H.264
"""

from __future__ import annotations

import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import psutil

MINUTES = (1, 10)


def repeat(clip: Path, path: Path, minutes: float, *, slower: float = 1) -> None:
    """Copy the packets of `clip` again and again, until `path` is `minutes` long.

    It is `slower` than the clip by this factor: there are as many fewer pictures per second.
    """
    with av.open(str(clip)) as source, av.open(str(path), "w") as target:
        stream = source.streams.video[0]
        out = target.add_stream_from_template(stream)
        packets = [p for p in source.demux(stream) if p.dts is not None and p.pts is not None]
        if stream.time_base is None:
            raise SystemExit(f"{clip} has no time base")
        scale = Fraction(slower).limit_denominator(1000)
        length = sum(p.duration or 0 for p in packets)
        times = int(minutes * 60 / (length * scale * stream.time_base)) + 1
        kept = [(bytes(p), p.pts or 0, p.dts or 0, p.duration, p.is_keyframe) for p in packets]
        for turn in range(times):
            for data, pts, dts, duration, is_key in kept:
                packet = av.Packet(data)
                packet.pts, packet.dts = pts + turn * length, dts + turn * length
                packet.duration, packet.time_base = duration or 0, stream.time_base * scale
                packet.is_keyframe, packet.stream = is_key, out
                target.mux(packet)


def peak_mb(clip: Path, folder: Path) -> float:
    """Run the main job on `clip` and return the most memory it held, in MB."""
    command = [sys.executable, "-m", "sdpose_track", "track", str(clip), "--out", str(folder)]
    process = psutil.Popen([*command, "--annotate", "--export", "csv", "openpose", "coco"])
    most = 0
    while process.poll() is None:
        try:
            info = process.memory_full_info() if sys.platform == "darwin" else process.memory_info()
            most = max(most, getattr(info, "peak_wset", info.rss))
            process.wait(0.05)
        except (psutil.TimeoutExpired, psutil.NoSuchProcess):
            continue
    if process.returncode != 0:
        raise SystemExit(f"track ended with exit code {process.returncode}")
    return most / 1e6


def main(clip: str) -> None:
    """Print a row for each length, and the growth."""
    peaks = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for minutes in MINUTES:
            path = folder / f"{minutes}min.mp4"
            repeat(Path(clip), path, minutes)
            peaks.append(peak_mb(path, folder / f"out{minutes}"))
            print(f"{minutes:3d} min: peak {peaks[-1]:.0f} MB")
    print(f"growth: {peaks[-1] / peaks[0] - 1:+.1%}")


if __name__ == "__main__":
    main(*sys.argv[1:])
