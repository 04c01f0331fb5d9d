"""What is remembered, what is not, and that the log has the last word."""

import pytest
from tests.service.shop import Shop, key

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.domain.stock import BatchAnswer
from sourcier.service import codec, replay
from sourcier.service.commands import RequestKey

DONE = BatchAnswer(results=())


async def restore(stored: bytes) -> BatchAnswer:
    return codec.load(BatchAnswer, stored)


def refusal(reason: Reason) -> Refusal:
    return Refusal(kind=Kind.FAILED_PRECONDITION, reason=reason, message="no")


class Work:
    """Fails with a reason the first time, and works from then on."""

    def __init__(self, shop: Shop, request: RequestKey, reason: Reason | None) -> None:
        self.shop, self.request, self.reason, self.runs = shop, request, reason, 0

    async def __call__(self) -> BatchAnswer:
        self.runs += 1
        if self.reason is not None and self.runs == 1:
            raise refusal(self.reason)
        return await restore(await replay.remember(self.shop.app, self.request, codec.dump(DONE)))


async def test_an_answer_is_worked_out_once(shop: Shop) -> None:
    request = key("M")
    work = Work(shop, request, None)
    for _ in range(3):
        assert await replay.once(shop.app, request, work, restore) == DONE
    assert work.runs == 1


async def test_every_refusal_of_the_business_stays(shop: Shop) -> None:
    for reason in sorted(replay.REMEMBERED):
        request = key("M")
        work = Work(shop, request, reason)
        for _ in range(3):
            with pytest.raises(Refusal) as caught:
                await replay.once(shop.app, request, work, restore)
            assert (caught.value.kind, caught.value.reason) == (Kind.FAILED_PRECONDITION, reason)
        assert work.runs == 1


async def test_every_other_refusal_may_pass_and_is_tried_again(shop: Shop) -> None:
    for reason in sorted(set(Reason) - replay.REMEMBERED):
        request = key("M")
        work = Work(shop, request, reason)
        with pytest.raises(Refusal):
            await replay.once(shop.app, request, work, restore)
        assert await replay.once(shop.app, request, work, restore) == DONE
        assert work.runs == 2


def test_passing_states_and_faults_of_the_request_are_not_remembered() -> None:
    assert not replay.REMEMBERED & {
        Reason.CONTENDED,
        Reason.OVERLOADED,
        Reason.SHUTTING_DOWN,
        Reason.DATABASE_UNAVAILABLE,
        Reason.DEADLINE_TOO_SHORT,
        Reason.FIELD_INVALID,
        Reason.NETWORK_NOT_APPLIED,
        Reason.RULE_SET_NOT_ACTIVE,
        Reason.INTERNAL,
    }


async def test_the_log_decides_when_a_duplicate_was_first(shop: Shop) -> None:
    request = key("M")

    async def overtaken() -> BatchAnswer:
        await replay.remember(shop.app, request, codec.dump(DONE))
        raise refusal(Reason.OUT_OF_STOCK)

    assert await replay.once(shop.app, request, overtaken, restore) == DONE


async def test_an_id_of_another_method_is_refused(shop: Shop) -> None:
    request = key("M")
    await replay.remember(shop.app, request, codec.dump(DONE))
    other = RequestKey(method="N", request_id=request.request_id, fingerprint=request.fingerprint)
    with pytest.raises(Refusal) as caught:
        await replay.once(shop.app, other, Work(shop, other, None), restore)
    assert caught.value.reason is Reason.REQUEST_ID_REUSED
