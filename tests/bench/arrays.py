"""What the array cores of the check cost, each beside its rivals: `uv run python -m tests.bench.arrays [TAGS …]`.

Medians in milliseconds. Every rival's answer is compared with the chosen one's before it is timed.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from app.tagset import COPY_ROW, COPY_SIGNATURE, COPY_TRAILER, TagSet, tags_from_copy
from app.verdict import Reason, decide

Tags = NDArray[np.int64]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]
Look = Callable[[Tags], Mask]
Row = tuple[str, str]

TAGS = (100_000, 1_000_000, 10_000_000)
ASKED = 1_000_000
HIT_SHARE = 0.03
RUNS = 7
SLOW_ABOVE = 1_000_000
FIRST_NUMBER = 33639980000
NONE = np.empty(0, dtype=np.int64)


def median_ms(work: Callable[[], object], runs: int = RUNS) -> float:
    """The median of the runs, after one that does not count."""
    work()
    return statistics.median(_once_ms(work) for _ in range(runs))


def _once_ms(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1e3


def even_tags(count: int, seed: int) -> Tags:
    return np.random.default_rng(seed).integers(-(2**63), 2**63 - 1, count, dtype=np.int64, endpoint=True)


def asked_of(opposed: Tags, count: int) -> Tags:
    """Tags to ask for, of which 3 % are opposed."""
    chance = np.random.default_rng(2)
    asked = even_tags(count, 3)
    hits = chance.choice(count, int(count * HIT_SHARE), replace=False)
    asked[hits] = chance.choice(opposed, hits.size)
    return asked


# --- rivals of the look-up -------------------------------------------------------------------------------------------


def python_set(opposed: Tags) -> Look:
    members = set(opposed.tolist())
    return lambda asked: np.fromiter((tag in members for tag in asked.tolist()), np.bool_, asked.size)


def numpy_isin(opposed: Tags) -> Look:
    return lambda asked: np.isin(asked, opposed)


def binary_search(opposed: Tags) -> Look:
    ordered = np.sort(opposed)

    def look(asked: Tags) -> Mask:
        found: Mask = ordered.take(ordered.searchsorted(asked), mode="clip") == asked
        return found

    return look


def binary_search_of_sorted_questions(opposed: Tags) -> Look:
    search = binary_search(opposed)

    def look(asked: Tags) -> Mask:
        order = asked.argsort()
        found = np.empty(asked.size, np.bool_)
        found[order] = search(asked[order])
        return found

    return look


def buckets_alone(opposed: Tags) -> Look:
    """A directory over the leading bits, 16 tags to a bucket, then a binary search of all questions in step."""
    ordered = np.sort(opposed.view(np.uint64))
    bits = max(1, (ordered.size // 16).bit_length())
    edges = ordered.searchsorted(np.arange(1 << bits, dtype=np.uint64) << (64 - bits))
    begins = np.append(edges, ordered.size).astype(np.int32)
    widest = int(np.diff(begins).max())

    def look(asked: Tags) -> Mask:
        wanted = asked.view(np.uint64)
        bucket = (wanted >> (64 - bits)).view(np.int64)
        place, end = begins.take(bucket).astype(np.int64), begins.take(bucket + 1)
        for step in (1 << power for power in reversed(range(widest.bit_length()))):
            below = (ordered.take(place + (step - 1), mode="clip") < wanted) & (place + step <= end)
            place += below * step
        found: Mask = ordered.take(place, mode="clip") == wanted
        return found

    return look


def bitmap_then_binary_search(opposed: Tags) -> Look:
    """One bit for each of four slots a tag, over the leading bits; what passes is searched."""
    search = binary_search(opposed)
    slots = opposed.size * 4

    def slot_of(tags: Tags) -> Places:
        return ((tags.view(np.uint64) >> 32) * slots >> 32).view(np.int64)

    taken = np.zeros(slots, np.bool_)
    taken[slot_of(opposed)] = True
    bitmap = np.packbits(taken, bitorder="little")

    def look(asked: Tags) -> Mask:
        slot = slot_of(asked)
        passed = (bitmap.take(slot >> 3) >> (slot & 7).astype(np.uint8) & 1).nonzero()[0]
        found = np.zeros(asked.size, np.bool_)
        found[passed] = search(asked.take(passed))
        return found

    return look


def tag_set(opposed: Tags) -> Look:
    return TagSet.of(opposed).contains


def tag_set_with_changes(opposed: Tags) -> Look:
    """The same tags, nearly as many of them by pending changes as a set of this size keeps."""
    few = max(1, opposed.size // 600)
    strangers = even_tags(few, 4)
    before = TagSet.of(np.concatenate([opposed[few:], strangers]))
    return before.applied(opposed[:few], strangers).contains


LOOKS: tuple[tuple[str, Callable[[Tags], Look], int], ...] = (
    ("Python set", python_set, SLOW_ABOVE),
    ("numpy.isin", numpy_isin, SLOW_ABOVE),
    ("binary search", binary_search, sys.maxsize),
    ("sort questions, binary search", binary_search_of_sorted_questions, sys.maxsize),
    ("buckets, binary search in step", buckets_alone, sys.maxsize),
    ("bitmap, binary search", bitmap_then_binary_search, sys.maxsize),
    ("TagSet", tag_set, sys.maxsize),
    ("TagSet with changes pending", tag_set_with_changes, sys.maxsize),
)


def look_ups(count: int) -> Iterator[Row]:
    opposed = even_tags(count, 1)
    asked = asked_of(opposed, ASKED)
    expected = tag_set(opposed)(asked)
    for name, make, most in LOOKS:
        if count > most:
            continue
        look = make(opposed)
        assert (look(asked) == expected).all(), name
        yield f"{name}, {count:,} tags", f"{median_ms(partial(look, asked)):.1f}"


# --- making and changing a set ---------------------------------------------------------------------------------------


def copy_stream(tags: Tags) -> bytes:
    rows = np.zeros(tags.size, COPY_ROW)
    rows["columns"], rows["length"], rows["tag"] = 1, 8, tags
    return COPY_SIGNATURE + bytes(8) + rows.tobytes() + COPY_TRAILER


def makings(count: int) -> Iterator[Row]:
    opposed = even_tags(count, 1)
    tags, stream = TagSet.of(opposed), copy_stream(opposed)
    few, many = even_tags(100, 5), even_tags(max(2_000, count // 200), 5)
    one = int(opposed[0])
    yield f"bytes a tag, {count:,} tags", f"{tags.nbytes / count:.3f}"
    yield f"read the COPY, {count:,} tags", f"{median_ms(lambda: tags_from_copy([stream]), 3):.1f}"
    yield f"make the set, {count:,} tags", f"{median_ms(lambda: TagSet.of(opposed), 3):.1f}"
    yield f"100 changes, {count:,} tags", f"{median_ms(lambda: tags.applied(few, NONE)):.3f}"
    yield f"{many.size:,} changes, merged, {count:,} tags", f"{median_ms(lambda: tags.applied(many, NONE), 3):.1f}"
    yield f"one tag, {count:,} tags", f"{median_ms(lambda: tags.one(one), 999):.4f}"


# --- the verdict -----------------------------------------------------------------------------------------------------


def tags_of(numbers: Tags) -> Tags:
    """Stand-ins for tags, as evenly spread as real ones."""
    mixed = numbers.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> 32
    mixed *= np.uint64(0xD6E8FEB86659FD93)
    return mixed.view(np.int64)


def batches(count: int) -> dict[str, Tags]:
    chance = np.random.default_rng(6)
    different = chance.permutation(count) + FIRST_NUMBER
    some = different.copy()
    again = chance.choice(count, max(2, count // 20), replace=False)
    some[again] = some[np.roll(again, 1) % max(1, count // 2)]
    return {
        "no repeats": different,
        "5 % repeats": some,
        "everybody twice": np.tile(different[: count // 2], 2),
        "one person only": np.full(count, FIRST_NUMBER, dtype=np.int64),
    }


def repeats_by_stable_sort(numbers: Tags) -> Places:
    order = numbers.argsort(kind="stable")
    return np.sort(order[1:][numbers[order[1:]] == numbers[order[:-1]]])


def repeats_by_unique(numbers: Tags) -> Places:
    again = np.ones(numbers.size, np.bool_)
    again[np.unique(numbers, return_index=True)[1]] = False
    return np.flatnonzero(again)


REPEATS: tuple[tuple[str, Callable[[Tags], Places]], ...] = (
    ("stable sort of positions", repeats_by_stable_sort),
    ("numpy.unique", repeats_by_unique),
)


def verdicts(count: int) -> Iterator[Row]:
    for name, numbers in batches(count).items():
        tags = tags_of(numbers)
        opposed = tags % 100 < int(HIT_SHARE * 100)
        repeats = decide(numbers, tags, opposed).positions(Reason.REPEATED)
        timed = median_ms(partial(decide, numbers, tags, opposed))
        yield f"whole verdict, {count:,} numbers, {name}", f"{timed:.1f}"
        for rival, find in REPEATS:
            assert (find(numbers) == repeats).all(), rival
            yield f"  repeats alone, {rival}", f"{median_ms(partial(find, numbers), 3):.1f}"


def flatness(tags: int, counts: Iterable[int]) -> Iterator[Row]:
    """Nanoseconds a number, look-up and verdict together, against one set."""
    opposed = even_tags(tags, 1)
    present = TagSet.of(opposed)
    for count in counts:
        numbers = np.random.default_rng(7).permutation(count) + FIRST_NUMBER
        asked = asked_of(opposed, count)
        taken = median_ms(partial(_look_up_and_decide, present, numbers, asked), 3)
        yield f"ns a number, {count:,} numbers against {tags:,} tags", f"{taken * 1e6 / count:.1f}"


def _look_up_and_decide(opposed: TagSet, numbers: Tags, tags: Tags) -> None:
    decide(numbers, tags, opposed.contains(tags))


def main(sizes: tuple[int, ...]) -> None:
    """Print every row as soon as it is known."""
    parts = [part(size) for part in (look_ups, makings) for size in sizes]
    parts += [verdicts(min(ASKED, max(sizes))), flatness(max(sizes), sizes)]
    for part in parts:
        for name, figure in part:
            sys.stdout.write(f"{name:<60}{figure:>12}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(tuple(int(size) for size in sys.argv[1:]) or TAGS)
