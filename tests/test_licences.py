"""Licences: known of every package, compatible, and the same on the page as in the packages."""

from __future__ import annotations

import platform
import sys

import pytest
from licences import closure, declared, package_problems, page_problems, pin_problems

from ui.licences import bundled, is_allowed, packages

needs_all_pins = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="constraints.txt was made on Linux (x86-64); other systems need fewer packages",
)


def test_the_page_is_what_the_facts_make_of_it() -> None:
    assert list(page_problems()) == []


@needs_all_pins
def test_exactly_the_packages_that_are_needed_are_pinned_and_listed() -> None:
    assert list(pin_problems()) == []


@needs_all_pins
def test_every_licence_is_allowed_and_as_the_package_states_it() -> None:
    assert list(package_problems(packages())) == []


def test_the_licence_of_whatever_comes_inside_a_package_is_allowed() -> None:
    assert [library for library in bundled() if not is_allowed(library.licence)] == []


@pytest.mark.parametrize(
    ("expression", "so"),
    [("MIT", True), ("MIT AND Zlib", True), ("SSPL-1.0 OR MIT", True), ("SSPL-1.0", False),
     ("MIT AND SSPL-1.0", False), ("MIT OR Zlib AND SSPL-1.0", True), ("", False)],
)  # fmt: skip
def test_an_expression_is_allowed_if_every_part_of_one_choice_is(expression: str, so: bool) -> None:
    assert is_allowed(expression) is so


def test_what_is_not_so_is_told() -> None:
    numpy, nobody = packages()["numpy"], packages()["click"]._replace(name="no-such-package")
    wrong = {
        "numpy": numpy._replace(licence="SSPL-1.0", use=""),
        "no-such-package": nobody,
    }
    told = "\n".join(package_problems(wrong))
    assert "numpy: SSPL-1.0 is not known to go together with AGPL-3.0-or-later" in told
    assert "numpy: what it is for belongs to" in told
    assert "numpy states BSD-3-Clause AND" in told
    assert "no-such-package is not installed" in told


def test_what_packages_need_is_followed_through_their_extras() -> None:
    needed = closure(r for r in declared() if r.name in ("torch", "PyQt6"))
    assert {"torch", "sympy", "mpmath", "pyqt6", "pyqt6-qt6"} <= needed
    assert not {"numpy", "pytest"} & needed
