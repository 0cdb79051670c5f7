"""What a time-bin engine lays out before a run: the free modes, integrals over steps, the rows of a plan, the order of kicks."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.linalg import expm

import chains
import tnthermo as tt
from tests.tolerances import DENSE, ROUNDING
from tnthermo.engines.time_bins.field import Field, field_of
from tnthermo.engines.time_bins.forms import Form, Forms, Kind
from tnthermo.engines.time_bins.gram_schmidt import OverModes
from tnthermo.engines.time_bins.plan import Interval, Plan, first_of, first_of_all, placed
from tnthermo.engines.time_bins.scheme import Scheme
from tnthermo.engines.time_bins.stationary import ByCorrelations, DependentForms
from tnthermo.engines.time_bins.strengths import SMALL, integral, mean_square, ordered

Array = np.ndarray
HARD = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
EXPONENTIAL = chains.PowerLaw(alpha=0.2, cutoff=2.0, exponent=1.0, shape="exponential")
GAUSSIAN = chains.PowerLaw(alpha=0.2, cutoff=2.0, exponent=1.0, shape="gaussian")
DRUDE = chains.DrudeLorentz(reorganisation_energy=0.5, width=0.4)
ONE_MODE = chains.Discrete(frequencies=[1.3], couplings=[0.4])
X = np.array([[0, 1], [1, 0]], dtype=complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1.0, -1.0]).astype(complex)
VISIBLE = 1e-3
LEAST = 1e-6


def model(*couplings: tt.Coupling, drives: tuple[tt.SystemDrive, ...] = ()) -> tt.Model:
    """A qubit H_S = X/2 with these baths."""
    return tt.assemble(hamiltonian={"x": 0.5}, couplings=list(couplings), drives=drives)


def coupled(
    operator: Any, density: chains.SpectralDensity = HARD, temperature: float = 0.0, **others: object
) -> tt.Coupling:
    """A coupling to a bath as it is; "x", "y" and "z" are the Pauli matrices."""
    given = {operator: 1.0} if isinstance(operator, str) and len(operator) == 1 else operator
    return tt.couple(given, chains.Bath(density=density, temperature=temperature), **others)  # type: ignore[arg-type]


def plan_of(made: tt.Model, times: Array, *, order: int = 4, least: float = LEAST) -> Plan:
    field = field_of(made, float(times[-1]))
    return Plan(
        field, Scheme(made, order), times, least=least, displaced=np.zeros(0, dtype=complex), relaxed=np.zeros(1),
        initial=np.diag([1.0, 0.0]).astype(complex),
    )  # fmt: skip


# The field.


@pytest.mark.parametrize("temperature", [0.0, 0.6])
def test_the_field_has_the_correlations_of_the_baths(temperature):
    """Each bath has <X_q(t) X_q> = sum |x_qk|^2 exp(-i w_k t), and not that of another temperature."""
    field = field_of(model(coupled("z", HARD, temperature), coupled("x", EXPONENTIAL, 0.3)), 10.0)
    times = np.linspace(-10.0, 10.0, 21)
    turned = np.exp(-1j * np.outer(times, field.frequencies))
    for q, (density, T) in enumerate([(HARD, temperature), (EXPONENTIAL, 0.3)]):
        ours = turned @ np.abs(field.amplitudes[q]) ** 2
        np.testing.assert_allclose(ours, chains.correlation(density, times, temperature=T), atol=1e-11)
        assert np.abs(ours - chains.correlation(density, times, temperature=T + 0.2)).max() > VISIBLE
        other = field.of(1 - q)
        assert (field.amplitudes[q, other] == 0.0).all()
        assert (field.baths[field.of(q)] == q).all()
    assert field.of(1).stop == field.frequencies.size
    edge = field.edge(0, 2.0)
    assert np.vdot(field.edge(0, 0.0), edge) == pytest.approx(
        complex(chains.correlation(HARD, [2.0], temperature=temperature)[0]), abs=1e-11
    )
    np.testing.assert_allclose(field.energy(edge), 1j * field.frequencies * edge, atol=0.0)


def test_both_fields_of_an_exchange_coupling():
    """They have <X(t) Y> = i int J ((1 + n) exp(-iwt) - n exp(iwt)), so that [X, Y] = 2 i int J at any temperature."""
    made = model(coupled("sigma_minus", EXPONENTIAL, 0.7, kind="exchange"))
    field = field_of(made, 6.0)
    free = chains.free_modes(chains.Bath(density=EXPONENTIAL, temperature=0.7), longest_time=6.0)
    for t in (0.0, 1.5, -4.0):
        up = np.exp(-1j * free.frequencies * t) @ (free.couplings * free.cosh) ** 2
        down = np.exp(1j * free.frequencies * t) @ (free.couplings * free.sinh) ** 2
        ours = np.vdot(field.edge(1, 0.0), field.edge(0, t))
        assert ours == pytest.approx(1j * (up - down), abs=1e-11)
        assert abs(ours - 1j * (up + down)) > VISIBLE
    commutator = 2j * np.vdot(field.amplitudes[1], field.amplitudes[0]).imag
    assert commutator == pytest.approx(2j * EXPONENTIAL.weight(), rel=1e-11)
    assert commutator == pytest.approx(1j * made.commutators[0, 1], rel=1e-11)


def test_what_the_field_leaves_out():
    """It is the far end of a tail, of each bath its own."""
    field = field_of(model(coupled("z", HARD), coupled("x", DRUDE, 0.2)), 5.0)
    free = chains.free_modes(chains.Bath(density=DRUDE, temperature=0.2), longest_time=5.0)
    assert (field.rests[0].start, field.rests[0].reorganisation) == (math.inf, 0.0)
    assert (field.rests[1].start, field.rests[1].reorganisation) == (free.reach, free.reorganisation)
    assert free.reorganisation > 1e-5
    assert [m.frequencies.size for m in field.modes][1] == free.frequencies.size


# Integrals over one step.

FREQUENCIES = np.array([0.0, 1e-9, -0.004, 0.3, -1.7, 6.0, 41.0, -90.0])
STRENGTHS: dict[str, Callable[[Array], Array] | None] = {
    "constant": None,
    "cosine": tt.Cosine(amplitude=0.8, frequency=2.0, phase=0.4, offset=0.3).value,
    "pulse": tt.Pulse(centre=0.9, width=0.5, height=1.5).value,
    "ramp": tt.Ramp(start=-1.0, duration=4.0, initial=0.2, final=1.4).value,
}
STEPS = pytest.mark.parametrize(("start", "end"), [(0.7, 0.95), (0.0, 0.3), (0.95, 0.7), (1.2, 1.0)])
DRIVEN = pytest.mark.parametrize("name", list(STRENGTHS))


def strength_at(name: str, s: float) -> float:
    f = STRENGTHS[name]
    return 1.0 if f is None else float(f(np.array(s)))


@STEPS
@DRIVEN
def test_integral_of_a_field_over_a_step(name, start, end):
    """It agrees with quadratures for slow and fast modes of both signs, forward and backward."""
    ours = integral(FREQUENCIES, start, end, STRENGTHS[name])

    def part(w: float, of: Callable[[float], float]) -> float:
        return float(
            quad(lambda s: strength_at(name, s) * of(w * s), start, end, epsabs=1e-13, epsrel=0.0, limit=200)[0]
        )

    twin = np.array([part(w, math.cos) - 1j * part(w, math.sin) for w in FREQUENCIES])
    np.testing.assert_allclose(ours, twin, atol=1e-11)
    assert np.abs(ours - twin.conj()).max() > VISIBLE
    assert np.abs(integral(FREQUENCIES, start, end + 0.01, STRENGTHS[name]) - twin).max() > VISIBLE
    np.testing.assert_allclose(integral(FREQUENCIES, end, start, STRENGTHS[name]), -twin, atol=1e-11)


@STEPS
@DRIVEN
def test_time_order_of_a_step(name, start, end):
    """It is phi = int int f(s) f(s') Im C(s - s'), s' before s on the way from start to end, which may lead backward."""
    frequencies, squares = np.array([0.3, -1.7, 6.0, 17.0]), np.array([0.4, 0.2, 0.7, 0.5])

    def im_c(u: float) -> float:
        return -float(squares @ np.sin(frequencies * u))

    def twin(order: float) -> float:
        """``order`` +1: that of time; -1: the other one."""
        found, _ = dblquad(
            lambda s1, s: strength_at(name, s) * strength_at(name, s1) * im_c(order * (s - s1)),
            start, end, start, lambda s: s, epsabs=1e-10, epsrel=0.0,
        )  # fmt: skip
        return float(found)

    ours = ordered(frequencies, squares, start, end, STRENGTHS[name])
    assert ours == pytest.approx(twin(1.0), abs=1e-10)
    assert abs(ours) > 1e-5
    assert ours != pytest.approx(twin(-1.0), abs=1e-5)
    assert ordered(frequencies, squares, end, start, STRENGTHS[name]) == pytest.approx(-ours, abs=1e-10)


