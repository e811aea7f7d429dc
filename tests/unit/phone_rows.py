"""Numbers for tests in which the prefix is the point: "0708######" is 0708 and the digits 1, 2, 3 … in order.

Written so, no row names a number that somebody may own.
"""

import itertools


def filled(pattern: str) -> str:
    digits = itertools.cycle("1234567890")
    return "".join(next(digits) if sign == "#" else sign for sign in pattern)
