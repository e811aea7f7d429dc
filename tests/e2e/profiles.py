"""Senders that have decided nothing yet, for tests in which the profile is the point."""

from tests.world import World


async def forget_profiles(world: World) -> None:
    """Take every sender's profile away."""
    async with world.registry.pool.acquire() as db:
        await db.execute("UPDATE sender SET profile = '{}'")
    await world.registry.directory.current(max_age_seconds=0)