def test_time_order_of_slow_modes():
    """They have (z - sin z)/w^2 on both sides of where the series takes over, and at w = 0; its leading term alone is not enough."""
    h = 0.5
    for z in (0.0, 1e-8, 0.9 * SMALL, 1.1 * SMALL, -0.9 * SMALL, 0.3):
        w = z / h
        many = sum((-1) ** k * z ** (2 * k + 3) / math.factorial(2 * k + 3) for k in range(6))
        expected = -many / w**2 if w else 0.0
        ours = ordered(np.array([w]), np.array([1.0]), 0.2, 0.2 + h, None)
        assert ours == pytest.approx(expected, rel=1e-10, abs=1e-300)
        if abs(z) > 0.5 * SMALL:
            assert ours != pytest.approx(-(h**2) * z / 6, rel=1e-10)
            assert ours == pytest.approx(-ordered(np.array([-w]), np.array([1.0]), 0.2, 0.2 + h, None), rel=1e-10)


@STEPS
@DRIVEN
def test_mean_square_of_a_strength(name, start, end):
    twin = quad(lambda s: strength_at(name, s) ** 2, start, end)[0]
    assert mean_square(start, end, STRENGTHS[name]) == pytest.approx(twin, abs=1e-11)
    assert mean_square(start, end + 0.01, STRENGTHS[name]) != pytest.approx(twin, abs=1e-5)


# Rows.


def step_field(density: chains.SpectralDensity, temperature: float, times: Array, name: str = "constant") -> Array:
    """(steps, 2 M) the slow twin of the fields int f X over all steps, from the free modes and quadratures of their own."""
    free = chains.free_modes(chains.Bath(density=density, temperature=temperature), longest_time=float(times[-1]))
    w = np.concatenate([free.frequencies, -free.frequencies])
    x = np.concatenate([free.couplings * free.cosh, free.couplings * free.sinh])
    nodes, weights = np.polynomial.legendre.leggauss(200)
    rows = []
    for a, b in itertools.pairwise(times):
        s = a + 0.5 * (b - a) * (1 + nodes)
        f = np.array([strength_at(name, each) for each in s])
        rows.append(x * (0.5 * (b - a) * weights * f @ np.exp(-1j * np.outer(s, w))))
    return np.array(rows)


