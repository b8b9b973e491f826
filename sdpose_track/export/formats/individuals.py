"""What formats with a text for a person call people: their id, and the name they were given."""

from __future__ import annotations

from sdpose_track.export.job import Job


def individuals(job: Job) -> dict[int, str]:
    """Return by ascending id what everyone is called: `track_1`, or `track_1 Ann` with a name."""
    names = job.view.names
    return {i: f"track_{i} {names[i]}" if i in names else f"track_{i}" for i in job.view.track_ids}
