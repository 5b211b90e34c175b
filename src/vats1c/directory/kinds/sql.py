"""Callers from a third-party database: one query per number, through SQLAlchemy.

Rule: connections are read-only, and no error message contains the password or the number.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog

from vats1c.directory import DirectoryError, State
from vats1c.directory.columns import COLUMNS, FIELDS, confidence_of
from vats1c.directory.settings_checks import refuse_no_text, refuse_unknown, seconds_of
from vats1c.model import Caller, Confidence, Match
from vats1c.number import PROBE_NUMBER, Number, NumberPlan, identify

log = structlog.get_logger("vats1c.directory")

_SETTINGS = ("url", "query", "table", "columns", "timeout")
_BINDS = ("number", "received", "national", "last10")
_TIMEOUT_S = 0.5
# As many connections as pending lookups (SourcePolicy.max_pending).
_CONNECTIONS = 16
# More rows do not matter: the match is ambiguous, and the phone cannot show more names.
_MAX_ROWS = 50
# The drivers that the package extras install; SQLAlchemy uses other drivers by default.
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
# Temporary failures. SQLSTATE classes of PostgreSQL: connection exception, transaction rollback, insufficient
# resources, object not in prerequisite state, operator intervention. Codes of SQLite (busy, locked) and of MySQL and
# MariaDB (too many connections, lock timeout, deadlock, interrupted, time limit, connection lost).
_TRANSIENT_STATES = ("08", "40", "53", "55", "57")
_TRANSIENT_CODES = {5, 6, 1040, 1205, 1213, 1317, 1969, 2006, 2013, 3024}


class SqlDirectory:
    """The callers in one database, found by a query or in a table."""

    nonblocking = False

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Look up PROBE_NUMBER to test the query.

        Raises DirectoryError for a wrong setting; logs a warning for an unreachable server.
        """
        self.name = name
        self._plan = plan
        self._ready = False
        checked = _checked(settings)
        self._key = "query" if "query" in checked else "table"
        # The parameters of the setting `query`; None for a table, which is searched for all forms of the number.
        self._binds: tuple[str, ...] | None = None
        self._statement: sa.Executable
        if "query" in checked:
            self._statement, self._binds = _query(checked["query"])
        else:
            self._statement = _select(checked)
        self._url = _url(checked["url"])
        self._engine = _engine(self._url, seconds_of(settings, "timeout", _TIMEOUT_S))
        try:
            self.find(PROBE_NUMBER)
        except DirectoryError as error:
            if error.key:
                self.close()
                raise
            log.warning("directory_unreachable", directory=name, reason=str(error))

    def find(self, number: Number) -> Match | None:
        """Return the match for `number` from the rows that the database returns. Raises DirectoryError."""
        binds = _forms(number, self._plan) if self._binds is None else {key: _bound(number)[key] for key in self._binds}
        try:
            with self._engine.connect() as connection:
                result = connection.execute(self._statement, binds)
                fields = self._fields(result)
                rows = [dict(zip(fields, row, strict=True)) for row in result.fetchmany(_MAX_ROWS)]
        except sa.exc.SQLAlchemyError as error:
            self._ready = False
            raise self._to_directory_error(error, number) from error
        self._ready = True
        return self._match(number, rows)

    def state(self) -> State:
        """Return the state; ready when the database answered the last query."""
        return State(ready=self._ready)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _fields(self, result: sa.CursorResult[Any]) -> list[str | None]:
        titles = list(result.keys()) if result.returns_rows else []
        fields = [FIELDS.get(title.strip().casefold()) for title in titles]
        if "name" not in fields:
            self._ready = False
            names = ", ".join(titles) or "—"
            raise DirectoryError(f"нужен столбец name, есть: {names}", f"no column name, only: {names}", self._key)
        return fields

    def _match(self, number: Number, rows: Iterable[dict[str | None, Any]]) -> Match | None:
        callers, cells = [], []
        for row in rows:
            values = {field: _text(value) for field, value in row.items() if field}
            cell = values.pop("number", "")
            if values["name"]:
                callers.append(Caller(**values))
                cells.append(cell)
        by_last10_only = self._binds == ("last10",) and number.national is None
        return Match.of(
            callers,
            Confidence.LAST_DIGITS if by_last10_only else confidence_of(number, [[cell] for cell in cells], self._plan),
        )

    def _to_directory_error(self, error: sa.exc.SQLAlchemyError, number: Number) -> DirectoryError:
        """Return the error with a one-line message without secrets; its key is the setting at fault, "" if none is."""
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig else error
        lines = str(cause.args[-1] if cause.args else cause).strip().splitlines()
        reason = lines[0].strip() if lines else type(cause).__name__
        for secret in (self._url.password, *_bound(number).values()):
            reason = reason.replace(str(secret), "…") if secret else reason
        is_setting_error = isinstance(error, sa.exc.StatementError) and not _is_transient(error)
        ru = "запрос не выполняется" if is_setting_error else "база не отвечает"
        en = "the query fails" if is_setting_error else "the database does not answer"
        return DirectoryError(f"{ru}: {reason}", f"{en}: {reason}", self._key if is_setting_error else "")


