"""What a list looks like is found from its first rows; what cannot be told is asked back."""

import pytest

from app.listfile import Layout, ListFileError, detect


def layout(text: str, column: str | None = None, encoding: str = "utf-8") -> Layout:
    return detect(text.encode(encoding), column, whole=True)


def numbers(delimiter: str, width: int, at: int, rows: int = 4) -> str:
    row = [["Dupont", "Lyon", "69001", "12,5"][i % 4] if delimiter != "," else "Dupont" for i in range(width)]
    return "".join(delimiter.join([*row[:at], f"06399800{n:02}", *row[at + 1 :]]) + "\n" for n in range(1, rows + 1))


def test_one_number_a_line_has_no_separator() -> None:
    found = layout("0639980001\n06 39 98 00 02\n+33 6 39 98 00 03\n")
    assert (found.delimiter, found.column, found.has_header, found.preamble) == (b"", 0, False, b"")


def test_one_number_a_line_may_have_a_header() -> None:
    found = layout("Téléphone\n0639980001\n")
    assert (found.delimiter, found.has_header, found.preamble) == (b"", True, "Téléphone\n".encode())


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("at", [0, 1, 3])
def test_every_usual_separator_is_found_without_a_header(delimiter: str, at: int) -> None:
    found = layout(numbers(delimiter, 4, at))
    assert (found.delimiter, found.column, found.has_header) == (delimiter.encode(), at, False)


HEADERS = (
    ["telephone", "Téléphone", "TEL", "Tél.", "mobile", "Portable", "numero", "Numéro", "N°"],
    ["gsm", "Phone", "MSISDN", "tel_mobile"],
    ["Numéro de téléphone", "Téléphone portable", "phone number", "Numéro de mobile (obligatoire)"],
)


@pytest.mark.parametrize("name", [name for names in HEADERS for name in names])
def test_usual_header_names_name_the_column(name: str) -> None:
    found = layout(f"nom;ville;{name}\nDupont;Lyon;n/a\nMartin;Nice;\n")
    assert (found.delimiter, found.column, found.has_header) == (b";", 2, True)


def test_an_unknown_header_name_is_found_by_what_stands_below() -> None:
    found = layout("nom,contact\nDupont,0639980001\nMartin,0639980002\n")
    assert (found.column, found.has_header) == (1, True)


def test_a_header_that_only_sounds_right_loses_to_the_column_with_numbers() -> None:
    found = layout("Téléphone vérifié;contact\noui;0639980001\nnon;0639980002\n")
    assert found.column == 1


def test_the_mobile_wins_over_the_landline() -> None:
    found = layout("nom;téléphone;portable\nDupont;0199000001;0639980001\nMartin;0199000002;0639980002\n")
    assert found.column == 2


def test_two_equal_columns_are_asked_back() -> None:
    with pytest.raises(ListFileError) as error:
        layout("nom;tel 1;tel 2\nDupont;0199000001;0639980001\nMartin;0199000002;0639980002\n")
    assert (error.value.slug, error.value.values) == ("several-number-columns", {"columns": "2, 3"})


def test_no_numbers_at_all_is_asked_back() -> None:
    with pytest.raises(ListFileError, match="no-number-column"):
        layout("nom;ville\nDupont;Lyon\nMartin;Nice\n")


@pytest.mark.parametrize(("column", "at"), [("1", 0), ("3", 2), ("TEL 2", 2), ("tél 1", 1), ("Nom", 0)])
def test_a_column_can_be_said_by_position_or_name(column: str, at: int) -> None:
    found = layout("nom;tel 1;tel 2\nDupont;0199000001;0639980001\n", column)
    assert (found.column, found.has_header) == (at, True)


def test_a_position_beyond_the_list_is_refused() -> None:
    with pytest.raises(ListFileError) as error:
        layout("nom;tel\nDupont;0639980001\n", "3")
    assert (error.value.slug, error.value.values) == ("no-such-position", {"column": "3", "width": 2})


def test_a_name_that_is_not_there_shows_the_header() -> None:
    with pytest.raises(ListFileError) as error:
        layout("nom;tel\nDupont;0639980001\n", "portable")
    assert (error.value.slug, error.value.values) == ("no-such-name", {"names": "nom, tel"})


