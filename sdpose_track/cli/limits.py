"""Whether the shell leaves the program enough to begin with: below that, native code only crashes.

What it may open is one file after another in libraries that each give another reason for failing;
and without address space, numpy's own library ends the process as it is loaded.
"""

from __future__ import annotations

import errno
import importlib

from sdpose_track.errors import DeviceError

LEAST_FILES = 32
LEAST_BYTES = 10**9
"""Of address space."""
_FULL = ("cannot allocate memory", "failed to map segment", "bad_alloc", "can't start new thread")
"""How native code says that there is no memory, in errors of many kinds."""


def check_limits() -> None:
    """Raise DeviceError if so few files or so little memory can be had that nothing works."""
    try:
        resource = importlib.import_module("resource")
    except ImportError:  # Windows has no such limits
        return
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= files < LEAST_FILES:
        raise DeviceError(
            f"the program may open {files} files at once and needs {LEAST_FILES};"
            f" raise it with ulimit -n {LEAST_FILES}"
        )
    size, _ = resource.getrlimit(resource.RLIMIT_AS)
    if 0 <= size < LEAST_BYTES:
        raise DeviceError(
            f"the program may use {size / 1e9:.1f} GB of memory and needs {LEAST_BYTES / 1e9:g} GB"
            " at least; raise it with ulimit -v unlimited"
        )


def is_memory(error: Exception) -> bool:
    """Tell whether `error` is that this machine has no memory left, whoever says so."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    text = str(error).lower()
    return isinstance(error, ImportError | OSError | RuntimeError) and any(
        words in text for words in _FULL
    )
