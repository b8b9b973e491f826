"""A `.pt` checkpoint is a pickle: none is loaded unasked, and none runs code even when asked."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import pickles
import pytest
from command import called, refused
from pickles import WRITERS, archive, running

from sdpose_track import track_video
from sdpose_track.cache import known_sha256, sha256_of
from sdpose_track.checkpoints import Weights, find
from sdpose_track.checkpoints.manifest import manifest
from sdpose_track.checkpoints.recognizing import LARGEST
from sdpose_track.cli.demo import photographs
from sdpose_track.cli.model_options import model_wish
from sdpose_track.cli.parser import build_parser
from sdpose_track.detect.restraint import only_read, restrained
from sdpose_track.detect.ultralytics_door import load_network
from sdpose_track.errors import CheckpointError, UntrustedError
from sdpose_track.pipeline.plan import prepare
from sdpose_track.session.recording import Recording
from sdpose_track.settings import ModelSettings, TrackSettings
from sdpose_track.sources import open_source

PACKAGE = Path(__file__).resolve().parents[2] / "sdpose_track"
LIGHT = "yolo11n-pose"
EVALUATE = "evaluate poses --annotations a --images b"
UNKNOWN = ".pt files that nobody knows, without consent"
TRUSTED = "hostile .pt files, with consent"
Tried = Callable[..., None]


@pytest.fixture
def harm(tmp_path: Path) -> Path:
    """What is there after an attack that succeeded."""
    return tmp_path / "harm"


@pytest.fixture
def evil(tmp_path: Path, harm: Path) -> Path:
    path = tmp_path / "evil.pt"
    archive(path, pickles.pickle(running(harm)["os.system"]))
    return path


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return Path(shutil.copy(photographs()[0], tmp_path / "picture.jpg"))


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The light model with a word of somebody's in it: sound, and not known."""
    path = tmp_path_factory.mktemp("mine") / "mine.pt"
    with ZipFile(find(LIGHT, "pose").path) as known, ZipFile(path, "w", ZIP_STORED) as own:
        for member in known.infolist():
            own.writestr(member, known.read(member))
        own.comment = b"mine"
    return path


def weights_of(path: Path) -> Weights:
    return Weights(path.stem, path, sha256_of(path), known=False)


# -- without consent -------------------------------------------------------------------------------


@pytest.fixture
def truth(picture: Path, tmp_path: Path) -> Path:
    """Annotations of the picture, of one person."""
    person = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 99, 99], "area": 9801,
              "iscrowd": 0, "keypoints": [9, 9, 2] * 17, "num_keypoints": 17}  # fmt: skip
    image = {"id": 1, "file_name": picture.name, "width": 810, "height": 1080}
    category = {"id": 1, "name": "person"}
    path = tmp_path / "truth.json"
    told = {"images": [image], "annotations": [person], "categories": [category]}
    path.write_text(json.dumps(told))
    return path


@pytest.mark.parametrize("option", ["--pose", "--detector"])
@pytest.mark.parametrize(
    "command",
    [
        "track {clip} --out {out}",
        "pose {folder}/picture.jpg",
        "live {clip} --realtime --headless --record {out}/a.sdpose",
        "evaluate poses --annotations {folder}/truth.json --images {folder}",
    ],
)
def test_every_command_refuses_a_checkpoint_that_nobody_knows(
    command: str, option: str, people_clip: Path, evil: Path, truth: Path, tried: Tried
) -> None:
    folder = evil.parent
    words = command.format(clip=people_clip, folder=folder, out=folder / "out").split()
    told = refused(called(*words, option, evil, "--device", "cpu"), 4)
    assert str(evil) in told
    assert sha256_of(evil)[:12] in told
    assert "can run code" in told
    assert "--trust-checkpoint" in told
    assert {p.name for p in folder.iterdir()} <= {evil.name, truth.name, "picture.jpg", "out"}
    assert not list((folder / "out").rglob("*"))
    tried(UNKNOWN)


