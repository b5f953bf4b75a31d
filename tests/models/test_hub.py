"""Models from the hub: what is asked of it, what is fetched, and what each refusal says."""

import json
import shutil
import socket

import pytest
import torch
from huggingface_hub import constants

import gaf_core as gaf
from benchmarks.tiny import tiny_tokenizer
from gaf_core.models.hub import is_repository_id
from tests.support.fake_hub import COMMIT, OTHER_COMMIT, connect, instead_of_the_hub
from tests.support.models import save_tiny, tiny_module

NAME = "someone/tiny-reviews"


@pytest.fixture
def repository(tmp_path):
    """What a repository looks like: more formats, and more folders, than anyone needs."""
    folder = save_tiny(tmp_path / "repository")
    (folder / "README.md").write_text("# A card")
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.onnx").write_bytes(b"onnx")
    return folder


@pytest.fixture
def hub(repository, tmp_path, monkeypatch):
    with instead_of_the_hub({NAME: repository}, tmp_path / "cache", monkeypatch) as hub:
        yield hub


@pytest.fixture
def unplug(monkeypatch):
    """Afterwards the hub's address is a port on which nothing listens."""

    def now():
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        connect(monkeypatch, f"http://127.0.0.1:{port}")

    return now


@pytest.mark.usefixtures("hub")
def test_a_model_is_downloaded_and_keeps_its_commit(repository):
    model = gaf.load_model(NAME)
    assert (model.name, model.revision) == (NAME, COMMIT)
    local = gaf.load_model(repository)
    assert local.revision is None
    weights = local.module.state_dict()
    assert all(torch.equal(value, weights[key]) for key, value in model.module.state_dict().items())


def test_only_configuration_tokenizer_and_safetensors_are_fetched(hub):
    gaf.load_model(NAME)
    assert hub.fetched == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }


def test_progress_counts_every_byte_once(hub, repository):
    reports = []
    gaf.load_model(NAME, progress=lambda *report: reports.append(report))
    expected = sum((repository / name).stat().st_size for name in hub.fetched)
    assert {total for _, total in reports} == {expected}
    done = [count for count, _ in reports]
    assert done == sorted(done)
    assert done[0] < expected
    assert done[-1] == expected
    again = []
    gaf.load_model(NAME, progress=lambda *report: again.append(report))
    assert again[-1] == (expected, expected)  # from the cache


def test_shards_are_fetched_and_put_together(hub, repository):
    whole = tiny_module()
    (repository / "model.safetensors").unlink()
    whole.save_pretrained(repository, max_shard_size="4KB")
    shards = set(
        json.loads((repository / "model.safetensors.index.json").read_text())["weight_map"].values()
    )
    assert len(shards) > 2
    model = gaf.load_model(NAME)
    assert shards < hub.fetched
    expected = whole.state_dict()
    assert all(
        torch.equal(value, expected[key]) for key, value in model.module.state_dict().items()
    )


def test_a_revision_is_a_branch_or_a_commit(hub):
    hub.branches["older"] = OTHER_COMMIT
    assert gaf.load_model(NAME, revision="older").revision == OTHER_COMMIT
    assert gaf.load_model(NAME, revision=COMMIT).revision == COMMIT


@pytest.mark.usefixtures("hub")
def test_an_unknown_revision_is_named():
    with pytest.raises(gaf.ModelError, match="no revision 'nonesuch'"):
        gaf.load_model(NAME, revision="nonesuch")


@pytest.mark.usefixtures("hub")
def test_an_absent_repository_says_to_check_the_spelling():
    with pytest.raises(gaf.ModelError, match=r"no folder called 'someone/tony-reviews'.*spelling"):
        gaf.load_model("someone/tony-reviews")


@pytest.mark.parametrize("kind", ["gated", "terms"])
def test_a_gated_model_says_to_accept_its_terms(hub, kind):
    getattr(hub, kind).add(NAME)  # the hub may refuse the listing, or the files alone
    with pytest.raises(gaf.ModelError, match=r"Accept them at http.*HF_TOKEN"):
        gaf.load_model(NAME)


def test_a_rejected_token_is_called_one(hub):
    hub.status = 403
    with pytest.raises(gaf.ModelError, match=r"403.*HF_TOKEN"):
        gaf.load_model(NAME)


def test_a_repository_with_pickles_alone_is_refused_before_any_download(hub, repository):
    (repository / "model.safetensors").unlink()
    with pytest.raises(gaf.ModelError, match=r"on the hub has no model.safetensors.*can run code"):
        gaf.load_model(NAME)
    assert hub.fetched == set()


def test_a_repository_of_gguf_files_says_to_choose_one(hub, repository):
    (repository / "model.safetensors").rename(repository / "model.Q4_1.gguf")
    with pytest.raises(gaf.ModelError, match=r"GGUF files alone\. Choose one"):
        gaf.load_model(NAME)
    assert hub.fetched == set()


def test_an_adapter_is_refused_before_any_download(hub, repository):
    (repository / "config.json").rename(repository / "adapter_config.json")
    with pytest.raises(gaf.ModelError, match="adapter"):
        gaf.load_model(NAME)
    assert hub.fetched == set()


@pytest.mark.usefixtures("hub")
def test_without_a_connection_the_cache_answers(unplug):
    gaf.load_model(NAME)
    unplug()
    assert gaf.load_model(NAME).revision == COMMIT


@pytest.mark.usefixtures("hub")
def test_without_a_connection_an_unknown_model_says_so(unplug):
    unplug()
    with pytest.raises(gaf.ModelError, match="cannot be reached"):
        gaf.load_model(NAME)


