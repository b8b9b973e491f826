"""Measuring and planning together: what a live run settles on, on devices that are made up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from sdpose_track.live.meter import Meter
from sdpose_track.live.scheduling import Plan, Wish, plan

SECONDS = 60
SETTLED_S = 15


@dataclass(frozen=True)
class Device:
    """How long things truly take, in seconds; measured, each wavers by a tenth."""

    detect: dict[int, float]
    pose_fixed: float = 0.0
    pose_each: float = 0.0
    frame: float = 1 / 30
    rest: float = 0.010
    shared: bool = True


GPU = Device({320: 0.006, 480: 0.008, 640: 0.011}, 0.010, 0.006)
SLOW_GPU = Device({320: 0.015, 480: 0.030, 640: 0.050}, 0.010, 0.020, 1 / 25)
TWO = Device({320: 0.015, 480: 0.030, 640: 0.050}, 0.100, 0.050, shared=False)
CPU = Device({320: 0.015, 480: 0.030, 640: 0.050})


def ran(
    device: Device, latency_s: float, people: int, *, contended: bool
) -> tuple[list[Plan], float]:
    """Return the plans of a run, one a second, and the 95th percentile of its latency.

    `contended`: detections are measured with their waiting for the pose model.
    """
    rng, meter = np.random.default_rng(1), Meter()
    has_pose = device.pose_each > 0
    wish = Wish(latency_s, (320, 480, 640), shared=device.shared, people=people, most=8,
                has_pose=has_pose)  # fmt: skip
    plans, latencies = [plan(meter.times(0.0), wish)], []
    for i in range(round(SECONDS / device.frame)):
        now, using = i * device.frame, plans[-1]
        look = device.pose_fixed + using.crops * device.pose_each
        detect = device.detect[using.detector_size] * rng.uniform(0.95, 1.1)
        wait = rng.random() * look if device.shared else 0.0
        meter.arrived(now)
        meter.detection(now, using.detector_size, detect + wait * contended)
        meter.stage("rest", now, device.rest * rng.uniform(0.8, 1.1))
        if has_pose and i % 3 == 0:
            meter.pose_pass(now, using.crops, look * rng.uniform(0.95, 1.1))
        if now > SETTLED_S:
            busy = detect + wait
            latencies.append(min(device.frame, busy) * rng.random() + busy + device.rest)
        if now >= len(plans):
            plans.append(plan(meter.times(now), wish, using))
    return plans, float(np.percentile(latencies, 95))


@pytest.mark.parametrize("contended", [False, True])
@pytest.mark.parametrize("people", [1, 3, 8])
@pytest.mark.parametrize("latency_s", [0.08, 0.1, 0.15, 0.3])
@pytest.mark.parametrize("device", [GPU, SLOW_GPU, TWO, CPU])
def test_a_run_settles_and_keeps_its_budget(
    device: Device, latency_s: float, people: int, contended: bool
) -> None:
    plans, latency = ran(device, latency_s, people, contended=contended)

    chosen = [(p.detector_size, p.crops) for p in plans[SETTLED_S:]]
    assert len(set(chosen)) == 1
    assert latency <= latency_s or not plans[-1].fits


def test_a_quick_device_ends_with_the_largest_picture_and_a_slow_one_with_what_it_can() -> None:
    assert ran(GPU, 0.15, 8, contended=False)[0][-1] == Plan(640, 0.0, 8, fits=True)
    assert ran(CPU, 0.1, 8, contended=False)[0][-1] == Plan(320, 0.0, 0, fits=True)
    assert ran(CPU, 0.15, 8, contended=False)[0][-1] == Plan(640, 0.0, 0, fits=True)
