"""Light-cone times and the chain lengths they ask for."""

import math

import numpy as np
import pytest

import chains

DENSITIES = [
    (chains.PowerLaw(alpha=0.1), 0.0, None),
    (chains.PowerLaw(alpha=0.1, exponent=0.4), 0.2, None),
    (chains.PowerLaw(alpha=0.1, shape="exponential"), 0.0, 30.0),
    (chains.DrudeLorentz(reorganisation_energy=0.2, width=0.3), 0.5, None),
]


@pytest.mark.parametrize(("density", "temperature", "support"), DENSITIES)
def test_required_length_and_light_cone_time_are_inverse(
    density: chains.ContinuousDensity, temperature: float, support: float | None
) -> None:
    bath = chains.chain(density, 60, temperature=temperature, support=support)
    felt, reached = chains.light_cone_time(bath, 1e-7), chains.front_time(bath, 1e-7)
    needed = chains.required_length(
        density, temperature=temperature, until=0.999 * felt, tolerance=1e-7, support=support
    )
    assert abs(needed - 60) <= 1
    needed = chains.required_length_front(
        density, temperature=temperature, until=0.999 * reached, tolerance=1e-7, support=support
    )
    assert abs(needed - 60) <= 4  # the front's outermost tail is not quite monotonic in the sites
    assert reached < felt


def test_front_speeds_of_a_hard_cutoff() -> None:
    # wc/2 sites per unit time at T = 0 and wc at T > 0; the end is felt after twice the way
    for temperature, speed in ((0.0, 0.5), (0.3, 1.0)):
        times = []
        for length in (100, 200):
            bath = chains.chain(chains.PowerLaw(alpha=0.1), length, temperature=temperature)
            times.append((chains.front_time(bath), chains.light_cone_time(bath)))
        assert times[1][0] - times[0][0] == pytest.approx(100 / speed, rel=0.1)
        assert times[1][1] - times[0][1] == pytest.approx(200 / speed, rel=0.1)


def test_light_cone_is_where_the_error_of_the_correlation_passes_the_tolerance() -> None:
    bath = chains.chain(chains.PowerLaw(alpha=0.1), 30, temperature=0.2)
    felt = chains.light_cone_time(bath, 1e-5)
    before, after = chains.correlation_error(bath, [0.99 * felt, felt]) / bath.coupling**2
    assert before < 1e-5 <= after


def test_a_complete_discrete_bath_has_no_end() -> None:
    density = chains.Discrete(frequencies=[0.5, 1.2], couplings=[0.3, 0.2])
    bath = chains.chain(density, temperature=0.3)
    assert chains.light_cone_time(bath) == math.inf
    assert chains.front_time(bath) == math.inf
    assert chains.required_length(density, temperature=0.3, until=1e3) == 4
    assert chains.required_length(density, temperature=0.3, until=1e-3) < 4
    assert chains.required_length_front(density, temperature=0.3, until=1e3) == 4


def test_a_bath_decoupled_has_the_light_cone_of_the_coupled_one() -> None:
    free = chains.chain(chains.PowerLaw(alpha=0.0), 30, temperature=0.2)
    coupled = chains.chain(chains.PowerLaw(alpha=0.3), 30, temperature=0.2)
    assert chains.light_cone_time(free) == pytest.approx(chains.light_cone_time(coupled))


def test_no_time_needs_one_site_and_too_much_time_is_refused() -> None:
    assert chains.required_length(chains.PowerLaw(alpha=0.1), temperature=0.1, until=0.0) == 1
    for density in (chains.PowerLaw(alpha=0.1, cutoff=1e3), chains.PowerLaw(alpha=0.1, cutoff=50, shape="exponential")):
        for temperature in (0.0, 0.1):
            with pytest.raises(chains.InvalidInput, match=r"until = 1000.*2048 sites"):
                chains.required_length(density, temperature=temperature, until=1e3)


def test_diagnosis_says_what_matters() -> None:
    bath = chains.chain(chains.PowerLaw(alpha=0.1), 30, temperature=0.2)
    found = chains.diagnose(bath, 20.0)
    assert found.largest_error < 1e-10
    assert found.correlation_at_zero == pytest.approx(bath.coupling**2)
    assert found.reorganisation_energy == pytest.approx(0.2)
    assert found.light_cone_time > 20.0
    text = str(found)
    assert "no pi" in text
    assert "long enough for t = 20: yes" in text
    assert "NO" in str(chains.diagnose(bath, 100.0))
    assert np.all(np.isfinite(found.correlation_error))
