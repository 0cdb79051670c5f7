"""Densities in the conventions of other packages, against what these packages say themselves (``theirs``, with their versions)."""

import json
import math
import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import chains
from chains import InvalidInput

THEIRS = Path(__file__).parent / "theirs"
FAR = 5000.0  # widths after which an algebraic tail is cut to have a C(t)
# What a package calls it -> ours, its J over ours.
QUTIP = {
    "OhmicEnvironment": chains.qutip_ohmic,
    "DrudeLorentzEnvironment": chains.qutip_drude_lorentz,
    "UnderDampedEnvironment": chains.qutip_underdamped,
}
OURS: dict[str, Any] = {
    **{name: (function, math.pi) for name, function in QUTIP.items()},
    "PowerLawSD": (chains.oqupy_power_law, 1.0),
    "ExponentialCutoff": (chains.quantumdynamics_exponential, math.pi),
    "DrudeLorentz": (chains.quantumdynamics_drude_lorentz, math.pi),
    "Drude": (lambda lam, gamma: chains.DrudeLorentz(reorganisation_energy=lam, width=gamma), math.pi),
    "Brownian": (lambda lam, gamma, w0: chains.Brownian(reorganisation_energy=lam, width=gamma, frequency=w0), math.pi),
    "Boson_DrudeLorentz": (chains.qutip_drude_lorentz, 2.0 * math.pi),
    "Boson_Underdamped": (chains.qutip_underdamped, 2.0 * math.pi),
}


def entries() -> list[dict[str, Any]]:
    return [one for path in sorted(THEIRS.glob("*.json")) for one in json.loads(path.read_text())["densities"]]


def named(one: dict[str, Any]) -> str:
    return f"{one['call']}, T = {one['temperature']}"


def mine(one: dict[str, Any]) -> Any:
    return OURS[one["call"]][0](**one["parameters"])


def off(one: dict[str, Any], density: Any) -> tuple[float, float]:
    """How far J and C are from theirs, relative to their largest values."""
    j = np.array(one["J"])
    c = np.array([complex(*pair) for pair in one["C"]])
    if isinstance(density, chains.DrudeLorentz | chains.Brownian):
        density = replace(density, cutoff=FAR * density.width)
    found = chains.correlation(density, one["t"], temperature=one["temperature"])
    of_j = np.max(np.abs(OURS[one["call"]][1] * density(one["w"]) - j)) / np.max(j)
    return float(of_j), float(np.max(np.abs(found - c)) / np.max(np.abs(c)))


@pytest.mark.parametrize("one", entries(), ids=named)
def test_each_is_theirs(one: dict[str, Any]) -> None:
    of_j, of_c = off(one, mine(one))
    assert of_j < 1e-12
    assert of_c < one["accuracy"]
    assert one.get("over_ours", OURS[one["call"]][1]) == pytest.approx(OURS[one["call"]][1], rel=1e-15)


def test_every_constructor_is_compared() -> None:
    assert {one["call"] for one in entries()} == set(OURS)


@pytest.mark.parametrize("factor", [2.0, math.pi, 1.0 / math.pi, 4.0, 1.01])
def test_another_factor_is_seen(factor: float) -> None:
    """The negative twin, of J and of C; the last is a per cent."""
    for one in entries():
        of_j, of_c = off(one, chains.scaled(mine(one), factor=factor))
        assert of_j > 5e-3
        assert of_c > max(one["accuracy"], 5e-3)


PAGE = Path(__file__).resolve().parents[2] / "scripts" / "docs" / "conventions.md"
VALUES = {
    "alpha": 0.13, "wc": 2.2, "s": 0.7, "lam": 0.4, "gamma": 0.6, "w0": 1.3, "zeta": 1.6, "cutoff": 1.8,
    "xi": 0.3, "n": 1.4, "delta_s": 1.5,
}  # fmt: skip


def line_problems(page: str) -> list[str]:
    """What is not so in the table of the page: J of a line, its factor, what to type and the same in our numbers."""
    rows = [line for line in page.splitlines() if line.count(" | ") == 4 and "chains." in line]
    assert len(rows) >= 15
    w = np.array([0.2, 0.9, 1.7])
    found = []
    for row in rows:
        there, *cells = row.strip("| ").split(" | ")
        names = VALUES | {"chains": chains, "pi": math.pi, "exp": np.exp, "w": w}
        theirs, factor, here, ours = (eval(cell.strip("` "), dict(names)) for cell in cells)
        if not np.allclose(theirs, factor * here(w), rtol=1e-13, atol=0.0):
            found.append(f"{there}: J")
        if not np.allclose(here(w), ours(w), rtol=1e-13, atol=0.0) or here.describe() != ours.describe():
            found.append(f"{there}: our numbers")
    return found


