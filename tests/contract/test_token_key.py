"""The key of promise tokens: made once, the same for everybody, in no journal."""

from tests.contract.bench import Bench

from sourcier.ledger.token_key import KEY_BYTES, token_key


def test_everybody_gets_the_same_key(bench: Bench) -> None:
    futures = [bench.ledger.write(token_key) for _ in range(20)]
    keys = {future.result(10) for future in futures}
    assert len(keys) == 1
    assert {len(key) for key in keys} == {KEY_BYTES}
    bench.close()
    bench.open()
    assert bench.write(token_key) in keys


def test_every_ledger_has_its_own(bench: Bench) -> None:
    first = bench.write(token_key)
    bench.execute("DELETE FROM secret")
    assert bench.write(token_key) != first