def test_python_is_refused_in_the_same_words(
    people_clip: Path, evil: Path, harm: Path, tmp_path: Path, tried: Tried
) -> None:
    session = tmp_path / "a.sdpose"
    with pytest.raises(UntrustedError, match=r"is not known here .* can run code") as caught:
        track_video(people_clip, session, TrackSettings(pose=str(evil), device="cpu"))
    assert (caught.value.path, caught.value.sha256) == (evil, sha256_of(evil))
    assert not harm.exists()
    assert not session.exists()
    tried(UNKNOWN)


def test_a_bare_name_in_the_models_folder_is_no_consent(evil: Path, own_cache: Path) -> None:
    place = own_cache / "models" / "evil.pt"
    place.parent.mkdir(exist_ok=True)
    shutil.copy(evil, place)
    try:
        with pytest.raises(UntrustedError):
            find("evil", "pose")
    finally:
        place.unlink()


def test_a_known_checkpoint_needs_no_consent_wherever_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "copy.pt"
    shutil.copy(find(LIGHT, "pose").path, path)
    assert find(str(path), "pose").sha256 == find(LIGHT, "pose").sha256


def test_every_pickle_of_the_manifest_has_a_hash() -> None:
    pickled = [e for e in manifest().values() if e.architecture == "ultralytics"]
    assert pickled
    assert all(file.sha256 is not None for entry in pickled for file in entry.files)
    others = [e for e in manifest().values() if e not in pickled]
    kinds = {Path(file.path).suffix for entry in others for file in entry.files}
    assert kinds <= {".json", ".txt", ".safetensors"}


def test_consent_for_one_file_is_none_for_another(evil: Path, mine: Path) -> None:
    settings = ModelSettings(trusted_sha256=frozenset({sha256_of(mine)}))
    assert find(str(mine), "pose", settings.trusts).path == mine
    with pytest.raises(UntrustedError):
        find(str(evil), "pose", settings.trusts)
    assert find(str(evil), "pose", ModelSettings(trust_checkpoint=True).trusts).path == evil


def test_a_file_that_grows_or_is_too_large_is_told_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pt"
    archive(path, pickles.pickle(pickles.text("a" * 10**7)), compressed=True)
    with pytest.raises(CheckpointError, match="would grow as it is unpacked"):
        find(str(path), "pose", lambda _: True)
    with path.open("wb") as file:
        file.write(b"\x80\x02")
        file.truncate(LARGEST + 1)
    with pytest.raises(CheckpointError, match=r"has 1\.6 GB, far more than any YOLO"):
        find(str(path), "pose", lambda _: True)


# -- what was checked is what is loaded ------------------------------------------------------------


def test_a_file_that_is_exchanged_after_it_was_checked_is_not_loaded(
    mine: Path, evil: Path, harm: Path, tmp_path: Path, tried: Tried
) -> None:
    path = tmp_path / "exchanged.pt"
    shutil.copy(mine, path)
    found = find(str(path), "pose", lambda _: True)
    shutil.copy(evil, path)
    with pytest.raises(CheckpointError, match="is another file now than when it was checked"):
        load_network(found)
    assert not harm.exists()
    tried("checkpoints exchanged after they were checked")


