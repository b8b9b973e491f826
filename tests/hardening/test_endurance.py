"""The endurance benchmark itself: that it tells growth from unrest, and a short run of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("psutil", reason="processes are watched with psutil, of the extra benchmark")
BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
HOUR_S = 3600
LIVE = ("live", "--minutes", "1", "--detector-size", "640")
"""Another detector, which a busy machine gets, takes memory of its own."""


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmarks are scripts: they find each other beside themselves."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def held(growth_mb: float, noise_mb: float = 2.0, files: float = 0.0) -> list[Any]:
    """Return an hour of samples of a process that gains `growth_mb` and `files` in it."""
    from watching import Sample

    rng, steps = np.random.default_rng(1), range(0, HOUR_S, 4)
    return [
        Sample(
            at=at,
            rss=400.0,
            own=200 + growth_mb * at / HOUR_S + noise_mb * rng.standard_normal(),
            files=10 + int(files * at / HOUR_S),
            threads=20,
            session=0.0,
            log=0.0,
            frames=10 * at,
            worked=0.2 * at,
            others=0.0,
        )
        for at in steps
    ]


def test_a_slope_is_that_of_a_line_and_nothing_is_unsure_of_it() -> None:
    from watching import trend

    line = trend([0.0, 900.0, 1800.0, 3600.0], [5.0, 6.0, 7.0, 9.0])
    assert line.per_hour == pytest.approx(4.0)
    assert line.margin == pytest.approx(0.0, abs=1e-9)
    assert line.certain(1800) == pytest.approx(2.0)


def test_the_margin_of_a_slope_is_that_of_student() -> None:
    from watching import trend

    # Residuals of the line 2 + 3x: 0.5, -1, 0.5, and half of them again: s² = 1.5 / 1,
    # Sxx = 2, t(0.975, 1) = 12.7062.
    rise = trend([0.0, HOUR_S, 2 * HOUR_S], [2.5, 4.0, 8.5])
    assert rise.per_hour == pytest.approx(3.0)
    assert rise.margin == pytest.approx(12.7062 * math.sqrt(1.5 / 2), rel=1e-4)


def test_too_few_values_tell_nothing() -> None:
    from watching import trend

    assert trend([0.0, 1.0], [1.0, 100.0]).margin == math.inf


def test_neighbours_that_are_alike_make_a_slope_less_sure() -> None:
    from watching import trend

    at = np.arange(0, HOUR_S, 150.0).tolist()
    waves = np.sin(np.arange(len(at)) / 3)
    turns = np.random.default_rng(0).permutation(waves)
    assert trend(at, waves.tolist()).margin > 2 * trend(at, turns.tolist()).margin


@pytest.mark.parametrize("growth", [0, 3, -40])
def test_unrest_and_what_shrinks_are_no_growth(growth: float) -> None:
    from watching import grown, settled

    assert grown(settled(held(growth))) == []


def test_memory_that_grows_is_told_in_words() -> None:
    from watching import grown, settled

    (found,) = grown(settled(held(15)))
    assert found.startswith("memory grew: +15")


def test_open_files_that_grow_are_told_in_words() -> None:
    from watching import grown, settled

    assert grown(settled(held(0, files=6))) == ["open files grew from 10 to 15"]


def test_a_section_takes_the_place_of_the_one_with_its_title(tmp_path: Path) -> None:
    from endurance import TITLE, Seen, _keep

    results = tmp_path / "results.md"
    for title, fact in (("One", "first"), ("Two", "second"), ("One", "third")):
        _keep(results, Seen(title, "recording", samples=held(0), facts=[fact]))
    text = results.read_text(encoding="utf-8")
    assert text.startswith(TITLE)
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## Two", "## One"]
    assert "- third" in text
    assert "- first" not in text


@pytest.mark.hardening
@pytest.mark.parametrize(
    "words",
    [
        ["recording", "--minutes", "4"],
        [*LIVE],
        [*LIVE, "--drops", "12"],
        [*LIVE, "--mjpeg"],
    ],
    ids=" ".join,
)
@pytest.mark.logs_errors  # clients that leave without a word may; the run is a process of its own
def test_nothing_grows_in_a_short_run(
    words: list[str], tmp_path: Path, tried: Callable[[str, int], None]
) -> None:
    from endurance import main

    results = tmp_path / "results.md"
    assert main(["--into", str(results), "--every", "0.5", *words]) == 0, results.read_text()
    assert "| open files |" in results.read_text(encoding="utf-8")
    tried("minutes of a real run watched: memory, files, threads, latency", 1)
