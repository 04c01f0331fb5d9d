"""One SQL text for two databases: a named query is written once and translated here when the module is imported.

What differs is small and mechanical, and only this file knows it:

========================  ==================================  ============================
written                   SQLite                              PostgreSQL
========================  ==================================  ============================
``:name``                 ``?1``, ``?2`` …                    ``$1``, ``$2`` …
``EACH(:rows, a TEXT)``   sub-select over ``jsonb_each``      over ``jsonb_array_elements``
``a AMONG(:rows)``        ``IN (SELECT …)``                   ``= ANY (ARRAY(SELECT …))``
``JSON_ROWS(a, b)``       ``json_group_array(json_array(…))`` ``json_agg(…)`` as a text
``ledger_clock()``        a parameter of its own              a function
``GREATEST(a, b)``        ``max(a, b)``                       as written
``LEAST(a, b)``           ``min(a, b)``                       as written
``UTC_DAY(micros)``       ``date(…, 'unixepoch')``            ``to_char(to_timestamp(…), …)``
``FOR UPDATE`` and kin    left out: one writer at a time      as written
``COMMIT_ORDER``          ``seq``: there is one writer        ``xid, seq``
``NEWEST_FIRST``          ``seq DESC``                        ``xid DESC, seq DESC``
``AFTER(:x, :s)``         ``seq > ?2``                        ``(xid, seq) > ($1, $2)``
``IS_FINAL``              ``true``                            ``xid < pg_snapshot_xmin(…)``
``NOT_AHEAD(:ahead)``     ``true``                            ``xid <> ALL (…)``, a text ``{1,2}``
``UNTIL_COMMIT``          left out                            ``ON COMMIT DELETE ROWS``
========================  ==================================  ============================

``EACH`` reads rows out of a text, ``JSON_ROWS`` is an aggregate that writes them into one. ``AMONG`` finds what is the
first column of such a row: as an array, for PostgreSQL's planner takes a sub-select for a hundred rows, however many it
has, and reads a table from end to end where an index leads to the few.
``ledger_clock()`` is microseconds since 1970, UTC; on SQLite one instant for the whole operation. As a function there,
SQLite would call back into Python for every row. Both kinds of jsonb show nested arrays in a form that ``->>`` need not
parse again for every column.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

_CLOCK: Final = "ledger_clock()"
_EACH: Final = re.compile(r"EACH\(:(\w+),\s*([^)]*)\)")
_AMONG: Final = re.compile(r"AMONG\(:(\w+)\)")
_AFTER: Final = re.compile(r"AFTER\((:\w+), (:\w+)\)")
_NOT_AHEAD: Final = re.compile(r"NOT_AHEAD\((:\w+)\)")
_JSON_ROWS: Final = re.compile(r"JSON_ROWS\(([^()]*)\)")
_PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_ROW_LOCK: Final = re.compile(r"\bFOR (?:UPDATE|SHARE)(?: OF \w+)?(?: SKIP LOCKED)?")
_UTC_DAY: Final = re.compile(r"UTC_DAY\(([^()]*)\)")
_ELEMENTS: Final = "jsonb_array_elements(CAST(:{0} AS jsonb)) AS element(value)"
_ON_SQLITE: Final = {
    "GREATEST(": "max(",
    "LEAST(": "min(",
    "COMMIT_ORDER": "seq",
    "NEWEST_FIRST": "seq DESC",
    "IS_FINAL": "true",
    "UNTIL_COMMIT": "",
}
_ON_POSTGRESQL: Final = {
    "COMMIT_ORDER": "xid, seq",
    "NEWEST_FIRST": "xid DESC, seq DESC",
    "IS_FINAL": "xid < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT)",
    "UNTIL_COMMIT": "ON COMMIT DELETE ROWS",
}

_encode_rows = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A named statement in both dialects. `names` are its parameters in the order of their numbers.

    `sqlite` is empty for a statement that only PostgreSQL needs (row locks, time-outs); SQLite skips it. There a
    statement that is `clocked` has the present instant as one more parameter, the last.
    """

    sqlite: str
    postgresql: str
    names: tuple[str, ...]
    clocked: bool = False


def query(text: str, *, postgresql_only: bool = False) -> Query:
    """Translate the SQL `text`; parameters are numbered in the order in which they first appear."""
    flat = " ".join(text.split())
    names: dict[str, int] = {}
    for match in _PARAMETER.finditer(flat):
        names.setdefault(match.group(1), len(names) + 1)
    clocked = _CLOCK in flat and not postgresql_only
    return Query(
        sqlite="" if postgresql_only else _number(_to_sqlite(flat, len(names) + 1), names, "?"),
        postgresql=_number(_to_postgresql(flat), names, "$"),
        names=tuple(names),
        clocked=clocked,
    )


def rows(values: Sequence[Sequence[object]]) -> str:
    """Encode rows for an ``EACH`` parameter: a JSON array of arrays, in the order given."""
    return _encode_rows(values).decode()


def _to_sqlite(text: str, clock: int) -> str:
    text = _AMONG.sub(r"IN (SELECT value ->> 0 FROM jsonb_each(:\1))", text)
    text = _EACH.sub(lambda match: _each(match, "jsonb_each(:{0})"), text).replace(_CLOCK, f"?{clock}")
    text = _UTC_DAY.sub(r"date((\1) / 1000000, 'unixepoch')", text)
    text = _JSON_ROWS.sub(r"json_group_array(json_array(\1))", text)
    text = _NOT_AHEAD.sub("true", _AFTER.sub(r"seq > \2", text))
    return _replace(_ROW_LOCK.sub("", text), _ON_SQLITE)


def _to_postgresql(text: str) -> str:
    text = _AMONG.sub(lambda match: f"= ANY (ARRAY(SELECT value ->> 0 FROM {_ELEMENTS.format(match.group(1))}))", text)
    text = _EACH.sub(lambda match: _each(match, _ELEMENTS), text)
    text = _UTC_DAY.sub(r"to_char(to_timestamp((\1) / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD')", text)
    text = _JSON_ROWS.sub(r"CAST(COALESCE(json_agg(json_build_array(\1)), '[]') AS TEXT)", text)
    text = _NOT_AHEAD.sub(r"xid <> ALL (CAST(\1 AS BIGINT[]))", _AFTER.sub(r"(xid, seq) > (\1, \2)", text))
    return _replace(text, _ON_POSTGRESQL)


def _replace(text: str, words: Mapping[str, str]) -> str:
    for written, meant in words.items():
        text = text.replace(written, meant)
    return text


def _each(match: re.Match[str], source: str) -> str:
    """``EACH(:rows, a TEXT, b BIGINT)``: the array's elements as a table with these columns."""
    columns = []
    for index, column in enumerate(match.group(2).split(",")):
        name, kind = column.split()
        value = f"value ->> {index}"
        columns.append(f"{value} AS {name}" if kind == "TEXT" else f"CAST({value} AS {kind}) AS {name}")
    return f"(SELECT {', '.join(columns)} FROM {source.format(match.group(1))})"


def _number(text: str, names: dict[str, int], mark: str) -> str:
    return _PARAMETER.sub(lambda match: f"{mark}{names[match.group(1)]}", text)
