"""Baths from the objects of other packages, read by their attributes; nothing is imported."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chains.checks import number_problems, temperature_problems
from chains.conventions.named import oqupy_power_law, qutip_drude_lorentz, qutip_ohmic, qutip_underdamped
from chains.densities.discrete import Discrete
from chains.densities.function import Function
from chains.maps.arguments import SpectralDensity
from chains.maps.bath import Bath
from chains.problems import Problem, raise_if_any

AGREE = 1e-9
"""How far the object's own J may be from ours, relative to its largest value: more is another density, or another convention."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """What is known of a package's baths.

    argument     what its objects are called in a problem
    temperature  the attribute that holds it
    over_ours    its J over ours
    kinds        (attributes that hold parameters, constructor that takes them), the longest list first
    understood   these kinds in words
    """

    argument: str
    temperature: str
    over_ours: float
    kinds: Sequence[tuple[tuple[str, ...], Callable[..., SpectralDensity]]]
    understood: str


QUTIP = Package(
    argument="environment",
    temperature="T",
    over_ours=math.pi,
    kinds=(
        (("lam", "gamma", "w0"), qutip_underdamped),
        (("alpha", "wc", "s"), qutip_ohmic),
        (("lam", "gamma"), qutip_drude_lorentz),
    ),
    understood="OhmicEnvironment, DrudeLorentzEnvironment, UnderDampedEnvironment, or one with a spectral_density(w)",
)
OQUPY = Package(
    argument="correlations",
    temperature="temperature",
    over_ours=1.0,
    kinds=((("alpha", "zeta", "cutoff", "cutoff_type"), oqupy_power_law),),
    understood="PowerLawSD, CustomSD, or one with a spectral_density(omega)",
)


def from_qutip(environment: object, *, support: tuple[float, float] | None = None) -> Bath:
    """Return the bath of a bosonic environment of QuTiP 5: its density, in our convention, at its temperature.

    environment  OhmicEnvironment, DrudeLorentzEnvironment, UnderDampedEnvironment, whose parameters are taken; any other with a method
                 spectral_density(w), such as BosonicEnvironment.from_spectral_density(...), becomes a Function J_pi/pi
    support      (low, high) of such a function, as in Function; None: (0, wMax) where it has one, else (0, inf)

    Raises InvalidInput: no such object, no temperature, exponents alone (ExponentialBosonicEnvironment), a J of its own that
    is not that of its parameters, and what the density refuses. Read from QuTiP 5.3.1.
    """
    return _bath(QUTIP, environment, support, getattr(environment, "wMax", None))


def from_oqupy(correlations: object, *, support: tuple[float, float] | None = None) -> Bath:
    """Return the bath of OQuPy's correlations: their density, which is in our convention, at their temperature.

    correlations  PowerLawSD, whose parameters are taken; CustomSD, or another with a method spectral_density(omega), becomes a Function
    support       (low, high) of such a function, as in Function; None: up to its cutoff if that is hard, else (0, inf)

    Raises InvalidInput: no such object (CustomCorrelations has no density), a J of its own that is not that of its parameters, and what the
    density refuses. The operator is apart: ``coupling=bath.coupling_operator``. Read from OQuPy 0.5.0.
    """
    hard = getattr(correlations, "cutoff_type", None) == "hard"
    return _bath(OQUPY, correlations, support, getattr(correlations, "cutoff", None) if hard else None)


def _bath(package: Package, given: object, support: tuple[float, float] | None, end: object) -> Bath:
    raise_if_any(_not_understood(package, given))
    for names, constructor in package.kinds:
        if all(hasattr(given, name) for name in names):
            raise_if_any(_support_beside_parameters(support))
            density = constructor(**{name: _plain(getattr(given, name)) for name in names})
            raise_if_any(_another_density(package, given, density))
            break
    else:
        density = _function(package, given, support, end)
    return Bath(density=density, temperature=_plain(getattr(given, package.temperature)))


def _plain(value: Any) -> Any:
    """A number in an array without dimensions, such as numpy.vectorize leaves, as that number."""
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _not_understood(package: Package, given: object) -> list[Problem]:
    """What keeps an object from being a bath of this package, before its parameters are looked at."""
    key, kind = package.argument, type(given).__name__
    if isinstance(given, type):
        hint = f"the class {given.__name__}, not one of it"
        return [Problem(key=key, value=given, allowed=package.understood, hint=hint)]
    if hasattr(given, "exponents"):
        hint = "a sum of exponentials is no spectral density; give the environment that it approximates"
        return [Problem(key=key, value=kind, allowed=package.understood, hint=hint)]
    if hasattr(given, "mu"):
        return [Problem(key=key, value=kind, allowed=package.understood, hint="baths are of bosons here")]
    if not callable(getattr(given, "spectral_density", None)) or not hasattr(given, package.temperature):
        hint = "give its .correlations" if hasattr(given, "correlations") else f"found {kind}"
        return [Problem(key=key, value=given, allowed=package.understood, hint=hint)]
    temperature = _plain(getattr(given, package.temperature))
    if temperature is None:
        allowed = "a temperature >= 0 where the environment is made"
        return [Problem(key=f"{key}.{package.temperature}", value=None, allowed=allowed)]
    problems = temperature_problems(temperature)
    return [
        Problem(key=f"{key}.{package.temperature}", value=p.value, allowed=p.allowed, hint=p.hint) for p in problems
    ]


def _support_beside_parameters(support: object) -> list[Problem]:
    if support is None:
        return []
    allowed = "not given for a density that is known by its parameters"
    hint = "chains.chain takes a support of its own"
    return [Problem(key="support", value=support, allowed=allowed, hint=hint)]


def _another_density(package: Package, given: Any, density: SpectralDensity) -> list[Problem]:
    """Whether the object's own J is that of its parameters; a subclass, or a later version, may have changed it."""
    assert not isinstance(density, Discrete)
    scale = density.support[1] if math.isfinite(density.support[1]) else density.truncation(1e-3)
    w = scale * np.array([0.011, 0.08, 0.31, 0.77])
    ours = package.over_ours * density(w)
    theirs = np.array([float(given.spectral_density(float(x))) for x in w])
    off = float(np.max(np.abs(theirs - ours)))
    if off <= AGREE * float(np.max(ours)):
        return []
    worst = int(np.argmax(np.abs(theirs - ours)))
    allowed = f"{ours[worst]:.10g}, as its parameters say"
    hint = "another convention, or a class of its own: give chains.Function(function=..., support=...)"
    return [
        Problem(
            key=f"{package.argument}.spectral_density({w[worst]:.6g})",
            value=float(theirs[worst]),
            allowed=allowed,
            hint=hint,
        )
    ]


def _function(package: Package, given: Any, support: tuple[float, float] | None, end: object) -> Function:
    """The density of an object that has nothing but a method for it."""
    if support is None:
        end = _plain(end)
        raise_if_any([] if end is None else number_problems(f"{package.argument}.end", end, above=0.0))
        support = (0.0, math.inf if end is None else float(end))  # type: ignore[arg-type]
    name = f"{type(given).__name__}.spectral_density"
    return Function(function=Theirs(given.spectral_density, package.over_ours), support=support, name=name)


@dataclass(frozen=True)
class Theirs:
    """w -> function(w)/over_ours, of a single frequency."""

    function: Callable[[float], Any]
    over_ours: float

    def __call__(self, w: float) -> float:
        """J(w) in our convention."""
        return float(self.function(float(w))) / self.over_ours
