"""How each figure is measured. All of them in one run, on one registry, medians of the scale's number of runs."""

import asyncio
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import asyncpg
import msgspec
import numpy as np
import uvloop

from tests.bench import figures, ledgers, rivals, stage, wire
from tests.bench.figures import Figure
from tests.bench.stage import Stage
from tests.bench.wire import percentile
from tests.world import message, signed

T = TypeVar("T")
WEBHOOK_CONNECTIONS = 128
WEBHOOKS_PER_SECOND = 200
CALM_PAIRS = 5
MEGABYTE = 1e6
CHUNK = 100
GATEWAYS = 8  # connections that ask for admissions
DIRECTORY_SECONDS = 1.2  # after which every process has read the profiles anew
FIRST_WEBHOOK_NUMBER = 20_000_000  # far from the batches


class Bench(NamedTuple):
    """The stage, and what was prepared for all measures: two batches with nobody in common."""

    stage: Stage
    batches: tuple[list[str], list[str]]
    hits: int


def measured(folder: Path, scale: stage.Scale, only: str = "") -> Iterator[Figure]:
    """Set the stage, then yield one figure after the other."""
    with stage.opened(folder, scale) as opened:
        batches = tuple(rivals.spelled(stage.batch(scale, which)) for which in range(2))
        bench = Bench(opened, batches, stage.opposed_of(stage.batch(scale, 0)).size)
        for names, measure in MEASURES:
            if any(only in goal.name for goal in names):
                yield from measure(bench, folder)


# --- the check -------------------------------------------------------------------------------------------------------


def checks(bench: Bench, folder: Path) -> Iterator[Figure]:
    """The check against its rivals, alternating, so that what disturbs the machine disturbs all of them."""
    ours, theirs, table = list[float](), list[float](), list[float]()
    opened, batch = bench.stage, bench.batches[0]
    body = json_check(bench, 0, "soldes")
    ask(opened, body)  # builds the index
    asyncio.run(rivals.fill_table(opened.database_url, batch_hits(bench), opened.scale.opt_outs))
    with rivals.redis_set(folder, plain_opposed(opened.scale)) as client:
        for _ in range(opened.scale.runs):
            ours.append(ask(opened, body, bench.hits))
            if client is not None:
                theirs.append(rivals.ask_redis(client, batch, bench.hits))
    for _ in range(opened.scale.runs):
        table.append(asyncio.run(rivals.ask_table(opened.database_url, batch, bench.hits)))
    first = statistics.median(ours)
    if theirs:
        yield ratio(figures.REDIS, first, statistics.median(theirs), "s")
    yield ratio(figures.TABLE, first, statistics.median(table), "s")


def second_of_a_campaign(bench: Bench, _: Path) -> Iterator[Figure]:
    """The same campaign goes on with other people; each pair is a campaign of its own."""
    first, second = list[float](), list[float]()
    bodies = [
        [json_check(bench, which, f"campagne-{run}") for which in range(2)] for run in range(bench.stage.scale.runs)
    ]
    with duplicates_vetoed(bench.stage):
        for one, other in bodies:
            first.append(ask(bench.stage, one, bench.hits))
            second.append(ask(bench.stage, other))
    yield ratio(figures.SECOND, statistics.median(second), statistics.median(first), "s")


def plain_text(bench: Bench, _: Path) -> Iterator[Figure]:
    """The same list as a text, one number a line."""
    as_json, as_text = list[float](), list[float]()
    body = ("\n".join(bench.batches[0]) + "\n").encode()
    sent = request(bench, body, "text/plain", "?campaign=texte")
    for _run in range(bench.stage.scale.runs):
        as_json.append(ask(bench.stage, json_check(bench, 0, "texte")))
        as_text.append(ask(bench.stage, sent))
    yield ratio(figures.TEXT, statistics.median(as_text), statistics.median(as_json), "s")