def all_rows(rows: list[Array], count: int) -> Array:
    return np.array([placed(row, 0, count) for row in rows])


def kicks_of(plan: Plan) -> Array:
    """(kicks, bins)."""
    return plan.rows(len(plan.intervals), plan.bins.count)


def basis_of(plan: Plan) -> Array:
    """(n, K)."""
    return plan.bins.basis(plan.bins.count)


def miss(rows: Array, vectors: Array, least: float) -> float:
    """How far sum_j L_kj conj(L_lj) is from <a_l|a_k>, in units of what forms without a bin of their own may lack."""
    gram = vectors @ vectors.conj().T
    sizes = np.linalg.norm(vectors, axis=1)
    allowed = least * (sizes[:, None] + sizes) + 1e-13
    return float(np.max(np.abs(rows @ rows.conj().T - gram) / allowed))


PLANS = [
    (HARD, 0.0, np.linspace(0.0, 12.0, 121)),
    (HARD, 0.8, np.linspace(0.0, 12.0, 121)),
    (EXPONENTIAL, 0.0, np.linspace(0.0, 6.0, 31)),
    (EXPONENTIAL, 0.5, np.append(np.linspace(0.0, 2.0, 21), np.linspace(2.2, 5.0, 15))),
    (DRUDE, 0.0, np.linspace(0.0, 3.0, 16)),
    (DRUDE, 0.3, np.linspace(0.0, 3.0, 16)),
]


@pytest.mark.parametrize("order", [2, 4])
@pytest.mark.parametrize(("density", "temperature", "times"), PLANS)
def test_rows_have_the_gram_matrix_of_the_fields(density, temperature, times, order):
    """That is all that kicks know of the bath. A conjugate, another temperature and another step are seen."""
    plan = plan_of(model(coupled("z", density, temperature)), times, order=order)
    rows = kicks_of(plan)
    vectors = step_field(density, temperature, times)
    assert len(rows) == times.size - 1
    assert miss(rows, vectors, LEAST) < 1.0
    assert miss(rows.conj(), vectors, LEAST) > 10.0
    assert miss(rows, step_field(density, temperature + 0.2, times), LEAST) > 10.0
    assert miss(rows, step_field(density, temperature, 1.01 * times), LEAST) > 10.0
    # by correlations: ten digits
    np.testing.assert_allclose(basis_of(plan) @ basis_of(plan).conj().T, np.eye(plan.bins.count), atol=1e-9)
    # each field is on the bins of earlier steps and at most one of its own
    for interval, count in zip(plan.intervals, plan.counts[1:], strict=True):
        assert interval.kicks[-1].start + interval.kicks[-1].row.size == count
    assert plan.counts[0] == 0
    assert plan.counts[-1] == plan.bins.count


def test_the_gram_matrix_is_a_double_integral_of_the_correlation_function():
    """It is <a_l|a_k> = int_l ds int_k ds' C(s' - s) with the C of the density itself, here a warm one."""
    times = np.linspace(0.0, 6.0, 21)
    rows = kicks_of(plan_of(model(coupled("z", HARD, 0.4)), times))
    nodes, weights = np.polynomial.legendre.leggauss(12)
    half = 0.5 * times[1]
    lags = half * (nodes - nodes[:, None]).ravel()  # s' - s within the steps
    both = half**2 * np.outer(weights, weights).ravel()
    steps = np.arange(20)
    C = chains.correlation(HARD, (times[1] * np.arange(-19, 20)[:, None] + lags).ravel(), temperature=0.4)
    means = C.reshape(39, -1) @ both
    gram = means[19 + steps[:, None] - steps]
    np.testing.assert_allclose(rows @ rows.conj().T, gram, atol=2 * LEAST * math.sqrt(means[19].real))
    assert np.abs(rows @ rows.conj().T - gram.T).max() > VISIBLE


def test_band_limited_noise_needs_few_bins():
    """Most small steps bring none, and steps of half the length bring as many in all as those of the whole."""
    counts = []
    for steps in (120, 240):
        plan = plan_of(model(coupled("z", HARD, 0.8)), np.linspace(0.0, 12.0, steps + 1))
        counts.append(plan.bins.count)
        new = [row.new for interval in plan.intervals for row in (*interval.enter, *interval.kicks)]
        assert sum(new) == plan.bins.count
    assert abs(counts[1] - counts[0]) <= 2
    assert counts[1] < 240 / 10
    # with long steps every one brings its own
    long = plan_of(model(coupled("z", HARD, 0.8)), np.linspace(0.0, 60.0, 13), order=2)
    assert long.bins.count == 12


def test_what_is_left_of_a_form_without_a_bin():
    """It is less than ``least``: with a larger one there are fewer bins, and the Gram matrix is that much worse."""
    density, temperature, times = PLANS[1]
    vectors = step_field(density, temperature, times)
    fine, rough = (plan_of(model(coupled("z", density, temperature)), times, order=2, least=at) for at in (1e-9, 1e-3))
    assert rough.bins.count < fine.bins.count
    assert miss(kicks_of(fine), vectors, 1e-9) < 1.0
    assert miss(kicks_of(rough), vectors, 1e-3) < 1.0
    assert miss(kicks_of(rough), vectors, 1e-9) > 100.0


