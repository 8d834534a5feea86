from __future__ import annotations

import pytest

from comfylock.config.packs import pack_name
from comfylock.requirements import PackRule
from tests.settings import SECRET, SHA, fault, faults, settings

GIT = "https://git.example.com/acme/private.git"
FILE = "https://example.com/tiny.py"


def rule(value: str, name: str = "a-pack", more: str = "") -> PackRule:
    rules = settings(f'[packs]\n"{name}" = {value}\n{more}').pack_rules
    assert list(rules) == [rules[next(iter(rules))].name]
    return next(iter(rules.values()))


def test_a_version_or_a_range_in_one_word() -> None:
    for text in (
        "1.2.3",
        ">=1.1,<2",
        "==1.0.0",
        "1.0.0-rc.1",
        "^1.2",
        "~=1.4",
        ">= 1, != 1.3",
        "*",
        "1.2.*",
    ):
        assert rule(f'"{text}"') == PackRule("a-pack", version=text)


def test_everything_that_a_pack_can_be() -> None:
    video = "[groups]\nvideo = []\nall = []\n"
    table = f'{{ git = "{GIT}", revision = "v1.2", always = true, groups = ["video", "all"] }}'
    assert rule(table, "Acme/Private", video) == PackRule(
        "acme/private", git=GIT, revision="v1.2", groups=("all", "video"), is_required=True
    )
    assert rule(f'{{ url = "{FILE}", sha256 = "{SHA.upper()}" }}', "tiny") == PackRule(
        "tiny", url=FILE, sha256=SHA
    )
    assert rule('{ version = "1.2.3" }') == PackRule("a-pack", version="1.2.3")
    assert rule('{ revision = "main" }', "gh/Pack") == PackRule("gh/pack", revision="main")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Some-Id", "some-id"),
        ("Owner/Repo", "owner/repo"),
        ("https://github.com/O/R.git", "o/r"),
        ("git@github.com:O/R.git", "o/r"),
        ("https://gitlab.com/O/R", "https://gitlab.com/o/r"),
        ("https://notgithub.com/O/R", "https://notgithub.com/o/r"),
        ("two words", None),
        ("../x", None),
        ("", None),
        ("a\nb", None),
    ],
)
def test_the_name_of_a_pack(text: str, name: str | None) -> None:
    assert pack_name(text) == name


@pytest.mark.parametrize(
    "address",
    [
        GIT,
        "https://git.example.com:8443/r.git",
        "https://github.com/o/r",
        "ssh://git@host.example/o/r",
        "ssh://host.example:2222/o/r.git",
        "git@host.example:o/r",
        "git@host.example:o/r.git",
    ],
)
def test_repositories_by_https_and_ssh(address: str) -> None:
    assert rule(f'{{ git = "{address}" }}').git == address


@pytest.mark.parametrize(
    "address",
    [
        "http://git.example.com/r.git",
        "git://git.example.com/r.git",
        "file:///etc",
        "ext::sh -c id",
        "--upload-pack=id",
        "-oProxyCommand=id@host:x",
        "ssh://-oProxyCommand=id/x",
        "git@-host:o/r",
        "git@host:-o/r",
        "/srv/r.git",
        "https://",
        "https://host",
        "https://host/a/../b",
        "https://host:99999/a",
        "https://host/a b",
        "https://host/a\\u0007",
        "https://host/a\\u202e",
        "https://host/" + "a" * 2000,
    ],
)
def test_addresses_that_are_no_repository(address: str) -> None:
    assert fault(f'[packs]\nx = {{ git = "{address}" }}').startswith('packs."x".git must be a')


def test_plain_http_is_for_hosts_that_a_person_configured() -> None:
    allow = '[trust]\nallow-hosts = ["127.0.0.1:8080"]\n'
    address = "http://127.0.0.1:8080/o/r.git"
    assert rule(f'{{ git = "{address}" }}', more=allow).git == address
    assert "http is for hosts of `trust.allow-hosts`" in fault(
        f'{allow}[packs]\nx = {{ git = "http://127.0.0.1:9090/o/r.git" }}'
    )
    file = "http://127.0.0.1:8080/tiny.py"
    assert rule(f'{{ url = "{file}" }}', more=allow).url == file


@pytest.mark.parametrize(
    "address",
    [
        f"https://me:{SECRET}@host/o/r",
        f"https://{SECRET}@host/o/r",
        f"https://host/o/r?token={SECRET}",
        f"https://host/o/r?a=1&access_token={SECRET}",
        f"https://host/o/r?private_token={SECRET}",
        f"ssh://git:{SECRET}@host/o/r",
    ],
)
def test_secrets_are_refused_and_not_repeated(address: str) -> None:
    told = fault(f'[packs]\nx = {{ git = "{address}" }}')
    assert told.startswith('packs."x".git must hold no password, token or signature')


def test_a_secret_in_a_key_is_not_repeated() -> None:
    assert fault(f'[packs]\n"https://me:{SECRET}@host/a?token={SECRET}" = "x"').startswith(
        'packs."https://host/a" must hold no password'
    )
    assert fault(f'[packs]\n"https://{SECRET}@host/" = "1.0"')


