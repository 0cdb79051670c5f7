"""Numbers of the law report as text: what is printed covers what was computed, error bars and bounds are rounded outward."""

from __future__ import annotations

import math

LEAST, MOST = 3, 6  # significant digits of a value


def number(value: float, error: float, bracket: bool = False) -> str:
    """ "0.0123 +- 2e-05": the value to the last place of its error bar, in 3 to 6 digits; the bar with what rounding took, rounded up.

    bracket  the value is the middle of rigorous bounds and ``error`` their half width: "-1.96 .. -0.89"
    "-" for no value, "+- ?" for no error bar.
    """
    if not math.isfinite(value):
        return "-" if math.isnan(value) else f"{value:g}"
    if not math.isfinite(error):
        return f"{value:.{LEAST}g} +- ?"
    if bracket:
        return interval(value - error, value + error)
    digits = LEAST
    if value != 0 and error > 0:
        place = math.floor(math.log10(error)) - (error / 10.0 ** math.floor(math.log10(error)) < 2)
        digits = min(MOST, max(LEAST, math.floor(math.log10(abs(value))) - place + 1))
    shown = f"{value:.{digits}g}"
    return f"{shown} +- {error_bar(error + abs(float(shown) - value))}"


def error_bar(error: float) -> str:
    """One digit, two where the first is 1, rounded up: 1.02e-4 is "1.1e-04", 2.1e-4 is "3e-04"."""
    if error == 0:
        return "0"
    exponent = math.floor(math.log10(error))
    for digits in (0, 1):  # what needs no rounding stays as short as it is
        if math.isclose(float(f"{error:.{digits}e}"), error, rel_tol=1e-9):
            return f"{error:.{digits}e}"
    mantissa = error / 10.0**exponent
    tenth = 10 if mantissa < 1.9 else 1
    return f"{math.ceil(mantissa * tenth) / tenth * 10.0**exponent:.{int(tenth == 10)}e}"


def interval(low: float, high: float) -> str:
    """ "-1.96 .. -0.89": rounded outward to 3 digits of the larger end, or to as many, up to 6, as leave two to the width."""
    size = max(abs(low), abs(high))
    if not math.isfinite(size) or size == 0:
        return f"{low:g} .. {high:g}"
    place = math.floor(math.log10(size))
    wide = place - math.floor(math.log10(high - low)) + 2 if high > low else LEAST
    digits = min(MOST, max(LEAST, wide))
    unit = digits - 1 - place
    ends = (
        round_(x * 10.0**unit + slack) / 10.0**unit for round_, x, slack in ((math.floor, low, 1e-6), (math.ceil, high, -1e-6))
    )  # fmt: skip
    return " .. ".join(f"{end + 0.0:.{digits}g}" for end in ends)