def test_rows_of_a_driven_coupling():
    """They are those of int f X, and a coupling that is not driven has another Gram matrix."""
    drive = tt.Cosine(amplitude=0.8, frequency=2.0, phase=0.4, offset=0.3)
    times = np.linspace(0.0, 4.0, 21)
    rows = kicks_of(plan_of(model(coupled("z", EXPONENTIAL, 0.3, strength=drive)), times))
    assert miss(rows, step_field(EXPONENTIAL, 0.3, times, "cosine"), LEAST) < 1.0
    assert miss(rows, step_field(EXPONENTIAL, 0.3, times), LEAST) > 10.0


def test_one_kick_for_two_baths():
    """The fields of both add up: the Gram matrices do, as the baths know nothing of each other."""
    times = np.linspace(0.0, 5.0, 26)
    plan = plan_of(model(coupled("z", HARD, 0.3), coupled("z", EXPONENTIAL)), times)
    one, other = step_field(HARD, 0.3, times), step_field(EXPONENTIAL, 0.0, times)
    assert miss(kicks_of(plan), np.hstack([one, other]), LEAST) < 1.0
    assert miss(kicks_of(plan), one, LEAST) > 10.0


def test_rows_of_the_steps_of_an_exchange_coupling():
    """There are five pieces after Suzuki, one of them backward, of two fields each; Y is -i times X but for the partners."""
    times = np.linspace(0.0, 3.0, 11)
    made = model(coupled("sigma_minus", EXPONENTIAL, 0.4, kind="exchange"))
    plan = plan_of(made, times)
    assert [len(interval.kicks) for interval in plan.intervals] == [10] * 10
    edges = [times[0]]
    for a, b in itertools.pairwise(times):
        edges += [end for _, end in plan.scheme.pieces(a, b)]
    free = chains.free_modes(chains.Bath(density=EXPONENTIAL, temperature=0.4), longest_time=3.0)
    position = step_field(EXPONENTIAL, 0.4, np.array(edges))
    other = position * np.repeat([-1j, 1j], free.frequencies.size)
    vectors = np.stack([position, other], axis=1).reshape(100, -1)
    assert miss(kicks_of(plan), vectors, LEAST) < 1.0
    swapped = np.stack([other, position], axis=1).reshape(100, -1)
    assert miss(kicks_of(plan), swapped, LEAST) > 10.0


def test_what_is_measured_at_a_time():
    """The rows of X(t) and P(t) have the products with the fields of all steps before that C(t) asks for."""
    times = np.linspace(0.0, 6.0, 31)
    plan = plan_of(model(coupled("z", EXPONENTIAL, 0.4)), times)
    free = chains.free_modes(chains.Bath(density=EXPONENTIAL, temperature=0.4), longest_time=6.0)
    w = np.concatenate([free.frequencies, -free.frequencies])
    x = np.concatenate([free.couplings * free.cosh, free.couplings * free.sinh])
    vectors, rows = step_field(EXPONENTIAL, 0.4, times), kicks_of(plan)
    for k in (1, 7, 30):
        count = plan.counts[k]
        ours = plan.intervals[k - 1].record.forms[:, :count] @ rows[:k, :count].conj().T
        edge = x * np.exp(-1j * w * times[k])
        momentum = -1j * w * edge
        twin = np.array([edge, momentum]) @ vectors[:k].conj().T
        np.testing.assert_allclose(ours, twin, atol=2 * LEAST * np.linalg.norm(momentum))
        early = np.array([edge, momentum]) * np.exp(0.1j * w) @ vectors[:k].conj().T
        assert np.abs(ours - early).max() > VISIBLE
    assert plan.start.forms.shape == (2, 0)


def test_frames_at_the_end_of_a_step():
    """They are the mean of X(t) over a step about the time, with the bins that it needs beside those that are there."""
    times = np.linspace(0.0, 4.0, 21)
    plan = plan_of(model(coupled("z", EXPONENTIAL, 0.4)), times)
    assert plan.start.frames == ()
    for k in (1, 9, 20):
        record = plan.intervals[k - 1].record
        shifted = step_field(EXPONENTIAL, 0.4, np.array([0.0, times[k] - 0.1, times[k] + 0.1, 4.0]))[1] / 0.2
        extra = plan.extra(k, basis_of(plan)[: plan.counts[k]])
        basis = plan.basis(k, record.extra)
        (frame,) = record.frames
        assert record.extra == len(extra) == int(frame.new)
        np.testing.assert_allclose(basis @ basis.conj().T, np.eye(len(basis)), atol=1e-9)
        assert np.linalg.norm(frame.row @ basis - shifted) < LEAST
        assert np.linalg.norm(frame.row.conj() @ basis - shifted) > VISIBLE
        assert record.forms.shape == (2, plan.counts[k] + record.extra)
        edges = np.array([plan.field.edge(0, times[k]), -1j * plan.field.frequencies * plan.field.edge(0, times[k])])
        np.testing.assert_allclose(
            record.forms, edges @ basis.conj().T, atol=1e-7 * np.abs(edges).max() * len(basis) ** 0.5
        )
    # order 2 has no frame
    assert plan_of(plan.scheme.model, times, order=2).intervals[3].record.frames == ()


