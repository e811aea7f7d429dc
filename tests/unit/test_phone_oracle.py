"""Where libphonenumber calls a number valid, it is read the same: this also watches for changes of numbering plans.

The opposite does not hold: what libphonenumber calls invalid may well be a person who said STOP.
"""

import itertools

import phonenumbers
import pytest
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from app.phone import e164, read, read_lenient, territory
from app.phone.plan import OVERSEAS
from tests.unit.phone_rows import filled

HELD_TOGETHER = {"BL": "GP", "MF": "GP"}  # territories that share +590
OBSOLETE_ZERO = "GA"  # the library keeps the zero that Gabon gave up in 2019 apart from the same number without it
SHARED_CODES = {"1", "7", "39", "44", "47", "61", "212", "262", "290", "358", "590", "599"}


def french_mobiles() -> list[tuple[str, str, str]]:
    """Nine national digits, the calling code and the region, one for each block that libphonenumber knows."""
    blocks = [f"{block}" for block in itertools.chain(range(6000, 8000), range(70900, 71000))]
    candidates = itertools.product((filled(block + "#" * (9 - len(block))) for block in blocks), ["33", *OVERSEAS])
    parsed = ((digits, code, phonenumbers.parse(f"+{code}{digits}")) for digits, code in candidates)
    return [
        (digits, code, phonenumbers.region_code_for_number(number) or "")
        for digits, code, number in parsed
        if phonenumbers.is_valid_number(number)
    ]


def test_every_french_mobile_block_has_the_calling_code_and_territory_of_the_library() -> None:
    mobiles = french_mobiles()

    assert len(mobiles) > 1_000
    assert {code for _, code, _ in mobiles} == {"33", *OVERSEAS}
    for digits, code, region in mobiles:
        expected = (int(code + digits), HELD_TOGETHER.get(region, region))
        for spelling in (f"0{digits}", f"+33{digits}", f"0033 0{digits}", f"+{code}{digits}", f"00{code}0{digits}"):
            found = read(spelling).number
            assert (found, territory(found)) == expected, spelling


def test_0695_is_metropolitan_although_its_neighbours_are_overseas() -> None:
    assert phonenumbers.is_valid_number(phonenumbers.parse("+33695123456"))
    assert [territory(read(f"069{last}123456").number) for last in range(10)] == [
        *("GP", "GP", "RE", "RE", "GF", "FR", "MQ", "MQ", "FR", "FR"),
    ]


def examples() -> list[tuple[str, PhoneNumber]]:
    kinds = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)
    found = (
        (region, phonenumbers.example_number_for_type(region, kind))
        for region in sorted(phonenumbers.SUPPORTED_REGIONS - {OBSOLETE_ZERO})
        for kind in kinds
    )
    return [(region, number) for region, number in found if number is not None]


def test_an_example_number_of_every_country_is_read_in_every_international_spelling() -> None:
    wrong = []
    for region, number in examples():
        expected = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        pretty = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
        spellings = [expected, pretty, "00" + expected[1:]]
        if PhoneMetadata.metadata_for_region(region).national_prefix == "0":
            spellings.append(f"+{number.country_code} (0){expected[1 + len(str(number.country_code)) :]}")
        wrong += [spelling for spelling in spellings if e164(read(spelling).number) != expected]

    assert len(examples()) > 450
    assert wrong == []


def test_a_foreign_number_lives_in_the_country_of_its_code() -> None:
    for region, number in examples():
        if str(number.country_code) not in SHARED_CODES:
            assert territory(read(phonenumbers.format_number(number, PhoneNumberFormat.E164)).number) == region


@pytest.mark.parametrize("spelling", ["+590691######", "+33712345678", "+337001234567890", "+262639######"])
def test_what_the_library_calls_invalid_is_still_a_person_who_says_stop(spelling: str) -> None:
    assert not phonenumbers.is_valid_number(phonenumbers.parse(filled(spelling)))
    assert read_lenient(filled(spelling)) == int(filled(spelling))
