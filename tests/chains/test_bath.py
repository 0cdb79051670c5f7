"""Free modes that stand for a bath up to a time: against C(t), reorganisation energies in closed form, and their own definitions."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

import chains
from tests.chains.tolerances import VISIBLE

OHMIC = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
EXPONENTIAL = chains.PowerLaw(alpha=0.2, cutoff=1.5, exponent=1.0, shape="exponential")
SEMICIRCLE = chains.Semicircle(coupling=0.4, centre=1.5, half_width=0.5)
DRUDE = chains.DrudeLorentz(reorganisation_energy=0.7, width=0.4)
BROWNIAN = chains.Brownian(reorganisation_energy=0.7, frequency=1.2, width=0.3)
MODES = chains.Discrete(frequencies=[2.0, 0.5, 0.5, 1.0], couplings=[-0.3, 0.1, 0.2, 0.0])
POWER_LAWS = [
    chains.PowerLaw(alpha=0.2, cutoff=1.5, exponent=s, shape=shape)
    for shape in ("hard", "exponential", "gaussian")
    for s in (0.5, 1.0, 3.0)
]
CONTINUA = [
    *POWER_LAWS,
    chains.Table(frequencies=np.linspace(0, 2, 9), values=np.sin(np.linspace(0, 2, 9)), ends="hard"),
    chains.Function(function=lambda w: w * np.exp(-(w**2)), support=(0.0, math.inf)),
    chains.Function(function=lambda w: (w - 0.5) * (2.0 - w), support=(0.5, 2.0)),
    SEMICIRCLE,
    chains.Sum(parts=[SEMICIRCLE, EXPONENTIAL, chains.DrudeLorentz(reorganisation_energy=0.1, width=0.3, cutoff=4.0)]),
]
# C(t) of the modes against that of the density, relative to C(0) (measured 1e-13: what a weight without an end neglects).
SAME = 1e-9
EXACT = 1e-12  # sums over the modes against closed forms (measured 1e-13)


def modes_of(density: chains.SpectralDensity, temperature: float = 0.0, longest_time: float = 5.0) -> chains.FreeModes:
    return chains.free_modes(chains.Bath(density=density, temperature=temperature), longest_time=longest_time)


def correlation_of(modes: chains.FreeModes, times: np.ndarray) -> np.ndarray:
    """Return C(t) of the modes: b_k brings g cosh exp(-i w t), its partner g sinh exp(+i w t)."""
    turned = np.exp(-1j * np.outer(times, modes.frequencies))
    return turned @ (modes.couplings * modes.cosh) ** 2 + turned.conj() @ (modes.couplings * modes.sinh) ** 2


def distance(density: chains.SpectralDensity, temperature: float, modes: chains.FreeModes, times: np.ndarray) -> float:
    """Return the largest difference between the two C(t), relative to C(0)."""
    exact = chains.correlation(density, np.append(0.0, times), temperature=temperature)
    return float(np.max(np.abs(correlation_of(modes, times) - exact[1:])) / exact[0].real)


@pytest.mark.parametrize("longest_time", [0.0, 2.0, 20.0])
@pytest.mark.parametrize("temperature", [0.0, 0.05, 3.0])
@pytest.mark.parametrize("density", CONTINUA)
def test_correlation_function(density: chains.SpectralDensity, temperature: float, longest_time: float) -> None:
    """The modes have it up to the longest time and backward, at T = 0, warm and hot; another temperature is seen."""
    modes = modes_of(density, temperature, longest_time)
    times = np.linspace(-longest_time, longest_time, 41)
    assert distance(density, temperature, modes, times) < SAME
    assert distance(density, temperature + 0.3, modes, times) > VISIBLE


@pytest.mark.parametrize("temperature", [0.0, 0.05, 3.0])
@pytest.mark.parametrize("density", CONTINUA)
def test_far_beyond_the_longest_time_modes_are_no_continuum(
    density: chains.SpectralDensity, temperature: float
) -> None:
    """There are finitely many of them, so they come back; asked for that time, they do not."""
    times = np.linspace(25.0, 400.0, 60)
    assert distance(density, temperature, modes_of(density, temperature, 5.0), times) > 1e-4
    assert distance(density, temperature, modes_of(density, temperature, 400.0), times) < SAME


@pytest.mark.parametrize("temperature", [0.0, 0.3])
def test_a_discrete_density_gives_its_own_modes(temperature: float) -> None:
    """They are sorted and collected as the density has them, and are the same for any time."""
    for longest_time in (0.0, 1e9):
        modes = modes_of(MODES, temperature, longest_time)
        np.testing.assert_array_equal(modes.frequencies, [0.5, 2.0])
        np.testing.assert_allclose(modes.couplings, [math.hypot(0.1, 0.2), 0.3], rtol=1e-15)
        np.testing.assert_array_equal(modes.weights, 1.0)
        assert (modes.reach, modes.reorganisation) == (math.inf, 0.0)
        times = np.linspace(-500.0, 500.0, 101)
        assert distance(MODES, temperature, modes, times) < EXACT
        assert distance(MODES, temperature + 0.1, modes, times) > VISIBLE


@pytest.mark.parametrize("temperature", [0.01, 0.5, 40.0])
@pytest.mark.parametrize("density", [*CONTINUA, DRUDE, BROWNIAN, MODES])
def test_detailed_balance(density: chains.SpectralDensity, temperature: float) -> None:
    """The angles have cosh^2 = 1 + n, sinh^2 = n and tanh = exp(-w/2T), and are not those of a bath a little warmer."""
    modes = modes_of(density, temperature, 1.0)
    w = modes.frequencies
    np.testing.assert_allclose(modes.cosh**2 - modes.sinh**2, 1.0, rtol=0.0, atol=1e-15 * np.max(modes.cosh) ** 2)
    ratio = modes.sinh / modes.cosh
    np.testing.assert_allclose(ratio, np.exp(-w / (2 * temperature)), rtol=1e-13)
    near = w < 300 * temperature
    np.testing.assert_allclose(modes.sinh[near] ** 2, 1 / np.expm1(w[near] / temperature), rtol=1e-12)
    assert np.max(np.abs(ratio[near] * np.exp(w[near] / (2.1 * temperature)) - 1.0)) > 1e-4


@pytest.mark.parametrize("density", [*CONTINUA, DRUDE, MODES])
def test_nothing_is_thermal_at_zero_temperature(density: chains.SpectralDensity) -> None:
    modes = modes_of(density)
    assert (modes.cosh == 1.0).all()
    assert (modes.sinh == 0.0).all()
    assert (modes_of(density, 1.0).sinh > 0.0).any()


@pytest.mark.parametrize("temperature", [0.0, 0.3])
@pytest.mark.parametrize("density", CONTINUA)
def test_weights_are_those_of_a_quadrature(density: chains.SpectralDensity, temperature: float) -> None:
    """Every g^2 is dw J(w), in a sum with the J of all its parts, and nothing lies beyond the modes."""
    modes = modes_of(density, temperature, 20.0)
    squares = modes.couplings**2
    assert (np.diff(modes.frequencies) > 0).all()
    assert (modes.weights > 0).all()
    np.testing.assert_allclose(squares, modes.weights * density(modes.frequencies), rtol=1e-10)
    assert np.max(np.abs(squares - modes.weights * density(1.01 * modes.frequencies))) > 1e-4 * np.max(squares)
    # without the angles the temperature is not in them
    assert squares.sum() == pytest.approx(density.weight(), rel=1e-11)
    warm = (squares * modes.cosh**2).sum()
    assert (warm != pytest.approx(density.weight(), rel=1e-4)) == (temperature > 0.0)
    assert (modes.reach, modes.reorganisation) == (math.inf, 0.0)


@pytest.mark.parametrize("temperature", [0.05, 0.5, 20.0])
@pytest.mark.parametrize(
    "density", [DRUDE, BROWNIAN, chains.Brownian(reorganisation_energy=0.7, frequency=1.2, width=4.0)]
)
def test_an_algebraic_tail_is_whole(density: chains.SpectralDensity, temperature: float) -> None:
    """Of a warm bath the modes and what lies beyond them add up to lambda, far beyond the cutoff of a chain."""
    modes = modes_of(density, temperature)
    own = float(np.sum(modes.couplings**2 / modes.frequencies))
    assert own + modes.reorganisation == pytest.approx(0.7, rel=EXACT)
    uncut = chains.tail(density, above=density.support[1])
    assert own > 0.7 - uncut.reorganisation
    assert 0.99 * modes.reach < modes.frequencies[-1] < modes.reach
    assert modes.reach >= 50.0 * density.width
    assert modes.reach >= 30.0 * temperature
    whole = chains.with_tail(density, modes.reach)
    np.testing.assert_allclose(modes.couplings**2, modes.weights * whole(modes.frequencies), rtol=1e-11)
    # negative: without what lies beyond them, and with the cutoff that a chain would have
    assert own != pytest.approx(0.7, rel=EXACT)
    assert density.reorganisation() + modes.reorganisation != pytest.approx(0.7, rel=1e-6)


@pytest.mark.parametrize("density", [DRUDE, BROWNIAN])
def test_what_lies_beyond_the_modes(density: chains.SpectralDensity) -> None:
    """It is int J/w from where they end, which a quadrature in x = end/w finds, too."""
    modes = modes_of(density)

    def beyond(end: float) -> float:
        """J has no end here."""
        J = chains.with_tail(density, math.nextafter(1e9, math.inf))
        return float(quad(lambda x: float(J(end / x)) / x if x > 1e-8 else 0.0, 0.0, 1.0, epsabs=0.0, epsrel=1e-11)[0])

    assert modes.reorganisation == pytest.approx(beyond(modes.reach), rel=1e-6)
    assert modes.reorganisation != pytest.approx(beyond(1.01 * modes.reach), rel=1e-6)


@pytest.mark.parametrize("temperature", [0.0, 0.4])
def test_a_drude_bath_that_starts_to_follow(temperature: float) -> None:
    """The modes and an integral over the rest of the tail have int J/w (1 - cos wt) = lambda (1 - exp(-gamma t)) at any temperature."""
    modes = modes_of(DRUDE, temperature)

    def follows(t: float) -> float:
        own = np.sum(modes.couplings**2 / modes.frequencies * (1 - np.cos(modes.frequencies * t)))
        strength, gamma = 2 * 0.7 / math.pi * 0.4, 0.4
        oscillating, _ = quad(lambda w: strength / (w**2 + gamma**2), modes.reach, np.inf, weight="cos", wvar=t)
        return float(own) + modes.reorganisation - oscillating

    for t in (0.1, 1.0, 5.0):
        assert follows(t) == pytest.approx(0.7 * (1 - math.exp(-0.4 * t)), abs=1e-9)
        assert follows(t) != pytest.approx(0.7 * (1 - math.exp(-0.41 * t)), abs=1e-6)
    whole = float(np.sum(modes.couplings**2 / modes.frequencies)) + modes.reorganisation
    assert whole == pytest.approx(0.7, rel=1e-10)


@pytest.mark.parametrize("temperature", [0.0, 0.4])
@pytest.mark.parametrize(
    "density",
    [
        chains.DrudeLorentz(reorganisation_energy=0.7, width=0.4, cutoff=3.0),
        chains.Brownian(reorganisation_energy=0.7, frequency=1.2, width=0.3, cutoff=3.0),
    ],
)
def test_a_cutoff_of_its_own_is_respected(density: chains.SpectralDensity, temperature: float) -> None:
    """Modes end there, nothing goes on, and C(t) is that of the cut density and not of one cut a little farther."""
    modes = modes_of(density, temperature)
    assert (modes.reach, modes.reorganisation) == (math.inf, 0.0)
    assert 2.9 < modes.frequencies[-1] < 3.0
    times = np.linspace(0.0, 5.0, 21)
    assert distance(density, temperature, modes, times) < SAME
    assert distance(chains.with_tail(DRUDE, 3.1), temperature, modes, times) > VISIBLE
    if temperature > 0.0:
        own = float(np.sum(modes.couplings**2 / modes.frequencies))
        assert own == pytest.approx(density.reorganisation(), rel=1e-10)
        assert own != pytest.approx(0.7, rel=VISIBLE)


def test_a_sum_with_a_tail() -> None:
    """Each part has its own end: the tail of one, the cutoffs of the others."""
    cut = chains.Brownian(reorganisation_energy=0.7, frequency=1.2, width=0.3, cutoff=6.0)
    both = chains.Sum(parts=[DRUDE, cut, OHMIC])
    modes, alone = modes_of(both, 0.3), modes_of(DRUDE, 0.3)
    assert (modes.reach, modes.reorganisation) == (alone.reach, alone.reorganisation)
    own = float(np.sum(modes.couplings**2 / modes.frequencies))
    assert own + modes.reorganisation == pytest.approx(0.7 + cut.reorganisation() + 0.2, rel=1e-10)
    assert own + modes.reorganisation != pytest.approx(0.7 + 0.7 + 0.2, rel=1e-5)
    whole = chains.with_tail(both, modes.reach)
    np.testing.assert_allclose(modes.couplings**2, modes.weights * whole(modes.frequencies), rtol=1e-11)


def test_with_tail() -> None:
    """Only an algebraic tail without a cutoff is ended, in a sum within a sum too."""
    ended = chains.with_tail(DRUDE, 50.0)
    assert isinstance(ended, chains.DrudeLorentz)
    assert ended.cutoff == 50.0
    assert (ended.width, ended.reorganisation_energy) == (0.4, 0.7)
    assert chains.with_tail(ended, 70.0) is ended
    assert chains.with_tail(EXPONENTIAL, 50.0) is EXPONENTIAL
    assert chains.with_tail(MODES, 50.0) is MODES
    both = chains.Sum(parts=[chains.Sum(parts=[BROWNIAN, OHMIC]), ended, DRUDE])
    found = chains.with_tail(both, 60.0)
    assert isinstance(found, chains.Sum)
    assert found.support == (0.0, 60.0)
    w = np.array([0.3, 0.9, 5.0, 20.0, 55.0])
    parts = [chains.with_tail(BROWNIAN, 60.0), OHMIC, ended, chains.with_tail(DRUDE, 60.0)]
    np.testing.assert_allclose(found(w), sum(np.asarray(part(w)) for part in parts), rtol=1e-13)
    # negative: the sum itself has no Drude-Lorentz part at 20 and beyond but the one with a cutoff
    assert np.max(np.abs(both(w) / found(w) - 1.0)) > VISIBLE


def test_nothing_is_lost() -> None:
    """A bath that is not discretised has all its weight and no end; a chain loses some and ends.

    What the last modes of an algebraic tail do beside their reorganisation energy is left out, and how much that is is known.
    """
    for density in (DRUDE, BROWNIAN, EXPONENTIAL, MODES, chains.Sum(parts=[DRUDE, OHMIC])):
        bath = chains.Bath(density=density, temperature=0.4)
        lost = chains.lost_tail(bath)
        assert (lost.edge, lost.weight, lost.reorganisation) == (0, 0, 0)
        endless = density in (EXPONENTIAL, MODES)
        assert lost.start == chains.free_modes(bath, longest_time=1.0).reach
        assert (lost.dressing == 0) == endless == math.isinf(lost.start)
        assert lost.dressing <= 1.1e-5
        assert not lost.noticeable
        assert lost.whole == chains.tail(density).whole
        assert chains.lost_reorganisation(bath) == 0.0
        assert chains.end_times(bath) == chains.EndTimes(front=math.inf, felt=math.inf)
    assert chains.lost_tail(chains.Bath(density=DRUDE)).whole == pytest.approx(0.7, rel=EXACT)
    chain = chains.chain(DRUDE, 6)
    assert chains.lost_tail(chain).noticeable
    assert math.isfinite(chains.end_times(chain).front)


def test_nothing_couples() -> None:
    modes = modes_of(chains.PowerLaw(alpha=0.0), 0.1)
    assert modes.frequencies.size > 0
    assert (modes.couplings == 0).all()
    assert (modes.weights == 0).all()
    assert (modes_of(OHMIC, 0.1).couplings > 0).all()


def test_modes_are_frozen() -> None:
    modes = modes_of(OHMIC)
    with pytest.raises(ValueError, match="read-only"):
        modes.couplings[0] = 1.0


def refused(call: object, *args: object, **kwargs: object) -> list[str]:
    """Return the keys of what is wrong."""
    with pytest.raises(chains.InvalidInput) as caught:
        call(*args, **kwargs)  # type: ignore[operator]
    return [problem.key for problem in caught.value.problems]


def test_a_bath_that_is_refused() -> None:
    """Everything that is wrong is said at once."""
    assert refused(chains.Bath, density="J", temperature=-1.0) == ["density", "temperature"]
    for temperature in (-0.1, math.nan, math.inf, True, "0.1", 1j, None):
        assert refused(chains.Bath, density=OHMIC, temperature=temperature) == ["temperature"]
    assert refused(chains.Bath, density=chains.PowerLaw) == ["density"]
    assert refused(chains.Bath, density=chains.chain(OHMIC, 4)) == ["density"]
    bath = chains.Bath(density=OHMIC, temperature=1)
    assert isinstance(bath.temperature, float)


def test_a_time_that_is_refused() -> None:
    """It is no time, or more modes have to be told apart in it than there may be."""
    bath = chains.Bath(density=OHMIC)
    for longest_time in (-1.0, math.nan, math.inf, "5", True, 1e9):
        assert refused(chains.free_modes, bath, longest_time=longest_time) == ["longest_time"]
    assert refused(chains.free_modes, OHMIC, longest_time=-1.0) == ["bath", "longest_time"]
    hint = "the modes up to w = 1 have to be told apart"
    with pytest.raises(chains.InvalidInput, match=hint):
        chains.free_modes(bath, longest_time=2e6)
    # of a tail its far end counts, and a shorter time is one
    assert refused(chains.free_modes, chains.Bath(density=DRUDE), longest_time=1e5) == ["longest_time"]
    assert chains.free_modes(bath, longest_time=1e5).frequencies.size > 1e4
