"""Cycles: the record of strokes against dense propagation of all modes, and against the closed forms of weak coupling."""

from __future__ import annotations

from functools import cache, reduce

import numpy as np
import pytest
import scipy.linalg
import xarray as xr

import chains
import tnthermo as tt
from tnthermo.thermo.cycles import dimensions_of
from tnthermo.units.datasets import converted

Z, X = np.diag([1.0, -1.0]), np.array([[0.0, 1.0], [1.0, 0.0]])
MODES = ((1.0, 0.35, 0.4), (0.7, 0.3, 0.25))  # frequency, coupling, temperature of each bath
COUNT = {0.0: 2, 0.5: 1}  # cycles, by the time of switching


def cycle_of(*, switching: float, count: int = 2) -> tt.Cycle:
    """Four strokes; sudden: of constant H, with jumps of H_S and of both couplings."""
    ramp = (lambda a, b: [a, b]) if switching else (lambda a, b: b)
    return tt.Cycle(
        strokes=[
            tt.Stroke(name="heating", duration=1.5, hamiltonian={"z": 0.5, "x": 0.1}, coupling=[1.0, 0.0]),
            tt.Stroke(name="expansion", duration=1.0, hamiltonian={"z": ramp(0.5, 0.3)}, coupling=[0.0, 0.0]),
            tt.Stroke(name="cooling", duration=1.5, coupling=[0.2, 1.0]),
            tt.Stroke(name="compression", duration=1.0, hamiltonian={"z": ramp(0.3, 0.5)}, coupling=[0.0, 0.0]),
        ],
        switching=switching,
        count=count,
    )


def model_of(cycle: tt.Cycle) -> tt.Model:
    couplings = [
        tt.couple(
            {"x": 0.5, "z": 0.2},
            chains.chain(chains.Discrete(frequencies=[w], couplings=[g]), temperature=T),
            strength=strength,
        )
        for (w, g, T), strength in zip(MODES, cycle.strengths, strict=True)
    ]
    return tt.assemble(hamiltonian={"z": 0.0}, couplings=couplings, drives=list(cycle.drives))


