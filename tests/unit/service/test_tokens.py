"""A token says what was promised, to nobody else and not for ever; a changed one says nothing."""

import base64
import string
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.service.shop import cart
from tests.unit.service.test_codec import decision

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.limits import PROMISE_TOKEN_BYTES_MAX
from sourcier.domain.network import Method
from sourcier.domain.order import Cart, Line
from sourcier.domain.place import Destination, GeoPoint
from sourcier.domain.promise import Choice, Promise
from sourcier.service import tokens
from sourcier.service.tokens import Tokens, check_cart

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
KEY = bytes(range(32))
CART = replace(cart(("mug ☕", 3), ("pan", 1)), services=("ground", "express"))
PROMISE = Promise(
    method=Method.HOME_DELIVERY,
    service_id="ground",
    order_by=NOW,
    ship_by=NOW,
    earliest=date(2026, 11, 25),
    latest=date(2026, 11, 26),
    time_zone="Europe/Berlin",
    decision=decision(0),
    fee_micros=4_990_000,
)
ALPHABET = string.ascii_letters + string.digits + "-_="


def unlocked(key: bytes = KEY) -> Tokens:
    signer = Tokens()
    signer.unlock(key)
    return signer


def write(promise: Promise = PROMISE, wanted: Cart = CART) -> str:
    (token,) = unlocked().write([promise], wanted, until=NOW + timedelta(minutes=30))
    return token


TOKEN = write()


def refused(token: str, *, key: bytes = KEY, now: datetime = NOW) -> Refusal:
    with pytest.raises(Refusal) as caught:
        unlocked(key).read(token, now=now)
    return caught.value


def test_a_token_says_what_was_promised() -> None:
    said = unlocked().read(TOKEN, now=NOW)
    check_cart(said, CART)
    assert (said.method, said.service_id, said.store_id) == (Method.HOME_DELIVERY, "ground", "")
    kept = said.kept(date(2026, 11, 28))
    assert (kept.earliest, kept.latest, kept.late_days) == (date(2026, 11, 25), date(2026, 11, 26), 2)
    assert (kept.time_zone, kept.fee_micros) == ("Europe/Berlin", 4_990_000)
    assert kept.rule_set_revision == "ruleSets/main/revisions/4"
    assert said.kept(date(2026, 11, 24)).late_days == 0


def test_few_shipments_are_promised_where_they_were_chosen() -> None:
    few = replace(PROMISE, choices=frozenset({Choice.FEWEST_SHIPMENTS, Choice.CHEAPEST}))
    assert unlocked().read(write(few), now=NOW).shipments_max == 1
    assert unlocked().read(TOKEN, now=NOW).shipments_max == 0


def test_a_token_lives_as_long_as_it_was_given() -> None:
    assert unlocked().read(TOKEN, now=NOW + timedelta(minutes=29, seconds=59))
    refusal = refused(TOKEN, now=NOW + timedelta(minutes=30))
    assert (refusal.kind, refusal.reason) == (Kind.FAILED_PRECONDITION, Reason.PROMISE_TOKEN_EXPIRED)
    assert refusal.metadata == {"expires_at": "2026-11-23T08:30:00Z"}


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from(ALPHABET))
def test_no_character_can_be_changed(position: int, character: str) -> None:
    changed = TOKEN[:position] + character + TOKEN[position + 1 :]
    if changed != TOKEN:
        assert refused(changed).reason is Reason.PROMISE_TOKEN_INVALID


@given(st.text(max_size=400))
def test_what_was_not_made_here_is_refused(text: str) -> None:
    refusal = refused(text)
    assert (refusal.kind, refusal.reason) == (Kind.INVALID_ARGUMENT, Reason.PROMISE_TOKEN_INVALID)


@pytest.mark.parametrize("cut", [TOKEN[:-1], TOKEN[4:], TOKEN + "AAAA", TOKEN + "=", TOKEN + "\n", TOKEN * 2, ""])
def test_a_cut_or_longer_token_is_refused(cut: str) -> None:
    assert refused(cut).reason is Reason.PROMISE_TOKEN_INVALID


