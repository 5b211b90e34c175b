"""Callers from somebody's database, asked for each number through SQLAlchemy.

Rule: nothing is ever written there, and no error names the password or the number.
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
_TIMEOUT = 0.5
# As many as the lookups that may be pending at once (resilience.py).
_CONNECTIONS = 16
# More rows than a phone can show say no more than "ambiguous".
_MAX_ROWS = 50
# The drivers that the extras bring; SQLAlchemy's own choice is another one.
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
# What passes by itself: PostgreSQL's classes of SQLSTATE (connection, deadlock, resources, in use, operator's
# intervention), SQLite's and MySQL's codes (busy, locked; too many connections, locks, time is up, gone).
_TRANSIENT_STATES = ("08", "40", "53", "55", "57")
_TRANSIENT_CODES = {5, 6, 1040, 1205, 1213, 1317, 1969, 2006, 2013, 3024}


class SqlDirectory:
    """Callers of one database, by a query or by a table."""

    nonblocking = False

    def __init__(self, name: str, settings: Mapping[str, Any], plan: NumberPlan) -> None:
        """Try the query with nobody's number. Raises DirectoryError unless the server is merely unreachable."""
        self.name = name
        self._plan = plan
        self._ready = False
        given = _checked(settings)
        self._key = "query" if "query" in given else "table"
        # The parameters that the owner's query names; a table is asked for all forms of the number instead.
        self._binds: tuple[str, ...] | None = None
        self._statement: sa.Executable
        if "query" in given:
            self._statement, self._binds = _query(given["query"])
        else:
            self._statement = _select(given)
        self._url = _url(given["url"])
        self._engine = _engine(self._url, seconds_of(settings, "timeout", _TIMEOUT))
        try:
            self.find(PROBE_NUMBER)
        except DirectoryError as error:
            if error.key:
                self.close()
                raise
            log.warning("directory_unreachable", directory=name, reason=str(error))

    def find(self, number: Number) -> Match | None:
        """Return the callers of the rows that the database gives for `number`. Raises DirectoryError."""
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
        """Return whether the database answered when it was last asked."""
        return State(ready=self._ready)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _fields(self, result: sa.CursorResult[Any]) -> list[str | None]:
        titles = list(result.keys()) if result.returns_rows else []
        fields = [FIELDS.get(title.strip().casefold()) for title in titles]
        if "name" not in fields:
            self._ready = False
            found = ", ".join(titles) or "—"
            raise DirectoryError(f"нужен столбец name, есть: {found}", f"no column name, only: {found}", self._key)
        return fields

    def _match(self, number: Number, rows: Iterable[dict[str | None, Any]]) -> Match | None:
        callers, cells = [], []
        for row in rows:
            given = {field: _text(value) for field, value in row.items() if field}
            cell = given.pop("number", "")
            if given["name"]:
                callers.append(Caller(**given))
                cells.append(cell)
        by_tail_alone = self._binds == ("last10",) and number.national is None
        return Match.of(
            callers,
            Confidence.LAST_DIGITS if by_tail_alone else confidence_of(number, [[cell] for cell in cells], self._plan),
        )

    def _to_directory_error(self, error: sa.exc.SQLAlchemyError, number: Number) -> DirectoryError:
        """Return the error in one line; its key names the setting to blame, if it is one."""
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig else error
        lines = str(cause.args[-1] if cause.args else cause).strip().splitlines()
        reason = lines[0].strip() if lines else type(cause).__name__
        for secret in (self._url.password, *_bound(number).values()):
            reason = reason.replace(str(secret), "…") if secret else reason
        wrong = isinstance(error, sa.exc.StatementError) and not _is_transient(error)
        ru = "запрос не выполняется" if wrong else "база не отвечает"
        en = "the query fails" if wrong else "the database does not answer"
        return DirectoryError(f"{ru}: {reason}", f"{en}: {reason}", self._key if wrong else "")


