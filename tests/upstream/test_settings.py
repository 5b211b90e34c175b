"""What is wrong with the table [upstream] is said with its key, and no password is repeated."""

import pytest

from vats1c import config
from vats1c.app.application import build
from vats1c.config import ConfigError

pytest.importorskip("httpx", reason="httpx is not installed (requirements-dev.txt)")

URL = "http://127.0.0.1:9/ws/VATS"


def wrong(tmp_path, **upstream):
    with pytest.raises(ConfigError) as refused:
        build(
            config.load(
                users=[{"name": "a", "password": "b"}],
                directories=[{"name": "crm", "type": "memory", "callers": []}],
                data=tmp_path,
                upstream={"mode": "spy", "url": URL, "timeout": 0.2, **upstream},
            )
        )
    assert "sesame" not in str(refused.value)
    return [problem.key for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"url": ""}, "upstream"),
        ({"url": "ftp://127.0.0.1/"}, "upstream.url"),
        ({"url": "http://a:sesame@127.0.0.1/"}, "upstream.url"),
        ({"mode": "sesame"}, "upstream.mode"),
        ({"namespace": "http://sesame"}, "upstream.namespace"),
        ({"deadline": 11}, "upstream.deadline"),
        ({"user": "a", "password": "sesame", "password_file": "sesame.txt"}, "upstream"),
        ({"user": "a", "password_file": "/nowhere/1c.txt"}, "upstream.password_file"),
        ({"password": "sesame"}, "upstream.password"),
        ({"url": "https://127.0.0.1:9/", "ca": "/nowhere/ca.pem"}, "upstream.ca"),
        ({"none": "sesame"}, "upstream.none"),
    ],
)
def test_the_key_to_blame_is_named(tmp_path, given, key):
    assert wrong(tmp_path, **given) == [key]


def test_no_directory_has_its_name(tmp_path):
    with pytest.raises(ConfigError, match=r"directories\.name"):
        config.load(
            users=[{"name": "a", "password": "b"}],
            directories=[{"name": "upstream", "type": "memory"}],
            upstream={"mode": "shadow", "url": URL},
        )


def test_files_are_looked_for_beside_the_settings(tmp_path):
    file = tmp_path / "vats1c.toml"
    file.write_text(
        f'[upstream]\nmode = "spy"\nurl = "{URL}"\npassword_file = "1c.txt"\nca = "ca.pem"\n'
        '[[users]]\nname = "a"\npassword = "b"\n',
        encoding="utf-8",
    )

    table = config.load(file).upstream

    assert (table.password_file, table.ca) == (tmp_path / "1c.txt", tmp_path / "ca.pem")


def test_each_publication_has_its_own(tmp_path):
    one = {"users": [{"name": "a", "password": "b"}], "upstream": {"mode": "spy", "url": URL, "timeout": 0.2}}
    two = {"users": [{"name": "c", "password": "d"}]}
    application = build(config.load(publications={"one": one, "two": two}, data=tmp_path))
    try:
        steps = {name: [step.name for step in chain.steps] for name, chain in application.chains.items()}
    finally:
        application.close()

    assert steps == {"one": ["upstream"], "two": []}


def test_nothing_is_opened_where_none_is_asked(tmp_path):
    application = build(
        config.load(
            users=[{"name": "a", "password": "b"}], data=tmp_path, upstream={"mode": "serve", "url": URL, "user": "x"}
        )
    )
    try:
        assert application.publications[0].upstream is None
        assert not (tmp_path / "recorded").exists()
    finally:
        application.close()
