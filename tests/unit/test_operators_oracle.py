"""Signatures made by the reference package of Standard Webhooks verify here, and ours there."""

import base64
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from app.operators import Request, provider
from tests.unit.operator_samples import NOW, connect


@given(key=st.binary(min_size=24, max_size=64), body=st.text(max_size=200), stamp=st.integers(0, 2**33))
@settings(max_examples=50)
def test_what_the_reference_package_signs_verifies(key: int, body: bytes, stamp: str) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(stamp, UTC), body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(stamp), "webhook-signature": signature}
    request = Request("POST", "/", b"", headers, body.encode())
    assert provider("standard_webhooks").authenticate(request, connect("standard_webhooks", secrets=[secret]), NOW)
