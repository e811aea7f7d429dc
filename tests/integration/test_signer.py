"""Receipts are signed one by one or many at once, and whatever becomes of the helper, everybody gets a signature."""

import asyncio
import os
import signal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.signer import MANY, Signer

pytestmark = pytest.mark.anyio
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PATIENCE_SECONDS = 30


def texts(count: int) -> list[bytes]:
    return [b"receipt %d" % number for number in range(count)]


async def signed_together(signer: Signer, count: int) -> list[bytes]:
    """What so many callers get who ask in the same turn of the loop."""
    found = await asyncio.gather(*(signer.sign([text]) for text in texts(count)))
    return [signature for [signature] in found]


async def with_helper(signer: Signer) -> int:
    """Ask until the helper is there; its process id."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while signer.helper_id is None:
            await signed_together(signer, MANY)
    return signer.helper_id


def assert_signed(signatures: list[bytes], count: int) -> None:
    assert signatures == [KEY.sign(text) for text in texts(count)]


async def test_few_are_signed_here():
    signer = Signer(KEY)

    assert_signed(await signed_together(signer, MANY - 1), MANY - 1)
    assert signer.helper_id is None
    await signer.close()


async def test_many_are_signed_by_the_helper_in_their_order():
    signer = Signer(KEY)
    await with_helper(signer)

    assert_signed(await signed_together(signer, 300), 300)
    assert_signed(await signer.sign(texts(40)), 40)
    await signer.close()


async def test_the_helper_ends_with_the_registry():
    signer = Signer(KEY)
    helper = await with_helper(signer)
    await signer.close()

    with pytest.raises(ProcessLookupError):
        os.kill(helper, 0)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_what_a_lost_helper_was_given_is_signed_here(how: signal.Signals):
    signer = Signer(KEY)
    helper = await with_helper(signer)
    os.kill(helper, how)

    async with asyncio.timeout(PATIENCE_SECONDS):
        assert_signed(await signed_together(signer, 50), 50)
        assert_signed(await signed_together(signer, 50), 50)
    await signer.close()


async def test_a_caller_that_leaves_takes_nobody_elses_signature_along():
    signer = Signer(KEY)
    await with_helper(signer)
    waiting = [asyncio.create_task(signer.sign([text])) for text in texts(20)]
    await asyncio.sleep(0)
    waiting[3].cancel()
    found = await asyncio.gather(*waiting, return_exceptions=True)

    assert isinstance(found.pop(3), asyncio.CancelledError)
    assert found == [[KEY.sign(text)] for number, text in enumerate(texts(20)) if number != 3]
    await signer.close()
