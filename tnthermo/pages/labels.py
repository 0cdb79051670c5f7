"""Labels of figures, in matplotlib's notation ($E_S$), as HTML and as plain words."""

from __future__ import annotations

import re
from html import escape

SIGNS = {
    "alpha": "α",
    "beta": "β",
    "chi": "χ",
    "sigma": "σ",
    "omega": "ω",
    "rho": "ρ",
    "Delta": "Δ",
    "Sigma": "Σ",
    "langle": "⟨",
    "rangle": "⟩",
}
TOKEN = re.compile(
    r"\\mathrm\{(?P<upright>[^{}]*)\}|\\(?P<sign>[A-Za-z]+) ?|(?P<shift>[_^])|(?P<brace>[{}])|(?P<other>.)"
)


def html_of(label: str) -> str:
    """A label as HTML, letters of formulas in italics. Raises ValueError for a sign it has no letter for."""
    parts = label.split("$")
    if len(parts) % 2 == 0:
        raise ValueError(f"a formula without an end: {label!r}")
    text = "".join(_formula(part) if k % 2 else escape(part, quote=False) for k, part in enumerate(parts))
    return text.replace("\n", "<br>")


def _formula(formula: str) -> str:
    """One formula; a subscript is one token or what stands in braces."""
    found, closing, wanted = [], [""], ""
    for token in TOKEN.finditer(formula):
        if token["shift"]:
            wanted = "sub" if token["shift"] == "_" else "sup"
            continue
        if token["brace"] == "{":
            found.append(f"<{wanted}>" if wanted else "")
            closing.append(f"</{wanted}>" if wanted else "")
            wanted = ""
            continue
        if token["brace"] == "}":
            found.append(closing.pop())
            continue
        piece = _sign(token)
        found.append(f"<{wanted}>{piece}</{wanted}>" if wanted else piece)
        wanted = ""
    return "".join(found)


def _sign(token: re.Match[str]) -> str:
    if token["upright"] is not None:
        return escape(token["upright"], quote=False)
    if token["sign"] is not None:
        if token["sign"] not in SIGNS:
            raise ValueError(f"no letter for \\{token['sign']}")
        return SIGNS[token["sign"]]
    other = escape(token["other"], quote=False)
    return f"<i>{other}</i>" if other.isalpha() else other


def unit_html(unit: str) -> str:
    """A unit as text, "cm^-1/fs", with its powers raised."""
    return re.sub(r"\^(-?\d+)", r"<sup>\1</sup>", escape(unit, quote=False))
