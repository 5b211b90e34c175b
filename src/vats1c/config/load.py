"""Load the settings from a TOML file and VATS1C_* variables, and collect every problem in them."""

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsError,
    TomlConfigSettingsSource,
)

from vats1c.config.problems import ConfigError, Problem, Unusable
from vats1c.config.schema import Settings
from vats1c.messages import Message

PREFIX = "VATS1C_"
# Variables that commands read; they are not settings of the service.
COMMAND_VARIABLES = frozenset({"VATS1C_CONFIG", "VATS1C_PASSWORD", "VATS1C_TOKEN"})
# Values under these keys may be passwords or subscribers' keys, so messages never repeat them.
_SECRET = frozenset(
    {"users", "subscribers", "administrators", "publications", "directories", "database", "staging", "upstream"}
)


def load(path: Path | None = None, **overrides: Any) -> Settings:
    """Return the settings of the TOML file `path`, of VATS1C_* variables and of `overrides`.

    `overrides` take precedence over the variables, and the variables take precedence over the file. A relative path
    starts from the file's folder, or from the current folder when there is no file. Raises ConfigError with every
    problem.
    """
    if path:
        _refuse_unreadable(path)
    problems = _unknown_variables()

    class LoadedSettings(Settings):
        """The schema with `path` as its source of lowest priority."""

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            file = (TomlConfigSettingsSource(settings_cls, path),) if path else ()
            return (init_settings, env_settings, *file)

    try:
        settings: Settings = LoadedSettings(**overrides)
    except ValidationError as error:
        problems += [_problem(detail, path) for detail in error.errors()]
    except SettingsError as error:
        problems.append(_undecodable(error))
    if problems:
        raise ConfigError(problems)
    # A plain Settings: an instance of the local class cannot be pickled for another process.
    settings = Settings.model_construct(_fields_set=settings.model_fields_set, **dict(settings))
    return _resolve_paths(settings, path.absolute().parent if path else Path.cwd())


def _refuse_unreadable(path: Path) -> None:
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        message = Message(f"файл настроек не читается: {reason}", f"cannot read the settings file: {reason}")
    except UnicodeDecodeError:
        message = Message("файл настроек не в UTF-8", "the settings file is not in UTF-8")
    except tomllib.TOMLDecodeError as error:
        message = Message(f"ошибка в записи TOML: {error}", f"not valid TOML: {error}")
    else:
        return
    raise ConfigError([Problem("", str(path), message)])


def _unknown_variables() -> list[Problem]:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    problems = []
    for name in sorted(os.environ):
        top_level = name.upper().partition("__")[0]
        if name.upper().startswith(PREFIX) and top_level not in known and name.upper() not in COMMAND_VARIABLES:
            problems.append(Problem("", name, _unknown(top_level, known | COMMAND_VARIABLES)))
    return problems


def _unknown(name: str, known: set[str] | frozenset[str]) -> Message:
    close = difflib.get_close_matches(name, sorted(known), n=1)
    if close:
        return Message(f"нет такой настройки; может быть, {close[0]}?", f"no such setting; did you mean {close[0]}?")
    names = ", ".join(sorted(known))
    return Message(f"нет такой настройки; есть: {names}", f"no such setting; there are: {names}")


def _problem(detail: ErrorDetails, path: Path | None) -> Problem:
    location = detail["loc"]
    return Problem(_key(location), _source(location, path), _message(detail))


def _key(location: tuple[int | str, ...]) -> str:
    key = ""
    for part in location:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
    return key


def _source(location: tuple[int | str, ...], path: Path | None) -> str:
    """Return the name of the variable or of the file that holds the value at `location`."""
    nested = PREFIX + "__".join(str(part).upper() for part in location)
    variables = {name.upper(): name for name in os.environ}
    for name in (nested, PREFIX + str(location[0]).upper() if location else nested):
        if name in variables:
            return variables[name]
    return str(path) if path else ""


def _message(detail: ErrorDetails) -> Message:
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, Unusable):
        return cause.message
    if detail["type"] == "extra_forbidden":
        return _unknown(str(detail["loc"][-1]), frozenset(_fields_at(detail["loc"][:-1])))
    if detail["type"] == "missing":
        return Message("нужно указать", "is required")
    text = detail["msg"][:1].lower() + detail["msg"][1:]
    if detail["loc"] and detail["loc"][0] in _SECRET:
        return Message(f"недопустимое значение: {text}", f"unusable value: {text}")
    return Message(f"недопустимое значение {detail['input']!r}: {text}", f"unusable value {detail['input']!r}: {text}")


def _fields_at(location: tuple[int | str, ...]) -> set[str]:
    """Return the keys that the table at `location` may hold."""
    model: type[BaseModel] = Settings
    for part in location:
        field = model.model_fields.get(str(part))
        tables = [model] if field is None else _tables_in(field.annotation)
        model = tables[0] if tables else model
    return set(model.model_fields)


def _tables_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [table for part in get_args(annotation) for table in _tables_in(part)]


def _undecodable(error: SettingsError) -> Problem:
    """Return the problem of a variable with invalid JSON; pydantic-settings names the field only in the error text."""
    for name in os.environ:
        if name.upper().startswith(PREFIX) and f'"{name.upper().removeprefix(PREFIX).lower()}"' in str(error):
            return Problem("", name, Message("ожидается JSON", "JSON is expected"))
    return Problem("", "", Message(str(error), str(error)))


def _resolve_paths(settings: Settings, folder: Path) -> Settings:
    """Return the settings with every relative path resolved from `folder`."""
    publications = {
        name: publication.model_copy(update=_resolved_parts(publication, folder))
        for name, publication in settings.publications.items()
    }
    resolved = settings.model_copy(
        update={
            "data": folder / settings.data,
            "publications": publications,
            **_resolved_parts(settings, folder),
        }
    )
    # `directory.load` resolves the paths in a directory's settings, because it depends on the directory's kind which
    # settings are paths.
    resolved.set_folder(folder)
    return resolved


def _resolved_parts(publication: Any, folder: Path) -> dict[str, Any]:
    return {
        **{
            field: tuple(
                user.model_copy(update={"password_file": folder / user.password_file}) if user.password_file else user
                for user in getattr(publication, field)
            )
            for field in ("users", "administrators", "subscribers")
        },
        "upstream": publication.upstream.model_copy(
            update={
                key: folder / path
                for key in ("password_file", "ca")
                if (path := getattr(publication.upstream, key)) is not None
            }
        ),
    }
