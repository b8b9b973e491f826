"""How a job goes and what became of it, in a line. Only pure functions of a job may enter."""

from __future__ import annotations

from pathlib import Path

from ui.jobs.job import Job, State
from ui.jobs.wording import time_text
from ui.look.texts import plural


def how_it_goes(job: Job) -> str:
    """Return the line of a job that is not over."""
    match job.state:
        case State.PREPARING:
            return "Preparing: networks are loaded"
        case State.STOPPING:
            return "Stopping; what is done is kept"
        case State.PAUSED:
            return f"Paused at {_place(job)}"
    parts = [_place(job), *([job.detail] if job.detail else [])]
    if (speed := job.per_second) is not None and job.unit:
        parts.append(_speed(speed, job.unit))
    if (left := job.left_s) is not None:
        parts.append(f"{time_text(left)} left")
    return " · ".join(parts)


def what_became(job: Job) -> str:
    """Return the line of a job that is over."""
    if job.state is State.FAILED:
        return job.sentence or "It failed."
    if job.state is State.CANCELLED:
        kept = f"; kept in {_names(job.results)}" if job.results else ""
        return f"Stopped at {_place(job)}{kept}"
    if job.unit:
        return f"Done: {plural(job.done, job.unit)} in {_names(job.results)}"
    return f"Written: {_names(job.results)}" if job.results else "Nobody was there to write"


def _place(job: Job) -> str:
    """Return how far a job is: `412 of 1,200 frames`, `41 %`."""
    if not job.unit:
        return f"{100 * job.done // max(job.total or 1, 1)} %"
    if job.total is None:
        return plural(job.done, job.unit)
    return f"{job.done:,} of {plural(job.total, job.unit)}"


def _speed(speed: float, unit: str) -> str:
    """Return `12.3 frames/s`, or `10 s a frame` where one takes seconds."""
    if speed < 0.5:
        return f"{time_text(1 / speed)} a {unit}"
    return f"{speed:.0f} {unit}s/s" if speed >= 20 else f"{speed:.1f} {unit}s/s"


def _names(paths: tuple[Path, ...]) -> str:
    first = paths[0].name if paths else ""
    return first if len(paths) < 2 else f"{first} and {len(paths) - 1} more"
