"""No secret of an inbox ever stands in a log, at whatever level, and least of all when something goes wrong."""

from __future__ import annotations

from tests.contract.bench import Bench, Failure, File, until_put_back
from tests.contract.conftest import BENCHES
from tests.fakes.logs import everything


async def test_no_secret_is_logged(bench: Bench) -> None:
    with everything() as logs:
        await bench.restart()
        bench.ground.dies = ["before", "after"]
        await bench.deliver("Siehe Bild", files=[File("a.png", "image/png", b"\x89PNG")] if bench.has_files else ())
        await bench.deliver("Noch etwas")
        await bench.settle()
        if bench.can_refuse:
            bench.fail_next(Failure())
            bench.fail_next(Failure(permanent=True))
        if bench.can_send:
            message_id = await bench.ground.say("Eins")
            if bench.can_refuse:
                await until_put_back(bench, message_id)
            bench.ground.clock.advance(minutes=5)
            await bench.ground.say("Zwei")
            await bench.shown(1)
        await bench.restart()
    assert logs.text, "nothing was logged at all"
    for secret in bench.secrets:
        assert secret not in logs.text


def test_every_bench_names_its_secrets() -> None:
    assert [name for name, bench in BENCHES.items() if not bench.secrets] == []
