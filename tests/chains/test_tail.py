"""What a cut takes from a density, against closed forms."""

import math

import numpy as np
import pytest
from scipy.special import exp1

import chains

WIDTH = 0.5
DRUDE = chains.DrudeLorentz(reorganisation_energy=2.0, width=WIDTH)
OHMIC = chains.PowerLaw(alpha=0.3, cutoff=2.0, exponent=1.0, shape="exponential")


def test_drude_lorentz():
    """J = (2/pi) lambda gamma w/(w^2 + gamma^2) goes on beyond 20 widths: 3.2 % of lambda."""
    tail = chains.tail(DRUDE)
    assert tail.start == 10.0
    assert tail.reorganisation == pytest.approx(4 / math.pi * math.atan(1 / 20), rel=1e-9)
    assert tail.dressing == pytest.approx(2 / math.pi / WIDTH * math.log1p(1 / 400), rel=1e-9)
    assert tail.weight == math.inf
    assert tail.whole == pytest.approx(2.0, rel=1e-12)
    assert tail.share == pytest.approx(0.0318, abs=5e-5)
    assert tail.edge == pytest.approx(float(DRUDE(10.0)[()]), rel=1e-12)
    assert "beyond w = 10: reorganisation energy 0.06361 lost, 3.18 % of the whole 2" in tail.describe()
    # a farther cutoff, and a nearer one of the chain, of the same density
    far = chains.DrudeLorentz(reorganisation_energy=2.0, width=WIDTH, cutoff=100.0)
    assert chains.tail(far).reorganisation == pytest.approx(4 / math.pi * math.atan(WIDTH / 100), rel=1e-9)
    near = chains.chain(DRUDE, 6, support=4.0)
    assert chains.lost_reorganisation(near) == pytest.approx(4 / math.pi * math.atan(WIDTH / 4), rel=1e-9)


def test_brownian():
    """Beyond 20 w0 about (2/pi) lambda gamma w0^2/(3 w^3); from 0 on it is lambda."""
    density = chains.Brownian(reorganisation_energy=1.5, frequency=1.0, width=0.3)
    tail = chains.tail(density)
    assert tail.reorganisation == pytest.approx(3.0 / math.pi * 0.3 / (3 * 20.0**3), rel=5e-3)
    assert tail.weight == pytest.approx(3.0 / math.pi * 0.3 / (2 * 20.0**2), rel=5e-3)
    assert tail.whole == pytest.approx(1.5, rel=1e-10)


def test_exponential_cutoff():
    x = 3.0
    tail = chains.tail(OHMIC, above=x * 2.0)
    assert tail.weight == pytest.approx(0.6 * 4 * (1 + x) * math.exp(-x), rel=1e-9)
    assert tail.reorganisation == pytest.approx(0.6 * 2 * math.exp(-x), rel=1e-9)
    assert tail.dressing == pytest.approx(0.6 * exp1(x), rel=1e-9)
    assert tail.whole == pytest.approx(1.2, rel=1e-12)
    # where a chain cuts by itself nothing that matters is lost; a closed-form one cuts nothing
    assert chains.lost_reorganisation(chains.chain(OHMIC, 8, temperature=0.3)) < 1e-15
    assert not chains.lost_tail(chains.chain(OHMIC, 8, temperature=0.3)).noticeable
    assert chains.lost_reorganisation(chains.chain(OHMIC, 8)) == 0.0


@pytest.mark.parametrize(
    ("density", "above", "lost"),
    [
        (chains.PowerLaw(alpha=0.3, exponent=0.5, shape="hard"), 0.6, 1.2 * (1 - math.sqrt(0.6))),
        (chains.Table(frequencies=np.linspace(0, 2, 9), values=np.linspace(0, 2, 9), ends="hard"), 1.5, 0.5),
        (chains.Function(function=lambda w: w * np.exp(-w), support=(0.0, math.inf)), 3.0, math.exp(-3.0)),
        (chains.Sum(parts=[DRUDE, OHMIC]), 5.0, 4 / math.pi * math.atan(0.1) + 1.2 * math.exp(-2.5)),
        (chains.Discrete(frequencies=[1.0, 2.0], couplings=[0.3, -0.4]), 1.5, 0.08),
    ],
)
def test_other_densities(density, above, lost):
    """Those that end end there; a sum loses what its parts lose."""
    assert chains.tail(density, above=above).reorganisation == pytest.approx(lost, rel=1e-8)
    assert chains.tail(density, above=100.0).start == min(100.0, density.support[1])


def test_a_sum_loses_what_its_parts_lose_by_their_own_cuts():
    """The support of the sum is that of the part that goes farthest, 20; the other part has been cut at 10."""
    both = chains.Sum(parts=[DRUDE, chains.DrudeLorentz(reorganisation_energy=1.0, width=1.0)])
    tail = chains.tail(both)
    assert tail.whole == pytest.approx(3.0, rel=1e-10)
    assert tail.whole - tail.reorganisation == pytest.approx(both.reorganisation(), rel=1e-10)


def test_baths():
    """Chain, pair and cells of one density lose the same; discrete baths nothing, however short the chain."""
    made = [
        chains.chain(DRUDE, 6),
        chains.chain(DRUDE, 6, temperature=0.4),
        chains.thermofield_chains(DRUDE, 6, temperature=0.4),
        chains.star_cells(DRUDE, 4, temperature=0.4),
    ]
    assert len({chains.lost_reorganisation(bath) for bath in made}) == 1
    modes = chains.Discrete(frequencies=[1.0, 2.0, 3.0], couplings=[0.3, 0.2, 0.1])
    assert chains.lost_reorganisation(chains.chain(modes, 2, temperature=0.1)) == 0.0


def test_the_diagnosis_says_it():
    text = str(chains.diagnose(chains.chain(DRUDE, 6), 0.1))
    assert "beyond w = 10: reorganisation energy 0.06361 lost, 3.18 %" in text
    assert "lost" not in str(chains.diagnose(chains.chain(OHMIC, 6), 0.1))


def test_bad_frequency():
    with pytest.raises(chains.InvalidInput, match="above"):
        chains.tail(DRUDE, above=-1.0)
