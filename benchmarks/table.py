"""The reports of all parts as one Markdown table: what was aimed at and reached, then every figure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from benchmarks.parts import Part
from benchmarks.report import reached

CELL: Final = " | "
"""Parts of a row's name, where a table has streams, policies and figures: ``stream | policy | figure``."""

Report = Mapping[str, Any]


def table(parts: Sequence[Part], reports: Mapping[str, Report]) -> str:
    """Markdown; a part without a report is listed as not measured."""
    lines = ["# Figures", "", *_head(reports), "", "## Aims", "", *_aims(parts, reports)]
    lines += list(_profiles(found for part in parts if (found := reports.get(part.name)) is not None))
    for part in parts:
        found = reports.get(part.name)
        if found is None or not found["rows"]:
            continue
        lines += ["", f"## {part.title}", "", f"{_origin(part, found)}", ""]
        lines += list(_crossed(found) if CELL in found["rows"][0]["name"] else _listed(found["rows"]))
    return "\n".join(lines) + "\n"


def _head(reports: Mapping[str, Report]) -> Iterator[str]:
    """Machine and versions; those of several machines stand one below the other."""
    yield "Written by `make bench`. Values are medians; the spread is from the lowest run to the highest."
    yield ""
    heads = {_machine(found): None for found in reports.values()}
    yield from heads
    seconds = sum(found.get("seconds", 0) for found in reports.values())
    yield f"- {seconds // 60} min {seconds % 60} s in all"


def _machine(found: Report) -> str:
    where, versions = found["machine"], found["versions"]
    packages = ", ".join(f"{name} {number}" for name, number in versions.items())
    return f"- {where['processor']}, {where['cores']} cores, {where['system']}, Python {where['python']}; {packages}"


def _origin(part: Part, found: Report) -> str:
    """The command, the commit and the day."""
    command = " ".join(("python -m", part.module, *part.arguments))
    note = f" **{found['note']}.**" if found.get("note") else ""
    return f"`{command}`, commit {found['commit']}, {found['measured_at'][:10]}.{note}"


def _aims(parts: Sequence[Part], reports: Mapping[str, Report]) -> Iterator[str]:
    yield "| figure | aim | measured | spread | runs | reached |"
    yield "|---|---|---|---|---|---|"
    for part in parts:
        found = reports.get(part.name)
        if found is None or not found["rows"]:
            why = "not measured" if found is None else found.get("note") or "not measured"
            yield f"| **{part.title}** | | {_escaped(why)} | | | – |"
            continue
        aimed = [row for row in found["rows"] if row["aim"] is not None]
        if aimed:
            yield f"| **{part.title}** | | | | | |"
        for row in aimed:
            verdict = "yes" if reached(row["value"], row["aim"]) else "**no**"
            cells = (_escaped(row["name"]), _aim(row), _value(row), _spread(row), str(row["runs"]), verdict)
            yield f"| {CELL.join(cells)} |"


def _profiles(reports: Iterable[Report]) -> Iterator[str]:
    """Where the time goes in what falls short of its aim and carries a profile."""
    short = [
        row
        for found in reports
        for row in found["rows"]
        if row.get("profile") and reached(row["value"], row["aim"]) is False
    ]
    if short:
        yield from ("", "## Where the time goes", "", "Of figures that fall short: shares of CPU time by module.", "")
        yield from ("| figure | share of CPU time |", "|---|---|")
    for row in short:
        parts = ", ".join(f"`{name}` {share:.0%}" for name, share in row["profile"].items())
        yield f"| {_escaped(row['name'])} | {parts} |"


def _listed(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield "| figure | measured | spread | runs |"
    yield "|---|---|---|---|"
    for row in rows:
        yield f"| {_escaped(row['name'])} | {_value(row)} | {_spread(row)} | {row['runs']} |"


def _crossed(found: Report) -> Iterator[str]:
    """A table per stream, a line per policy, a column per figure; the caveat of a stream is in the details."""
    streams: dict[str, dict[str, dict[str, Mapping[str, Any]]]] = {}
    for row in found["rows"]:
        stream, policy, figure = row["name"].split(CELL)
        streams.setdefault(stream, {}).setdefault(policy, {})[figure] = row
    for stream, policies in streams.items():
        figures = list(dict.fromkeys(figure for cells in policies.values() for figure in cells))
        units = {figure: row["unit"] for cells in policies.values() for figure, row in cells.items()}
        yield f"### {stream}"
        yield ""
        yield (found["details"] or {}).get(stream, "")
        yield ""
        yield (
            "| policy | "
            + CELL.join(f"{figure}{', ' if units[figure] else ''}{units[figure]}" for figure in figures)
            + " |"
        )
        yield "|---|" + "---|" * len(figures)
        for policy, cells in policies.items():
            yield f"| {policy} | " + CELL.join(_with_spread(cells.get(figure)) for figure in figures) + " |"
        yield ""


def _with_spread(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "–"
    spread = _spread(row)
    return f"{_number(row['value'], row['unit'])} ({spread})" if spread else _number(row["value"], row["unit"])


def _aim(row: Mapping[str, Any]) -> str:
    return f"{row['aim'].replace('>=', '≥').replace('<=', '≤')} {row['unit']}".strip()


def _value(row: Mapping[str, Any]) -> str:
    return f"{_number(row['value'], row['unit'])} {row['unit']}".strip()


def _spread(row: Mapping[str, Any]) -> str:
    """The lowest and the highest; nothing where they read the same."""
    ends = [] if row["spread"] is None else [_number(end, row["unit"]) for end in row["spread"]]
    return "–".join(ends) if len(set(ends)) > 1 else ""


def _number(value: float, unit: str) -> str:
    """Three digits that count, whole from a hundred on; small ratios to the thousandth."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3f}" if unit == "x" and abs(value) < 10 else f"{value:.3g}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
