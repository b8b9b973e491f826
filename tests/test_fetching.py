"""Weights are fetched when asked, checked, gone on with, and never fetched twice."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from command import refused, sdpose
from fetched_room import CHUNK, TEXT, UNET, Place, made_content
from hub import COMMIT, Cut, Hub, Repository, Stall
from sessions import largest_file

from sdpose_track.checkpoints import find
from sdpose_track.checkpoints import manifest as manifests
from sdpose_track.checkpoints.layout import identity
from sdpose_track.checkpoints.receipts import read
from sdpose_track.errors import CheckpointError


@pytest.fixture(scope="module")
def content() -> dict[str, bytes]:
    return made_content()


@pytest.fixture
def place(tmp_path: Path, content: dict[str, bytes]) -> Iterator[Place]:
    with Hub(Repository("someone/Tiny", dict(content))) as hub:
        yield Place(tmp_path, hub, content)


@pytest.fixture
def fetched(place: Place) -> Place:
    done = place.fetch()
    assert done.returncode == 0, done.stderr
    place.hub.asked.clear()
    return place


@pytest.fixture
def here(fetched: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The same, and this process knows the manifest and the cache too."""
    monkeypatch.setenv("SDPOSE_TRACK_CACHE", str(fetched.cache))
    monkeypatch.setattr(manifests, "PATH", fetched.manifest)
    manifests.manifest.cache_clear()
    yield fetched
    monkeypatch.undo()
    manifests.manifest.cache_clear()


def test_a_checkpoint_is_fetched_whole_and_announced_before(place: Place) -> None:
    done = place.fetch()
    assert done.returncode == 0, done.stderr
    assert place.there() == place.content
    assert not (place.room / "README.md").exists()
    assert not (place.room / ".partial").exists()
    assert "tiny: whole" in done.stdout
    assert "6 as in the manifest; 2 as they were fetched" in done.stdout
    for told in (f"{place.hub.address}/someone/Tiny", str(place.room), "24.0 MB", "licence  MIT"):
        assert told in done.stderr
    assert "Warning" not in done.stderr
    assert "tiny      here" in place.models("list").stdout
    assert place.models("where", "tiny").stdout.strip() == str(place.room)


def test_nothing_is_asked_but_the_files_and_nothing_told_of_the_machine(place: Place) -> None:
    place.fetch()
    for asked in place.hub.asked:
        assert "someone/Tiny" in asked.path
        assert asked.headers["user-agent"].startswith("sdpose-track/")
        assert "torch" not in asked.headers["user-agent"]
        assert "authorization" not in asked.headers
    assert len(place.hub.asked) == 1 + 2 * len(place.content)
    assert not place.hf_home.exists()


def test_what_is_whole_is_not_fetched_again(fetched: Place) -> None:
    done = fetched.fetch()
    assert done.returncode == 0
    assert "nothing to fetch" in done.stderr
    assert "tiny: whole" in done.stdout
    assert fetched.hub.asked == []


def test_the_receipt_says_what_was_checked_against_what(fetched: Place) -> None:
    receipt = read(fetched.room)
    assert receipt is not None
    assert (receipt.repository, receipt.revision, receipt.commit) == (
        "someone/Tiny",
        COMMIT,
        COMMIT,
    )
    assert receipt.endpoint == fetched.hub.address
    assert {p: f.sha256 for p, f in receipt.files.items()} == {
        p: hashlib.sha256(data).hexdigest() for p, data in fetched.content.items()
    }
    assert {p: f.bytes for p, f in receipt.files.items()} == {
        p: len(data) for p, data in fetched.content.items()
    }
    against = {p: f.checked_against for p, f in receipt.files.items()}
    assert against.pop(TEXT) == "hub sha256"
    assert against.pop("tokenizer/vocab.json") == "hub git id"
    assert set(against.values()) == {"manifest"}


def test_fetched_weights_are_found_and_known(here: Place) -> None:
    found = find("tiny", "pose")
    assert found.known
    assert (found.path, found.architecture, found.skeleton) == (here.room, "sdpose", "coco17")
    assert found.sha256 == identity(
        {p: hashlib.sha256(data).hexdigest() for p, data in here.content.items()}
    )
    assert find(str(here.room), "pose").sha256 == found.sha256