def test_every_line_of_the_page() -> None:
    page = PAGE.read_text("utf-8")
    assert not line_problems(page)
    for wrong, right, what in (
        ("2 * lam * gamma", "lam * gamma", "J"),
        ("alpha / (2 * pi)", "alpha / pi", "our numbers"),
    ):
        assert what in "".join(line_problems(page.replace(wrong, right)))  # the negative twin


def test_kondo_parameter() -> None:
    """One physics, four ways: alpha = 0.1 of Leggett for A = sigma_z/2; twice A is a quarter of J."""
    ours = chains.PowerLaw(alpha=0.1, cutoff=2.0, shape="exponential")
    assert chains.qutip_ohmic(alpha=0.2 * math.pi, wc=2.0, s=1.0).alpha == pytest.approx(ours.alpha, rel=1e-15)
    assert chains.oqupy_power_law(alpha=0.1, zeta=1.0, cutoff=2.0) == ours
    assert chains.quantumdynamics_exponential(xi=0.1, wc=2.0, delta_s=1.0) == ours
    by_sigma_z = chains.quantumdynamics_exponential(xi=0.1, wc=2.0)
    assert by_sigma_z.alpha == pytest.approx(chains.scaled(ours, factor=0.25).alpha, rel=1e-15)  # type: ignore[union-attr]


@pytest.mark.parametrize("shape", ["hard", "exponential", "gaussian"])
@pytest.mark.parametrize("exponent", [0.5, 1.0, 3.0])
def test_power_law_of_a_reorganisation_energy(shape: str, exponent: float) -> None:
    found = chains.PowerLaw.with_reorganisation(reorganisation_energy=0.3, cutoff=2.0, exponent=exponent, shape=shape)
    assert found.reorganisation() == pytest.approx(0.3, rel=1e-14)
    w, weights = np.polynomial.legendre.leggauss(400)
    end = 2.0 if shape == "hard" else 80.0
    x = 0.5 * (w + 1.0)  # w = end x^4, so that a sub-Ohmic end is smooth
    integral = np.sum(0.5 * weights * 4.0 * found(end * x**4) / x)
    assert integral == pytest.approx(0.3, rel=1e-6)


def test_modes() -> None:
    w, s = np.array([0.5, 1.2]), np.array([0.3, 0.1])
    found = chains.huang_rhys(frequencies=w, factors=s)
    assert found.reorganisation() == pytest.approx(float(w @ s), rel=1e-15)
    m, c = 2.5, np.array([0.2, -0.7])
    found = chains.caldeira_leggett(frequencies=w, couplings=c, mass=m)
    assert found.reorganisation() == pytest.approx(float(np.sum(c**2 / (2 * m * w**2))), rel=1e-15)
    assert found.notes == chains.Discrete(frequencies=w, couplings=c).notes


def table(function: Any) -> chains.Table:
    w = np.linspace(0.0, 4.0, 60)
    return chains.Table(frequencies=w, values=function(w), ends="hard")


def test_scaled_is_the_same_for_every_kind() -> None:
    power = chains.PowerLaw(alpha=0.1, cutoff=2.0)
    densities = [
        power, chains.DrudeLorentz(reorganisation_energy=0.2, width=0.3), chains.Semicircle(coupling=0.2, centre=1.0, half_width=0.5),
        chains.Brownian(reorganisation_energy=0.2, width=0.3, frequency=1.0), chains.Sum(parts=[power, table(lambda w: w)]),
        table(lambda w: w * np.exp(-w)), chains.Function(function=lambda w: w * np.exp(-w), support=(0.0, math.inf)),
    ]  # fmt: skip
    w = np.array([0.3, 0.9, 1.4])
    for density in densities:
        found = chains.scaled(density, factor=1.0 / math.pi)
        assert type(found) is type(density)
        np.testing.assert_allclose(math.pi * found(w), density(w), rtol=1e-13)
        assert math.pi * found.reorganisation() == pytest.approx(density.reorganisation(), rel=1e-12)
    modes = chains.Discrete(frequencies=[2.0, 1.0, 2.0], couplings=[0.3, -0.1, 0.2])
    found = chains.scaled(modes, factor=4.0)
    assert isinstance(found, chains.Discrete)
    assert found.notes == modes.notes
    np.testing.assert_allclose(found.couplings, 2.0 * np.asarray(modes.couplings), rtol=1e-15)
    np.testing.assert_allclose(found.collected([1.0, 2.0, 3.0])[0], modes.collected([1.0, 2.0, 3.0])[0], rtol=1e-15)


