"""What the documents name is there: files, headings, options; and they name every option."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdpose_track.cli.parser import build_parser
from sdpose_track.export.table import FORMATS

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/**/*.md")]
)
MANUAL = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
_CALL = re.compile(r"sdpose-track ([a-z]+)((?:[^\n`|\\]|\\\n)*)")


def options_of(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, str]]:
    """Every command with each of its options."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                yield from options_of(inner, name or word)
        else:
            yield from ((name, option) for option in action.option_strings)


OPTIONS = set(options_of(build_parser()))


def slug(heading: str) -> str:
    """The anchor that a code host gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(name: str) -> None:
    path = ROOT / name
    for link in _LINK.findall(path.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        where, _, anchor = link.partition("#")
        target = path.parent / where if where else path
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), link


def test_every_option_of_a_command_that_a_document_shows_is_one_of_that_command() -> None:
    shown = {
        (command, option)
        for path in MANUAL
        for command, rest in _CALL.findall(path.read_text(encoding="utf-8"))
        for option in _OPTION.findall(rest)
    }
    assert len(shown) > 20
    assert shown <= OPTIONS, shown - OPTIONS


def test_every_option_is_in_the_manual() -> None:
    manual = "".join(path.read_text(encoding="utf-8") for path in MANUAL)
    named = set(_OPTION.findall(manual))
    options = {option for _, option in OPTIONS if option.startswith("--")}
    assert options <= named | {"--help", "--version"}, options - named


def test_every_format_is_in_the_manual() -> None:
    manual = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    families = {word.rstrip("*") for word in re.findall(r"`([a-z][a-z-]*\*)`", manual)}
    for name in FORMATS:
        assert f"`{name}`" in manual or any(name.startswith(family) for family in families), name


def test_every_picture_is_shown() -> None:
    shown = "".join(path.read_text(encoding="utf-8") for path in MANUAL)
    for picture in (ROOT / "docs" / "images").iterdir():
        assert f"images/{picture.name})" in shown, picture.name
