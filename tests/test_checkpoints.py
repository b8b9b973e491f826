"""Weights are found, and used only if they are what the manifest says."""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from zipfile import ZipFile

import pytest

from sdpose_track.cache import SMALLEST_REMEMBERED, known_sha256
from sdpose_track.checkpoints import find, locate
from sdpose_track.checkpoints import manifest as manifests
from sdpose_track.checkpoints.finding import verify
from sdpose_track.checkpoints.layout import NEEDED
from sdpose_track.checkpoints.manifest import manifest
from sdpose_track.errors import CheckpointError
from sdpose_track.skeletons import SKELETONS

ROOT = Path(__file__).parents[1]
PICKLED = pickle.dumps({"model": None})
"""Looks like a checkpoint as long as nobody loads it."""
GOLDEN = ROOT.parent / "shared" / "golden" / "ckpt" / "tiny_body"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in SDPose's layout; nobody looks into its files here."""
    folder = tmp_path / "mine"
    for name in (*NEEDED, "tokenizer/merges.txt", "scheduler/scheduler_config.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A file that is large enough for its sha256 to be remembered."""
    path = tmp_path / "big.safetensors"
    path.write_bytes(bytes(SMALLEST_REMEMBERED))
    return path


@pytest.fixture
def other_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where a test may write a manifest that counts instead of ours."""
    path = tmp_path / "manifest.toml"
    monkeypatch.setattr(manifests, "PATH", path)
    manifest.cache_clear()
    yield path
    manifest.cache_clear()


def anybody(_sha256: str) -> bool:
    return True


def memories(cache: Path) -> set[Path]:
    return set((cache / "digests").glob("*"))


@pytest.mark.parametrize("name", manifest())
def test_every_entry_of_the_manifest_is_whole(name: str) -> None:
    entry = manifest()[name]
    assert entry.files
    for file in entry.files:
        assert file.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.bytes is None or file.bytes > 0
        assert not Path(file.path).is_absolute()
        assert ".." not in Path(file.path).parts
    assert set(entry.roles) <= {"detector", "pose"}
    assert entry.roles
    assert entry.architecture in ("ultralytics", "sdpose")
    assert entry.skeleton is None or entry.skeleton in SKELETONS
    assert (entry.repository is None) == (entry.revision is None)
    assert (ROOT / "models" / entry.card).is_file()


@pytest.mark.parametrize("path", ["/a", "../a", "a/../../b", "a\\..\\..\\b", "C:a", "\\a", ""])
def test_a_manifest_names_no_file_outside_the_folder_of_its_model(
    path: str, other_manifest: Path
) -> None:
    entry = 'summary = ""\nroles = []\narchitecture = ""\nlicense = ""\norigin = ""\ncard = ""\n'
    for name, file in (("tiny", path), (path, "tiny.pt")):
        other_manifest.write_text(f"['{name}']\n{entry}['{name}'.files]\n'{file}' = {{}}\n")
        with pytest.raises(CheckpointError, match=r"is damaged .* lies in another folder"):
            manifest()


def test_the_sdpose_folders_in_the_manifest_have_what_such_a_folder_needs() -> None:
    for name in ("sdpose-body", "sdpose-wholebody"):
        entry = manifest()[name]
        assert set(NEEDED) <= {file.path for file in entry.files}
        assert (entry.roles, entry.input) == (("pose",), (768, 1024))


def test_the_light_model_is_found_in_its_wheel_and_matches() -> None:
    found = find("yolo11n-pose", "detector")
    assert found.known
    assert found.sha256 == manifest()["yolo11n-pose"].files[0].sha256
    assert (found.architecture, found.skeleton) == ("ultralytics", "coco17")
    assert verify("yolo11n-pose").weights == found


def test_a_changed_file_is_refused(own_cache: Path) -> None:
    path = own_cache / "models" / "yolo11n.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    entry = manifest()["yolo11n"]
    try:
        path.write_bytes(b"short")
        with pytest.raises(CheckpointError, match=r"has 5 bytes of 5613764: it is not yolo11n"):
            find("yolo11n", "detector")
        path.write_bytes(bytes(entry.bytes))
        with pytest.raises(CheckpointError, match="its sha256 is"):
            find("yolo11n", "detector")
    finally:
        path.unlink()


def test_missing_weights_say_where_they_were_looked_for_and_how_to_get_them(
    own_cache: Path,
) -> None:
    assert locate("yolo11n") is None
    with pytest.raises(CheckpointError, match=r"not in .*; put yolo11n\.pt into"):
        find("yolo11n", "detector")
    with pytest.raises(CheckpointError, match=r"not in .*sdpose-body.*models fetch sdpose-body"):
        find("sdpose-body", "pose")


def test_a_checkpoint_that_is_not_all_there_says_what_it_lacks(own_cache: Path) -> None:
    place = own_cache / "models" / "sdpose-body"
    (place / "unet").mkdir(parents=True)
    (place / "unet" / "config.json").write_text("{}")
    try:
        with pytest.raises(
            CheckpointError, match=r"not whole.* lacks .* and \d more; run: .*fetch"
        ):
            find("sdpose-body", "pose")
    finally:
        shutil.rmtree(place)


def test_an_unknown_name_suggests_a_near_one() -> None:
    with pytest.raises(CheckpointError, match="did you mean yolo11n-pose"):
        find("yolo11n-pos", "pose")


@pytest.mark.parametrize(
    "given",
    ["teemosliang/SDPose-Body", "https://huggingface.co/teemosliang/SDPose-Body/"],
)
def test_the_name_of_a_repository_is_told_how_it_is_had(given: str) -> None:
    with pytest.raises(CheckpointError, match=r"models fetch sdpose-body$"):
        find(given, "pose")


def test_a_model_cannot_sit_in_another_seat() -> None:
    with pytest.raises(CheckpointError, match="--pose yolo11n: it is no pose model"):
        find("yolo11n", "pose")
    with pytest.raises(CheckpointError, match="--detector sdpose-body: it is no detector model"):
        find("sdpose-body", "detector")


def test_an_own_file_is_taken_by_path_with_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(PICKLED)
    found = find(str(path), "detector", anybody)
    assert not found.known
    assert found.sha256 == hashlib.sha256(PICKLED).hexdigest()
    assert found.architecture == "ultralytics"
    with pytest.raises(CheckpointError, match=r"gone\.pt does not exist"):
        find(str(tmp_path / "gone.pt"), "detector")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "it is empty"),
        (b"hello there", "it is text and begins with 'hello there'"),
        ("grün\n".encode() * 99, "it is text and begins with 'grün"),
        (b"\xff\xd8\xff\xe0" + bytes(99), "it begins with the bytes ff d8 ff e0 00 00 00 00"),
        (bytes(9), "it begins with the bytes 00"),
        (b"\x02" + bytes(7) + b"{}", "it is a safetensors file"),
        (b"PK\x03\x04" + bytes(99), "it is cut off or damaged"),
    ],
)
@pytest.mark.parametrize("name", ["mine.pt", "mine"])
def test_a_file_that_is_no_checkpoint_is_told_for_what_it_is(
    name: str, content: bytes, what: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for role in ("detector", "pose"):
        with pytest.raises(CheckpointError, match=rf"{name} is no YOLO checkpoint: {what}"):
            find(str(path), role)


def test_a_zip_archive_is_a_checkpoint_only_with_a_pickle_in_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    with ZipFile(path, "w") as archive:
        archive.writestr("mine/readme.txt", "hello")
    with pytest.raises(CheckpointError, match="it is a zip archive, but not of PyTorch"):
        find(str(path), "detector")
    with ZipFile(path, "a") as archive:
        archive.writestr("mine/data.pkl", PICKLED)
    assert find(str(path), "detector", anybody).path == path
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(CheckpointError, match="it is cut off or damaged"):
        find(str(path), "detector")


@pytest.mark.parametrize("name", ["mine.pth", "mine"])
def test_a_checkpoint_of_another_name_is_told_how_it_must_end(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(PICKLED)
    with pytest.raises(CheckpointError, match=r"does not end in \.pt; rename it to mine\.pt"):
        find(str(tmp_path / name), "detector")


def test_an_own_safetensors_file_is_sdpose_and_finds_nobody(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"abc")
    found = find(str(path), "pose")
    assert (found.architecture, found.skeleton, found.known) == ("sdpose", None, False)
    with pytest.raises(CheckpointError, match="SDPose cannot be the detector"):
        find(str(path), "detector")


@pytest.mark.parametrize("name", ["mine.pt", "mine.safetensors", "mine"])
def test_own_weights_in_the_models_folder_are_found_by_their_bare_name(
    name: str, folder: Path, own_cache: Path
) -> None:
    place = own_cache / "models" / name
    if place.suffix:
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(PICKLED)
    else:
        shutil.copytree(folder, place)
    try:
        assert find("mine", "pose", anybody).path == place
    finally:
        shutil.rmtree(place) if place.is_dir() else place.unlink()


def test_a_folder_is_known_by_the_files_that_its_numbers_depend_on(folder: Path) -> None:
    first = find(str(folder), "pose")
    assert (first.architecture, first.name, first.known) == ("sdpose", "mine", False)
    for beside in ("README.md", "scheduler/scheduler_config.json", "unet/.hidden.json"):
        (folder / beside).write_text("something else")
    assert find(str(folder), "pose").sha256 == first.sha256
    seen = {first.sha256}
    for name in (*NEEDED, "tokenizer/merges.txt", "text_encoder/config.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("changed")
        seen.add(find(str(folder), "pose").sha256)
    assert len(seen) == 8
    moved = folder.rename(folder.with_name("moved"))
    assert find(str(moved), "pose").sha256 in seen


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
def test_the_hash_of_a_folder_can_be_made_with_sha256sum(folder: Path) -> None:
    shell = "sha256sum unet/* vae/* decoder/* tokenizer/* | LC_ALL=C sort -k 2 | sha256sum"
    done = subprocess.run(shell, shell=True, cwd=folder, check=True, capture_output=True, text=True)
    assert find(str(folder), "pose").sha256 == done.stdout.split()[0]


def test_a_folder_that_is_no_checkpoint_says_what_it_has_and_lacks(folder: Path) -> None:
    (folder / "decoder" / "decoder.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"has decoder, .* and lacks decoder/decoder\.safe"):
        find(str(folder), "pose")
    (folder.parent / "empty").mkdir()
    with pytest.raises(CheckpointError, match=r"it has nothing and lacks unet/config\.json, "):
        find(str(folder.parent / "empty"), "pose")


def test_a_folder_cannot_be_the_detector(folder: Path) -> None:
    with pytest.raises(CheckpointError, match="SDPose cannot be the detector"):
        find(str(folder), "detector")


def test_the_tiny_reference_checkpoint_is_found() -> None:
    if not GOLDEN.is_dir():
        pytest.skip("the tiny checkpoints (../shared/golden) are not beside this checkout")
    found = find(str(GOLDEN), "pose")
    assert (found.name, found.architecture) == ("tiny_body", "sdpose")


def test_a_big_file_is_read_once_and_then_remembered(big: Path, own_cache: Path) -> None:
    before = memories(own_cache)
    right = hashlib.sha256(bytes(SMALLEST_REMEMBERED)).hexdigest()
    assert known_sha256(big) == right
    (memory,) = memories(own_cache) - before
    memory.write_text(memory.read_text().replace(right, "0" * 64))
    assert known_sha256(big) == "0" * 64, "it was read again"
    assert known_sha256(big, anew=True) == right
    assert known_sha256(big) == right


def test_a_changed_file_is_read_again(big: Path) -> None:
    first = known_sha256(big)
    state = big.stat()
    with big.open("r+b") as file:
        file.write(b"x")
    os.utime(big, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert known_sha256(big) != first
    with big.open("ab") as file:
        file.write(b"x")
    os.utime(big, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert known_sha256(big) == hashlib.sha256(big.read_bytes()).hexdigest()


@pytest.mark.parametrize("damage", ["", "{", "[]", "7", '{"sha256": 7}', '{"sha256": "zz"}'])
def test_a_damaged_memory_is_done_without(damage: str, big: Path, own_cache: Path) -> None:
    before = memories(own_cache)
    right = known_sha256(big)
    (memory,) = memories(own_cache) - before
    memory.write_text(damage)
    assert known_sha256(big) == right
    assert known_sha256(big) == right


def test_a_small_file_is_always_read(tmp_path: Path, own_cache: Path) -> None:
    path = tmp_path / "small.pt"
    path.write_bytes(b"abc")
    before = memories(own_cache)
    known_sha256(path)
    assert memories(own_cache) == before


def test_without_room_for_memories_files_are_read(
    big: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SDPOSE_TRACK_CACHE", str(tmp_path / "file"))
    assert known_sha256(big) == hashlib.sha256(big.read_bytes()).hexdigest()


def test_two_programs_may_remember_at_once(big: Path, own_cache: Path) -> None:
    before = memories(own_cache)
    with ProcessPoolExecutor(2) as programs:
        found = set(programs.map(known_sha256, [big] * 8))
    assert found == {hashlib.sha256(big.read_bytes()).hexdigest()}
    assert len(memories(own_cache) - before) == 1


def test_a_file_that_is_gone_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"gone\.pt cannot be read"):
        known_sha256(tmp_path / "gone.pt")
