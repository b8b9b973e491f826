"""What importing costs and must not bring in."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIGHT = "sdpose_track, sdpose_track.export, sdpose_track.cli, sdpose_track.session.view"


@pytest.mark.parametrize("heavy", ["torch", "PyQt6", "ultralytics", "openvino", "diffusers"])
def test_the_library_and_its_command_line_import_without(heavy: str) -> None:
    code = f"import sys, {LIGHT}; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_run_on_a_cpu_needs_neither_torch_nor_ultralytics_once_the_network_is_converted(
    people_clip: object,
) -> None:
    code = (
        "import sys; from sdpose_track.checkpoints import find;"
        "from sdpose_track.detect.openvino_runtime import OpenVinoRuntime as R;"
        "w = find('yolo11n-pose', 'pose'); R(w);"
        "first = 'torch' in sys.modules; print(first)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        for _ in range(2)
    ]
    assert runs[1].stdout.strip() == "False"


def test_nothing_reaches_for_the_network(people_clip: object) -> None:
    """Importing and converting opens no connection and resolves no name."""
    code = (
        "import socket, sys\n"
        "def refuse(*a, **k): print('network', a, file=sys.stderr); raise OSError('refused')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from sdpose_track.checkpoints import find\n"
        "from sdpose_track.detect.openvino_runtime import OpenVinoRuntime\n"
        "from sdpose_track.detect.ultralytics_door import load_network\n"
        "w = find('yolo11n-pose', 'pose'); load_network(w); OpenVinoRuntime(w)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "network" not in done.stderr