def test_a_name_in_a_list_without_header_shows_no_number() -> None:
    with pytest.raises(ListFileError) as error:
        layout("Dupont;0639980001\nMartin;0639980002\n", "portable")
    assert "0639980001" not in str(error.value)
    assert error.value.values == {"names": "Dupont"}


def test_a_first_row_with_a_number_is_never_a_header() -> None:
    assert not layout("inconnu;0639980001;a\n0639980002;x;b\n0639980003;y;c\n", "1").has_header


def test_a_first_row_with_a_mistyped_number_is_never_a_header() -> None:
    assert not layout("tel 06 39 98\n0639980002\n0639980003\n").has_header


def test_empty_rows_above_the_header_belong_to_it() -> None:
    found = layout(";;\n\nnom;tel;ville\nDupont;0639980001;Lyon\n")
    assert (found.preamble, found.preamble_rows, found.column) == (b";;\n\nnom;tel;ville\n", 3, 1)


def test_the_separator_line_of_a_spreadsheet_is_obeyed_and_kept() -> None:
    found = layout("sep=|\r\nnom|tel\r\nDupont, a;b|0639980001\r\n")
    assert (found.delimiter, found.column, found.preamble_rows) == (b"|", 1, 2)
    assert found.preamble == b"sep=|\r\nnom|tel\r\n"


def test_a_header_with_line_ends_in_quotes_is_one_row() -> None:
    found = layout('nom;"téléphone\n(portable)"\nDupont;0639980001\n')
    assert (found.preamble, found.preamble_rows) == ('nom;"téléphone\n(portable)"\n'.encode(), 1)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_known(end: str) -> None:
    found = layout(f"nom;tel{end}Dupont;0639980001{end}Martin;0639980002{end}")
    assert (found.newline, found.column, found.preamble) == (end.encode(), 1, f"nom;tel{end}".encode())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_accents_in_the_header_are_read_in_every_encoding(encoding: str) -> None:
    found = layout("prénom;numéro\nZoé;0639980001\n", "Numéro", encoding)
    assert (found.column, found.has_header) == (1, True)


def test_numbers_that_lost_their_zero_are_numbers() -> None:
    found = layout("nom;contact\nDupont;639980001\nMartin;639980002\n")
    assert found.column == 1


def test_a_list_of_rounded_numbers_is_damaged_and_not_split_at_the_comma() -> None:
    found = layout("telephone\n6,12E+08\n6,12E+08\n")
    assert (found.delimiter, found.damaged) == (b"", True)
    assert layout("nom;tel\nDupont;6,12E+08\nMartin;3.36E+10\n").damaged
    assert layout("Dupont;6,12E+08\nMartin;6,12E+08\n").delimiter == b";"


def test_a_few_rounded_numbers_do_not_damage_the_list() -> None:
    assert not layout("telephone\n0639980001\n0639980002\n6,12E+08\n").damaged


def test_an_empty_list_has_a_layout() -> None:
    assert layout("").preamble == b""
    assert layout("nom;telephone\n").preamble == b"nom;telephone\n"


@pytest.mark.parametrize(
    ("head", "slug"),
    [
        (b"PK\x03\x04\x14\x00", "workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"0\x006\x003\x009\x00", "not-text"),
        ("0639980001\n".encode("utf-32"), "not-text"),
    ],
)
def test_what_is_no_text_file_is_refused_with_a_reason(head: bytes, slug: str) -> None:
    with pytest.raises(ListFileError) as error:
        detect(head, None, whole=True)
    assert error.value.slug == slug


def test_a_header_that_goes_on_after_a_closing_quote_is_refused() -> None:
    with pytest.raises(ListFileError, match="broken-quotes"):
        layout('nom;"tel" mobile\nDupont;0639980001\n')


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_sample_cut_anywhere_gives_the_same_layout(encoding: str) -> None:
    text = ("prénom;numéro\r\n" + "".join(f"Zoé;06399800{n:02}\r\n" for n in range(20))).encode(encoding)
    whole = detect(text, None, whole=True)
    assert {detect(text[:cut], None, whole=False) for cut in range(200, len(text))} == {whole}
