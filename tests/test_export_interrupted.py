"""Ctrl-C while an export begins its thread: the thread ends, and nothing is left."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sessions import exported, fixture_a


@pytest.mark.parametrize("name", ["parquet", "kinematics-parquet"])
def test_an_export_that_is_interrupted_as_its_thread_begins_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        real(thread)
        if thread.name.startswith("sdpose-"):
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(KeyboardInterrupt):
        exported(tmp_path, name, fixture_a())
    assert list((tmp_path / "out").iterdir()) == []
