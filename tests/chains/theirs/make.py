"""Writes what other packages say of their own densities: J(w) and C(t), by the package itself, with its version.

    python tests/chains/theirs/make.py qutip > tests/chains/theirs/qutip.json     # where QuTiP 5 and mpmath are installed
    python tests/chains/theirs/make.py oqupy > tests/chains/theirs/oqupy.json     # where OQuPy is
    python tests/chains/theirs/make.py formulas > tests/chains/theirs/formulas.json

The last is of what has no package for Python: formulas, named with their source, integrated by mpmath. Nothing here imports this library.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

W, TIMES = [0.3, 1.0, 2.5], [0.4, 1.1, 2.7]
Entry = dict[str, Any]


def entry(
    call: str, parameters: Entry, temperature: float, j: Callable[..., Any], c: Callable[..., Any], off: float
) -> Entry:
    """One density: what was called, its J and C, and how far C may be off, relative to its largest value."""
    values = [complex(c(t)) for t in TIMES]
    return {
        "call": call, "parameters": parameters, "temperature": temperature, "w": W, "J": [float(j(w)) for w in W],
        "t": TIMES, "C": [[v.real, v.imag] for v in values], "accuracy": off,
    }  # fmt: skip


def qutip() -> Entry:
    """QuTiP's environments; the Drude-Lorentz one by many terms of Pade, the underdamped one by a Fourier transform."""
    import qutip as qt

    ohmic = [(0.5, 0.7, 2.0, 1.0), (0.0, 0.4, 1.5, 0.6), (1.2, 0.3, 1.0, 3.0)]
    found = []
    for temperature, alpha, wc, s in ohmic:
        p = {"alpha": alpha, "wc": wc, "s": s}
        e = qt.OhmicEnvironment(T=temperature, **p)
        found.append(entry("OhmicEnvironment", p, temperature, e.spectral_density, e.correlation_function, 1e-10))
    p = {"lam": 0.3, "gamma": 0.8}
    e = qt.DrudeLorentzEnvironment(T=0.9, **p, Nk=300)
    # Our C is of a tail that is cut far out: 1/(cutoff t).
    found.append(entry("DrudeLorentzEnvironment", p, 0.9, e.spectral_density, e.correlation_function, 1e-3))
    p = {"lam": 0.6, "gamma": 0.4, "w0": 1.3}
    e = qt.UnderDampedEnvironment(T=0.7, **p)
    found.append(entry("UnderDampedEnvironment", p, 0.7, e.spectral_density, e.correlation_function, 3e-3))
    return {"source": f"QuTiP {qt.__version__}", "densities": found}


def oqupy() -> Entry:
    """OQuPy's power laws, by its own quadrature, good to 2^-26."""
    import oqupy as oq

    cases = [(0.2, 1.0, 3.0, "exponential", 0.5), (0.1, 0.5, 2.0, "gaussian", 0.0), (0.3, 3.0, 1.7, "hard", 0.8)]
    found = []
    for alpha, zeta, cutoff, kind, temperature in cases:
        p = {"alpha": alpha, "zeta": zeta, "cutoff": cutoff, "cutoff_type": kind}
        e = oq.PowerLawSD(**p, temperature=temperature)
        found.append(entry("PowerLawSD", p, temperature, e.spectral_density, e.correlation, 1e-7))
    return {"source": f"OQuPy {oq.__version__}", "densities": found}


def formulas() -> Entry:
    """J as a source prints it, and C = (1/pi) int_0^inf J_pi [coth(w/2T) cos wt - i sin wt] dw with 30 digits, J_pi = pi sum g^2 delta."""
    import mpmath as mp

    mp.mp.dps = 30

    def c(j: Callable[..., Any], temperature: float, algebraic: bool) -> Callable[[float], Any]:
        def at(t: float) -> Any:
            def thermal(w: Any) -> Any:
                return j(w) * mp.coth(w / (2 * temperature)) if temperature else j(w)

            def damped(f: Callable[..., Any], g: Callable[..., Any]) -> Any:
                if algebraic:  # a tail without an end: summed over half periods
                    return mp.quadosc(lambda w: f(w) * g(w * t), [0, mp.inf], omega=t)
                return mp.quad(lambda w: f(w) * g(w * t), [0, 1, 3, 8, 20, 60, 150])

            return (damped(thermal, mp.cos) - 1j * damped(j, mp.sin)) / mp.pi

        return at

    found = []

    def add(
        call: str, p: Entry, temperature: float, j: Callable[..., Any], source: str, over_pi: int, off: float
    ) -> None:
        pi_form = lambda w: j(w) / over_pi  # noqa: E731
        c_of = c(pi_form, temperature, off > 1e-6)
        found.append(
            entry(call, p, temperature, j, c_of, off) | {"source": source, "over_ours": float(over_pi * mp.pi)}
        )

    source = "QuantumDynamics.jl, src/Environment/SpectralDensities.jl at f0ab2a4"
    for temperature, xi, wc, n, delta_s in [(0.5, 1.2, 2.5, 1.0, 2.0), (0.8, 0.3, 1.0, 2.0, 1.0)]:

        def power(w: Any, xi: float = xi, wc: float = wc, n: float = n, delta_s: float = delta_s) -> Any:
            return 2 * mp.pi / delta_s**2 * xi * w**n * mp.mpf(wc) ** (1 - n) * mp.exp(-w / wc)

        p = {"xi": xi, "wc": wc, "n": n, "delta_s": delta_s}
        add("ExponentialCutoff", p, temperature, power, source, 1, 1e-10)
    lam, gamma, w0 = mp.mpf("0.4"), mp.mpf("0.7"), mp.mpf("1.4")
    two = {"lam": 0.4, "gamma": 0.7}
    three = two | {"w0": 1.4}
    bottom = lambda w: (w**2 - w0**2) ** 2 + gamma**2 * w**2  # noqa: E731
    add(
        "DrudeLorentz",
        two | {"delta_s": 2.0},
        0.6,
        lambda w: 2 * lam / 4 * w * gamma / (w**2 + gamma**2),
        source,
        1,
        1e-3,
    )
    source = "J = pi sum g^2 delta with a reorganisation energy"
    add("Drude", two, 0.6, lambda w: 2 * lam * gamma * w / (w**2 + gamma**2), source, 1, 1e-3)
    add("Brownian", three, 0.6, lambda w: 2 * lam * gamma * w0**2 * w / bottom(w), source, 1, 1e-4)
    source = "HierarchicalEOM.jl, users' guide: J = 2 pi sum g^2 delta"
    add("Boson_DrudeLorentz", two, 0.6, lambda w: 4 * lam * gamma * w / (w**2 + gamma**2), source, 2, 1e-3)
    add("Boson_Underdamped", three, 0.6, lambda w: 2 * lam**2 * gamma * w / bottom(w), source, 2, 1e-4)
    return {"source": f"formulas, mpmath {mp.__version__}", "densities": found}


if __name__ == "__main__":
    print(json.dumps({"qutip": qutip, "oqupy": oqupy, "formulas": formulas}[sys.argv[1]](), indent=1))
