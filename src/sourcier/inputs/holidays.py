"""Public holidays by country and region: a calendar's name, such as ``FR`` or ``US-CA``, turned into dates.

A name is the ISO 3166 code of a country, and if wanted a hyphen and the code of a region of it. The dates are rules in
the library `holidays`; nothing is asked over the network.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import holidays

from sourcier.domain.errors import Violation
from sourcier.domain.network import Network, NodeCalendar, Service
from sourcier.inputs.faults import nearest, shown


def faults(network: Network) -> list[Violation]:
    """Every name of a calendar that is not known, by the path of its field."""
    named = [(f"nodes[{i}].calendar.holidays", node.calendar.holidays) for i, node in enumerate(network.nodes)]
    named += [(f"services[{i}].holidays", service.holidays) for i, service in enumerate(network.services)]
    return [Violation(field=path, description=told) for path, name in named if name and (told := trouble(name))]


@cache
def _regions() -> dict[str, tuple[str, ...]]:
    """The regions of every country that has a calendar, by their codes."""
    known = holidays.list_supported_countries(include_aliases=False)
    return {country: tuple(regions) for country, regions in known.items()}


def trouble(name: str) -> str:
    """What is wrong with the name of a calendar; empty for one that is known."""
    country, dash, region = name.partition("-")
    regions = _regions().get(country)
    if regions is None:
        return f"{shown(name)} is not a country with a calendar of public holidays, such as FR or US-CA"
    if dash and region not in regions:
        close = nearest(name, (f"{country}-{known}" for known in regions))
        return f"{shown(region)} is not a region of {country} with public holidays of its own{close}"
    return ""


@cache
def public_holidays(name: str, year: int) -> frozenset[date]:
    """The public holidays of a known calendar in a year, days off in lieu included."""
    country, _, region = name.partition("-")
    around = range(year - 1, year + 2)  # a day off in lieu may lie in another year than its holiday
    dates = holidays.country_holidays(country, subdiv=region or None, years=around, expand=False)
    return frozenset(day for day in dates if day.year == year)


def expand(network: Network, first_day: date, days: int) -> Network:
    """The network with the public holidays of `days` days from `first_day` on among its closed dates.

    Calendars keep the name of their holidays, so that a later stretch of days can be added to the same network.
    Raises NotImplementedError for an unknown calendar, which `faults` finds before.
    """
    last_day = first_day + timedelta(days=days - 1)
    known: dict[str, frozenset[date]] = {"": frozenset()}
    expanded: dict[NodeCalendar, NodeCalendar] = {}

    def closed(dates: frozenset[date], name: str) -> frozenset[date]:
        if name not in known:
            years = range(first_day.year, last_day.year + 1)
            known[name] = frozenset(_between(first_day, last_day, (public_holidays(name, year) for year in years)))
        return dates | known[name]

    def with_holidays(calendar: NodeCalendar) -> NodeCalendar:
        if calendar not in expanded:
            expanded[calendar] = replace(calendar, closed_dates=closed(calendar.closed_dates, calendar.holidays))
        return expanded[calendar]

    def delivering(service: Service) -> Service:
        return replace(service, closed_dates=closed(service.closed_dates, service.holidays))

    return replace(
        network,
        nodes=tuple(
            replace(node, calendar=with_holidays(node.calendar)) if node.calendar.holidays else node
            for node in network.nodes
        ),
        services=tuple(delivering(service) if service.holidays else service for service in network.services),
    )


def _between(first_day: date, last_day: date, years: Iterable[frozenset[date]]) -> Iterable[date]:
    return (day for year in years for day in year if first_day <= day <= last_day)