@pytest.mark.parametrize(
    "revision",
    ["-x", "--upload-pack=id", "a b", "a..b", "a~1", "a^", "a:b", "a?", "[", "@{-1}", "x/", "/x"],
)
def test_revisions_that_git_would_misread(revision: str) -> None:
    told = fault(f'[packs]\nx = {{ revision = "{revision}" }}')
    assert told == 'packs."x".revision must be a tag, a branch or a commit'
    assert fault('[packs]\nx = { revision = "a\\u0000b" }') == told


@pytest.mark.parametrize("revision", ["main", "v1.2", "refs/pull/3/head", "feature/x", SHA[:40]])
def test_revisions(revision: str) -> None:
    assert rule(f'{{ revision = "{revision}" }}').revision == revision


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (f'git = "{GIT}", version = "1"', "`version` and `git` contradict each other"),
        (f'url = "{FILE}", version = "1"', "`version` and `url` contradict each other"),
        (f'url = "{FILE}", git = "{GIT}"', "`git` and `url` contradict each other"),
        ('version = ">=1", revision = "main"', "`version` and `revision` contradict each other"),
        (f'url = "{FILE}", revision = "main"', "`revision` and `url` contradict each other"),
        (f'git = "{GIT}", sha256 = "{SHA}"', "sha256 says nothing without `url`"),
        (f'sha256 = "{SHA}"', "sha256 says nothing without `url`"),
        (f'url = "{FILE}", sha256 = "12"', "sha256 must be 64 hexadecimal digits"),
        (f'url = "{GIT}"', "url must lead to a single `.py` file"),
        ('url = "ftp://host/a.py"', "url must be an https URL"),
        ('url = "https://host:99999/a.py"', "url must be an https URL"),
        ('url = "http://host/a.py"', "url must be an https URL; http is for hosts of"),
        (f'url = "https://host/a.py?sig={SECRET}"', "url must hold no password"),
        ('version = "newest"', "version must be a version such as `1.2.3` or a range"),
        ('version = ">=1,,<2"', "version must be a version"),
        ('version = "1.0; rm"', "version must be a version"),
        ("version = 1", "version must be a text"),
        ('git = ""', "git must be a text"),
        ("always = 1", "always must be true or false"),
        ('groups = "video"', "groups must be a list of names of groups"),
        ("groups = [1]", "groups[0] must be a text"),
        ('groups = ["video"]', "groups[0] is no group; add it to `[groups]`"),
        ('verison = "1"', "verison is no setting; did you mean `version`?"),
    ],
)
def test_tables_that_contradict_themselves(table: str, message: str) -> None:
    text = f"[packs]\nx = {{ {table} }}"
    assert message in fault(text).replace('packs."x".', "")


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("comfy-core", "is ComfyUI itself, no pack"),
        ("two words", "must be a registry id, `owner/repo` or a repository's URL"),
        ("../up", "must be a registry id"),
    ],
)
def test_keys_that_name_no_pack(key: str, message: str) -> None:
    assert message in fault(f'[packs]\n"{key}" = "1.0"')


def test_a_pack_that_is_named_twice() -> None:
    text = '[packs]\n"O/r" = { revision = "a" }\n"https://github.com/o/R" = { revision = "b" }'
    assert "names the same pack as another key: `o/r`" in fault(text)


def test_values_that_are_neither_version_nor_table() -> None:
    assert "must be a version, a range such as" in fault("[packs]\nx = 3")


def test_a_pack_that_is_not_in_the_comfy_registry_has_no_version() -> None:
    assert "is for packs of the Comfy Registry" in fault('[packs]\n"o/r" = "1.0"')


def test_a_group_that_is_nearly_another() -> None:
    text = '[groups]\nvideo = []\n[packs]\nx = { groups = ["vidoe"] }\ny = { groups = [" video "] }'
    assert fault(text) == 'packs."x".groups[0] is no group; did you mean `video`?'


def test_all_faults_of_all_packs_are_told() -> None:
    text = '[packs]\nx = { git = "x", revision = "-", always = 1 }\ny = "z"\n[models]\nm = 1'
    assert [line.split(" ")[0] for line in faults(text)] == [
        'packs."x".git',
        'packs."x".revision',
        'packs."x".always',
        'packs."y".version',
        'models."m"',
    ]


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("https://git.example.com/Acme/Sub/Nodes.git", "https://git.example.com/Acme/Sub/Nodes"),
        ("ssh://git@git.example.com/Acme/Nodes", "ssh://git@git.example.com/Acme/Nodes"),
    ],
)
def test_a_pack_named_by_its_url_is_taken_from_there(written: str, place: str) -> None:
    text = f'[class-types]\nA = "{written}"\n'
    name = pack_name(written) or ""
    assert settings(text).class_types == {"A": name}
    assert settings(text).pack_rules == {name: PackRule(name, git=place)}
    own = settings(f'{text}[packs]\n"{written}" = {{ revision = "v1" }}\n').pack_rules
    assert own == {name: PackRule(name, git=place, revision="v1")}
    other = settings(f'{text}[packs]\n"{written}" = {{ git = "{GIT}" }}\n').pack_rules
    assert other == {name: PackRule(name, git=GIT)}


def test_names_say_no_place() -> None:
    assert settings('[class-types]\nA = "acme/nodes"\nB = "an-id"\n').pack_rules == {}
    assert settings('[class-types]\nA = "https://github.com/Acme/Nodes"\n').pack_rules == {}
