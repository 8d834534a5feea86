from __future__ import annotations

import pytest

from comfylock.config.models import model_key
from comfylock.model import Source
from comfylock.requirements import ModelRule
from tests.settings import SECRET, SHA, fault, faults, settings

URL = "https://models.example.com/x.pt"


def rule(value: str, key: str = "loras/x.pt", more: str = "") -> ModelRule:
    config = settings(f"[models]\n'{key}' = {value}\n{more}")
    found = next(iter(config.model_rules.values()))
    assert config.model_rules == {found.key: found}
    expected = {} if found.url is None else {found.key: Source(found.url, "config", found.sha256)}
    assert config.models == expected
    return found


def test_an_address_alone_or_with_what_it_holds() -> None:
    assert rule(f'"{URL}"') == ModelRule("loras/x.pt", url=URL)
    table = f'{{ url = "{URL}", sha256 = "sha256:{SHA.upper()}" }}'
    assert rule(table) == ModelRule("loras/x.pt", url=URL, sha256=SHA)


@pytest.mark.parametrize(
    ("table", "address"),
    [
        ('huggingface = "org/repo", path = "y.gguf"', "org/repo/resolve/main/y.gguf"),
        (
            'huggingface = "org/repo", path = "a b/ü?.pt", revision = "refs/pr/3"',
            "org/repo/resolve/refs%2Fpr%2F3/a%20b/%C3%BC%3F.pt",
        ),
        (
            'huggingface = "datasets/o/r", path = "p/y.gguf", revision = "v1"',
            "datasets/o/r/resolve/v1/p/y.gguf",
        ),
    ],
)
def test_files_on_hugging_face(table: str, address: str) -> None:
    assert rule(f"{{ {table} }}").url == f"https://huggingface.co/{address}"


@pytest.mark.parametrize(
    ("table", "address"),
    [
        ("civitai = 12345", "12345"),
        ("civitai = 12345, file = 678", "12345?fileId=678"),
        ('air = "urn:air:sdxl:lora:civitai:1@2"', "2"),
        ('air = "sd1:checkpoint:civitai:1@2+33"', "2?fileId=33"),
        ('air = "air:sdxl:lora:civitai:1@2.safetensors"', "2?format=SafeTensor"),
        ('air = "sdxl:lora:civitai:1@2+3.safetensors"', "2?fileId=3"),
    ],
)
def test_files_on_civitai(table: str, address: str) -> None:
    assert rule(f"{{ {table} }}").url == f"https://civitai.com/api/download/models/{address}"


def test_files_that_nobody_fetches() -> None:
    table = f'{{ local = true, sha256 = "{SHA}", size = 123 }}'
    assert rule(table) == ModelRule("loras/x.pt", sha256=SHA, size=123, is_local=True)
    assert rule("{ local = true, size = 0 }").size == 0
    assert rule("{ ignore = true }", "y.pt") == ModelRule("y.pt", is_ignored=True)
    assert rule(f'{{ ignore = false, local = false, url = "{URL}" }}').url == URL


def test_groups_and_models_that_no_workflow_names() -> None:
    table = f'{{ url = "{URL}", groups = ["b", "a", "b"], always = true }}'
    found = rule(table, more="[groups]\na = []\nb = []")
    assert (found.groups, found.is_required) == (("a", "b"), True)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("x.pt", "x.pt"),
        ("loras/sub/x.pt", "loras/sub/x.pt"),
        ("loras\\sub\\x.pt", "loras/sub/x.pt"),
        ("unet/y.gguf", "diffusion_models/y.gguf"),
        ("clip/sub/y.gguf", "text_encoders/sub/y.gguf"),
        ("models/loras/x.pt", "loras/x.pt"),
        ("loras/My Own/x.pt", "loras/My Own/x.pt"),
        ("My Own/x.pt", "My Own/x.pt"),
        ("loras//x.pt", None),
        ("../x.pt", None),
        ("loras/../../x.pt", None),
        ("/etc/x.pt", None),
        ("C:\\x.pt", None),
        ("loras/", None),
        ("", None),
        ("a\nb", None),
        ("loras/a\u202eb", None),
    ],
)
def test_one_key_for_a_model(text: str, key: str | None) -> None:
    assert model_key(text) == key