def test_a_file_that_changed_after_the_fetch_is_refused(here: Place) -> None:
    path = here.room / TEXT
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(CheckpointError, match=r"is not tiny: its sha256 .* models fetch tiny"):
        find("tiny", "pose")
    assert "is not tiny" in refused(here.models("verify"), 4)

    assert here.fetch().returncode == 0
    assert find("tiny", "pose").known
    assert here.hub.ranges(UNET) == []
    assert len(here.hub.ranges(TEXT)) == 1


def test_without_its_receipt_a_checkpoint_is_not_called_whole(here: Place) -> None:
    (here.room / "fetched.json").unlink()
    assert not find("tiny", "pose").known
    told = here.models("verify", "tiny").stdout
    assert "tiny: there" in told
    assert "2 unchecked" in told
    assert "whole" not in told

    assert here.fetch().returncode == 0
    assert find("tiny", "pose").known
    assert here.hub.ranges(UNET) == here.hub.ranges(TEXT) == []


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"version": 1}', '{"version": 99}', "\xff", "[" * 100_000]
)
def test_a_damaged_receipt_counts_as_none(damage: str, tmp_path: Path) -> None:
    (tmp_path / "fetched.json").write_text(damage, encoding="latin-1")
    assert read(tmp_path) is None


@pytest.mark.parametrize(("key", "value"), [("sha256", 7), ("sha256", None), ("bytes", "many")])
def test_a_receipt_with_a_fact_of_another_kind_counts_as_none(
    key: str, value: object, fetched: Place
) -> None:
    path = fetched.room / "fetched.json"
    told = json.loads(path.read_text())
    told["files"][TEXT][key] = value
    path.write_text(json.dumps(told))
    assert read(fetched.room) is None
    assert "2 unchecked" in fetched.models("verify", "tiny").stdout


def test_a_receipt_of_another_revision_vouches_for_nothing(here: Place) -> None:
    here.write_manifest("main")
    manifests.manifest.cache_clear()
    assert not find("tiny", "pose").known


def test_a_connection_that_breaks_off_is_gone_on_with(place: Place) -> None:
    place.repository.answers[UNET] = [Cut(15_000_000)]
    assert place.fetch().returncode == 0
    assert place.hub.ranges(UNET) == [None, f"bytes={CHUNK}-"]
    assert place.there() == place.content


def test_the_next_fetch_goes_on_where_a_broken_one_stopped(place: Place) -> None:
    place.repository.answers[UNET] = [Cut(15_000_000), HTTPStatus.SERVICE_UNAVAILABLE]
    told = refused(place.fetch(), 4)
    assert f"answered 503 for {UNET}" in told
    assert f"put its files into {place.room}" in told
    assert place.parts() == [CHUNK]
    assert UNET not in place.there()
    assert "tiny      partly here" in place.models("list").stdout
    assert f"lacks {UNET}" in refused(place.models("where", "tiny"), 4)
    assert f"lacks {UNET}" in refused(place.models("verify", "tiny"), 4)

    place.hub.asked.clear()
    done = place.fetch()
    assert done.returncode == 0, done.stderr
    assert "of which 10.5 MB are here" in done.stderr
    assert place.hub.ranges(UNET) == [f"bytes={CHUNK}-"]
    assert len(place.hub.asked) == 3
    assert place.there() == place.content


def test_a_server_that_cannot_send_parts_sends_the_whole(place: Place) -> None:
    place.repository.knows_ranges = False
    place.repository.answers[UNET] = [Cut(15_000_000)]
    assert place.fetch().returncode == 0
    assert place.there() == place.content


@pytest.mark.parametrize("path", [UNET, TEXT, "tokenizer/vocab.json"])
def test_a_file_with_another_content_is_deleted(path: str, place: Place) -> None:
    place.repository.sends[path] = bytes(len(place.content[path]))
    told = refused(place.fetch(), 4)
    assert f"{path} of {place.hub.address}/someone/Tiny came with another content" in told
    assert path not in place.there()
    assert place.parts() == []
    assert not (place.room / "fetched.json").exists()

    place.repository.sends.clear()
    place.hub.asked.clear()
    assert place.fetch().returncode == 0
    assert place.hub.ranges(path) == [None]
    assert place.there() == place.content


