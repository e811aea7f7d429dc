"""The public keys that tokens of this registry verify under, as they are published."""

from app import clearance, jws
from app.registry import Registry


async def key_set(registry: Registry) -> list[dict[str, str]]:
    """Return all keys that tokens of ours verify under.

    The key of receipts, and of clearances the current key, the next one, published long before it signs, and every
    retired one, so that no token ever given stops to verify.
    """
    last = await registry.directory.signing_generation(clearance.SIGNING_PURPOSE) + 1
    keys = [registry.root.signing_key()]
    keys += [registry.root.signing_key(number, clearance.SIGNING_PURPOSE) for number in range(1, last + 1)]
    return [jws.jwk(key.public_key()) for key in keys]