def own(w: Any) -> Any:
    return w * np.exp(-w)


def test_a_scaled_function_can_be_sent() -> None:
    density = chains.scaled(chains.Function(function=own, support=(0.0, math.inf)), factor=2.0)
    assert pickle.loads(pickle.dumps(density))(1.0) == pytest.approx(2.0 / math.e)  # type: ignore[operator]


def test_a_class_of_its_own_is_not_scaled() -> None:
    class Mine(chains.PowerLaw):
        pass

    assert isinstance(chains.scaled(Mine(alpha=0.1), factor=2.0), Mine)
    base = chains.PowerLaw(alpha=0.1)
    names = (
        "support",
        "strength",
        "elements",
        "exponent_at_zero",
        "truncation",
        "reorganisation",
        "weight",
        "describe",
    )
    members: dict[str, Any] = {name: getattr(base, name) for name in names}
    other = type("Other", (), members | {"__call__": lambda self, w: base(w)})()
    with pytest.raises(InvalidInput, match="one of our kinds"):
        chains.scaled(other, factor=2.0)


# Stand-ins: the attributes that the objects of QuTiP 5.3.1 and OQuPy 0.5.0 have, with J as these packages compute it.


@dataclass
class Environment:
    """An environment of QuTiP."""

    T: Any
    tag: Any = None

    def spectral_density(self, w: Any) -> Any:
        raise NotImplementedError


@dataclass
class OhmicEnvironment(Environment):
    alpha: float = 0.7
    wc: float = 2.0
    s: float = 1.5

    def spectral_density(self, w: Any) -> Any:
        return self.alpha * w**self.s / self.wc ** (self.s - 1) * np.exp(-w / self.wc)


@dataclass
class DrudeLorentzEnvironment(Environment):
    lam: float = 0.3
    gamma: float = 0.8
    Nk: int = 10

    def spectral_density(self, w: Any) -> Any:
        return 2 * self.lam * self.gamma * w / (self.gamma**2 + w**2)


@dataclass
class UnderDampedEnvironment(Environment):
    lam: float = 0.6
    gamma: float = 0.4
    w0: float = 1.3

    def spectral_density(self, w: Any) -> Any:
        return self.lam**2 * self.gamma * w / ((w**2 - self.w0**2) ** 2 + (self.gamma * w) ** 2)


@dataclass
class FromDensity(Environment):
    """BosonicEnvironment.from_spectral_density(...)."""

    wMax: Any = None

    def spectral_density(self, w: Any) -> Any:
        return 0.5 * w**3 * np.exp(-(w**2))


@dataclass
class CustomSD:
    temperature: float = 0.4
    cutoff: float = 2.0
    cutoff_type: str = "exponential"

    def spectral_density(self, omega: Any) -> Any:
        x = omega / self.cutoff
        shapes = {"exponential": np.exp(-x), "gaussian": np.exp(-(x**2)), "hard": np.heaviside(1 - x, 0)}
        return np.array(self.j(omega) * shapes[self.cutoff_type])  # without dimensions, as numpy.vectorize has it

    def j(self, omega: Any) -> Any:
        return 0.3 * omega**2


@dataclass
class PowerLawSD(CustomSD):
    alpha: float = 0.2
    zeta: float = 1.0

    def j(self, omega: Any) -> Any:
        return 2.0 * self.alpha * omega**self.zeta * self.cutoff ** (1 - self.zeta)