def test_a_hub_that_states_another_file_is_asked_for_none(place: Place) -> None:
    place.repository.files[UNET] = bytes(len(place.content[UNET]))
    told = refused(place.fetch(), 4)
    assert f"has another {UNET} than the one known here" in told
    assert len(place.hub.asked) == 1
    assert not place.room.exists()


def test_a_branch_that_moved_on_is_fetched_as_it_is_now_and_told(
    place: Place, content: dict[str, bytes]
) -> None:
    place.write_manifest("main")
    text = place.manifest.read_text().replace(f'"{TEXT}" = {{  }}', f'"{TEXT}" = {{ bytes = 7 }}')
    place.manifest.write_text(text)
    done = place.fetch()
    assert done.returncode == 0, done.stderr
    assert f"note: {TEXT} has another size" in done.stderr
    receipt = read(place.room)
    assert receipt is not None
    assert (receipt.revision, receipt.commit) == ("main", COMMIT)


def test_one_file_is_fetched_into_a_folder_of_its_own(place: Place) -> None:
    done = place.models("fetch", "one-file")
    assert done.returncode == 0, done.stderr
    path = place.cache / "models" / "one-file" / "unet" / "config.json"
    assert path.read_bytes() == place.content["unet/config.json"]
    assert f"one-file: whole, {path}" in done.stdout


def test_a_missing_repository_revision_or_file_is_told(place: Place) -> None:
    place.write_manifest(revision="f" * 40)
    assert f"has no revision {'f' * 40}" in refused(place.fetch(), 4)
    place.write_manifest(repository="someone/Else")
    assert "has no repository someone/Else" in refused(place.fetch(), 4)
    place.write_manifest()
    del place.repository.files[TEXT]
    assert f"has no {TEXT}" in refused(place.fetch(), 4)
    assert not place.room.exists()


def test_a_token_opens_a_closed_repository_and_goes_to_no_other_host(place: Place) -> None:
    place.repository.token = "hf_secret"
    assert "wants its terms accepted" in refused(place.fetch(), 4)
    place.hub.asked.clear()
    assert place.fetch(HF_TOKEN="hf_secret").returncode == 0
    told = {
        a.path.startswith("/cdn/"): a.headers.get("authorization")
        for a in place.hub.asked
        if a.path.endswith(".safetensors")
    }
    assert told == {False: "Bearer hf_secret", True: None}


def test_offline_means_that_nobody_is_asked(place: Place) -> None:
    told = refused(place.fetch(HF_HUB_OFFLINE="1"), 4)
    assert "HF_HUB_OFFLINE" in told
    assert f"get someone/Tiny elsewhere and put its files into {place.room}" in told
    assert place.hub.asked == []


def test_a_hub_that_cannot_be_reached_is_told(place: Place) -> None:
    with Hub() as gone:
        address = gone.address
    told = refused(place.fetch(HF_ENDPOINT=address), 4)
    assert f"{address} cannot be reached" in told


@pytest.mark.parametrize(
    "answer", [b"<html>Log in</html>", b"{}", b"[]", b'{"siblings": [{}]}', b"[" * 100_000]
)
def test_what_is_no_hub_is_told(answer: bytes, place: Place) -> None:
    place.repository.listing = answer
    assert "is no listing of someone/Tiny" in refused(place.fetch(), 4)


@pytest.mark.parametrize("path", [TEXT, "tokenizer/vocab.json"])
@pytest.mark.parametrize("how", ["absolute", "relative"])
def test_a_hash_that_is_a_path_touches_no_file(
    how: str, path: str, place: Place, tmp_path: Path
) -> None:
    own = tmp_path / "own.txt"
    own.write_bytes(bytes(9000))  # larger than the file, of which such a part would be deleted
    name = str(own) if how == "absolute" else os.path.relpath(own, place.room / ".partial")
    place.repository.names[path] = name
    assert "is no listing of someone/Tiny" in refused(place.fetch(), 4)
    assert own.read_bytes() == bytes(9000)
    assert not place.room.exists()