class Dense:
    """System and one mode a bath as one density matrix; works by Simpson's rule and at jumps, nothing from the package but the drives."""

    def __init__(self, cycle: tt.Cycle, levels: int = 9, step: float = 0.0625) -> None:
        self.cycle, self.step = cycle, step
        one, lower = np.eye(levels), np.diag(np.sqrt(np.arange(1.0, levels)), 1)

        def at(place: int, matrix: np.ndarray) -> np.ndarray:
            parts = [np.eye(2), one, one]
            parts[place] = matrix
            return reduce(np.kron, parts)

        self.parts = {"z": at(0, Z), "x": at(0, X)}
        A = at(0, 0.5 * X + 0.2 * Z)
        self.H_B = [w * at(j + 1, lower.T @ lower) for j, (w, _, _) in enumerate(MODES)]
        self.H_int = [A @ (g * at(j + 1, lower + lower.T)) for j, (_, g, _) in enumerate(MODES)]
        thermal = [np.exp(-w / T * np.arange(levels)) for w, _, T in MODES]
        self.rho = reduce(np.kron, [np.diag([0.0, 1.0]), *(np.diag(p / p.sum()) for p in thermal)]).astype(complex)

    def factors(self, t: float, *, before: bool = False) -> np.ndarray:
        """Of z, x and both couplings; ``before`` a jump at t."""
        at = t - 1e-12 * (1 + t) if before else t
        every = [self.cycle.parts["z"], self.cycle.parts["x"], *self.cycle.strengths]
        return np.array([float(drive.value(at)) for drive in every])

    def means(self) -> np.ndarray:
        """Of sigma_z, sigma_x, both A X, both H_B."""
        terms = [self.parts["z"], self.parts["x"], *self.H_int, *self.H_B]
        return np.array([np.einsum("ij,ji->", self.rho, term).real for term in terms])

    def go(self, t: float, h: float) -> None:
        """By the Magnus expansion of fourth order."""
        terms = [self.parts["z"], self.parts["x"], *self.H_int]

        def H(at: float) -> np.ndarray:
            return sum(f * term for f, term in zip(self.factors(at), terms, strict=True)) + sum(self.H_B)

        one, two = (H(t + h * (0.5 + side * np.sqrt(3) / 6)) for side in (-1, 1))
        exponent = -0.5j * h * (one + two) - np.sqrt(3) / 12 * h**2 * (two @ one - one @ two)
        U = scipy.linalg.expm(exponent)
        self.rho = U @ self.rho @ U.conj().T

    def record(self) -> dict[str, np.ndarray]:
        """Of every stroke of every cycle, in a row: W_drive_S, W_drive_each, changes of energies and of S_S."""
        rows = []
        now, entropy = self.energies(0.0), self.entropy()
        for k in range(self.cycle.count):
            for a, b in zip(self.cycle.ends[:-1], self.cycle.ends[1:], strict=True):
                start, end = k * self.cycle.period + a, k * self.cycle.period + b
                work = np.zeros(4)
                steps = round((end - start) / self.step)
                for i in range(steps):
                    t, h = start + i * self.step, self.step
                    values = [self.means()[:4]]
                    for half in (0, 1):
                        self.go(t + half * h / 2, h / 2)
                        values.append(self.means()[:4])
                    last = i == steps - 1
                    f = [self.factors(t), self.factors(t + h / 2), self.factors(t + h, before=last)]
                    slopes = [(-3 * f[0] + 4 * f[1] - f[2]) / h, (f[2] - f[0]) / h, (f[0] - 4 * f[1] + 3 * f[2]) / h]
                    work += h / 6 * sum(w * v * s for w, v, s in zip((1, 4, 1), values, slopes, strict=True))
                work += (self.factors(end) - self.factors(end, before=True)) * self.means()[:4]
                then, after = self.energies(end), self.entropy()
                rows.append((work, then - now, after - entropy))
                now, entropy = then, after
        works, changes, entropies = (np.array([row[i] for row in rows]) for i in range(3))
        return {
            "W_drive_S": works[:, 0] + works[:, 1], "W_drive_each": works[:, 2:], "Delta_E_S": changes[:, 0],
            "Delta_E_int": changes[:, 1], "Delta_E_B_each": changes[:, 2:], "Delta_S_S": entropies,
        }  # fmt: skip

    def energies(self, t: float) -> np.ndarray:
        f, m = self.factors(t), self.means()
        return np.array([f[0] * m[0] + f[1] * m[1], f[2] * m[2] + f[3] * m[3], m[4], m[5]])

    def entropy(self) -> float:
        rho_S = np.einsum("ikjk->ij", self.rho.reshape(2, self.rho.shape[0] // 2, 2, -1))
        p = np.linalg.eigvalsh(rho_S)
        return float(-np.sum(p[p > 1e-15] * np.log(p[p > 1e-15])))


@cache
def run_of(switching: float) -> xr.Dataset:
    cycle = cycle_of(switching=switching, count=COUNT[switching])
    settings = tt.TDVP(step=0.05 if switching else 0.1, tolerance=5e-8, max_bond=None, order=4)
    run = tt.evolve(
        model_of(cycle), initial="-z", algorithm=settings, until=cycle.until, record_every=0.5, error_bars=False, bath_entropy="off"
    )  # fmt: skip
    return tt.cycles(tt.ledger(run), cycle)


@cache
def dense(switching: float) -> dict[str, np.ndarray]:
    return Dense(cycle_of(switching=switching, count=COUNT[switching])).record()


def off(found: xr.Dataset, expected: dict[str, np.ndarray]) -> float:
    each = [
        np.abs(found[f"stroke_{name}"].values.reshape(values.shape) - values).max() for name, values in expected.items()
    ]
    return float(max(each))


@pytest.mark.parametrize("switching", [0.0, 0.5])
def test_every_number_of_every_stroke_is_that_of_dense_propagation(switching: float) -> None:
    count = COUNT[switching]
    found, expected = run_of(switching), dense(switching)
    assert off(found, expected) < 1e-6
    zero = ("Delta_E_int",) if switching else ()  # couplings are off where strokes end
    assert min(np.abs(values).max() for name, values in expected.items() if name not in zero) > 1e-2
    assert np.abs(found.balance).max() < 1e-6
    assert np.abs(found.stroke_balance).max() < 1e-6
    betas = np.array([1 / T for _, _, T in MODES])
    sigma = expected["Delta_S_S"] + expected["Delta_E_B_each"] @ betas
    assert found.Sigma.values == pytest.approx(sigma.reshape(count, 4).sum(axis=1), abs=1e-5)


def test_switching_work_of_the_wrong_sign_is_seen() -> None:
    """Negative."""
    expected = dense(0.0)
    assert off(run_of(0.0), expected | {"W_drive_each": -expected["W_drive_each"]}) > 0.04


def test_the_strokes_add_up_to_the_cycle() -> None:
    data = run_of(0.0)
    for name in ("W_drive_S", "W_drive_each", "Delta_E_S", "Delta_E_int", "Delta_E_B_each", "Delta_S_S", "Sigma", "W"):
        assert np.abs(data[f"stroke_{name}"].sum("stroke") - data[name]).max() < 1e-12


def of_numbers(
    W: float, Q_hot: float, Q_cold: float, error: float = 0.01, temperatures: tuple[float, ...] = (2.0, 0.5)
) -> xr.Dataset:
    """The record of two cycles of one stroke of a ledger with these numbers a cycle; nothing stays in the system."""
    t = np.array([0.0, 1.0, 2.0])
    zero, each = np.zeros(3), -np.outer(t, [Q_hot, Q_cold])
    columns = {"E_S": zero, "E_int": zero, "W_drive_S": 2 * W * t, "S_S": zero, "residual_energy": zero}
    data = {name: ("t", values) for name, values in columns.items()} | {
        "E_B_each": (("t", "bath"), each), "W_drive_each": (("t", "bath"), np.outer(t, [-W, 0.0])),
        "rho_S": (("t", "row", "column", "complex"), np.zeros((3, 2, 2, 2))),
    }  # fmt: skip
    data |= {f"{name}_error": (dims, np.full(np.shape(values), error)) for name, (dims, values) in data.items()}
    coords = {"t": t, "bath": [0, 1], "temperature_of_bath": ("bath", np.array(temperatures))}
    return tt.cycles(xr.Dataset(data, coords=coords), tt.Cycle(strokes=[tt.Stroke(duration=1.0)], count=2))


@pytest.mark.parametrize(
    ("W", "Q_hot", "Q_cold", "mode"),
    [
        (-0.4, 1.0, -0.6, "engine"),
        (0.5, -1.5, 1.0, "refrigerator"),
        (0.5, 0.5, -1.0, "accelerator"),
        (0.5, -0.2, -0.3, "heater"),
        (-0.4, -1.0, 1.4, "none"),
        (0.03, 0.5, -0.53, "undecided"),
    ],
)
def test_what_a_cycle_is_by_its_signs(W: float, Q_hot: float, Q_cold: float, mode: str) -> None:
    data = of_numbers(W, Q_hot, Q_cold)
    assert data["mode"].values.tolist() == [mode, mode]
    assert float(data.W[1]) == pytest.approx(W)
    assert float(data.W_error[1]) == pytest.approx(0.06)  # of three columns, at both ends
    efficiency, COP = float(data.efficiency[1]), float(data.COP[1])
    assert efficiency == pytest.approx(-W / Q_hot) if mode == "engine" else np.isnan(efficiency)
    assert pytest.approx(Q_cold / W) == COP if mode == "refrigerator" else np.isnan(COP)
    assert float(data.Sigma[0]) == pytest.approx(-Q_hot / 2 - Q_cold / 0.5)
    assert data.attrs["limit_cycle"] == "reached"  # both cycles are the same
    assert "mode" in data.efficiency.attrs.get("reason", "mode")


def test_an_efficiency_has_the_errors_of_work_and_heat() -> None:
    data = of_numbers(-0.4, 1.0, -0.6)
    worst = (0.4 + 0.06) / (1.0 - 0.02) - 0.4
    assert float(data.efficiency_error[1]) == pytest.approx(worst)


def test_baths_of_one_temperature_are_no_engine() -> None:
    data = of_numbers(-0.4, 1.0, -0.6, temperatures=(1.0, 1.0))
    assert np.isnan(data.efficiency).all()
    assert "one temperature" in data.efficiency.attrs["reason"]


def test_a_cycle_that_has_not_settled_says_so() -> None:
    data = run_of(0.0)
    assert data.attrs["limit_cycle"].startswith("not reached")
    assert float(data.distance[1]) > 0.01
    assert np.isnan(data.distance[0])
    assert "not known" in run_of(0.5).attrs["limit_cycle"]


def test_a_record_in_units_has_its_times_in_them_and_its_energies_as_they_are() -> None:
    natural = run_of(0.0)
    shown = converted(natural, tt.Units("eV", "fs"), dimensions_of(natural))
    hbar = 0.6582119569  # eV fs
    assert shown.stroke_begin.values == pytest.approx(natural.stroke_begin.values * hbar, rel=1e-9)
    assert shown.attrs["period"] == pytest.approx(natural.attrs["period"] * hbar, rel=1e-9)
    for name in natural.data_vars:
        unit = {"energy": "eV"}.get(natural[name].attrs["units"], natural[name].attrs["units"])
        assert shown[name].attrs["units"] == unit
        if shown[name].dtype.kind == "f":
            assert np.array_equal(shown[name], natural[name], equal_nan=True)
    with pytest.raises(chains.InvalidInput, match="stroke_begin"):
        converted(natural, tt.Units("eV", "fs"), {})


def refused(call: object, *words: str) -> None:
    with pytest.raises(tt.InvalidInput) as caught:
        call()  # type: ignore[operator]
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_what_is_no_cycle_is_refused_with_the_numbers() -> None:
    hold = tt.Stroke(duration=2.0, hamiltonian={"z": 0.5}, coupling=[1.0])
    off = tt.Stroke(duration=1.0, coupling=[0.0])
    refused(lambda: tt.Stroke(duration=0.0), "duration", "0", "without duration")
    refused(lambda: tt.Cycle(strokes=[]), "strokes", "at least one")
    late, early = (tt.Stroke(duration=1.0, start=start) for start in (2.5, 1.5))
    refused(lambda: tt.Cycle(strokes=[hold, early]), "strokes[1].start", "1.5", "overlaps", "2")
    refused(lambda: tt.Cycle(strokes=[hold, late]), "2.5", "gap", "2")
    refused(lambda: tt.Cycle(strokes=[hold, off], switching=1.5), "strokes[0].duration", "2 x switching = 3")
    refused(lambda: tt.Cycle(strokes=[hold, tt.Stroke(duration=1.0, coupling=[1.0, 0.0])]), "1, 2 baths")
    refused(lambda: tt.Cycle(strokes=[tt.Stroke(duration=1.0, hamiltonian={"tilt": 1.0})]), "operators.tilt", "missing")
    refused(lambda: tt.Cycle(strokes=[hold], operators={"y": [[0, 1], [1, 0]]}), "operators.y")
    refused(lambda: tt.Cycle(strokes=[hold], count=0), "count", ">= 1")
    odd = tt.Cycle(strokes=[hold, tt.Stroke(duration=np.pi)])
    refused(lambda: odd.record_every, "no step divides", "3.14159")
    found = tt.Cycle(strokes=[hold, tt.Stroke(duration=1.1)]).step_problems("record_every", 0.25)
    assert all(word in str(found[0]) for word in ("1.1", "0.25", "0.1 divides", "period 3.1"))


def test_records_that_miss_the_ends_of_strokes_are_refused() -> None:
    cycle = tt.Cycle(strokes=[tt.Stroke(duration=1.0, hamiltonian={"x": 0.2}), tt.Stroke(duration=0.9)], count=1)
    bath = chains.chain(chains.Discrete(frequencies=[1.0], couplings=[0.2]))
    model = tt.assemble(hamiltonian={"z": 0.3}, couplings=[tt.couple({"x": 0.5}, bath)], drives=list(cycle.drives))
    run = tt.evolve(model, algorithm=tt.Exact(step=0.3), until=cycle.until, error_bars=False)
    refused(lambda: tt.cycles(tt.ledger(run), cycle), "none at t = 1", "record_every")