def test_frames_are_entered_and_left_where_the_step_changes():
    """At t = 0 one is entered; where the step changes the old one is left, and both kicks are of the mean over the shorter step."""
    _, _, times = PLANS[3]
    plan = plan_of(model(coupled("z", EXPONENTIAL, 0.5)), times)
    told = [(len(interval.leave), len(interval.enter)) for interval in plan.intervals]
    assert told == [(0, 1), *[(0, 0)] * 19, (1, 1), *[(0, 0)] * 14]
    change: Interval = plan.intervals[20]
    mean = step_field(EXPONENTIAL, 0.5, np.array([0.0, 1.95, 2.05, 5.0]))[1] / 0.1
    for row in (*change.leave, *change.enter):
        found = row.row @ basis_of(plan)[: row.row.size]
        assert np.linalg.norm(found - mean) < LEAST
        assert np.linalg.norm(found.conj() - mean) > VISIBLE
    assert plan.intervals[0].enter[0].row.size == 1


def test_time_order_and_what_follows_at_once():
    """A row has the phi of the modes, and of a tail its reorganisation energy times the step."""
    times = np.linspace(0.0, 2.0, 11)
    plan = plan_of(model(coupled("z", DRUDE, 0.3)), times)
    free = chains.free_modes(chains.Bath(density=DRUDE, temperature=0.3), longest_time=2.0)
    w, h = free.frequencies, 0.2
    modes = -float(free.couplings**2 @ ((w * h - np.sin(w * h)) / w**2))
    for interval in plan.intervals:
        assert interval.kicks[0].phi == pytest.approx(modes - free.reorganisation * h, rel=1e-10)
        assert interval.kicks[0].phi != pytest.approx(modes + free.reorganisation * h, rel=1e-6)
    # all together: lambda (1 - exp(-gamma s)) over the step
    whole = -quad(lambda s: 0.5 * (1 - math.exp(-0.4 * s)), 0.0, h)[0]
    assert plan.intervals[3].kicks[0].phi == pytest.approx(whole, rel=1e-3)


def test_numbers_of_a_displacement():
    """They shift f + f^dag by 2 Re sum v_k <b_k>, and energies by the same of their forms."""
    times = np.linspace(0.0, 1.0, 6)
    made = model(coupled("z", ONE_MODE, 0.5))
    field = field_of(made, 1.0)
    beta = np.array([0.3 - 0.4j, 0.1 + 0.2j])
    plan = Plan(
        field,
        Scheme(made, 2),
        times,
        least=LEAST,
        displaced=beta,
        relaxed=np.zeros(1),
        initial=np.diag([1.0, 0.0]).astype(complex),
    )
    vectors = step_field(ONE_MODE, 0.5, times)
    for interval, vector in zip(plan.intervals, vectors, strict=True):
        (row,) = interval.kicks
        assert row.number == pytest.approx(2 * (vector @ beta).real, rel=1e-11)
        assert row.number != pytest.approx(2 * (vector @ beta.conj()).real, rel=1e-3)
        assert row.shifts == pytest.approx([2 * (1j * field.frequencies * vector @ beta).real], rel=1e-11)
        assert row.squares == pytest.approx([field.frequencies @ np.abs(vector) ** 2], rel=1e-11)
        assert plan_of(made, times).intervals[0].kicks[0].number == 0.0
    assert plan.bins.count == 2  # two modes, no more bins


def over_modes(vectors: Array, least: float) -> OverModes:
    """Bins of forms X_q(0) with these vectors."""
    made = model(coupled("z", ONE_MODE))
    bath = field_of(made, 1.0)
    field = Field(
        frequencies=np.zeros(vectors.shape[1]), amplitudes=vectors, baths=np.zeros(vectors.shape[1], dtype=np.int64), rests=bath.rests,
        longest_time=1.0, model=made,
    )  # fmt: skip
    return OverModes(Forms(field, Scheme(made, 4), np.array([0.0, 1.0]), np.zeros(0, dtype=complex)), least)


def test_bins_of_random_forms():
    """Gram-Schmidt in blocks gives the forms back from their rows, and those that depend on forms before them bring no bin."""
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(9, 7)) + 1j * rng.normal(size=(9, 7))
    vectors[4] = vectors[0] - 2j * vectors[3]
    bins = over_modes(vectors, 1e-10)
    forms = [Form(kind=Kind.X, step=0, which=q) for q in range(9)]
    found = [*bins.add(forms[:3]), *bins.add(forms[3:5]), *bins.add(forms[5:])]
    assert [new for _, new in found] == [True, True, True, True, False, True, True, True, False]
    assert bins.count == 7
    rows = all_rows([row for row, _ in found], 7)
    np.testing.assert_allclose(rows @ bins.basis(7), vectors, atol=ROUNDING)
    np.testing.assert_allclose(bins.components(forms), rows, atol=ROUNDING)
    np.testing.assert_allclose(bins.products(forms, forms[2]), vectors @ vectors[2].conj(), atol=ROUNDING)
    assert np.abs(rows.conj() @ bins.basis(7) - vectors).max() > 0.1
    own = [row[-1] for row, new in found if new]
    assert all(value.imag == 0.0 and value.real > 0.0 for value in own)


