"""The options of a cart as a table: what a checkout shows, and why other services cannot."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sourcier.terminal.tables import status_word, table
from sourcier.terminal.words import (
    amount,
    countdown,
    day,
    days,
    grams,
    instant,
    listed,
    percent,
    span,
    to_datetime,
    word,
)
from sourcier.v1 import common_pb2, sourcing_pb2

WHOLE_BP: Final = 10_000


def promise_view(
    response: sourcing_pb2.PromiseDeliveryResponse, asked_at: datetime, title: str | None = None
) -> RenderableType:
    """What a checkout can offer at `asked_at`, why other services cannot, and what is held."""
    impossible = (Text(why_not(unpromised), style="yellow") for unpromised in response.unpromised)
    return Group(promise_table(response.promised, asked_at, title), *impossible, *hold_line(response))


def promise_table(options: Sequence[sourcing_pb2.Promise], asked_at: datetime, title: str | None = None) -> Table:
    """One row per option. A column that says nothing of any is left out."""
    extras = {
        ">CO₂": any(option.co2_grams for option in options),
        ">in time": any(option.confidence_bp < WHOLE_BP for option in options),
        "~best at": any(list(option.choices) not in ([], [sourcing_pb2.CHOICE_EARLIEST]) for option in options),
    }
    shown = [heading for heading, says_something in extras.items() if says_something]
    wanted = {choice for option in options for choice in option.choices}
    head = ("~service", "~arrives", "~order by", ">time left", "~ships from", ">fee", ">cost")
    made = table(*head, *shown, "~status", title=title)
    made.padding = (0, 1, 0, 0)
    for option in options:
        told = {
            ">CO₂": grams(option.co2_grams),
            ">in time": percent(option.confidence_bp),
            "~best at": _best_at(option.choices, wanted),
        }
        made.add_row(
            service_at(option.service_id, option.store_id),
            arrival(option),
            "\n".join(instant(option.order_by, option.time_zone).rsplit(" ", 1)),
            countdown((to_datetime(option.order_by) - asked_at).total_seconds()),
            "\n".join(_source(shipment) for shipment in option.decision.plan.shipments),
            amount(option.fee),
            amount(option.decision.objective),
            *(told[heading] for heading in shown),
            status_word(option.decision),
        )
    return made


def service_at(service_id: str, store_id: str) -> str:
    """A service, and the store where it is collected."""
    return f"{service_id}\nat {store_id}" if store_id else service_id


def arrival(option: sourcing_pb2.Promise) -> str:
    """The promised days, and the time of day as far as it is known."""
    told = days(option.earliest, option.latest)
    if option.HasField("ready_at"):
        return f"{told}\nfrom {instant(option.ready_at, option.time_zone).rpartition(' ')[2]}"
    windows = ", ".join(span(window.from_minute, window.to_minute) for window in option.windows)
    return f"{told}\n{windows}" if windows else told


def _source(shipment: common_pb2.Shipment) -> str:
    waits = sorted({line.marking for line in shipment.lines} - {common_pb2.MARKING_ON_HAND, 0})
    return shipment.node_id + "".join(f" ({marking_word(marking)})" for marking in waits)


def _best_at(choices: Sequence[int], wanted: set[Any]) -> str:
    if len(wanted) > 1 and set(choices) == wanted:
        return "all"
    return ", ".join(choice_word(choice) for choice in choices)


def marking_word(marking: int) -> str:
    """``backorder`` or ``preorder``."""
    return word(common_pb2.Marking.Name(marking), "MARKING").lower()  # type: ignore[arg-type]


def choice_word(choice: int) -> str:
    """``earliest``, ``fewest shipments`` and so on."""
    return word(sourcing_pb2.Choice.Name(choice), "CHOICE").replace("_", " ").lower()  # type: ignore[arg-type]


def why_not(unpromised: sourcing_pb2.Unpromised) -> str:
    """Why a service cannot bring the cart, and what would help."""
    lines = f" ({_lines(unpromised.line_ids)})" if unpromised.line_ids else ""
    remedies = []
    if unpromised.remedy.remove_line_ids:
        remedies.append(f"leave out {_lines(unpromised.remedy.remove_line_ids)}")
    if unpromised.remedy.HasField("wait_until"):
        remedies.append(f"wait until {day(unpromised.remedy.wait_until)}")
    helps = f"; {' or '.join(remedies)}" if remedies else ""
    who = service_at(unpromised.service_id, unpromised.store_id).replace("\n", " ")
    return f"{who} is not possible: {unpromised.reason}{lines}{helps}"


def _lines(line_ids: Sequence[str]) -> str:
    return f"{'line' if len(line_ids) == 1 else 'lines'} {listed(line_ids, at_most=8)}"


def hold_line(response: sourcing_pb2.PromiseDeliveryResponse) -> list[Text]:
    """What is reserved and until when; nothing where nothing was asked for."""
    if not response.HasField("hold"):
        return []
    hold = response.hold
    until = to_datetime(hold.expires_at).strftime("%H:%M:%S")
    what = service_at(hold.service_id, hold.store_id).replace("\n", " ")
    return [Text(f"{what} is reserved until {until} UTC by the server's clock, as {hold.name}.")]
