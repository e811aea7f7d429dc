"""Ways to falsify an export, drawn by chance from a seed: each is a file that must not verify."""

import random
from collections.abc import Callable, Iterator

from app import ledger
from tests.e2e.exports import ORIGIN, Members, line, members_of, zipped

SIZE = 60
LINES = [line(index) for index in range(SIZE)]
SMALL = {"verifier.html": lambda _: b"<!doctype html>\n"}
"""The page itself is no part of what is mutated here: it would be most of the file."""
CLEAN = members_of(LINES, change=SMALL)
FILE = zipped(CLEAN)
TABLES = [name for name in CLEAN if name.endswith(".csv") and CLEAN[name].count(b"\r\n") > 2]
Chance = random.Random
Mutation = Callable[[Chance], bytes]


def bit(chance: Chance) -> bytes:
    """One bit, anywhere in the file."""
    return _at(FILE, chance.randrange(len(FILE)), lambda byte: bytes([byte ^ (1 << chance.randrange(8))]))


def bits(chance: Chance) -> bytes:
    """Two to five bytes become others, anywhere."""
    made = FILE
    for _ in range(chance.randrange(2, 6)):
        made = _at(made, chance.randrange(len(made)), lambda _: bytes([chance.randrange(256)]))
    return made


def byte_gone(chance: Chance) -> bytes:
    return _at(FILE, chance.randrange(len(FILE)), lambda _: b"")


def byte_more(chance: Chance) -> bytes:
    return _at(FILE, chance.randrange(len(FILE)), lambda byte: bytes([byte, chance.randrange(256)]))


def truncated(chance: Chance) -> bytes:
    return FILE[: chance.randrange(len(FILE))]


def member_bit(chance: Chance) -> bytes:
    """One bit of a member, in a container that was made to fit."""
    name = chance.choice([name for name, content in CLEAN.items() if content])
    place, which = chance.randrange(len(CLEAN[name])), chance.randrange(8)
    return zipped({**CLEAN, name: _at(CLEAN[name], place, lambda byte: bytes([byte ^ (1 << which)]))})


def member_cut(chance: Chance) -> bytes:
    name = chance.choice([name for name, content in CLEAN.items() if content])
    return zipped({**CLEAN, name: CLEAN[name][: chance.randrange(len(CLEAN[name]))]})


def member_gone_or_more(chance: Chance) -> bytes:
    if chance.random() < 0.5:
        gone = chance.choice(list(CLEAN))
        return zipped({name: content for name, content in CLEAN.items() if name != gone})
    return zipped({**CLEAN, f"annexe-{chance.randrange(100)}.csv": chance.randbytes(chance.randrange(50))})


def members_swapped(chance: Chance) -> bytes:
    one, other = chance.sample(list(CLEAN), 2)
    return zipped({**CLEAN, one: CLEAN[other], other: CLEAN[one]})


def lines_changed(chance: Chance) -> bytes:
    """Entries dropped, doubled, moved or altered; half of the time leaves.bin is made to fit."""
    lines = _changed(LINES, chance)
    made = {**CLEAN, "ledger.jsonl": b"".join(entry + b"\n" for entry in lines)}
    if chance.random() < 0.5:
        made["leaves.bin"] = b"".join(map(ledger.leaf_hash, lines))
    return zipped(made)


def table_changed(chance: Chance) -> bytes:
    """A table that no longer says what the ledger says."""
    name = chance.choice(TABLES)
    head, *rows = CLEAN[name].removesuffix(b"\r\n").split(b"\r\n")
    return zipped({**CLEAN, name: b"\r\n".join([head, *_changed(rows, chance)]) + b"\r\n"})


def table_changed_and_listed(chance: Chance) -> bytes:
    """The same, with the manifest made to fit by somebody who cannot sign."""
    name = chance.choice(TABLES)
    head, *rows = CLEAN[name].removesuffix(b"\r\n").split(b"\r\n")
    changed = {name: lambda _: b"\r\n".join([head, *_changed(rows, chance)]) + b"\r\n"}
    return zipped({**CLEAN, **_unsigned(members_of(LINES, change=SMALL | changed), name)})


