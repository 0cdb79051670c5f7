"""Kicks of a line of time bins against the dense propagator and coherent states, and what is measured on it against dense vectors."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from scipy.special import gammaln

from tests.kernels.dense import SEEDS, Array, acted, assert_gauge, gaussian, random_tensors, typed, vector
from tests.tolerances import DENSE, ROUNDING
from tnthermo.kernels.bins import (
    CAPPED,
    DISCARDED,
    REPORT,
    TABLE,
    TOP,
    bin_list,
    bin_means,
    bin_shapes,
    from_the_system,
    kick,
    linear_moments,
    quadrature,
    quadrature_table,
    vacuum_bin,
)

NO_CAP = 1 << 30
TABLES = quadrature_table()
# Directions of a weight below 1e-15 of the largest are none to the kernel: a vector is exact to the root of that (measured 2e-15).
KEPT_ALL = 1e-7
VISIBLE = 1e-3
# Levels of the bins, their bonds up to that of the centre, levels of the system, those of the ancilla, distinct values of O.
LINES = (
    ((4, 5, 4), (2, 4, 3), 2, 1, (0.9, -0.7)),
    ((4, 6, 5), (3, 4, 4), 2, 2, (0.9, -0.7)),
    ((5, 4), (2, 3), 3, 1, (0.8, 0.1, -0.6)),
    ((4, 4, 5), (2, 5, 6), 3, 2, (0.8, 0.1, -0.6)),
    ((6, 5), (3, 6), 3, 2, (0.8, -0.4)),
    ((5, 4), (2, 2), 2, 1, (0.6,)),
)


@dataclass(frozen=True, kw_only=True)
class Kicked:
    """A line in the kernel's gauge, and exp(-i O (x) (f + f^dag) - i phi O^2) that is to act on it.

    bins    left-orthonormal tensors (l, d, r); centre (D, s, m)
    basis   eigenvectors of O as columns; labels which of the ``values`` each has
    row     (n,) of f
    """

    bins: list[Array]
    centre: Array
    basis: Array
    labels: Array
    values: Array
    row: Array
    phi: float = 0.3

    @property
    def levels(self) -> list[int]:
        return [t.shape[1] for t in self.bins]

    @property
    def operator(self) -> Array:
        """O (s, s)."""
        return (self.basis * self.values[self.labels]) @ self.basis.conj().T

    @property
    def form(self) -> Array:
        """f + f^dag with the truncated c_j, on all bins (B, B)."""
        total, before = 0.0, 1
        for j, d in enumerate(self.levels):
            lower = np.diag(np.sqrt(np.arange(1.0, d)), 1)
            own = self.row[j] * lower + (self.row[j] * lower).conj().T
            after = math.prod(self.levels[j + 1 :])
            total = total + np.kron(np.kron(np.eye(before), own), np.eye(after))
            before *= d
        return np.asarray(total)

    @property
    def vector(self) -> Array:
        """(B, s, m)."""
        return dense(self.bins, self.centre)

    def exact(self) -> Array:
        """The slow twin of `kick`: (B, s, m), the exponential of the whole as one matrix."""
        O = self.operator
        B, s, m = self.vector.shape
        generator = np.kron(self.form, O) + self.phi * np.kron(np.eye(B), O @ O)
        return (expm(-1j * generator) @ self.vector.reshape(B * s, m)).reshape(B, s, m)

    def run(
        self,
        *,
        first: int = 0,
        allowed: float = 0.0,
        cap: int = NO_CAP,
        top: float = math.inf,
        most: int = 0,
        backward: bool = False,
    ) -> tuple[list[Array], Array, Array]:
        """(bins, centre, report) of the kernel; ``backward``: of the inverse."""
        bins, report = bin_list([t.copy() for t in self.bins]), np.zeros(REPORT)
        values = -self.values if backward else self.values
        phases = np.exp((1j if backward else -1j) * self.phi * self.values**2)
        centre = kick(
            bins, self.centre.copy(), self.basis, self.labels, values, phases, self.row, first, *TABLES, allowed, cap, top, most, report,
        )  # fmt: skip
        return list(bins), centre, report


def dense(bins: list[Array], centre: Array) -> Array:
    """The state as an array (B, s, m)."""
    D, s, m = centre.shape
    return vector([*bins, centre.reshape(D, s * m, 1)]).reshape(-1, s, m)


def random_line(seed: int, which: int, size: float = 0.4) -> Kicked:
    """A random state of one of `LINES` with a random operator and form, |row_j| about ``size``."""
    rng = np.random.default_rng(seed)
    levels, bonds, s, m, values = LINES[which]
    *bins, last = random_tensors(rng, (*levels, s * m), bonds, center=len(levels))
    labels = np.sort(np.append(np.arange(len(values)), np.zeros(s - len(values), dtype=int))).astype(np.int64)
    return Kicked(
        bins=bins, centre=last.reshape(-1, s, m), basis=np.linalg.qr(gaussian(rng, s, s))[0], labels=labels,
        values=np.array(values), row=size * gaussian(rng, len(levels)),
    )  # fmt: skip


def grown_line(seed: int, which: int, size: float = 0.4) -> Kicked:
    """The same from a product state: two kicks of other operators and forms have made the bonds."""
    rng = np.random.default_rng(seed)
    levels, _, s, m, _ = LINES[which]
    line = random_line(seed, which, size)
    psi = gaussian(rng, 1, s, m)
    line = replace(line, bins=[vacuum_bin(1, d) for d in levels], centre=psi / np.linalg.norm(psi))
    for _ in range(2):
        basis, row = np.linalg.qr(gaussian(rng, s, s))[0], 0.5 * gaussian(rng, len(levels))
        bins, centre, _ = replace(line, basis=basis, row=row).run()
        line = replace(line, bins=bins, centre=centre)
    return line


STATES = pytest.mark.parametrize("make", [random_line, grown_line])
WHICH = pytest.mark.parametrize("which", range(len(LINES)))


@STATES
@WHICH
@settings(max_examples=3)
@given(seed=SEEDS)
def test_kick_is_the_dense_exponential(make, which, seed):
    """It is so with one, two or three values of O and an ancilla of 1 or 2, from bonds and levels as they come."""
    line = make(seed, which)
    bins, centre, report = line.run()
    exact = line.exact()
    np.testing.assert_allclose(dense(bins, centre), exact, atol=KEPT_ALL)
    assert report[DISCARDED] < 1e-14
    assert report[CAPPED] == 0.0
    assert [t.shape[1] for t in bins] == line.levels
    # it does something, and another form does something else
    assert np.linalg.norm(exact - line.vector) > VISIBLE


@STATES
@WHICH
def test_a_conjugate_entry_is_noticed(make, which):
    """It may be that of any bin; another phase, the other sign of O, and values that are swapped are noticed, too."""
    line = make(5, which)
    exact = line.exact()
    wrong = [replace(line, phi=-line.phi), replace(line, values=-line.values)]
    if len(line.values) > 1:
        wrong.append(replace(line, values=line.values[::-1].copy()))
    for j in range(len(line.bins)):
        row = line.row.copy()
        row[j] = row[j].conj()
        wrong.append(replace(line, row=row))
    for other in wrong:
        bins, centre, _ = other.run()
        np.testing.assert_allclose(dense(bins, centre), other.exact(), atol=KEPT_ALL)
        assert np.linalg.norm(dense(bins, centre) - exact) > VISIBLE


@STATES
@WHICH
@settings(max_examples=2)
@given(seed=SEEDS)
def test_bins_stay_left_orthonormal(make, which, seed):
    """Those that have been cut do so, too, and then the norm is that of the centre."""
    line = make(seed, which)
    for chosen in ({}, {"allowed": 1e-3}, {"cap": 3}, {"top": 1e-4, "most": 9}):
        bins, centre, _ = line.run(**chosen)
        assert_gauge([*bins, centre], len(bins), DENSE)
        assert np.linalg.norm(dense(bins, centre)) == pytest.approx(np.linalg.norm(centre), rel=DENSE)
    # negative: tensors of no such gauge
    with pytest.raises(AssertionError):
        assert_gauge([1.001 * bins[0], *bins[1:], centre], len(bins), DENSE)


@STATES
@WHICH
def test_a_kick_is_undone(make, which):
    line = make(8, which)
    bins, centre, _ = line.run()
    back = replace(line, bins=bins, centre=centre)
    np.testing.assert_allclose(dense(*back.run(backward=True)[:2]), line.vector, atol=KEPT_ALL)
    assert np.linalg.norm(dense(*back.run()[:2]) - line.vector) > VISIBLE


@pytest.mark.parametrize("first", [1, 2, 3])
@pytest.mark.parametrize("which", [0, 1, 3])
def test_bins_before_the_first_are_left_alone(which, first):
    """They are the same to the last bit, and what the form has there does not count. With all of them so, the system gets a phase only."""
    line = random_line(3, which)
    there = np.where(np.arange(3) >= first, line.row, 0.0)
    bins, centre, report = line.run(first=first)
    for j in range(first):
        np.testing.assert_array_equal(bins[j], line.bins[j])
    np.testing.assert_allclose(dense(bins, centre), replace(line, row=there).exact(), atol=KEPT_ALL)
    assert np.linalg.norm(dense(bins, centre) - line.exact()) > VISIBLE
    assert_gauge([*bins, centre], 3, DENSE)
    if first == 3:
        assert (report == 0.0).all()


def cut_in_turn(
    psi: Array, levels: list[int], keep: list[int], first: int, spared: tuple[Array, ...] = ()
) -> tuple[Array, list[float]]:
    """The slow twin of truncation: (B, s, m) cut behind each bin from ``first`` on, to these bonds, and the weight that each cut
    takes; behind the first bins that are ``spared`` on the space that these tensors have.
    """
    shape, lost = psi.shape, []
    space = np.ones((1, 1), dtype=complex)
    for j in range(first, len(levels)):
        matrix = psi.reshape(math.prod(levels[: j + 1]), -1)
        if j < len(spared):
            space = np.einsum("pl,ldr->pdr", space, spared[j]).reshape(-1, spared[j].shape[2])
            cut = space @ (space.conj().T @ matrix)
            lost.append(float(np.linalg.norm(matrix) ** 2 - np.linalg.norm(cut) ** 2))
            psi = cut
            continue
        u, s, v = np.linalg.svd(matrix, full_matrices=False)
        lost.append(float(np.sum(s[keep[j] :] ** 2)))
        psi = (u[:, : keep[j]] * s[: keep[j]]) @ v[: keep[j]]
    return psi.reshape(shape), lost


def spared_of(line: Kicked, bins: list[Array]) -> tuple[Array, ...]:
    """The first bins that a kick has left as they were."""
    same = [a.shape == b.shape and bool((a == b).all()) for a, b in zip(line.bins, bins, strict=True)]
    return tuple(bins[: next((j for j, one in enumerate(same) if not one), len(bins))])


def shares(allowed: float, lost: list[float], bins: int) -> list[float]:
    """What each bond may lose: its part of what those before it have left."""
    found = []
    for j in range(bins):
        found.append(allowed / (bins - j))
        allowed = max(0.0, allowed - lost[j])
    return found


@STATES
@WHICH
@pytest.mark.parametrize(("allowed", "cap"), [(3e-9, NO_CAP), (3e-4, NO_CAP), (9e-2, NO_CAP), (3e-9, 3), (3e-3, 2)])
def test_what_is_dropped_is_what_is_lost(make, which, allowed, cap):
    """The report is the loss of norm to all its digits, and as few states are kept as the allowed weight leaves, bin after bin."""
    line = make(11, which)
    bins, centre, report = line.run(allowed=allowed, cap=cap)
    ours, exact = dense(bins, centre), line.exact()
    loss = np.linalg.norm(exact) ** 2 - np.linalg.norm(ours) ** 2
    assert loss == pytest.approx(report[DISCARDED], rel=1e-9, abs=1e-14)
    kept, spared = [t.shape[2] for t in bins], spared_of(line, bins)
    assert max(kept) <= cap
    twin, lost = cut_in_turn(exact, line.levels, kept, 0, spared)
    np.testing.assert_allclose(ours, twin, atol=KEPT_ALL)
    assert sum(lost) == pytest.approx(report[DISCARDED], rel=1e-9, abs=1e-13)
    share = shares(allowed, lost, len(bins))
    over = [each > may * (1 + 1e-9) + 1e-15 for each, may in zip(lost, share, strict=True)]
    if cap == NO_CAP:
        assert not any(over)
        assert report[CAPPED] == 0.0
        fewer = [max(1, k - 1) for k in kept]
        for j in range(len(spared), len(kept)):  # one state less is too few
            less = [*kept[:j], fewer[j], *kept[j + 1 :]]
            taken = cut_in_turn(exact, line.levels, less, 0, spared)[1][j]
            assert kept[j] == 1 or taken > share[j] * (1 - 1e-9) - 1e-15
    else:
        assert report[CAPPED] <= report[DISCARDED]
        assert report[DISCARDED] - report[CAPPED] <= allowed * (1 + 1e-9)
        assert report[CAPPED] > 0.0 or not any(over)
    # negative: the oracle sees a state less and a weight that is not reported
    less = [max(1, k - 1) for k in kept]
    assert kept == less or np.linalg.norm(cut_in_turn(exact, line.levels, less, 0)[0] - ours) > 1e-6
    assert report[DISCARDED] < 1e-12 or 1.0001 * report[DISCARDED] != pytest.approx(loss, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("which", [0, 1, 3])
def test_bins_that_a_kick_hardly_moves_are_spared(which):
    """They keep their tensors to the bit where that loses less than their share; not with more to lose."""
    line = grown_line(4, which)
    bins, centre, _ = line.run(cap=2)  # bonds that leave something out
    line = replace(line, bins=bins, centre=centre / np.linalg.norm(centre))
    faint = replace(line, row=line.row * np.append(1e-6, np.ones(len(line.row) - 1)))
    bins, centre, report = faint.run(allowed=1e-9)
    assert len(spared_of(faint, bins)) == 1
    assert np.linalg.norm(dense(bins, centre) - faint.exact()) ** 2 < 1e-8
    assert_gauge([*bins, centre], len(bins), DENSE)
    loss = 1 - np.linalg.norm(centre) ** 2
    assert report[DISCARDED] == pytest.approx(loss, abs=1e-13)
    assert not spared_of(line, line.run(allowed=1e-9)[0])
    assert not spared_of(faint, faint.run()[0])
    # a bond that is wider than the cap is cut all the same
    assert max(t.shape[2] for t in faint.run(allowed=1e-9, cap=1)[0]) == 1


@WHICH
def test_the_line_read_from_the_system(which):
    """It is the same state, its shapes those of the bins in turn."""
    line = random_line(6, which)
    bins = bin_list(line.bins)
    assert bin_shapes(bins).tolist() == [list(t.shape) for t in line.bins]
    found = [t.transpose(2, 1, 0) for t in from_the_system(bins, line.centre)][::-1]
    np.testing.assert_array_equal(vector(found), vector([*line.bins, line.centre.reshape(len(line.centre), -1, 1)]))
    assert bin_shapes(bin_list()).shape == (0, 3)


def test_a_cap_is_reported():
    """The report tells the part of the loss that the allowed weight is not to blame for; a wider cap takes nothing."""
    line = random_line(2, 3)
    bins, centre, report = line.run(allowed=1e-12, cap=2)
    assert [t.shape[2] for t in bins] == [2, 2, 2]
    assert report[CAPPED] > 0.01
    assert report[DISCARDED] == pytest.approx(report[CAPPED], abs=1e-11)
    assert 1 - np.linalg.norm(centre) ** 2 == pytest.approx(report[DISCARDED], rel=1e-10)
    assert line.run(allowed=1e-12, cap=500)[2][CAPPED] == 0.0


@pytest.mark.parametrize("first", [1, 2])
def test_truncation_behind_the_first_bin(first):
    """Bonds before it stay as they are."""
    line = random_line(4, 3)
    bins, centre, report = line.run(first=first, allowed=3e-2, cap=4)
    exact = replace(line, row=np.where(np.arange(3) >= first, line.row, 0.0)).exact()
    twin, lost = cut_in_turn(exact, line.levels, [t.shape[2] for t in bins], first)
    np.testing.assert_allclose(dense(bins, centre), twin, atol=KEPT_ALL)
    assert report[DISCARDED] == pytest.approx(sum(lost), rel=1e-10)
    assert report[DISCARDED] > 1e-4
    assert np.linalg.norm(twin - exact) > VISIBLE


def coherent(alpha: complex, levels: int) -> Array:
    """<n|alpha>."""
    n = np.arange(levels)
    return np.exp(-(abs(alpha) ** 2) / 2) * alpha**n / np.exp(gammaln(n + 1) / 2)


def one_bin(levels: int, row: complex, phi: float = 0.3) -> Kicked:
    """An empty bin beside a system of three levels."""
    psi = gaussian(np.random.default_rng(6), 1, 3, 2)
    return replace(
        random_line(6, 4), bins=[vacuum_bin(1, levels)], centre=psi / np.linalg.norm(psi), phi=phi,
        row=np.array([row], dtype=np.complex128),
        labels=np.array([0, 1, 2]), values=np.array([1.1, 0.2, -0.9]),
    )  # fmt: skip


def displaced(line: Kicked, rows: list[complex], levels: int) -> Array:
    """(levels, s, m) after kicks of one empty bin: coherent states alpha = -i a conj(row), and what their order adds to the phase."""
    values = line.values[line.labels]
    inside = line.basis.conj().T @ line.centre[0]
    result = np.zeros((levels, *inside.shape), dtype=complex)
    for i, a in enumerate(values):
        alpha, phase = 0.0j, 0.0
        for row in rows:
            step = -1j * a * np.conj(row)
            phase += (step * np.conj(alpha)).imag - line.phi * a**2
            alpha += step
        result[:, i] = np.exp(1j * phase) * np.outer(coherent(alpha, levels), inside[i])
    return np.einsum("si,nim->nsm", line.basis, result)


def test_levels_grow_until_coherent_states_fit():
    """A bin of three levels is displaced twice in different directions; without growth the state is a wrong one."""
    rows = [1.3 * np.exp(0.4j), 0.8 * np.exp(-1.1j)]

    def after(**chosen: float) -> tuple[Array, list[int], Array]:
        line, sizes, total = one_bin(3, 0.0), [], np.zeros(REPORT)
        for row in rows:
            bins, centre, report = replace(line, row=np.array([row])).run(**chosen)  # type: ignore[arg-type]
            line = replace(line, bins=bins, centre=centre)
            sizes.append(line.levels[0])
            total = np.maximum(total, report)
        return line.vector, sizes, total

    found, sizes, report = after(top=1e-16, most=80)
    assert 3 < sizes[0] <= sizes[1] < 80
    assert report[TOP] <= 1e-16
    np.testing.assert_allclose(found, displaced(one_bin(3, 0.0), rows, sizes[1]), atol=1e-7)
    other = displaced(one_bin(3, 0.0), rows[::-1], sizes[1])
    assert np.linalg.norm(found - other) > VISIBLE  # the order of the two is seen
    stuck, three, report = after()
    assert three == [3, 3]
    assert report[TOP] > 0.1
    assert np.linalg.norm(stuck - displaced(one_bin(3, 0.0), rows, 3)) > VISIBLE


def test_more_levels_than_the_table_has():
    """Quadratures of so many are found when they are needed."""
    line = one_bin(TABLE + 6, 1.2 + 0.5j)
    bins, centre, _ = line.run()
    np.testing.assert_allclose(dense(bins, centre), displaced(line, [complex(line.row[0])], TABLE + 6), atol=KEPT_ALL)
    assert np.linalg.norm(dense(bins, centre) - displaced(line, [1.2 - 0.5j], TABLE + 6)) > VISIBLE


def test_levels_stop_at_the_most():
    """The population that is too large is reported then."""
    line = one_bin(3, 1.5)
    bins, centre, report = line.run(top=1e-12, most=6)
    assert bins[0].shape[1] == 6
    assert report[TOP] > 1e-3
    six = one_bin(6, 1.5)
    np.testing.assert_allclose(dense(bins, centre), six.exact(), atol=KEPT_ALL)
    assert line.run(top=1e-12, most=3)[0][0].shape[1] == 3


@STATES
@WHICH
def test_population_of_the_highest_levels(make, which):
    """The report has the largest of the last two of any bin, as a dense vector has it after the kick."""
    line = make(9, which)
    report = line.run()[2]
    psi = line.exact().reshape(*line.levels, -1)
    shares = []
    for j, d in enumerate(line.levels):
        populations = np.sum(np.abs(np.moveaxis(psi, j, 0).reshape(d, -1)) ** 2, axis=1)
        shares += [populations[-1], populations[-2]]
    assert report[TOP] == pytest.approx(max(shares), rel=1e-7)
    before = line.vector.reshape(*line.levels, -1)
    first = np.moveaxis(before, 0, 0).reshape(line.levels[0], -1)
    assert report[TOP] != pytest.approx(float(np.sum(np.abs(first[-1]) ** 2)), rel=1e-7)


@settings(max_examples=3)
@given(seed=SEEDS, top=st.floats(1e-6, 1e-2))
def test_widened_bins_hold_the_same_state_and_more(seed, top):
    """They are those of a line to which as many empty levels were added before the kick."""
    line = random_line(seed, 3)
    bins, centre, report = line.run(top=top, most=12)
    grown = [t.shape[1] for t in bins]
    wide = [
        np.concatenate([t, np.zeros((t.shape[0], d - t.shape[1], t.shape[2]))], axis=1)
        for t, d in zip(line.bins, grown, strict=True)
    ]
    assert grown != line.levels
    np.testing.assert_allclose(dense(bins, centre), dense(*replace(line, bins=wide).run()[:2]), atol=KEPT_ALL)
    assert max(grown) == 12 or report[TOP] <= top


@pytest.mark.parametrize("levels", [1, 2, 5, 20])
def test_quadrature(levels):
    """V diag(x) V^T is the truncated c + c^dag, and the table has the same."""
    x, v = quadrature(levels)
    lower = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
    np.testing.assert_allclose((v * x) @ v.T, lower + lower.T, atol=ROUNDING)
    np.testing.assert_array_equal(TABLES[0][levels], x)
    np.testing.assert_array_equal(TABLES[1][levels], v)
    if levels > 1:
        assert np.abs((v * -x) @ v.T - (lower + lower.T)).max() > 0.5


def test_a_vacuum_bin_changes_nothing():
    """Beside the centre it holds the vacuum, whatever the bond."""
    line = random_line(1, 1)
    D = line.centre.shape[0]
    longer = dense([*line.bins, vacuum_bin(D, 4)], line.centre).reshape(-1, 4, *line.centre.shape[1:])
    np.testing.assert_allclose(longer[:, 0], line.vector, atol=ROUNDING)
    assert (longer[:, 1:] == 0.0).all()
    assert np.linalg.norm(longer[:, 0] - dense(line.bins, line.centre[::-1].copy()).reshape(longer[:, 0].shape)) > 0.1


def lowered(line: Kicked, bin_: int) -> Array:
    """c_j psi (B, s, m)."""
    psi = line.vector.reshape(*line.levels, -1)
    lower = np.diag(np.sqrt(np.arange(1.0, line.levels[bin_])), 1)
    return acted(psi, (bin_, lower)).reshape(line.vector.shape)


@STATES
@WHICH
@pytest.mark.parametrize("first", [0, 1])
def test_linear_moments(make, which, first):
    """They are Tr_bins[f rho] of several forms at once, from the first bin on that has a part in any."""
    line = make(13, which)
    n, (B, s, m) = len(line.bins), line.vector.shape
    rows = gaussian(np.random.default_rng(14), 3, n)
    rows[:, :first] = 0.0
    found = linear_moments(bin_list(line.bins), line.centre, rows, first)

    def twin(forms: Array) -> Array:
        psi = line.vector.reshape(B, s * m)
        acted_on = [sum(row[j] * lowered(line, j) for j in range(n)).reshape(B, s * m) for row in forms]
        return np.array([np.einsum("bs,bt->st", each, psi.conj()) for each in acted_on])

    np.testing.assert_allclose(found, twin(rows), atol=DENSE)
    assert np.abs(found - found.conj().transpose(0, 2, 1)).max() > VISIBLE
    wrong = rows.copy()
    wrong[:, -1] = wrong[:, -1].conj()
    assert np.abs(found - twin(wrong)).max() > VISIBLE


def test_forms_on_no_bin_have_no_moments():
    line = random_line(1, 1)
    rows = np.ones((2, 3), dtype=complex)
    assert (linear_moments(bin_list(line.bins), line.centre, rows, 3) == 0.0).all()
    assert np.abs(linear_moments(bin_list(line.bins), line.centre, rows, 2)).max() > VISIBLE


@STATES
@WHICH
def test_bin_means(make, which):
    """They are <c_j> of all bins, the line read from the system on; those of the conjugate state are others."""
    line = make(17, which)
    D, s, m = line.centre.shape
    centre = line.centre.reshape(1, D, s * m).transpose(0, 2, 1)
    read = [centre, *(t.transpose(2, 1, 0) for t in reversed(line.bins))]
    means = np.full(len(read), np.nan, dtype=complex)
    bin_means(typed(read), means)
    expected = [np.vdot(line.vector, lowered(line, j)) for j in range(len(line.bins))]
    assert means[0] == 0.0
    np.testing.assert_allclose(means[1:][::-1], expected, atol=DENSE)
    assert np.abs(means[1:][::-1] - np.conj(expected)).max() > VISIBLE