def _checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings after validating their types. Raises DirectoryError."""
    refuse_unknown(settings, _SETTINGS)
    refuse_no_text(settings, ("url", "query", "table"))
    if "url" not in settings:
        raise DirectoryError("нужен адрес базы", "the database's URL is needed", "url")
    if ("query" in settings) == ("table" in settings):
        raise DirectoryError("нужно одно из двух: query или table", "either query or table is needed", "query")
    return dict(settings)


def _query(text: str) -> tuple[sa.TextClause, tuple[str, ...]]:
    """Return the statement of the setting `query` and the names of its parameters. Raises DirectoryError."""
    statement = sa.text(text)
    names = tuple(statement.compile().params)
    if not names or set(names) - set(_BINDS):
        there_are = ", ".join(f":{name}" for name in _BINDS)
        raise DirectoryError(f"параметры запроса: {there_are}", f"the query's parameters are {there_are}", "query")
    return statement, names


def _select(settings: Mapping[str, Any]) -> sa.Select[Any]:
    """Return the query of the rows whose number column equals one of the forms of a number. Raises DirectoryError."""
    columns = settings.get("columns")
    if columns is not None and not (
        isinstance(columns, Mapping)
        and {"number", "name"} <= columns.keys() <= COLUMNS.keys()
        and all(isinstance(title, str) and title for title in columns.values())
    ):
        fields = ", ".join(COLUMNS)
        raise DirectoryError(
            f"нужны number и name, бывают: {fields}", f"number and name are needed; there may be: {fields}", "columns"
        )
    titles = columns or {"number": "number"}
    schema, _, name = settings["table"].strip().rpartition(".")
    # Columns are qualified by the table: SQLite treats an unknown quoted identifier as a string literal.
    table = sa.table(name, *(sa.column(title) for title in set(titles.values())), schema=schema or None)
    columns_to_read: list[sa.ColumnElement[Any]] = [table.c[title].label(field) for field, title in titles.items()]
    if not columns:
        columns_to_read = [sa.literal_column("*")]
    number = table.c[titles["number"]]
    return sa.select(*columns_to_read).select_from(table).where(number.in_(sa.bindparam("forms", expanding=True)))


def _url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError) as error:
        # The message of SQLAlchemy contains the URL with the password.
        raise DirectoryError("это не адрес базы для SQLAlchemy", "not a database URL of SQLAlchemy", "url") from error
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    # SQLite would create a missing file.
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).is_file()):
        raise DirectoryError(f"нет файла базы: {url.database}", f"no such database file: {url.database}", "url")
    return url


def _engine(url: sa.URL, timeout: float) -> sa.Engine:
    try:
        driver = url.get_dialect().driver
        engine = sa.create_engine(
            url,
            # A lookup is a single statement: save the round trips of BEGIN and ROLLBACK.
            isolation_level="AUTOCOMMIT",
            connect_args={key: value for key, value in _connect(driver, timeout).items() if key not in url.query},
            hide_parameters=True,
            poolclass=sa.QueuePool,
            pool_size=_CONNECTIONS,
            max_overflow=0,
            pool_timeout=timeout,
            pool_pre_ping=True,
        )
    except ImportError as error:
        raise DirectoryError(
            f"не установлен драйвер базы {error.name} (vats1c[all])",
            f"the database driver {error.name} is not installed (vats1c[all])",
            "url",
        ) from error
    except (sa.exc.ArgumentError, TypeError, ValueError) as error:
        name = url.drivername
        raise DirectoryError(f"такая база не поддерживается: {name}", f"no such database: {name}", "url") from error
    sa.event.listen(engine, "connect", lambda connection, _: _limit(connection, engine.dialect.name, timeout))
    return engine


def _connect(driver: str, timeout: float) -> dict[str, Any]:
    """Return the connection arguments of the driver that limit its waits to `timeout` seconds."""
    if driver == "pysqlite":
        return {"timeout": timeout}
    if driver == "pymysql":
        return {"connect_timeout": timeout, "read_timeout": timeout, "write_timeout": timeout}
    if driver == "psycopg":
        # libpq accepts whole seconds only. PgBouncer loses named prepared statements, so they are disabled.
        whole = max(1, round(timeout))
        return {"connect_timeout": whole, "tcp_user_timeout": round(timeout * 1000), "prepare_threshold": None}
    return {}


def _limit(connection: Any, backend: str, timeout: float) -> None:
    """Make a new connection read-only and set the server's statement timeout to `timeout` seconds."""
    milliseconds = max(1, round(timeout * 1000))
    cursor = connection.cursor()
    try:
        if backend == "sqlite":
            cursor.execute("PRAGMA query_only = ON")
        elif backend == "postgresql":
            cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
            cursor.execute(f"SET statement_timeout = {milliseconds}")
        elif backend in ("mysql", "mariadb"):
            cursor.execute("SET SESSION TRANSACTION READ ONLY")
            cursor.execute("SELECT version()")
            maria = "mariadb" in str(cursor.fetchone()[0]).lower()
            limit = (
                f"max_statement_time = {timeout}" if maria else f"max_execution_time = {max(1, round(timeout * 1000))}"
            )
            cursor.execute(f"SET SESSION {limit}")
    finally:
        cursor.close()


def _is_transient(error: sa.exc.StatementError) -> bool:
    """Return whether the same statement may succeed later."""
    cause = error.orig
    if isinstance(error, sa.exc.DBAPIError) and (error.connection_invalidated or error.statement is None):
        return True
    code = getattr(cause, "sqlite_errorcode", None) or (cause.args[0] if cause and cause.args else None)
    state = getattr(cause, "sqlstate", None)
    return str(state or "").startswith(_TRANSIENT_STATES) or code in _TRANSIENT_CODES


def _bound(number: Number) -> dict[str, str | None]:
    return {key: getattr(number, "canonical" if key == "number" else key) for key in _BINDS}


def _forms(number: Number, plan: NumberPlan) -> dict[str, list[str]]:
    """Return {"forms": the notations of `number` that parse back to the same number under `plan`}."""
    forms = {*_bound(number).values(), (number.canonical or "").lstrip("+")}
    return {"forms": sorted(form for form in forms if form and identify(form, plan).canonical == number.canonical)}


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return "" if value is None else str(value).strip()