def older(chance: Chance) -> bytes:
    """The signatures of an earlier day beside today's entries, or today's beside those of an earlier day."""
    earlier = members_of(LINES[: chance.randrange(SIZE)], change=SMALL)
    mixed = {name: chance.choice((CLEAN, earlier))[name] for name in CLEAN}
    mixed["checkpoint.txt"], mixed["ledger.jsonl"] = earlier["checkpoint.txt"], CLEAN["ledger.jsonl"]
    return zipped(mixed if chance.random() < 0.5 else {**CLEAN, "checkpoint.txt": earlier["checkpoint.txt"]})


def refitted(chance: Chance) -> bytes:
    """Everything made anew around other entries, but for the signatures."""
    return zipped({**members_of(_changed(LINES, chance), change=SMALL), **_signatures(CLEAN)})


def signed_for_another(chance: Chance) -> bytes:
    """A checkpoint whose text was edited under its own signature."""
    size, own = chance.randrange(1, 10**6), CLEAN["checkpoint.txt"].decode()
    return zipped({**CLEAN, "checkpoint.txt": own.replace(f"{ORIGIN}\n{SIZE}\n", f"{ORIGIN}\n{size}\n").encode()})


OF_THE_FILE: tuple[Mutation, ...] = (bit, bits, byte_gone, byte_more, truncated)
"""Damage anywhere: where the container itself is broken, one verifier may read further than the other."""
OF_MEMBERS: tuple[Mutation, ...] = (
    member_bit, member_cut, member_gone_or_more, members_swapped, lines_changed, table_changed,
    table_changed_and_listed, older, refitted, signed_for_another,
)  # fmt: skip
KINDS = OF_THE_FILE + OF_MEMBERS


def mutated(count: int, seed: int) -> Iterator[tuple[Mutation, bytes]]:
    """That many files that are not the clean one, and which kind each is of."""
    chance = random.Random(seed)
    made = 0
    while made < count:
        kind = KINDS[made % len(KINDS)]
        file = kind(chance)
        if file != FILE:
            made += 1
            yield kind, file


def clean(count: int, seed: int) -> Iterator[bytes]:
    """Rightful exports of any size and period."""
    chance = random.Random(seed)
    for _ in range(count):
        first = chance.randrange(1, 40)
        lines = [line(index) for index in range(chance.randrange(SIZE))]
        start = ledger.decode(line(first)).recorded if chance.random() < 0.5 else ""
        end = ledger.decode(line(first + chance.randrange(30))).recorded if chance.random() < 0.5 else ""
        rows = [row for row in lines if _covered(row, start, end)]
        yield zipped(members_of(lines, rows=rows, period={"from": start, "to": end}, change=SMALL))


def _covered(row: bytes, start: str, end: str) -> bool:
    recorded = ledger.decode(row).recorded
    return recorded >= start and (not end or recorded < end)


def _changed(items: list[bytes], chance: Chance) -> list[bytes]:
    made, place = list(items), chance.randrange(len(items))
    other = chance.choice([index for index in range(len(items)) if items[index] != items[place]])
    match chance.randrange(5):
        case 0:
            del made[place]
        case 1:
            made.insert(place, made[other])
        case 2:
            made[place], made[other] = made[other], made[place]
        case 3:
            del made[place:]
        case _:
            digit = chance.choice([at for at, byte in enumerate(made[place]) if chr(byte).isdigit()])
            made[place] = _at(made[place], digit, lambda byte: b"%d" % ((byte - 48 + chance.randrange(1, 10)) % 10))
    return made


def _unsigned(members: Members, *names: str) -> Members:
    return {name: members[name] for name in (*names, "manifest.json")}


def _signatures(members: Members) -> Members:
    return {name: members[name] for name in ("checkpoint.txt", "manifest.note")}


def _at(content: bytes, place: int, made: Callable[[int], bytes]) -> bytes:
    return content[:place] + made(content[place]) + content[place + 1 :]
