"""Settings are filled from a file and variables, and refused with every problem at once."""

import pytest

from vats1c.config import ConfigError, Settings, load

USER = '[[users]]\nname = "SOAP"\npassword = "123"\n'


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    import os

    for name in [name for name in os.environ if name.upper().startswith("VATS1C_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "vats1c.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def problems(path=None, **given):
    with pytest.raises(ConfigError) as error:
        load(path, **given)
    return [str(problem) for problem in error.value.problems]


def test_defaults_are_enough_but_for_a_user(write):
    settings = load(write(USER))

    assert settings.listen == "127.0.0.1:8080"
    assert settings.limits.body == 65_536
    assert list(settings.served) == ["telephony"]


def test_relative_paths_are_taken_from_the_files_folder(write, tmp_path):
    settings = load(write('data = "calls"\n[[users]]\nname = "SOAP"\npassword_file = "secret"\n'))

    assert settings.data == tmp_path / "calls"
    assert settings.users[0].password_file == tmp_path / "secret"
    assert settings.folder == tmp_path
    assert settings.database_url == f"sqlite:///{tmp_path / 'calls' / 'vats1c.sqlite'}"


def test_publications_have_their_own_users_and_directories(write, tmp_path):
    settings = load(
        write(
            '[[publications.sales.users]]\nname = "a"\npassword = "1"\n'
            '[[publications.sales.directories]]\nname = "crm"\ntype = "csv"\npath = "a.csv"\n'
            '[[publications.support.users]]\nname = "b"\npassword = "2"\n'
            '[publications.support.say_name]\nparameter = "Number"\n'
        )
    )

    assert list(settings.served) == ["sales", "support"]
    assert settings.served["support"].say_name.parameter == "Number"
    assert settings.served["sales"].directories[0].own["path"] == "a.csv"


@pytest.mark.parametrize("name", ["api", "card", "metrics", "a b", "-a", "имя", "a/b", "x" * 64])
def test_a_name_that_no_publication_can_have_is_refused(write, name):
    (said,) = problems(write(f'[[publications."{name}".users]]\nname = "a"\npassword = "1"\n'))

    assert "cannot name a publication" in said


def test_users_beside_publications_are_refused_with_where_they_belong(write):
    (said,) = problems(write(USER + '[[publications.a.users]]\nname = "a"\npassword = "1"\n'))

    assert "not beside [publications]: users; move them to [publications.telephony]" in said


def test_each_publication_needs_a_user(write):
    (said,) = problems(write('[[publications.a.users]]\nname = "a"\npassword = "1"\n[publications.b]\n'))

    assert "no SOAP users (b)" in said


def test_no_password_stands_in_any_message(write):
    path = write('workers = "x"\n[[users]]\nname = "a"\npassword = "hidden1"\npassword_hash = "hidden2"\n')

    assert "hidden" not in "\n".join(problems(path))
    assert "hidden1" not in repr(load(write('[[users]]\nname = "a"\npassword = "hidden1"\n')))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VATS1C_USERS", '{"name": "a", "password": "s3cret"}'),
        ("VATS1C_USERS", '["SOAP:s3cret"]'),
        ("VATS1C_PUBLICATIONS", '{"a": "s3cret"}'),
        ("VATS1C_PUBLICATIONS", '{"a": {"users": [{"name": "a", "pasword": "s3cret"}]}}'),
        ("VATS1C_SUBSCRIBERS", '[{"key": ["s3cret"], "name": "a"}]'),
        ("VATS1C_DIRECTORIES", '["s3cret"]'),
    ],
)
def test_no_secret_of_a_variable_is_repeated(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    assert "s3cret" not in "\n".join(problems())


def test_a_key_that_repeats_is_not_shown(write):
    twice = '[[subscribers]]\nkey = "gW3cyUJAtl50PhF"\nname = "A"\n' * 2

    (said,) = problems(write(USER + twice))

    assert "subscribers.key is repeated" in said
    assert "gW3cyUJAtl50PhF" not in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('listen = "8080"', "expected HOST:PORT"),
        ('listen = "127.0.0.1:99999"', "expected HOST:PORT"),
        ("workers = 0", "greater than or equal to 1"),
        ('public_url = "ftp://x"', "expected an address like"),
        ('public_url = "https://x/?a=b"', "expected an address like"),
        ('region = "russia"', "unusable value 'russia'"),
        ('fault_language = "de"', "unusable value 'de'"),
        ('log_level = "trace"', "unusable value 'trace'"),
        ("trusted_hosts = 5", "unusable value 5"),
        ('limits = "small"', "unusable value 'small'"),
        ("users = 3", "unusable value: "),
    ],
)
def test_an_unusable_value_is_named_with_its_key(write, line, said):
    found = problems(write(f"{line}\n{USER if not line.startswith('users') else ''}"))

    key = line.split(" = ")[0]
    assert any(f": {key}: " in problem and said in problem for problem in found)


@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "[::]:80", ":8080", "localhost:0"])
def test_addresses_of_every_kind_can_be_listened_on(listen, write):
    assert load(write(USER), listen=listen).address[1] == int(listen.rpartition(":")[2])


def test_what_is_given_wins_over_variables_and_they_over_the_file(write, monkeypatch):
    path = write('workers = 2\nregion = "BY"\nlog_level = "error"\n' + USER)
    monkeypatch.setenv("VATS1C_WORKERS", "3")
    monkeypatch.setenv("VATS1C_REGION", "KZ")

    settings = load(path, workers=4)

    assert (settings.workers, settings.region, settings.log_level) == (4, "KZ", "error")


def test_nested_variables_join_the_files_tables(write, monkeypatch):
    monkeypatch.setenv("VATS1C_LIMITS__BODY", "2048")

    limits = load(write("[limits]\nbody_timeout = 3\n" + USER)).limits

    assert (limits.body, limits.body_timeout) == (2_048, 3)


def test_a_variable_that_should_hold_json_and_does_not_is_named(monkeypatch):
    monkeypatch.setenv("VATS1C_USERS", "SOAP:123")

    assert problems() == ["VATS1C_USERS: JSON is expected"]


def test_settings_can_be_sent_to_another_process(write):
    import pickle

    settings = load(write(USER))

    assert pickle.loads(pickle.dumps(settings)) == settings
    assert type(settings) is Settings