def test_orthogonality_where_little_is_left_of_every_form():
    """Steps much shorter than the memory leave parts of 1e-6: errors of earlier bins must not grow from one to the next."""
    density = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="exponential")
    for step in (0.125, 0.1):
        times = step * np.arange(round(10.0 / step) + 1)
        plan = plan_of(model(coupled("z", density)), times)
        assert isinstance(plan.bins, OverModes)
        assert min(abs(interval.kicks[0].row[-1]) for interval in plan.intervals if interval.kicks[0].new) < 1e-5
        basis = basis_of(plan)
        np.testing.assert_allclose(basis @ basis.conj().T, np.eye(len(basis)), atol=ROUNDING)
        assert miss(kicks_of(plan), step_field(density, 0.0, times), LEAST) < 1.0


def test_more_bins_than_there_was_room_for():
    vectors = np.random.default_rng(1).normal(size=(90, 100)).astype(complex)
    bins = over_modes(vectors, 1e-10)
    forms = [Form(kind=Kind.X, step=0, which=q) for q in range(90)]
    rows = all_rows([row for start in range(0, 90, 7) for row, _ in bins.add(forms[start : start + 7])], 90)
    assert bins.count == 90
    np.testing.assert_allclose(rows @ bins.basis(90), vectors, atol=DENSE)


# Bins by correlations.


def both_plans(
    made: tt.Model, times: Array, order: int, monkeypatch: pytest.MonkeyPatch, least: float = LEAST
) -> tuple[Plan, Plan]:
    """(by correlations, over the modes)."""
    ours = plan_of(made, times, order=order, least=least)
    assert isinstance(ours.bins, ByCorrelations)
    with monkeypatch.context() as patched:
        patched.setattr(Forms, "stationary", False)
        twin = plan_of(made, times, order=order, least=least)
    assert isinstance(twin.bins, OverModes)
    return ours, twin


def three_baths(temperature: float) -> list[tt.Coupling]:
    """Two of them with one operator, one with another that commutes."""
    return [coupled("z", DRUDE, temperature), coupled("z", EXPONENTIAL), coupled({"z": 0.5, "i": 1.0}, DRUDE)]


PULSE = tt.SystemDrive(operator=X, drive=tt.Square(start=1.0, stop=2.0, height=0.6))
STATIONARY = [
    pytest.param(lambda T: model(coupled("z", EXPONENTIAL, T)), 4, np.linspace(0.0, 6.0, 31), id="exponential"),
    pytest.param(lambda T: model(coupled("z", EXPONENTIAL, T - 0.5)), 2, np.linspace(0.0, 6.0, 31), id="cold"),
    pytest.param(lambda T: model(coupled("z", DRUDE, T)), 4, np.linspace(0.0, 12.0, 41), id="tail"),
    pytest.param(lambda T: model(*three_baths(T)), 4, np.linspace(0.0, 6.0, 21), id="two kicks, three baths"),
    pytest.param(
        lambda T: model(coupled("z", EXPONENTIAL, T), drives=(PULSE,)), 4, np.linspace(0.0, 4.0, 21), id="pulse"
    ),
]


@pytest.mark.parametrize(("make", "order", "times"), STATIONARY)
def test_correlations_give_the_rows_of_the_modes(make, order, times, monkeypatch):
    """All rows, gains, forms, numbers and bins are those of Gram-Schmidt, and not those of another temperature."""
    ours, twin = both_plans(make(0.5), times, order, monkeypatch)
    assert ours.counts == twin.counts
    count = ours.bins.count
    assert differ(ours, twin, count) < 1e-7
    np.testing.assert_allclose(ours.bins.basis(count) @ twin.bins.basis(count).conj().T, np.eye(count), atol=1e-7)
    wrong = plan_of(make(0.6), times, order=order)
    assert differ(wrong, twin, count) > VISIBLE


def differ(ours: Plan, twin: Plan, count: int) -> float:
    """The largest difference of anything in two plans."""
    worst = 0.0
    for one, other in zip(ours.intervals, twin.intervals, strict=True):
        for name in ("leave", "enter", "kicks"):
            for a, b in zip(getattr(one, name), getattr(other, name), strict=True):
                worst = max(worst, float(np.abs(placed(a.row, a.start, count) - placed(b.row, b.start, count)).max()))
                assert a.gains.shape[0] == b.gains.shape[0]
                gains = zip(a.gains, b.gains, strict=True)
                worst = max(
                    worst,
                    *(float(np.abs(placed(x, a.start, count) - placed(y, b.start, count)).max()) for x, y in gains),
                )
                worst = max(worst, abs(a.phi - b.phi), float(np.abs(a.squares - b.squares).max()))
                assert a.new == b.new
        a, b = one.record, other.record
        assert a.extra == b.extra
        forms = zip(a.forms, b.forms, strict=True)
        worst = max(
            worst,
            *(float(np.abs(placed(x, a.start, count + 9) - placed(y, b.start, count + 9)).max()) for x, y in forms),
        )
    return worst


def test_memory_that_ends_bounds_what_is_looked_back_at(monkeypatch):
    """Rows have a constant length where correlations decay, and what is left out is nothing."""
    monkeypatch.setattr("tnthermo.engines.time_bins.plan.BLOCK", 4)
    ours, twin = both_plans(
        model(coupled("z", GAUSSIAN, 0.8)), np.linspace(0.0, 200.0, 201), 4, monkeypatch, least=1e-4
    )
    lengths = [interval.kicks[0].row.size for interval in ours.intervals]
    assert max(lengths) < 0.5 * ours.bins.count
    assert ours.intervals[-1].kicks[0].start > 0.5 * ours.bins.count
    assert differ(ours, twin, ours.bins.count) < 1e-4


