"""The only door to pyqtgraph: imported where a plot is first shown, since it takes a moment.

While it is imported it puts a hook of its own in the place of Python's for uncaught errors; that is
given back here, because the viewer has a crash handler.
"""

from __future__ import annotations

import sys
from typing import Any


def _imported() -> Any:  # it has no types
    hook = sys.excepthook
    import pyqtgraph

    sys.excepthook = hook
    return pyqtgraph


pg = _imported()
