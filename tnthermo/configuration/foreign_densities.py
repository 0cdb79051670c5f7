"""Kinds of [spectral_density] with the parameters of other packages; resolved they hold our own, with the fingerprint of these."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import chains
from tnthermo.configuration.density import Continuous, Density
from tnthermo.configuration.fields import Number

# What the constructor returns -> the kind it is in a file, and its keys in the order of that kind.
OWN_KINDS: dict[type, tuple[str, tuple[str, ...]]] = {
    chains.PowerLaw: ("power-law", ("alpha", "exponent", "cutoff", "shape")),
    chains.DrudeLorentz: ("drude-lorentz", ("reorganisation_energy", "width", "cutoff")),
    chains.Brownian: ("brownian", ("reorganisation_energy", "frequency", "width")),
}


class Theirs(Continuous):
    """A density by the keys that another package has, as the constructor of that name in :mod:`chains` takes them."""

    def written(self, made: Any) -> dict[str, Any]:
        kind, keys = OWN_KINDS[type(made)]
        own = {key: getattr(made, key) for key in keys if getattr(made, key) is not None}
        return {"kind": kind, **self.model_dump(include={"support", "resolution"}, exclude_none=True), **own}


class QutipOhmic(Theirs):
    name: ClassVar[str] = "qutip_ohmic"
    kind: Literal["qutip-ohmic"]
    alpha: Number
    wc: Number
    s: Number


class QutipDrudeLorentz(Theirs):
    name: ClassVar[str] = "qutip_drude_lorentz"
    kind: Literal["qutip-drude-lorentz"]
    lam: Number
    gamma: Number
    cutoff: Number | None = None


class QutipUnderdamped(Theirs):
    name: ClassVar[str] = "qutip_underdamped"
    kind: Literal["qutip-underdamped"]
    lam: Number
    gamma: Number
    w0: Number


class OqupyPowerLaw(Theirs):
    name: ClassVar[str] = "oqupy_power_law"
    kind: Literal["oqupy-power-law"]
    alpha: Number
    zeta: Number
    cutoff: Number
    cutoff_type: Literal["hard", "exponential", "gaussian"] = "exponential"


class QuantumDynamicsExponential(Theirs):
    name: ClassVar[str] = "quantumdynamics_exponential"
    kind: Literal["quantumdynamics-exponential"]
    xi: Number
    wc: Number
    n: Number = 1.0
    delta_s: Number = 2.0


class QuantumDynamicsDrudeLorentz(Theirs):
    name: ClassVar[str] = "quantumdynamics_drude_lorentz"
    kind: Literal["quantumdynamics-drude-lorentz"]
    lam: Number
    gamma: Number
    delta_s: Number = 2.0
    cutoff: Number | None = None


Foreign = (
    QutipOhmic
    | QutipDrudeLorentz
    | QutipUnderdamped
    | OqupyPowerLaw
    | QuantumDynamicsExponential
    | QuantumDynamicsDrudeLorentz
)
FOREIGN_KINDS: dict[str, type[Density]] = {
    "qutip-ohmic": QutipOhmic,
    "qutip-drude-lorentz": QutipDrudeLorentz,
    "qutip-underdamped": QutipUnderdamped,
    "oqupy-power-law": OqupyPowerLaw,
    "quantumdynamics-exponential": QuantumDynamicsExponential,
    "quantumdynamics-drude-lorentz": QuantumDynamicsDrudeLorentz,
}
