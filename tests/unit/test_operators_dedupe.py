"""What is the same message, and what only shares its id (D13)."""

import itertools
from datetime import UTC, datetime

from app.operators import Connection, Message, dedupe_parts
from tests.unit.operator_samples import decoded, parts, with_

CONNECTION = Connection("main", "kannel")
MESSAGE = Message(33639980001, "+33639980001", "36200", "36200", "STOP", message_id="m1")


def same(one: Message, other: Message) -> bool:
    return dedupe_parts(one, CONNECTION) == dedupe_parts(other, CONNECTION)


def test_a_message_delivered_twice_is_one() -> None:
    first, second = decoded("kannel").messages + decoded("kannel").messages
    assert dedupe_parts(first, CONNECTION) == dedupe_parts(second, CONNECTION)


def test_two_people_under_one_id_are_two() -> None:
    assert not same(MESSAGE, with_(MESSAGE, msisdn=33639980002, msisdn_text="+33639980002"))


def test_two_texts_under_one_id_are_two() -> None:
    assert not same(MESSAGE, with_(MESSAGE, text="CONTACT"))
    assert not same(MESSAGE, with_(MESSAGE, text=None))
    assert not same(with_(MESSAGE, text=None), with_(MESSAGE, text="stop-event"))


def test_two_codes_under_one_id_are_two() -> None:
    assert not same(MESSAGE, with_(MESSAGE, short_code="36201"))
    assert not same(with_(MESSAGE, short_code=None), with_(MESSAGE, short_code=None, destination="36201"))


def test_another_spelling_of_number_or_code_is_the_same_message() -> None:
    assert same(MESSAGE, with_(MESSAGE, msisdn_text="06 39 98 00 01", destination="+3336200"))


def test_a_redelivery_with_a_new_time_is_the_same_where_there_is_an_id() -> None:
    assert same(MESSAGE, with_(MESSAGE, received_at=datetime(2026, 3, 1, tzinfo=UTC)))


def test_the_providers_time_tells_two_stops_apart_where_there_is_no_id() -> None:
    bare = with_(MESSAGE, message_id=None)
    first, second = (with_(bare, received_at=datetime(2026, 3, day, tzinfo=UTC)) for day in (1, 2))
    assert not same(first, second)
    assert same(bare, with_(bare, given_id="mt-1"))


def test_an_id_is_never_taken_for_a_time() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert not same(with_(MESSAGE, message_id=None, received_at=at), with_(MESSAGE, message_id=at.isoformat()))


def test_parts_of_one_message_are_distinct_even_with_equal_text() -> None:
    assert not same(with_(MESSAGE, part=("r", 1, 2)), with_(MESSAGE, part=("r", 2, 2)))


def test_numbers_that_cannot_be_read_are_told_apart_by_their_spelling() -> None:
    unread = with_(MESSAGE, msisdn=None, msisdn_text="MARQUE")
    assert not same(unread, with_(unread, msisdn_text="AUTRE"))


def test_connections_do_not_share_messages() -> None:
    assert dedupe_parts(MESSAGE, CONNECTION) != dedupe_parts(MESSAGE, Connection("other", "kannel"))


def test_no_two_fields_can_be_shifted_into_each_other() -> None:
    changed = [
        with_(MESSAGE, short_code=code, text=text, message_id=identifier)
        for code, text, identifier in itertools.product(("3", "36", "362"), ("6", "26", "626"), (None, "6", "id:6"))
    ]
    assert len({dedupe_parts(one, CONNECTION) for one in changed}) == len(changed)


def test_a_campaigns_id_does_not_swallow_a_second_stop() -> None:
    adapter, request, connection, _ = parts("octopush")
    later = with_(request, body=request.body.replace(b"2026-02-10", b"2026-02-11"))
    other = with_(request, body=request.body.replace(b"39981216", b"39981299"))
    keys = {dedupe_parts(adapter.decode(one, connection).messages[0], connection) for one in (request, later, other)}
    assert len(keys) == 3
