"""Amazon SNS asks to confirm a subscription: a person is told the address, and nothing is fetched by us."""

import json
from pathlib import Path

import pytest

from app import administration
from app.administration import ConnectionPlan
from tests.world import ACTOR, World

pytestmark = pytest.mark.anyio
SAMPLE = json.loads((Path(__file__).parents[1] / "vectors/mo/aws_sns_confirm.json").read_text())


async def test_the_address_to_confirm_is_told_by_an_alarm(world: World):
    auth = SAMPLE["auth"]
    config = {"certificates": {auth["cert_url"]: auth["signing_cert_pem"]}, "topic_arn": auth["topic_arn"]}
    plan = ConnectionPlan("aws", SAMPLE["provider"], codes=("36200",), config=config)
    await administration.add_connection(world.registry, ACTOR, plan)
    answer = await world.client.post(SAMPLE["path_query"], content=SAMPLE["body"], headers=SAMPLE["headers"])
    await world.registry.alarms.flush()
    async with world.registry.pool.acquire() as db:
        details = [
            row["detail"] for row in await db.fetch("SELECT detail FROM alarm WHERE kind = 'confirmation-asked'")
        ]

    assert answer.is_success, answer.text
    assert len(details) == 1
    assert SAMPLE["extra"]["subscribe_url"] in details[0]