def test_a_hub_that_is_down_leaves_the_cache_or_says_so(hub):
    hub.status = 503
    with pytest.raises(gaf.ModelError, match="answered 503"):
        gaf.load_model(NAME)
    hub.status = 0
    gaf.load_model(NAME)
    hub.status = 503
    assert gaf.load_model(NAME).revision == COMMIT


def test_offline_mode_is_respected(hub, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(gaf.ModelError, match="HF_HUB_OFFLINE"):
        gaf.load_model(NAME)
    assert hub.requests == []


def test_an_interrupted_download_says_so_and_goes_on_later(hub, unplug, monkeypatch):
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    hub.broken.add("model.safetensors")
    with pytest.raises(gaf.ModelError, match="interrupted"):
        gaf.load_model(NAME)
    unplug()
    with pytest.raises(gaf.ModelError, match=r"not completely.*cannot be reached"):
        gaf.load_model(NAME)
    connect(monkeypatch, hub.url)
    hub.broken.clear()
    hub.requests.clear()
    gaf.load_model(NAME)
    assert hub.fetched == {"model.safetensors"}


def test_a_full_disk_is_seen_before_the_weights_travel(hub, monkeypatch):
    usage = shutil.disk_usage(".")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(gaf.ModelError, match=r"space on the disk.* MB and 0\.0 MB are free"):
        gaf.load_model(NAME)
    assert "model.safetensors" not in hub.fetched


def test_what_a_download_takes_is_said_before_it_starts(hub, repository):
    seen = []
    gaf.load_model(
        NAME, announce=lambda plan: seen.append((plan, "model.safetensors" in hub.fetched))
    )
    ((plan, started),) = seen
    assert not started
    sizes = {name: (repository / name).stat().st_size for name in hub.fetched}
    assert plan.sizes == sizes
    # the configuration says which files count, so it is here by then
    assert plan.missing == sum(sizes.values()) - sizes["config.json"]
    assert plan.free > plan.missing
    assert f"{plan.missing / 1e6:,.1f} MB" in plan.message
    gaf.load_model(NAME, announce=seen.append)
    assert len(seen) == 1, "all of it is here"


def test_what_is_here_already_is_not_counted_again(hub, repository):
    gaf.load_model(NAME)
    hub.branches["main"] = OTHER_COMMIT
    config = json.loads((repository / "config.json").read_text())
    (repository / "config.json").write_text(json.dumps(config | {"note": "of another commit"}))
    seen = []
    model = gaf.load_model(NAME, announce=seen.append)
    assert model.revision == OTHER_COMMIT
    # the configuration decides which files count, so it is here before the plan
    assert not seen, "the weights are those of the first commit"


def test_who_hears_of_a_download_may_still_say_no(hub):
    def refuse(plan):
        raise InterruptedError(plan.message)

    with pytest.raises(InterruptedError, match="are free on the disk"):
        gaf.load_model(NAME, announce=refuse)
    assert "model.safetensors" not in hub.fetched


PATHS = [
    "../x",
    "/a/b",
    "owner/name/sub",
    "C:\\x",
    "C:/x",
    "~/x",
    "~",
    "a/../b",
    "a..b/c",
    "./x",
    "models/",
    "two words",
    "",
    "name\n",
    "owner/näme",
    "owner//name",
    "x" * 5000,
    "~nobody/x",
    "nul\0byte",
    "https://huggingface.co/owner/name",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_never_sent_to_the_hub(hub, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    assert not is_repository_id(path)
    with pytest.raises(gaf.ModelError, match=r"no preset and no folder|no config"):
        gaf.load_model(path)
    assert hub.requests == []


@pytest.mark.parametrize("name", ["gpt2", "owner/name", "a-b/c_d.e-1"])
def test_ids_of_the_hub_are_known(name):
    assert is_repository_id(name)


@pytest.mark.parametrize("name", ["minilm-review", "MiniLM-Reviews", "smollm-135m"])
def test_nearly_a_preset_is_corrected_without_asking_the_hub(hub, name):
    with pytest.raises(gaf.ModelError, match=r"Did you mean '(minilm-reviews|smollm2-135m)'"):
        gaf.load_model(name)
    assert hub.requests == []


def test_a_local_folder_asks_nothing_of_the_hub(hub, repository):
    gaf.load_model(repository)
    gaf.load_model("minilm-reviews")
    assert hub.requests == []


def test_a_local_model_has_no_revisions(repository):
    for name in (repository, "minilm-reviews"):
        with pytest.raises(gaf.ModelError, match="no revisions"):
            gaf.load_model(name, revision="main")


@pytest.mark.usefixtures("hub")
def test_the_tokenizer_that_was_downloaded_is_the_models():
    model = gaf.load_model(NAME)
    text = "not a bad film"
    assert model.tokenizer(text)["input_ids"] == tiny_tokenizer()(text)["input_ids"]


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("kind", ["a file", "not writable"])
def test_a_cache_that_cannot_be_used_is_named(tmp_path, monkeypatch, kind):
    place = tmp_path / "cache"
    if kind == "a file":
        place.write_text("no folder")
        place = place / "hub"
    else:

        def refuse(*_, **__):
            raise PermissionError(13, "Permission denied", str(place))

        monkeypatch.setattr("gaf_core.models.hub.hf_hub_download", refuse)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(place))
    with pytest.raises(gaf.ModelError, match="HF_HOME") as told:
        gaf.load_model(NAME)
    assert str(place) in str(told.value)