def _checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings, each of its type. Raises DirectoryError."""
    refuse_unknown(settings, _SETTINGS)
    refuse_no_text(settings, ("url", "query", "table"))
    if "url" not in settings:
        raise DirectoryError("нужен адрес базы", "the database's URL is needed", "url")
    if ("query" in settings) == ("table" in settings):
        raise DirectoryError("нужно одно из двух: query или table", "either query or table is needed", "query")
    return dict(settings)


def _query(text: str) -> tuple[sa.TextClause, tuple[str, ...]]:
    """Return the owner's query and the names of its parameters."""
    statement = sa.text(text)
    names = tuple(statement.compile().params)
    if not names or set(names) - set(_BINDS):
        there_are = ", ".join(f":{name}" for name in _BINDS)
        raise DirectoryError(f"параметры запроса: {there_are}", f"the query's parameters are {there_are}", "query")
    return statement, names


def _select(settings: Mapping[str, Any]) -> sa.Select[Any]:
    """Return the query of a table whose number column holds one form of a number exactly."""
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
    # Named with their table: SQLite takes a quoted column that is not there for a text.
    table = sa.table(name, *(sa.column(title) for title in set(titles.values())), schema=schema or None)
    wanted: list[sa.ColumnElement[Any]] = [table.c[title].label(field) for field, title in titles.items()]
    if not columns:
        wanted = [sa.literal_column("*")]
    number = table.c[titles["number"]]
    return sa.select(*wanted).select_from(table).where(number.in_(sa.bindparam("forms", expanding=True)))


def _url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError) as error:
        # The library's own words would repeat the URL, password and all.
        raise DirectoryError("это не адрес базы для SQLAlchemy", "not a database URL of SQLAlchemy", "url") from error
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    # Opening a SQLite file that is not there would make an empty one.
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).is_file()):
        raise DirectoryError(f"нет файла базы: {url.database}", f"no such database file: {url.database}", "url")
    return url


def _engine(url: sa.URL, timeout: float) -> sa.Engine:
    try:
        driver = url.get_dialect().driver
        engine = sa.create_engine(
            url,
            # One question, one statement: no BEGIN before it and no ROLLBACK after it on the wire.
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
    """Return the driver's own arguments that keep it from waiting."""
    if driver == "pysqlite":
        return {"timeout": timeout}
    if driver == "pymysql":
        return {"connect_timeout": timeout, "read_timeout": timeout, "write_timeout": timeout}
    if driver == "psycopg":
        # Whole seconds are all that libpq knows. Statements prepared by name are lost behind a PgBouncer.
        whole = max(1, round(timeout))
        return {"connect_timeout": whole, "tcp_user_timeout": round(timeout * 1000), "prepare_threshold": None}
    return {}


def _limit(connection: Any, backend: str, timeout: float) -> None:
    """Make a new connection read only, and its server give up a statement that takes too long."""
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
    """Tell whether the same statement may succeed later."""
    cause = error.orig
    if isinstance(error, sa.exc.DBAPIError) and (error.connection_invalidated or error.statement is None):
        return True
    code = getattr(cause, "sqlite_errorcode", None) or (cause.args[0] if cause and cause.args else None)
    state = getattr(cause, "sqlstate", None)
    return str(state or "").startswith(_TRANSIENT_STATES) or code in _TRANSIENT_CODES


def _bound(number: Number) -> dict[str, str | None]:
    return {key: getattr(number, "canonical" if key == "number" else key) for key in _BINDS}


def _forms(number: Number, plan: NumberPlan) -> dict[str, list[str]]:
    """Return how the table may write `number`: the forms that would be read as that very number."""
    forms = {*_bound(number).values(), (number.canonical or "").lstrip("+")}
    return {"forms": sorted(form for form in forms if form and identify(form, plan).canonical == number.canonical)}


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return "" if value is None else str(value).strip()