def test_plain_http_is_for_hosts_that_a_person_configured() -> None:
    url = "http://127.0.0.1:8080/x.pt"
    assert rule(f'"{url}"', more='[trust]\nallow-hosts = ["127.0.0.1:8080"]').url == url
    assert rule(f'"{url}"', more='[endpoints]\nmanager = "http://127.0.0.1:8080"').url == url
    assert "must be an https URL; http is for hosts of" in fault(f'[models]\nx = "{url}"')


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            "",
            " must say where it comes from: `url`, `huggingface`, `civitai`, `air`, `local`,",
        ),
        ("ignore = false", " must say where it comes from"),
        (f'sha256 = "{SHA}"', " must say where it comes from"),
        (f'url = "{URL}", local = true', " `url` and `local` contradict each other"),
        (f'url = "{URL}", civitai = 1', " `url` and `civitai` contradict each other"),
        ("ignore = true, local = true", " `local` and `ignore` contradict each other"),
        ("ignore = true, always = true", " `ignore` and `always` contradict each other"),
        (f'ignore = true, sha256 = "{SHA}"', " `ignore` and `sha256` contradict each other"),
        (f'url = "{URL}", path = "a"', ".path says nothing without `huggingface`"),
        (f'url = "{URL}", revision = "a"', ".revision says nothing without `huggingface`"),
        (f'url = "{URL}", file = 1', ".file says nothing without `civitai`"),
        (f'url = "{URL}", size = 1', ".size says nothing without `local`"),
        (f'url = "{URL}", sha256 = "ab"', ".sha256 must be 64 hexadecimal digits"),
        (f'url = "https://me:{SECRET}@host/a"', ".url must hold no password"),
        (f'url = "https://host/a?token={SECRET}"', ".url must hold no password"),
        (f'url = "https://host/a?X-Amz-Signature={SECRET}"', ".url must hold no password"),
        ('url = "https://host/a\\u202e"', ".url must be an https URL"),
        ("url = 3", ".url must be a text"),
        ('huggingface = "gpt2", path = "a"', ".huggingface must be `org/name`"),
        ('huggingface = "a/..", path = "a"', ".huggingface must be `org/name`"),
        ("huggingface = 1, path = 'a'", ".huggingface must be a text"),
        ('huggingface = "a/b"', ".huggingface needs the file's `path` in the repository"),
        ('huggingface = "a/b", path = 1', ".path must be a text"),
        ('huggingface = "a/b", path = "../c"', ".path must be a path inside the repository"),
        ('huggingface = "a/b", path = "/c"', ".path must be a path inside the repository"),
        ('huggingface = "a/b", path = "c\\u0001"', ".path must be a path inside"),
        ('huggingface = "a/b", path = "c", revision = "-d"', ".revision must be a tag"),
        ("civitai = 0", ".civitai must be from 1 to"),
        ("civitai = true", ".civitai must be a whole number"),
        ("civitai = '1'", ".civitai must be a whole number"),
        ("civitai = 1, file = -1", ".file must be from 1 to"),
        ('air = "urn:air:sdxl:lora:civitai:1"', ".air must be a CivitAI model with its version"),
        ('air = "urn:air:sdxl:lora:huggingface:a@2"', ".air must be a CivitAI model"),
        ('air = "sdxl:lora:civitai:1@2.exe"', ".air ends with no known format"),
        ("air = 1", ".air must be a text"),
        ("local = true, size = -1", ".size must be from 0 to"),
        ("local = true, size = 1.5", ".size must be a whole number"),
        ("local = 'yes'", ".local must be true or false"),
        ("ignore = 1", ".ignore must be true or false"),
        (f'url = "{URL}", groups = ["g"]', ".groups[0] is no group; add it to `[groups]`"),
        (f'url = "{URL}", sah256 = "{SHA}"', ".sah256 is no setting; did you mean `sha256`?"),
    ],
)
def test_tables_that_contradict_themselves(table: str, message: str) -> None:
    text = f"[models]\n'loras/x' = {{ {table} }}"
    assert fault(text).startswith(f'models."loras/x"{message}')


