"""Under which licences the packages stand that this program needs, and what comes inside of them.

Facts that were looked up, read from `licences.toml`: what is installed says less of it, and each
package in its own words. docs/licences.py holds them against the packages themselves.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

PATH = Path(__file__).with_name("licences.toml")


class Licensed(NamedTuple):
    """A package that is needed, and its licence."""

    name: str
    """As pip compares names: small letters and hyphens."""
    licence: str
    """An SPDX expression."""
    home: str
    """An address; empty where the package names none."""
    use: str = ""
    """What it is for; empty for what only other packages need."""
    told: str = ""
    """Where the licence stands; empty if the package states it as SPDX."""


class Bundled(NamedTuple):
    """A library that comes inside of packages."""

    name: str
    within: str
    licence: str
    note: str


def packages() -> dict[str, Licensed]:
    """Return the packages by name, those that only others need too."""
    return {name: Licensed(name, **facts) for name, facts in _read()["packages"].items()}


def bundled() -> tuple[Bundled, ...]:
    """Return the libraries that come inside of packages."""
    return tuple(Bundled(**facts) for facts in _read()["bundled"])


def remarked() -> dict[str, str]:
    """Return the reason for each licence that is put up with though it is not compatible."""
    return dict(_read()["remarked"])


def is_allowed(expression: str) -> bool:
    """Return whether an SPDX expression without brackets is compatible or remarked upon."""
    allowed = {*_read()["compatible"], *remarked()}
    return any(
        all(licence in allowed for licence in choice.split(" AND "))
        for choice in expression.split(" OR ")
    )


def plain(name: str) -> str:
    """Return the name of a package as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(PATH.read_text(encoding="utf-8"))