def test_dependent_forms_are_told_apart_by_the_modes():
    """Band-limited noise and the pieces of a composed step are near the span of those before them."""
    times = np.linspace(0.0, 12.0, 61)
    for made in (model(coupled("z", HARD, 0.3)), model(coupled("sigma_minus", EXPONENTIAL, 0.4, kind="exchange"))):
        plan = plan_of(made, times)
        assert isinstance(plan.bins, OverModes)
        with pytest.raises(DependentForms):
            plan._lay(ByCorrelations(plan.forms, LEAST))
    # and forms that change with time have no correlations of the time between them
    changing = model(coupled("z", EXPONENTIAL, strength=tt.Cosine(amplitude=0.5, frequency=1.0)))
    assert not plan_of(changing, times).forms.stationary
    assert not plan_of(model(coupled("z", EXPONENTIAL)), PLANS[3][2]).forms.stationary


def test_the_first_bin_that_matters():
    row = np.array([1e-8, 1e-8j, 1e-3, 0.5, 1e-9])
    assert first_of(row, 1e-6) == 2
    assert first_of(row, 1e-2) == 3
    assert first_of(row, 1.2e-8) == 1
    assert first_of(row, 1.0) == 5
    assert first_of(row, 0.0) == 0
    assert first_of_all([row, placed(np.array([0.0, 1e-4]), 0, 5)], 1e-6) == 1
    assert first_of_all([], 1e-6) == 0


# The order of kicks.


def test_equal_operators_of_different_baths_are_one_group():
    """A group has the strength of each; a factor makes another operator."""
    drive = tt.Cosine(amplitude=0.5, frequency=1.0)
    groups = Scheme(model(coupled("z"), coupled("x"), coupled("z", EXPONENTIAL, strength=drive)), 4).groups
    assert [group.channels for group in groups] == [(0, 2), (1,)]
    assert [group.baths for group in groups] == [(0, 2), (1,)]
    assert groups[0].bath_of(2) == 2
    assert groups[0].strength(0) is None
    assert groups[0].strength(2) == drive.value
    np.testing.assert_array_equal(groups[0].operator, Z)
    different = Scheme(model(coupled({"z": 1.0}), coupled({"z": 1.0 + 1e-6})), 4).groups
    assert [group.channels for group in different] == [(0,), (1,)]
    nothing = Scheme(model(coupled(0 * Z), coupled("z")), 4).groups
    assert [group.channels for group in nothing] == [(1,)]


def test_an_exchange_coupling_is_two_groups():
    """X and Y of one bath do not commute and are never one kick. Two such baths are still two groups."""
    groups = Scheme(model(coupled("sigma_minus", kind="exchange")), 4).groups
    assert [group.channels for group in groups] == [(0,), (1,)]
    np.testing.assert_allclose(groups[0].operator, X / 2, atol=0.0)
    assert np.abs(groups[1].operator).max() == 0.5
    assert np.abs(groups[0].operator - groups[1].operator).max() > 0.1
    pair = Scheme(model(*[coupled("sigma_minus", kind="exchange")] * 2), 4).groups
    assert [group.channels for group in pair] == [(0, 2), (1, 3)]
    # X and Y of one bath stay apart where A_1 = A_2
    assert [group.channels for group in Scheme(model(coupled((1 + 1j) * Z, kind="exchange")), 4).groups] == [(0,), (1,)]
    # of a Hermitian L there is no A_2
    assert [group.channels for group in Scheme(model(coupled("z", kind="exchange")), 4).groups] == [(0,)]


SETS = {
    "one": [coupled("z")],
    "commuting": [coupled("z"), coupled({"z": 0.5})],
    "two": [coupled("z"), coupled("x")],
    "three": [coupled("z"), coupled("x"), coupled("y")],
    "exchange": [coupled("sigma_minus", kind="exchange")],
}


@pytest.mark.parametrize("order", [2, 4])
@pytest.mark.parametrize("name", list(SETS))
def test_the_sequence_is_symmetric(name, order):
    """It reads the same backward, and every group is kicked once in all."""
    scheme = Scheme(model(*SETS[name]), order)
    sequence = scheme.sequence
    assert sequence == sequence[::-1]
    assert len(sequence) == 2 * len(scheme.groups) - 1
    for g in range(len(scheme.groups)):
        assert sum(part for number, part in sequence if number == g) == 1.0
    if len(sequence) > 1:
        assert sequence[1:] != sequence[1:][::-1]
    assert all(a[0] != b[0] for a, b in itertools.pairwise(sequence))


@pytest.mark.parametrize(
    ("name", "order", "framed", "pieces"),
    [("one", 4, True, 1), ("one", 2, False, 1), ("commuting", 4, True, 1), ("two", 4, False, 5), ("exchange", 4, False, 5),
     ("exchange", 2, False, 1)],
)  # fmt: skip
def test_frames_or_pieces(name, order, framed, pieces):
    """Fourth order comes from a frame where couplings commute, from five pieces, in time and symmetric, where they do not."""
    scheme = Scheme(model(*SETS[name]), order)
    assert scheme.framed is framed
    found = scheme.pieces(1.0, 1.5)
    assert len(found) == pieces
    assert found[0][0] == 1.0
    assert found[-1][1] == 1.5
    assert all(a[1] == b[0] for a, b in itertools.pairwise(found))
    lengths = np.array([b - a for a, b in found])
    np.testing.assert_allclose(lengths, lengths[::-1], atol=1e-15)
    if pieces > 1:
        assert (lengths < 0).sum() == 1
        assert np.sum(lengths**3) == pytest.approx(0.0, abs=1e-15)
        assert np.sum(lengths**2) != pytest.approx(0.0, abs=1e-3)