def flatness(bench: Bench, _: Path) -> Iterator[Figure]:
    """Nanoseconds a number for a tenth of a check, a check, and ten checks one after the other."""
    tenth = json_check(bench, 0, "dixième", count=bench.stage.scale.numbers // 10)
    whole = [json_check(bench, which, "entier") for which in range(2)]
    small = repeated(bench, lambda: ask(bench.stage, tenth)) / (bench.stage.scale.numbers // 10)
    large = repeated(bench, lambda: ask(bench.stage, whole[0])) / bench.stage.scale.numbers
    ten = sum(ask(bench.stage, whole[which % 2]) for which in range(10)) / (10 * bench.stage.scale.numbers)
    every = [small * 1e9, large * 1e9, ten * 1e9]
    told = ", ".join(f"{nanoseconds:.0f}" for nanoseconds in every)
    yield Figure(figures.FLAT, max(every) / min(every), f"{told} ns a number")


def memory(bench: Bench, _: Path) -> Iterator[Figure]:
    """What one check needs beside the index, once the index is there."""
    opened = bench.stage
    assert opened.server.process is not None
    pid = opened.server.process.pid
    ask(opened, json_check(bench, 0, "mémoire"))
    idle = stage.memory(pid)
    stage.forget_peak(pid)
    ask(opened, json_check(bench, 0, "mémoire"))
    peak = stage.memory(pid, "VmHWM")
    told = f"{idle / MEGABYTE:.0f} MB idle with the index, {peak / MEGABYTE:.0f} MB at most"
    yield Figure(figures.MEMORY, (peak - idle) / MEGABYTE, told)


def one_number(bench: Bench, _: Path) -> Iterator[Figure]:
    """Each is recorded and synchronised to disk, alone."""
    count = bench.stage.scale.small_checks
    body = b'{"campaign":"un","numbers":["+33639980001"]}'
    ours = [request(bench, body)] * count
    empty = [wire.request("GET", "/", {})] * count
    pairs = [
        (
            p50(load(wire.closed_loop(bench.stage.port, ours, 1))),
            p50(load(wire.closed_loop(bench.stage.empty_port, empty, 1))),
        )
        for _ in range(bench.stage.scale.runs)
    ]
    yield ratio(figures.ONE, median_of(pairs, 0) * 1e3, median_of(pairs, 1) * 1e3, "ms")


# --- the admission ---------------------------------------------------------------------------------------------------


def admissions(bench: Bench, _: Path) -> Iterator[Figure]:
    """Each number goes once, so each is asked about once; nobody among them is opposed."""
    scale, every = bench.stage.scale, round(1 / stage.HIT_SHARE)
    free = iter([number for place, number in enumerate(bench.batches[1]) if place % every])
    count = min(scale.small_checks, scale.numbers // (3 * CHUNK * scale.runs))
    path = f"/v1/clearances/{clearance_of(bench)}/admissions"
    rates, pairs = list[float](), list[tuple[float, float]]()
    for _run in range(scale.runs):
        chunks = [admission(bench, path, list(itertools.islice(free, CHUNK))) for _chunk in range(count)]
        rates.append(load(wire.closed_loop(bench.stage.port, chunks, GATEWAYS)).rate * CHUNK)
        ones = [admission(bench, path, [next(free)]) for _one in range(count)]
        empty = [wire.request("GET", "/", {})] * count
        pairs.append(
            (
                p50(load(wire.closed_loop(bench.stage.port, ones, 1))),
                p50(load(wire.closed_loop(bench.stage.empty_port, empty, 1))),
            )
        )
    yield Figure(figures.ADMITTED, statistics.median(rates), f"{GATEWAYS} connections, {count} chunks a run")
    yield ratio(figures.ADMIT_ONE, median_of(pairs, 0) * 1e3, median_of(pairs, 1) * 1e3, "ms")


def clearance_of(bench: Bench) -> str:
    """Clear the second batch, and return the clearance's id."""

    async def work() -> wire.Reply:
        asking = await wire.connect(bench.stage.port)
        reply = await asking.ask(json_check(bench, 1, "admissions"))
        asking.close()
        return reply

    answer: dict[str, Any] = json.loads(load(work()).body)
    return str(answer["clearance"]["id"])


def admission(bench: Bench, path: str, numbers: list[str]) -> bytes:
    headers = {"authorization": f"Bearer {bench.stage.key}", "content-type": "application/json"}
    return wire.request("POST", path, headers, msgspec.json.encode({"numbers": numbers}))


# --- the webhook -----------------------------------------------------------------------------------------------------


def webhooks(bench: Bench, _: Path) -> Iterator[Figure]:
    """Each STOP is another person's, so each is an entry of its own."""
    pairs = []
    for run in range(bench.stage.scale.runs):
        sent = stops(bench.stage.scale.webhooks, f"débit-{run}", run * bench.stage.scale.webhooks)
        body = sent[0].partition(wire.HEAD_END)[2]
        nothing = [wire.request("POST", "/", {"content-type": "application/json"}, body)] * len(sent)
        ours = load(wire.closed_loop(bench.stage.port, sent, WEBHOOK_CONNECTIONS))
        empty = load(wire.closed_loop(bench.stage.empty_port, nothing, WEBHOOK_CONNECTIONS))
        pairs.append((ours.rate, empty.rate))
    yield ratio(figures.WEBHOOKS, median_of(pairs, 0), median_of(pairs, 1), "/s")


def webhooks_beside_checks(bench: Bench, _: Path) -> Iterator[Figure]:
    """Open loop: a webhook that is due waits for nobody, and what it waits for counts."""
    count = int(WEBHOOKS_PER_SECOND * bench.stage.scale.open_loop_seconds)
    body, ratios, p99s = json_check(bench, 0, "fond"), list[float](), list[tuple[float, float]]()
    ask(bench.stage, body)
    for run in range(min(CALM_PAIRS, bench.stage.scale.runs)):
        calm = p99(
            load(wire.open_loop(bench.stage.port, stops(count, f"calme-{run}", run * count), WEBHOOKS_PER_SECOND))
        )
        busy = p99(load(_beside(bench.stage.port, stops(count, f"charge-{run}", run * count), body)))
        p99s.append((busy * 1e3, calm * 1e3))
        ratios.append(busy / calm)
    told = f"{median_of(p99s, 0):.3g} ms against {median_of(p99s, 1):.3g} ms"
    yield Figure(figures.BESIDE, statistics.median(ratios), told)


async def _beside(port: int, sent: list[bytes], body: bytes) -> wire.Load:
    """The webhooks, while one connection sends one check after the other."""
    checking = asyncio.create_task(_check_on(port, body))
    done = await wire.open_loop(port, sent, WEBHOOKS_PER_SECOND)
    checking.cancel()
    await asyncio.gather(checking, return_exceptions=True)
    return done


async def _check_on(port: int, body: bytes) -> None:
    asking = await wire.connect(port)
    try:
        while True:
            reply = await asking.ask(body)
            assert reply.status == 200
    finally:
        asking.close()


# --- the index -------------------------------------------------------------------------------------------------------


def cold_index(bench: Bench, _: Path) -> Iterator[Figure]:
    """Built in a process of its own, so that its memory can be told."""
    command = [sys.executable, "-m", "tests.bench.cold", bench.stage.database_url, str(bench.stage.sender_id)]
    found = [
        json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        for _ in range(bench.stage.scale.runs)
    ]
    one = found[0]
    yield Figure(figures.BYTES, one["index_bytes"] / one["opt_outs"], f"{one['opt_outs']:,} opt-outs")
    told = f"{max(each['peak_bytes'] for each in found) / MEGABYTE:.0f} MB above an empty process at most"
    yield Figure(figures.COLD, statistics.median(each["seconds"] for each in found), told)


# --- helpers ---------------------------------------------------------------------------------------------------------


def load(work: Coroutine[Any, Any, T]) -> T:
    """Run a load on a loop of its own; every answer must be a success."""

    async def to_the_end() -> T:
        done = await work
        await asyncio.sleep(0.01)  # what was closed takes a turn of the loop to be gone
        return done

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        done = runner.run(to_the_end())
    assert not isinstance(done, wire.Load) or not done.failed
    return done


def ask(opened: Stage, sent: bytes, hits: int | None = None) -> float:
    """Seconds until the whole answer is there."""

    async def work() -> tuple[float, wire.Reply]:
        asking = await wire.connect(opened.port)
        begun = time.perf_counter()
        reply = await asking.ask(sent)
        seconds = time.perf_counter() - begun
        asking.close()
        return seconds, reply

    seconds, reply = load(work())
    assert reply.status == 200, reply.body[:500]
    if hits is not None:
        assert len(json.loads(reply.body)["withheld"]["opted_out"]) == hits
    return seconds


def request(bench: Bench, body: bytes, content_type: str = "application/json", query: str = "") -> bytes:
    headers = {"authorization": f"Bearer {bench.stage.key}", "content-type": content_type}
    return wire.request("POST", f"/v1/checks{query}", headers, body)


def json_check(bench: Bench, which: int, campaign: str, count: int | None = None) -> bytes:
    numbers = bench.batches[which][:count]
    text = f"{campaign} : venez ! STOP {stage.BRAND_CODE}"
    return request(bench, msgspec.json.encode({"campaign": campaign, "text": text, "numbers": numbers}))


@contextmanager
def duplicates_vetoed(opened: Stage) -> Iterator[None]:
    """Let nobody get a campaign or a text twice meanwhile; the server learns of it within its second."""

    async def veto(hours: int) -> None:
        db = await asyncpg.connect(opened.database_url)
        try:
            await db.execute(
                "UPDATE sender SET profile = jsonb_set(profile::jsonb, '{duplicate_hours}', to_jsonb($1::int))::text",
                hours,
            )
        finally:
            await db.close()
        await asyncio.sleep(DIRECTORY_SECONDS)

    asyncio.run(veto(24))
    try:
        yield
    finally:
        asyncio.run(veto(0))


def stops(count: int, name: str, first: int) -> list[bytes]:
    """Signed webhooks, each a STOP of another person on one of the dedicated codes."""
    return [_stop(f"{name}-{place}", FIRST_WEBHOOK_NUMBER + first + place) for place in range(count)]


def _stop(name: str, place: int) -> bytes:
    number = f"+{stage.mobiles(place, 1)[0]}"
    body = msgspec.json.encode({"messages": [message(name, number, "STOP", stage.CODES[place % len(stage.CODES)])]})
    return wire.request(
        "POST", "/v1/mo/agregateur", signed(body, webhook_id=name.encode("ascii", "ignore").decode()), body
    )


def plain_opposed(scale: stage.Scale) -> stage.Numbers:
    """The numbers that the rival in plain text holds: the hits, and as many others as we store."""
    hits = np.concatenate([stage.opposed_of(stage.batch(scale, which)) for which in range(2)])
    return np.concatenate([hits, stage.mobiles(2 * scale.numbers, max(0, scale.opt_outs - hits.size))])


def batch_hits(bench: Bench) -> list[str]:
    return rivals.spelled(stage.opposed_of(stage.batch(bench.stage.scale, 0)))


def repeated(bench: Bench, work: Callable[[], float]) -> float:
    return statistics.median(work() for _ in range(bench.stage.scale.runs))


def ratio(goal: figures.Goal, ours: float, theirs: float, unit: str) -> Figure:
    return Figure(goal, ours / theirs, f"{ours:.3g} {unit} against {theirs:.3g} {unit}")


def p50(done: wire.Load) -> float:
    return percentile(done.latencies, 0.5)


def p99(done: wire.Load) -> float:
    return percentile(done.latencies, 0.99)


def median_of(pairs: list[tuple[float, float]], side: int) -> float:
    return statistics.median(pair[side] for pair in pairs)


MEASURES: tuple[tuple[tuple[figures.Goal, ...], Callable[[Bench, Path], Iterator[Figure]]], ...] = (
    ((figures.BYTES, figures.COLD), cold_index),
    ((figures.REDIS, figures.TABLE), checks),
    ((figures.SECOND,), second_of_a_campaign),
    ((figures.TEXT,), plain_text),
    ((figures.FLAT,), flatness),
    ((figures.MEMORY,), memory),
    ((figures.ONE,), one_number),
    ((figures.ADMITTED, figures.ADMIT_ONE), admissions),
    ((figures.WEBHOOKS,), webhooks),
    ((figures.BESIDE,), webhooks_beside_checks),
    ((figures.EXPORT, figures.EXPORT_MEMORY, figures.VERIFY), ledgers.export_and_copy),
)