def test_the_key_of_another_database_makes_no_token() -> None:
    assert refused(TOKEN, key=bytes(32)).reason is Reason.PROMISE_TOKEN_INVALID


@pytest.mark.parametrize("body", [b"", b"\xc0", msgspec.msgpack.encode([1, 2]), msgspec.msgpack.encode({"version": 1})])
def test_a_signed_body_of_another_layout_is_refused(body: bytes) -> None:
    signer = unlocked()
    signed = base64.urlsafe_b64encode(body + signer._mac(body)).rstrip(b"=").decode()
    assert refused(signed).reason is Reason.PROMISE_TOKEN_INVALID


def test_nothing_is_signed_without_a_key() -> None:
    with pytest.raises(AssertionError):
        Tokens().write([PROMISE], CART, until=NOW + timedelta(minutes=30))


def test_a_token_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "VERSION", 2)
    assert refused(TOKEN).reason is Reason.PROMISE_TOKEN_INVALID


def test_the_largest_token_is_small_and_does_not_grow_with_the_cart() -> None:
    lines = tuple(Line(line_id=f"{i:0128}", sku="s" * 128, quantity=10**6) for i in range(100))
    assert len(write(wanted=replace(CART, lines=lines))) == len(TOKEN) < 350
    longest = replace(
        PROMISE,
        service_id="s" * 128,
        store_id="t" * 128,
        fee_micros=10**12,
        decision=replace(PROMISE.decision, rule_set_revision=f"ruleSets/{'r' * 128}/revisions/{2**31}"),
    )
    assert len(write(longest)) < 1_024 < PROMISE_TOKEN_BYTES_MAX


@pytest.mark.parametrize(
    "changes",
    [
        {"lines": CART.lines[::-1]},
        {"lines": (replace(CART.lines[0], unit_price_micros=1, unit_weight_grams=5), CART.lines[1])},
        {"services": ()},
        {"services": ("ground",)},
        {"methods": (Method.HOME_DELIVERY, Method.EXPRESS)},
        {"store_ids": ("store",)},
        {"deliver_by": date(2026, 11, 26)},
        {"placed_at": NOW + timedelta(minutes=20)},
    ],
    ids=str,
)
def test_the_same_order_fits(changes: dict[str, Any]) -> None:
    check_cart(unlocked().read(TOKEN, now=NOW), replace(CART, **changes))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"channel": "marketplace"}, "channel"),
        ({"destination": Destination(country_code="DE", postal_code="10117")}, "destination"),
        (
            {"destination": replace(CART.destination, point=GeoPoint(lat_e6=52_500_000, lon_e6=13_400_000))},
            "destination",
        ),
        ({"lines": CART.lines[:1]}, "lines"),
        ({"lines": (replace(CART.lines[0], quantity=2), CART.lines[1])}, "lines"),
        ({"lines": (replace(CART.lines[0], sku="mug"), CART.lines[1])}, "lines"),
        ({"lines": (replace(CART.lines[0], line_id="3"), CART.lines[1])}, "lines"),
        ({"services": ("express",)}, "services"),
        ({"methods": (Method.EXPRESS,)}, "methods"),
        ({"deliver_by": date(2026, 11, 25)}, "deliver_by"),
    ],
    ids=str,
)
def test_another_order_does_not(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_cart(unlocked().read(TOKEN, now=NOW), replace(CART, **changes))
    assert (caught.value.kind, caught.value.reason) == (Kind.FAILED_PRECONDITION, Reason.PROMISE_MISMATCH)
    assert caught.value.metadata == {"field": f"order.cart.{field}"}


def test_another_store_does_not_fit() -> None:
    collected = replace(PROMISE, method=Method.CLICK_AND_COLLECT, service_id="collect", store_id="store-7")
    said = unlocked().read(write(collected), now=NOW)
    wanted = replace(CART, services=(), methods=())
    check_cart(said, replace(wanted, store_ids=("store-8", "store-7")))
    check_cart(said, wanted)
    with pytest.raises(Refusal) as caught:
        check_cart(said, replace(wanted, store_ids=("store-8",)))
    assert caught.value.metadata == {"field": "order.cart.store_ids"}