def test_a_model_for_every_lock_needs_a_folder() -> None:
    told = fault(f'[models]\nx = {{ url = "{URL}", always = true }}')
    assert told == 'models."x".always needs a key with a folder, such as `loras/name`'


def test_a_model_that_is_named_twice() -> None:
    text = f'[models]\n"unet/y" = "{URL}"\n"diffusion_models/y" = "{URL}"'
    assert "names the same model as another key: `diffusion_models/y`" in fault(text)


def test_a_key_is_shown_on_one_line() -> None:
    assert "\n" not in fault(f'[models]\n"a\\nerror: x\\u001b[31m" = "{URL}"')


ONE = f'{{ tier = "fp16", vram = 24, url = "{URL}" }}'


def test_several_files_under_one_name() -> None:
    two = '{ tier = "fp8", civitai = 5, file = 6 }'
    table = f'{{ alternatives = [{ONE}, {two}], groups = ["g"], always = true }}'
    config = settings(f"[models]\n'unet/x' = {table}\n[groups]\ng = []")
    key = "diffusion_models/x"
    address = "https://civitai.com/api/download/models/5?fileId=6"
    shared = {"groups": ("g",), "is_required": True}
    assert config.model_rules == {
        key: ModelRule(key, tiers=("fp16", "fp8"), **shared),  # type: ignore[arg-type]
        f"{key}@fp16": ModelRule(f"{key}@fp16", url=URL, tier="fp16", vram=24, **shared),  # type: ignore[arg-type]
        f"{key}@fp8": ModelRule(f"{key}@fp8", url=address, tier="fp8", **shared),  # type: ignore[arg-type]
    }


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("[]", "alternatives must be a list of two tables or more"),
        (f"[{ONE}]", "alternatives must be a list of two tables or more"),
        (f"[{ONE}, 3]", "alternatives must be a list of two tables or more"),
        (f"[{ONE}, {{ civitai = 1 }}]", "alternatives[1].tier must be a lower-case word"),
        (f"[{ONE}, {{ tier = 'A', civitai = 1 }}]", "alternatives[1].tier must be a lower-case"),
        (f"[{ONE}, {{ tier = 'fp16', civitai = 1 }}]", "[1].tier is the tier of another one"),
        (f"[{ONE}, {{ tier = 'b', vram = 24, civitai = 1 }}]", "[1].vram is another one's too"),
        ("[{ tier = 'a', civitai = 2 }, { tier = 'b', civitai = 1 }]", "[1].vram is missing"),
        (f"[{ONE}, {{ tier = 'b' }}]", "alternatives[1] must say where it comes from"),
        (f"[{ONE}, {{ tier = 'b', ignore = true }}]", "alternatives[1].ignore is no setting"),
        (f"[{ONE}, {{ tier = 'b', vram = 0, civitai = 1 }}]", "[1].vram must be from 1 to"),
    ],
)
def test_what_is_wrong_with_alternatives(entries: str, message: str) -> None:
    found = faults(f"[models]\n'loras/x' = {{ alternatives = {entries} }}")
    assert any(message in told for told in found), found


def test_alternatives_need_a_folder_and_stand_alone() -> None:
    two = f"[{ONE}, {{ tier = 'b', civitai = 1 }}]"
    assert "needs a key with a folder" in fault(f"[models]\nx = {{ alternatives = {two} }}")
    told = faults(f"[models]\n'a/x' = {{ alternatives = {two}, sha256 = '{SHA}' }}")
    assert any("`alternatives` and `sha256` contradict each other" in each for each in told)