def refused(call: Any, *arguments: Any, **keywords: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        call(*arguments, **keywords)
    return str(caught.value)


def test_environments_of_qutip() -> None:
    made = chains.from_qutip(OhmicEnvironment(T=0.5))
    assert made.temperature == 0.5
    assert made.density == chains.qutip_ohmic(alpha=0.7, wc=2.0, s=1.5)
    made = chains.from_qutip(DrudeLorentzEnvironment(T=0.9))
    assert made.density == chains.qutip_drude_lorentz(lam=0.3, gamma=0.8)
    made = chains.from_qutip(UnderDampedEnvironment(T=0))
    assert made.density == chains.qutip_underdamped(lam=0.6, gamma=0.4, w0=1.3)
    assert made.temperature == 0.0


def test_an_environment_with_a_function() -> None:
    w = np.array([0.2, 1.0, 1.9])
    for environment, end in ((FromDensity(T=0.5), math.inf), (FromDensity(T=0.5, wMax=3.0), 3.0)):
        made = chains.from_qutip(environment)
        assert isinstance(made.density, chains.Function)
        assert made.density.support == (0.0, end)
        np.testing.assert_allclose(math.pi * made.density(w), environment.spectral_density(w), rtol=1e-13)
    made = chains.from_qutip(FromDensity(T=0.5), support=(0.0, 2.0))
    assert isinstance(made.density, chains.Function)
    assert made.density.support == (0.0, 2.0)
    assert "FromDensity.spectral_density" in made.density.describe()


def test_correlations_of_oqupy() -> None:
    for kind in ("hard", "exponential", "gaussian"):
        made = chains.from_oqupy(PowerLawSD(cutoff_type=kind))
        assert made.density == chains.PowerLaw(alpha=0.2, cutoff=2.0, exponent=1.0, shape=kind)
        assert made.temperature == 0.4
        custom = CustomSD(cutoff_type=kind)
        made = chains.from_oqupy(custom)
        assert isinstance(made.density, chains.Function)
        assert made.density.support == (0.0, 2.0 if kind == "hard" else math.inf)
        np.testing.assert_allclose(made.density([0.3, 1.0]), custom.spectral_density(np.array([0.3, 1.0])), rtol=1e-13)


def test_what_is_no_bath_is_refused() -> None:
    fermions = SimpleNamespace(T=0.1, W=1.0, gamma=1.0, mu=0.0, spectral_density=lambda w: 1.0)
    assert "bosons" in refused(chains.from_qutip, fermions)
    text = refused(chains.from_qutip, SimpleNamespace(T=0.1))
    assert text.startswith("environment = ")
    assert "OhmicEnvironment, DrudeLorentzEnvironment, UnderDampedEnvironment" in text
    assert "PowerLawSD" in refused(chains.from_oqupy, OhmicEnvironment(T=0.5))
    assert "PowerLawSD" in refused(chains.from_oqupy, SimpleNamespace(correlation=lambda t: 1.0))  # CustomCorrelations
    assert "give its .correlations" in refused(chains.from_oqupy, SimpleNamespace(correlations=PowerLawSD()))
    assert "the class OhmicEnvironment, not one of it" in refused(chains.from_qutip, OhmicEnvironment)
    exponents = SimpleNamespace(T=0.5, exponents=[], spectral_density=lambda w: w)
    assert "the environment that it approximates" in refused(chains.from_qutip, exponents)
    assert refused(chains.from_qutip, OhmicEnvironment(T=None)).startswith("environment.T = None")
    assert refused(chains.from_qutip, OhmicEnvironment(T=-1.0)).startswith("environment.T = -1.0")
    assert "alpha" in refused(chains.from_qutip, OhmicEnvironment(T=0.5, alpha=-1.0))
    assert "not given" in refused(chains.from_qutip, OhmicEnvironment(T=0.5), support=(0.0, 1.0))


def test_another_convention_in_an_object_is_seen() -> None:
    """A later version, or a subclass, whose J is no longer that of its parameters."""

    class Half(OhmicEnvironment):
        def spectral_density(self, w: Any) -> Any:
            return 0.5 * super().spectral_density(w)

    class Twice(PowerLawSD):
        def j(self, omega: Any) -> Any:
            return 2.0 * super().j(omega)

    assert "as its parameters say" in refused(chains.from_qutip, Half(T=0.5))
    assert "as its parameters say" in refused(chains.from_oqupy, Twice())


def test_a_function_with_an_algebraic_tail_is_refused() -> None:
    class Tail(FromDensity):
        def spectral_density(self, w: Any) -> Any:
            return w / (1.0 + w**2)

    assert "function" in refused(chains.from_qutip, Tail(T=0.5)) or "support" in refused(chains.from_qutip, Tail(T=0.5))
    assert chains.from_qutip(Tail(T=0.5, wMax=20.0)).temperature == 0.5


def test_names_of_theirs_are_in_the_refusals() -> None:
    assert refused(chains.qutip_ohmic, alpha=-1.0, wc=0.0, s=-2.0).count("\n") == 2
    assert refused(chains.quantumdynamics_exponential, xi=0.1, wc=1.0, delta_s=0.0).startswith("delta_s = 0.0")
    assert refused(chains.huang_rhys, frequencies=[1.0], factors=[0.1, 0.2]).startswith("factors = ")
    assert refused(chains.huang_rhys, frequencies=[1.0], factors=[-0.1]).startswith("factors[0] = -0.1")
    assert refused(chains.oqupy_power_law, alpha=0.1, zeta=1.0, cutoff=1.0, cutoff_type="soft").startswith(
        "cutoff_type"
    )
