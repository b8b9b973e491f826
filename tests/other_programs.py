"""Runs programs that read our exports, each in an environment of its own, far from ours.

`make readers` sets them up under `.venv-readers/`, one a file of requirements in `tests/readers/`;
`SDPOSE_READERS` names another folder. Tests of a reader that is not there are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent / "readers"
READERS = Path(os.environ.get("SDPOSE_READERS", SCRIPTS.parent.parent / ".venv-readers"))


def read_with(reader: str, script: str, *arguments: str | Path) -> Any:
    """Return the JSON that a script of `tests/readers` prints last, run by a reader's Python.

    Skips the test if `reader`, a name of `tests/readers/*.txt`, is not set up.
    """
    python = READERS / reader / "bin" / "python"
    if not python.exists():
        pytest.skip(f"the reader {reader} is not set up; make readers does")
    command = [str(python), str(SCRIPTS / script), *map(str, arguments)]
    with tempfile.TemporaryDirectory() as elsewhere:  # some leave a log where they are
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=600, check=False, cwd=elsewhere
        )
    assert done.returncode == 0, f"{reader} refused it:\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout.strip().splitlines()[-1])