def test_nothing_turns_no_frame():
    """Where H_S commutes with the coupling one kick is exact; a drive that turns, or one at all, asks for a frame."""
    still = tt.assemble(hamiltonian={"z": 0.5}, couplings=[coupled("z")])
    assert not Scheme(still, 4).framed
    drive = tt.SystemDrive(operator=X, drive=tt.Cosine(amplitude=0.1, frequency=1.0))
    assert Scheme(tt.assemble(hamiltonian={"z": 0.5}, couplings=[coupled("z")], drives=[drive]), 4).framed
    assert Scheme(model(coupled("z")), 4).framed


def test_switches():
    """The frame changes at 0, at a kink of a drive of H_S or of a coupling, where the step changes, and nowhere else."""
    times = np.concatenate([0.1 * np.arange(31), 3.0 + 0.05 * np.arange(1, 21)])

    def at(made: tt.Model, order: int = 4) -> list[int]:
        scheme = Scheme(made, order)
        return [k for k in range(times.size - 1) if scheme.switches(times, k)]

    ramp = tt.Ramp(start=0.5, duration=1.2)
    square = tt.Square(start=0.9, stop=2.2, height=1.0)
    assert at(model(coupled("z"))) == [0, 30]
    assert at(model(coupled("z"), drives=(tt.SystemDrive(operator=Z, drive=ramp),))) == [0, 5, 17, 30]
    assert at(model(coupled("z", strength=square))) == [0, 9, 22, 30]
    smooth = tt.Cosine(amplitude=1.0, frequency=1.0)
    assert at(model(coupled("z", strength=smooth))) == [0, 30]
    # what is not at a time of the run is none of its business, and without a frame nothing is switched
    between = tt.Ramp(start=0.55, duration=1.2)
    assert at(model(coupled("z"), drives=(tt.SystemDrive(operator=Z, drive=between),))) == [0, 30]
    assert at(model(coupled("z")), order=2) == []
    assert at(model(coupled("sigma_minus", kind="exchange"))) == []
    scheme = Scheme(model(coupled("z")), 4)
    assert [scheme.frame_width(times, k) for k in (0, 5, 30, 31)] == pytest.approx([0.1, 0.1, 0.05, 0.05])


def test_operators_of_a_step():
    """With H_S = X/2 and A = Z, [H, [H, A]] is Z and i [H, A] is Y; the kick is the stronger for it, not the weaker."""
    scheme = Scheme(model(coupled("z")), 4)
    (group,) = scheme.groups
    np.testing.assert_allclose(scheme.kicked(0.3, 0.7, group), (1 + 0.4**2 / 24) * Z, atol=ROUNDING)
    np.testing.assert_allclose(scheme.turning(0.0, group), Y, atol=ROUNDING)
    assert np.abs(scheme.turning(0.0, group) + Y).max() > 1.0
    assert np.abs(scheme.kicked(0.3, 0.7, group) - Z).max() > VISIBLE
    np.testing.assert_array_equal(Scheme(model(coupled("z")), 2).kicked(0.3, 0.7, group), Z)
    np.testing.assert_allclose(scheme.drift(0.1, 0.2, 0.4, left=False), expm(-0.1j * X), atol=ROUNDING)
    np.testing.assert_allclose(scheme.slope(0.1, 0.4, left=False), np.eye(2), atol=ROUNDING)


def test_drifts_beside_a_kink():
    """With H_S = X/2 + f Z they have the limits of their side, corrected by (h^2/24) i [H, dH/dt]."""
    ramp = tt.Ramp(start=1.0, duration=0.5, final=0.8)
    scheme = Scheme(model(coupled("z"), drives=(tt.SystemDrive(operator=Z, drive=ramp),)), 4)
    h, rate = 0.1, 0.8 / 0.5
    flat = expm(-0.05j * (X / 2))
    bent = expm(-0.05j * (X / 2 + h**2 / 24 * 1j * rate * (X @ Z - Z @ X) / 2))
    np.testing.assert_allclose(scheme.drift(1.0, 0.05, h, left=True), flat, atol=ROUNDING)
    np.testing.assert_allclose(scheme.drift(1.0, 0.05, h, left=False), bent, atol=ROUNDING)
    assert np.abs(flat - bent).max() > 1e-5
    np.testing.assert_allclose(scheme.slope(1.0, h, left=False), expm(1j * h**2 / 12 * rate * Z), atol=ROUNDING)
    np.testing.assert_allclose(scheme.slope(1.0, h, left=True), np.eye(2), atol=ROUNDING)


def test_fields_are_of_the_modes_of_the_model():
    """A plan takes the bath from its field: one of a shorter time is no longer the same bath at the end."""
    made, times = model(coupled("z", HARD, 0.4)), np.linspace(0.0, 600.0, 61)
    short = field_of(made, 2.0)
    assert isinstance(short, Field)
    plan = Plan(
        short,
        Scheme(made, 2),
        times,
        least=LEAST,
        displaced=np.zeros(0, dtype=complex),
        relaxed=np.zeros(1),
        initial=np.eye(2) / 2 + 0j,
    )
    vectors = step_field(HARD, 0.4, times)
    assert miss(kicks_of(plan), vectors, LEAST) > 10.0
    assert miss(kicks_of(plan_of(made, times, order=2)), vectors, LEAST) < 1.0
