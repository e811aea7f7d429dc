"""Shares of the root key: published values, and what holders may do wrong."""

import itertools
from collections.abc import Callable

import msgspec
import pytest

from app import shares
from app.errors import InvalidValueError
from app.keys import Kdf, WeakPassphraseError
from app.shares import Given, SharesError

ROOT = bytes(range(32))
CHEAP = Kdf(memory_kib=19_456, passes=1, lanes=1)  # the least that a file may state
PASSPHRASES = [f"la phrase secrète numéro {n}".encode() for n in range(1, 6)]


def chance(seed: int = 0) -> Callable[[int], bytes]:
    """Bytes that differ from call to call and are the same in every run."""
    counter = itertools.count(seed * 1_000_000)
    return lambda size: bytes((next(counter) * 97 + 31 * at) % 251 for at in range(size))


def files(needed: int = 3, seed: int = 0, root: bytes = ROOT) -> list[bytes]:
    return shares.seal(root, "registre.example.fr", PASSPHRASES, needed, chance(seed), CHEAP)


SET = files()
OTHER = files(seed=1)


def given(*numbers: int, of: list[bytes] = SET) -> list[Given]:
    return [Given(f"share-{n}.key", of[n - 1], PASSPHRASES[n - 1]) for n in numbers]


@pytest.mark.parametrize(
    ("one", "other", "product"),
    [(0x57, 0x83, 0xC1), (0x57, 0x13, 0xFE), (0x57, 0x02, 0xAE), (0x57, 0x04, 0x47), (0x57, 0x08, 0x8E)],
)
def test_products_are_those_of_fips_197(one: int, other: int, product: int):
    assert shares._times(one, other) == shares._times(other, one) == product  # noqa: SLF001 - the field itself


def test_every_element_but_zero_has_an_inverse():
    assert all(shares._times(value, shares._inverse(value)) == 1 for value in range(1, 256))  # noqa: SLF001


def test_the_shares_of_draft_mcgrew_tss_give_its_secret():
    """draft-mcgrew-tss-03, section 9: two shares of the secret 74 65 73 74 00."""
    published = {1: bytes.fromhex("b9fa07e185"), 2: bytes.fromhex("f5409b4511")}
    assert shares.join(published) == bytes.fromhex("7465737400")


def test_splitting_gives_the_shares_of_draft_mcgrew_tss():
    coefficient = bytes.fromhex("cd9f749585")  # the difference of secret and first share
    found = shares.split(bytes.fromhex("7465737400"), 2, 2, lambda _: coefficient)
    assert found == [bytes.fromhex("b9fa07e185"), bytes.fromhex("f5409b4511")]


@pytest.mark.parametrize(("holders", "needed"), [(2, 2), (3, 2), (5, 3), (5, 5), (16, 9)])
def test_as_many_as_needed_rebuild_the_secret_whoever_they_are(holders: int, needed: int):
    found = dict(enumerate(shares.split(ROOT, holders, needed, chance()), start=1))
    for chosen in list(itertools.combinations(found, needed))[:50]:
        assert shares.join({number: found[number] for number in chosen}) == ROOT


def test_one_share_less_fits_every_secret():
    """With any two of three needed shares, each possible byte is the secret for exactly one third share."""
    one, two = 17, 201
    secrets = {shares.join({1: bytes([one]), 2: bytes([two]), 3: bytes([third])}) for third in range(256)}
    assert len(secrets) == 256


def test_three_of_five_holders_rebuild_the_root_key():
    rebuilt = shares.rebuild(given(5, 2, 4))
    assert (rebuilt.root, rebuilt.origin, rebuilt.faults) == (ROOT, "registre.example.fr", ())


def test_two_of_three_needed_are_too_few():
    with pytest.raises(SharesError, match="2 good shares, but 3 are needed"):
        shares.rebuild(given(1, 2))


def test_nothing_at_all_is_no_share():
    with pytest.raises(SharesError, match="no share among these files"):
        shares.rebuild([Given("root.key", b"{}", b"")])


def test_a_wrong_passphrase_is_named_with_its_share():
    wrong = [*given(1, 2), Given("share-3.key", SET[2], b"une tout autre phrase")]
    with pytest.raises(SharesError, match=r"share-3\.key: its passphrase does not open it"):
        shares.rebuild(wrong)


def test_a_damaged_share_is_named_and_the_others_may_be_enough():
    damaged = Given("share-1.key", SET[0].replace(b"a", b"b", 1), PASSPHRASES[0])
    rebuilt = shares.rebuild([damaged, *given(2, 3, 4)])
    assert rebuilt.root == ROOT
    assert rebuilt.faults == ("share-1.key: damaged, or no share of a key",)


def test_a_share_of_another_set_is_named():
    with pytest.raises(SharesError, match=r"share-1\.key: belongs to another set"):
        shares.rebuild([*given(1, of=OTHER), *given(2, 3)])


def test_the_same_share_twice_counts_once():
    with pytest.raises(SharesError, match="is share 1 once more"):
        shares.rebuild(given(1, 1, 2))


def test_a_share_that_its_holder_has_replaced_is_named():
    """Who knows the passphrase can seal anything; the digests in the other files tell."""
    file = msgspec.json.decode(SET[2], type=shares._Share)  # noqa: SLF001 - forged with the holder's own passphrase
    forged = shares._sealed(file, 3, bytes(32), PASSPHRASES[2], chance(7))  # noqa: SLF001
    with pytest.raises(SharesError, match=r"share-3\.key: is not the share that was handed out"):
        shares.rebuild([*given(1, 2), Given("share-3.key", forged, PASSPHRASES[2])])
    assert shares.rebuild([*given(1, 2), Given("share-3.key", forged, PASSPHRASES[2]), *given(4)]).root == ROOT


def test_a_share_says_nothing_without_its_passphrase():
    assert all(share.hex().encode() not in SET[n] for n, share in enumerate(shares.split(ROOT, 5, 3, chance())))


@pytest.mark.parametrize(("holders", "needed"), [(1, 1), (5, 1), (3, 4), (17, 3)])
def test_holders_and_needed_must_make_sense(holders: int, needed: int):
    passphrases = [f"une phrase assez longue {n}".encode() for n in range(holders)]
    with pytest.raises(InvalidValueError):
        shares.seal(ROOT, "o", passphrases, needed, chance())


def test_each_holder_has_a_passphrase_of_its_own_and_no_short_one():
    with pytest.raises(InvalidValueError):
        shares.seal(ROOT, "o", [PASSPHRASES[0]] * 2, 2, chance())
    with pytest.raises(WeakPassphraseError):
        shares.seal(ROOT, "o", [PASSPHRASES[0], b"court"], 2, chance())
