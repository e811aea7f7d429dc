"""What is held about a person: found for every sender, explained, erased where it may be, answered in time.

A number comes in by a body, by standard input or by hand, never in an address, and goes out only in the answer itself.
"""

from app.subjects.access import Answer, Reader, Request, answer_over_http, look_up, read_numbers
from app.subjects.cases import close, listed, noted, opened, remind
from app.subjects.erasure import Erased, erase
from app.subjects.letter import as_html, as_text, erased_as_html, erased_as_text
from app.subjects.persons import NUMBERS_MAX

__all__ = [
    "NUMBERS_MAX",
    "Answer",
    "Erased",
    "Reader",
    "Request",
    "answer_over_http",
    "as_html",
    "as_text",
    "close",
    "erase",
    "erased_as_html",
    "erased_as_text",
    "listed",
    "look_up",
    "noted",
    "opened",
    "read_numbers",
    "remind",
]
