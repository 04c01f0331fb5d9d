"""Promise tokens: an option as it was promised, in writing that only this database's servers can have made.

A token is the URL-safe base64 of a body and its HMAC-SHA256. The body is a MessagePack array whose first entry is the
version; of the cart it has digests, so its length does not depend on the cart and it says nothing of the customer. It
reserves nothing and may be shown to anybody (ADR 0015).
"""

import base64
import binascii
import hmac
from collections.abc import Iterable
from dataclasses import astuple
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Final

import msgspec

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.network import Method
from sourcier.domain.order import Cart
from sourcier.domain.promise import Choice, Kept, Promise
from sourcier.service.matching import Made, demand_match, goods

VERSION: Final = 1
DIGEST_BYTES: Final = 16  # of SHA-256: enough against a second cart with the same digest
_MAC_BYTES: Final = sha256().digest_size
_PURPOSE: Final = b"sourcier promise token\0"  # the key must sign nothing else that reads the same


class PromiseToken(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, kw_only=True):
    """What a token says. Dates are ordinals in `time_zone`; `expires_at` is in seconds since 1970.

    `rule_set_revision` is that by which it was promised. `shipments_max` is set where the customer chose few shipments
    (0: any number).
    """

    version: int
    expires_at: int
    rule_set_revision: str
    channel: bytes
    destination: bytes
    lines: bytes
    method: Method
    service_id: str
    store_id: str
    earliest: int
    latest: int
    time_zone: str
    fee_micros: int
    shipments_max: int

    @property
    def deliver_by(self) -> date:
        """The latest day that was promised."""
        return date.fromordinal(self.latest)

    def kept(self, arrives_on: date) -> Kept:
        """The promise, as a plan that arrives on that day keeps it."""
        return Kept(
            method=self.method,
            earliest=date.fromordinal(self.earliest),
            latest=self.deliver_by,
            time_zone=self.time_zone,
            fee_micros=self.fee_micros,
            late_days=max(0, (arrives_on - self.deliver_by).days),
            store_id=self.store_id,
            rule_set_revision=self.rule_set_revision,
        )


_decoder: Final = msgspec.msgpack.Decoder(PromiseToken)


class Tokens:
    """Makes and reads tokens with the secret key of the database; `unlock` before use."""

    def __init__(self) -> None:
        self._key = b""

    def unlock(self, key: bytes) -> None:
        """Use this key from now on."""
        self._key = key

    def write(self, promises: Iterable[Promise], cart: Cart, *, until: datetime) -> tuple[str, ...]:
        """The tokens that keep these promises to this cart, in their order; they expire in the second of `until`."""
        expires_at = int(until.timestamp())
        channel, destination, lines = _digest(cart.channel), _digest(astuple(cart.destination)), _digest(goods(cart))
        return tuple(
            self._signed(
                PromiseToken(
                    version=VERSION,
                    expires_at=expires_at,
                    rule_set_revision=promise.decision.rule_set_revision,
                    channel=channel,
                    destination=destination,
                    lines=lines,
                    method=promise.method,
                    service_id=promise.service_id,
                    store_id=promise.store_id,
                    earliest=promise.earliest.toordinal(),
                    latest=promise.latest.toordinal(),
                    time_zone=promise.time_zone,
                    fee_micros=promise.fee_micros,
                    shipments_max=_shipments_max(promise),
                )
            )
            for promise in promises
        )

    def read(self, token: str, *, now: datetime) -> PromiseToken:
        """What the token says. Raises PROMISE_TOKEN_INVALID, PROMISE_TOKEN_EXPIRED."""
        padded = token + "=" * (-len(token) % 4)
        try:
            signed = base64.b64decode(padded, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise _forged() from error
        body, mac = signed[:-_MAC_BYTES], signed[-_MAC_BYTES:]
        canonical = base64.urlsafe_b64encode(signed).decode() == padded
        if not canonical or not hmac.compare_digest(mac, self._mac(body)):
            raise _forged()
        try:
            said = _decoder.decode(body)
        except msgspec.DecodeError as error:  # signed by a version with another layout
            raise _forged() from error
        if said.version != VERSION:
            raise _forged()
        expires_at = datetime.fromtimestamp(said.expires_at, UTC)
        if expires_at <= now:
            raise _expired(expires_at)
        return said

    def _signed(self, said: PromiseToken) -> str:
        body = msgspec.msgpack.encode(said)
        return base64.urlsafe_b64encode(body + self._mac(body)).rstrip(b"=").decode()

    def _mac(self, body: bytes) -> bytes:
        assert self._key, "a server reads its key when it starts"
        return hmac.digest(self._key, _PURPOSE + body, "sha256")


def check_cart(token: PromiseToken, cart: Cart) -> None:
    """Refuse with PROMISE_MISMATCH a cart for which the promise was not made, or that does not allow what it says.

    Prices and weights may differ, and the order of the lines.
    """
    demand_match(
        cart,
        Made(service_id=token.service_id, method=token.method, store_id=token.store_id, latest=token.deliver_by),
        lines=token.lines == _digest(goods(cart)),
        channel=token.channel == _digest(cart.channel),
        destination=token.destination == _digest(astuple(cart.destination)),
        reason=Reason.PROMISE_MISMATCH,
    )


def _shipments_max(promise: Promise) -> int:
    """How many shipments the customer was promised at most; 0 where that was no choice."""
    return len(promise.decision.plan.shipments) if Choice.FEWEST_SHIPMENTS in promise.choices else 0


def _digest(value: object) -> bytes:
    """Of the value's MessagePack form, in which no two values look alike."""
    return sha256(msgspec.msgpack.encode(value)).digest()[:DIGEST_BYTES]


def _forged() -> Refusal:
    return Refusal(
        kind=Kind.INVALID_ARGUMENT,
        reason=Reason.PROMISE_TOKEN_INVALID,
        message="the promise token was not made here, or was changed on the way",
        metadata={"field": "promise_token"},
    )


def _expired(expires_at: datetime) -> Refusal:
    return Refusal(
        kind=Kind.FAILED_PRECONDITION,
        reason=Reason.PROMISE_TOKEN_EXPIRED,
        message=f"the promise could be taken up until {expires_at:%Y-%m-%dT%H:%M:%SZ}",
        metadata={"expires_at": f"{expires_at:%Y-%m-%dT%H:%M:%SZ}"},
    )
