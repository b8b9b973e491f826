"""Fills the tables of docs/licences.md from ui/licences.toml, the pins and the models' manifest.

python docs/licences.py          fills them
python docs/licences.py --check  says what is wrong: with the tables, the pins, or what the packages
                                 installed here say of their licences; exit code 1 if anything is

The pins were made on Linux (x86-64), where `--check` finds all of them; other systems need fewer.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from sdpose_track.checkpoints.manifest import manifest
from ui.licences import PATH, Licensed, bundled, is_allowed, packages, plain, remarked

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
OURS = "sdpose-track"
_TABLE = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> int:
    """Fill the tables, or say what is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing, say what is wrong")
    if not parser.parse_args().check:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return 0
    wrong = [*page_problems(), *pin_problems(), *package_problems(packages())]
    for sentence in wrong:
        sys.stdout.write(f"{sentence}\n")
    return 1 if wrong else 0


# -- what there is ---------------------------------------------------------------------------------


def pins() -> dict[str, str]:
    """Return the versions of constraints.txt by package."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    return {plain(name): version for name, _, version in (line.partition("==") for line in lines)}


def declared(*extras: str) -> list[Requirement]:
    """Return what pyproject.toml asks for, with some of its extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for extra in extras for line in optional[extra])]
    return [Requirement(line) for line in lines if not line.startswith(OURS)]


def closure(requirements: Iterable[Requirement]) -> set[str]:
    """Return all packages that these requirements need here, as the installed ones say."""
    waiting, seen = list(requirements), set[tuple[str, frozenset[str]]]()
    while waiting:
        wanted = waiting.pop()
        key = plain(wanted.name), frozenset(wanted.extras)
        if key in seen or not _applies(wanted):
            continue
        seen.add(key)
        waiting += _needs(wanted)
    return {name for name, _ in seen}


def _applies(wanted: Requirement) -> bool:
    return wanted.marker is None or wanted.marker.evaluate({"extra": ""})


def _needs(wanted: Requirement) -> Iterator[Requirement]:
    try:
        lines = metadata.requires(wanted.name) or []
    except metadata.PackageNotFoundError:
        return
    for needed in map(Requirement, lines):
        extras = wanted.extras or {""}
        if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
            needed.marker = None
            yield needed


# -- what is wrong ---------------------------------------------------------------------------------


def page_problems() -> Iterator[str]:
    """Say whether the page is not what the facts make of it."""
    text = PAGE.read_text(encoding="utf-8")
    if text != filled(text):
        yield f"{PAGE.name} is not up to date: run `python docs/licences.py`."


def pin_problems() -> Iterator[str]:
    """Say which packages are needed and not pinned, or pinned and not needed."""
    needed = closure(declared()) - {OURS}
    wanted = needed | closure(declared("dev", "benchmark", "sleap"))
    for name in sorted(needed ^ set(packages())):
        where = "not needed any more, but in" if name in packages() else "needed, but not in"
        yield f"{name} is {where} ui/{PATH.name}."
    for name in sorted(needed - set(pins())):
        yield f"{name} is needed, but not pinned in constraints.txt."
    for name in sorted(set(pins()) - wanted):
        yield f"{name} is pinned in constraints.txt, but nothing needs it."


def package_problems(known: dict[str, Licensed]) -> Iterator[str]:
    """Say what of these facts is not so, or not good enough."""
    direct = {plain(wanted.name) for wanted in declared()}
    for name, facts in known.items():
        if not is_allowed(facts.licence):
            yield f"{name}: {facts.licence} is not known to go together with AGPL-3.0-or-later."
        if bool(facts.use) != (name in direct):
            yield f"{name}: what it is for belongs to what pyproject.toml asks for, and only there."
        yield from _differences(facts)


def _differences(facts: Licensed) -> Iterator[str]:
    try:
        about = metadata.metadata(facts.name)
    except metadata.PackageNotFoundError:
        yield f"{facts.name} is not installed: nothing to compare with."
        return
    if about["Version"] != pins().get(facts.name):
        yield f"{facts.name} {about['Version']} is installed, not the version of constraints.txt."
    fields = ["License-Expression"] if facts.told else ["License-Expression", "License"]
    stated = next((text for field in fields for text in about.get_all(field) or ()), None)
    if stated is None and not facts.told:
        yield f"{facts.name} states no licence as SPDX: say in `told` where it was found."
    if stated is not None and stated != facts.licence:
        yield f"{facts.name} states {stated}, not {facts.licence}."


# -- the page --------------------------------------------------------------------------------------


def filled(text: str) -> str:
    """Return the page with its tables made anew."""
    tables = {"direct": _direct(), "others": _others(), "bundled": _bundled(),
              "weights": _weights(), "remarks": _remarks(), "told": _told()}  # fmt: skip

    def table(found: re.Match[str]) -> str:
        lines = "\n".join(tables[found[2]])
        return f"{found[1]}\n{lines}\n\n{found[3]}"

    return _TABLE.sub(table, text)


def _direct() -> Iterator[str]:
    yield from ("| package | version | licence | for |", "|---|---|---|---|")
    for name, facts in sorted(packages().items()):
        if facts.use:
            yield f"| {_linked(facts)} | {pins().get(name, '')} | {facts.licence} | {facts.use} |"


def _others() -> Iterator[str]:
    yield from ("| package | version | licence |", "|---|---|---|")
    for name, facts in sorted(packages().items()):
        if not facts.use:
            yield f"| {_linked(facts)} | {pins().get(name, '')} | {facts.licence} |"


def _bundled() -> Iterator[str]:
    yield from ("| what | inside | licence | |", "|---|---|---|---|")
    for library in bundled():
        yield f"| {library.name} | {library.within} | {library.licence} | {library.note} |"


def _weights() -> Iterator[str]:
    yield from ("| weights | licence | origin |", "|---|---|---|")
    for name, model in manifest().items():
        yield f"| [{name}](../models/{model.card}) | {model.license} | {model.origin} |"


def _remarks() -> Iterator[str]:
    yield from (f"- **{licence}**: {reason}" for licence, reason in remarked().items())


def _told() -> Iterator[str]:
    yield from ("| package | its licence stands in |", "|---|---|")
    yield from (f"| {f.name} | {f.told} |" for _, f in sorted(packages().items()) if f.told)


def _linked(facts: Licensed) -> str:
    return f"[{facts.name}]({facts.home})" if facts.home else facts.name


if __name__ == "__main__":
    raise SystemExit(main())