@pytest.mark.parametrize("name", ["", "0" * 39, "0" * 41, "A" * 40, "0" * 40 + "\n", "0" * 63])
def test_only_a_hash_is_taken_for_one(name: str, place: Place) -> None:
    for path in (TEXT, "tokenizer/vocab.json"):
        place.repository.names = {path: name}
        assert "is no listing of someone/Tiny" in refused(place.fetch(), 4)
    place.repository.names, place.repository.commit = {}, name
    assert "is no listing of someone/Tiny" in refused(place.fetch(), 4)


@pytest.mark.parametrize("size", [-1, 10**400], ids=["negative", "endless"])
def test_a_size_that_no_file_has_is_told(size: int, place: Place) -> None:
    place.repository.states[TEXT] = size
    assert "is no listing of someone/Tiny" in refused(place.fetch(), 4)


@pytest.mark.parametrize("address", ["", "hub", "ftp://hub", "http://[bad", "http://hub:port"])
def test_an_endpoint_that_is_no_address_is_told(address: str, place: Place) -> None:
    told = refused(place.fetch(HF_ENDPOINT=address), 4)
    assert f"HF_ENDPOINT {address!r} is no web address" in told
    assert place.hub.asked == []


def test_another_variable_that_huggingface_hub_cannot_use_is_told(place: Place) -> None:
    told = refused(place.fetch(HF_HUB_ETAG_TIMEOUT="soon"), 4)
    assert "an HF_ variable has a value that huggingface_hub cannot use" in told
    assert "'soon'" in told


def test_a_disk_that_is_too_small_is_told_before_anything_is_written(place: Place) -> None:
    place.repository.states[TEXT] = 10**17
    told = refused(place.fetch(), 5)
    assert "tiny needs 100000000.0 GB more" in told
    assert len(place.hub.asked) == 1
    assert not place.room.exists()


def test_a_cache_that_cannot_be_looked_into_is_named(place: Place) -> None:
    place.cache = place.cache.with_name("a" * 300)
    assert "models/tiny cannot be written (File name too long)" in refused(place.fetch(), 5)


def test_a_disk_that_fills_up_keeps_what_came(place: Place) -> None:
    with largest_file(12_000_000):
        told = refused(place.fetch(), 5)
    assert "what was fetched so far stays" in told
    assert len(place.parts()) == 1
    assert place.parts()[0] >= CHUNK
    assert place.fetch().returncode == 0
    assert place.there() == place.content


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_keeps_what_came_and_a_second_fetch_beside_it_is_refused(place: Place) -> None:
    place.repository.answers[UNET] = [Stall(15_000_000)]
    process = place.begin("fetch", "tiny")
    limit = time.monotonic() + 60
    while place.parts() != [CHUNK] and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.01)
    assert "being written by another fetch" in refused(place.fetch(), 5)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert "models fetch tiny goes on" in told
    assert place.parts() == [CHUNK]

    assert place.fetch().returncode == 0
    assert place.hub.ranges(UNET)[-1] == f"bytes={CHUNK}-"
    assert place.there() == place.content


def test_a_model_without_an_address_is_told_how_to_be_had(tmp_path: Path) -> None:
    told = refused(sdpose("models", "fetch", "yolo11n", cwd=tmp_path), 4)
    assert "get yolo11n.pt (5613764 bytes, sha256 0ebbc80d" in told
    done = sdpose("models", "fetch", "yolo11n-pose", cwd=tmp_path)
    assert done.returncode == 0
    assert "nothing to fetch" in done.stderr
    assert "give the NAME" in refused(sdpose("models", "fetch", cwd=tmp_path), 2)


def test_the_hub_is_imported_only_to_be_asked() -> None:
    code = (
        "import sys, sdpose_track.cli.models, sdpose_track.checkpoints.fetching;"
        " sys.exit('huggingface_hub' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
