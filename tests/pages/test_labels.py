"""Labels of figures as HTML: every sign of every figure has a letter."""

import pytest

from tnthermo.figures import panels, system
from tnthermo.pages.labels import html_of, unit_html


@pytest.mark.parametrize(
    ("label", "html"),
    [
        ("$E_S$", "<i>E</i><sub><i>S</i></sub>"),
        (r"$\langle H_\mathrm{int}\rangle$", "⟨<i>H</i><sub>int</sub>⟩"),
        (r"$U_\chi$ binding", "<i>U</i><sub>χ</sub> binding"),
        (r"$|E_{12}\rangle$", "|<i>E</i><sub>12</sub>⟩"),
        (r"$\Delta S_B$ < 1 & more", "Δ<i>S</i><sub><i>B</i></sub> &lt; 1 &amp; more"),
        ("energy (cm$^{-1}$)\nbelow", "energy (cm<sup>-1</sup>)<br>below"),
        (r"frequency $\omega$", "frequency ω"),
    ],
)
def test_a_label(label: str, html: str) -> None:
    assert html_of(label) == html


def test_labels_of_all_curves() -> None:
    curves = [curve for one in panels.FIGURES for curves in one.compared for curve in curves]
    curves += [*panels.DRIVEN, *panels.RESIDUALS, *panels.BOUNDED, *system.SIGMAS]
    assert len(curves) > 20
    assert not [curve for curve in curves if set(html_of(curve.label)) & set("$\\{}^")]


def test_what_has_no_letter_is_refused() -> None:
    """The negative twin."""
    with pytest.raises(ValueError, match=r"no letter for .xi"):
        html_of(r"$\xi$")
    with pytest.raises(ValueError, match="without an end"):
        html_of("$E_S")


def test_units() -> None:
    assert unit_html("(cm^-1)^2") == "(cm<sup>-1</sup>)<sup>2</sup>"
