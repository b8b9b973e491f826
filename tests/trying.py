"""Broken inputs, faults and strangers' files: a few of each in every run, all of them with --hard.

What each test tried is counted and printed at the end, for the table in docs/reliability.md.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

_TRIED = pytest.StashKey[dict[str, int]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--hard", action="store_true", help="tens of thousands of cases where a few hundred are run"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TRIED] = {}
    _heed_signals()


def _heed_signals() -> None:
    """Heed what `nohup`, or a shell in the background, told this process to ignore.

    Its children would ignore it too, and no test could stop a program by it.
    """
    for name, usual in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.fixture(scope="session")
def amount(pytestconfig: pytest.Config) -> Callable[[int, int], int]:
    """`amount(few, many)` is how many cases to try: many with --hard."""
    hard = bool(pytestconfig.getoption("--hard", default=False))
    return lambda few, many: many if hard else few


@pytest.fixture(scope="session")
def tried(pytestconfig: pytest.Config) -> Callable[[str, int], None]:
    """`tried("session files, one byte changed", 5000)` counts cases that ended as they must."""
    counts = pytestconfig.stash.setdefault(_TRIED, {})

    def count(kind: str, cases: int = 1) -> None:
        counts[kind] = counts.get(kind, 0) + cases

    return count


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    counts = config.stash.get(_TRIED, {})
    if counts:
        terminalreporter.section("tried, and nothing was lost")
        for kind in sorted(counts):
            terminalreporter.write_line(f"{counts[kind]:8}  {kind}")