def test_a_hash_that_is_remembered_of_another_content_loads_nothing(
    tmp_path: Path, tried: Tried
) -> None:
    """Same size, same time of change: as who unpacks an archive over it can arrange."""
    path, size = tmp_path / "large.pt", 17 * 2**20
    path.write_bytes(pickles.pickle(b"N").ljust(size, b"\0"))
    before, first = path.stat(), known_sha256(path)
    path.write_bytes(pickles.pickle(b"}").ljust(size, b"\0"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert known_sha256(path) == first != sha256_of(path)
    with pytest.raises(CheckpointError, match="is another file now"):
        load_network(find(str(path), "pose", lambda _: True))
    tried("checkpoints exchanged after they were checked")


# -- with consent ----------------------------------------------------------------------------------


@pytest.fixture
def recorded() -> Iterator[list[str]]:
    """What this thread does to the world while it is recorded."""
    heard: list[str] = []
    LISTENERS[threading.get_ident()] = heard
    yield heard
    LISTENERS.pop(threading.get_ident(), None)


LISTENERS: dict[int, list[str]] = {}


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    heard = LISTENERS.get(threading.get_ident())
    if heard is None:
        return
    if event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system"):
        heard.append(f"{event} {arguments!r:.80}")


@pytest.fixture(scope="module", autouse=True)
def listening() -> None:
    sys.addaudithook(_hear)


def test_no_hostile_pickle_runs_code_even_with_consent(
    harm: Path,
    tmp_path: Path,
    recorded: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tried: Tried,
    amount: Callable[[int, int], int],
) -> None:
    load_network(find(LIGHT, "pose"))  # what an import does is not theirs
    recorded.clear()
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    cases = running(harm)
    if not amount(0, 1):
        del cases["weights from the web"]  # torchvision takes seconds to be imported
    for what, body in cases.items():
        for write in WRITERS:
            path = tmp_path / "evil.pt"
            write(path, pickles.pickle(body))
            with pytest.raises(CheckpointError) as caught:
                load_network(weights_of(path))
            assert "\n" not in str(caught.value), what
            assert not harm.exists(), what
            assert recorded == [], what
            assert [p.name for p in tmp_path.iterdir()] == ["evil.pt"], what
            tried(TRUSTED)


def test_a_reader_may_not_reach_out(tmp_path: Path) -> None:
    import socket

    import torch

    (tmp_path / "there").touch()
    reaches: list[Callable[[], object]] = [
        lambda: socket.create_connection(("127.0.0.1", 9)),
        lambda: socket.getaddrinfo("localhost", 80),
        lambda: subprocess.run([sys.executable, "-V"], check=False),
        lambda: os.system("true"),
        lambda: (tmp_path / "new").write_text(""),
        (tmp_path / "new").mkdir,
        (tmp_path / "there").unlink,
        lambda: shutil.rmtree(tmp_path),
    ]
    for reach in reaches:
        with restrained(), pytest.raises(PermissionError, match="while it is read"):
            reach()
    assert [p.name for p in tmp_path.iterdir()] == ["there"]
    with only_read(), pytest.raises(PermissionError, match="makes a Linear"):
        torch.nn.Linear(1, 1)
    assert torch.nn.Linear(1, 1).in_features == 1
    (tmp_path / "there").unlink()


def test_another_thread_may_make_networks_meanwhile() -> None:
    import torch

    made: list[torch.nn.Module] = []
    with only_read():
        other = threading.Thread(target=lambda: made.append(torch.nn.Linear(1, 1)))
        other.start()
        other.join()
    assert len(made) == 1


@pytest.mark.hardening
def test_code_does_not_run_where_ultralytics_was_imported_without_us(
    evil: Path, harm: Path, tmp_path: Path, tried: Tried
) -> None:
    """It reads its wish to be careful from the environment, once."""
    code = (
        "import sys; import ultralytics.nn.tasks as tasks; assert not tasks.SAFE_LOAD\n"
        "from pathlib import Path\n"
        "from sdpose_track.cache import sha256_of\n"
        "from sdpose_track.checkpoints import Weights\n"
        "from sdpose_track.detect.ultralytics_door import load_network\n"
        "path = Path(sys.argv[1])\n"
        "load_network(Weights('evil', path, sha256_of(path), known=False))\n"
    )
    environment = {**os.environ, "YOLO_CONFIG_DIR": str(tmp_path), "YOLO_OFFLINE": "true"}
    environment.pop("ULTRALYTICS_SAFE_LOAD", None)
    done = subprocess.run(
        [sys.executable, "-c", code, str(evil)],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "CheckpointError" in done.stderr
    assert not harm.exists()
    tried(TRUSTED)


@pytest.mark.parametrize("command", ["track a", "pose a", "live a", EVALUATE])
def test_every_command_takes_the_word_of_who_trusts(command: str) -> None:
    parser = build_parser()
    assert not model_wish(parser.parse_args(command.split()))["trust_checkpoint"]
    trusting = parser.parse_args([*command.split(), "--trust-checkpoint"])
    assert ModelSettings(**model_wish(trusting)).trust_checkpoint


def test_what_is_trusted_is_told(mine: Path, caplog: pytest.LogCaptureFixture) -> None:
    find(LIGHT, "pose", ModelSettings(trust_checkpoint=True).trusts)
    assert not caplog.records
    find(str(mine), "pose", ModelSettings(trust_checkpoint=True).trusts)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert str(mine) in record.getMessage()
    assert "because it is trusted" in record.getMessage()


@pytest.mark.hardening
def test_a_trusted_checkpoint_is_loaded_and_told_and_must_be_trusted_again(
    mine: Path, people_clip: Path, picture: Path, tmp_path: Path
) -> None:
    done = called("pose", picture, "--pose", mine, "--device", "cpu", "--trust-checkpoint")
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout.splitlines()[-1])["images"]
    assert answer["people"]
    (warning,) = [line for line in done.stderr.splitlines() if "because it is trusted" in line]
    assert str(mine) in warning
    assert sha256_of(mine)[:12] in warning
    refused(called("pose", picture, "--pose", mine, "--device", "cpu"), 4)


@pytest.mark.hardening
def test_a_session_remembers_no_consent_and_going_on_asks_for_it_again(
    mine: Path, people_clip: Path, tmp_path: Path
) -> None:
    session = tmp_path / "people.sdpose"
    trusting = TrackSettings(pose=str(mine), device="cpu", trust_checkpoint=True)
    with open_source(str(people_clip)) as source:
        engine = prepare(source, trusting, session).engine
        assert engine is not None
        engine.events.subscribe(lambda event: engine.stop())
        engine.run()
    with Recording.open(session) as recording:
        assert not recording.is_complete
        assert not [name for name in recording.header.settings if "trust" in name]

    again = ("track", people_clip, "--out", tmp_path, "--resume", "--pose", mine, "--device", "cpu")
    told = refused(called(*again), 4)
    assert "--trust-checkpoint" in told
    done = called(*again, "--trust-checkpoint")
    assert done.returncode == 0, done.stderr
    with Recording.open(session) as recording:
        assert recording.is_complete


# -- other doors -----------------------------------------------------------------------------------


def test_no_other_module_unpickles_or_runs_what_it_reads() -> None:
    """Found in the syntax, so that a new one is noticed."""
    pickled = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml"}
    running_names = {"eval", "exec", "compile", "__import__"}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                assert not {alias.name.partition(".")[0] for alias in node.names} & pickled, where
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] not in pickled, where
            elif isinstance(node, ast.Call):
                _check_call(node, where)
                assert getattr(node.func, "id", None) not in running_names, where


def _check_call(node: ast.Call, where: str) -> None:
    function, owner = getattr(node.func, "attr", ""), getattr(node.func, "value", None)
    named = {keyword.arg: keyword.value for keyword in node.keywords}

    def is_said(option: str, value: object) -> bool:
        said = named.get(option)
        return isinstance(said, ast.Constant) and said.value is value

    for option in ("trust_remote_code", "allow_pickle"):
        assert option not in named or is_said(option, False), where
    if function == "load" and getattr(owner, "id", "") == "torch":
        assert where.startswith("detect/ultralytics_door.py"), where
    if function == "load" and getattr(owner, "id", "") in ("np", "numpy"):
        assert is_said("allow_pickle", False), where
    if function == "from_pretrained":
        assert is_said("local_files_only", True), where
        is_tokenizer = "Tokenizer" in getattr(owner, "id", "")
        assert is_tokenizer or is_said("use_safetensors", True), where
