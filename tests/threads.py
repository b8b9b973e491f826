"""The threads of the engine and of lanes that are alive."""

from __future__ import annotations

import threading


def engine_threads() -> list[str]:
    """Return the names of those that are alive."""
    return [t.name for t in threading.enumerate() if t.name.startswith("sdpose-")]
