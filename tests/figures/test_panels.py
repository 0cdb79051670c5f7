"""Figures: they are written, they show what there is, and their labels do not overlap."""

import warnings
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import chains
import tnthermo as tt
from tests.support.configs import write_config
from tests.support.terminal import call
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.figures import panels
from tnthermo.figures.second_order import COMPARED, companion, comparable, compared
from tnthermo.figures.style import PURPLE, STYLE, spread
from tnthermo.results import result_file
from tnthermo.terminal.show import shown


@pytest.fixture(scope="module", params=[0.0, 0.5])
def dataset(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    resolved = resolve(load_config(write_config(tmp_path_factory.mktemp("plots"), temperature=request.param)))
    return tt.ledger(tt.evolve(resolved.model, **(resolved.evolve_keywords() | {"bath_entropy": "off"})))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.fixture(scope="module")
def two_baths() -> xr.Dataset:
    cold, warm = (chains.chain(chains.Discrete(frequencies=[1.0], couplings=[0.4]), temperature=T) for T in (0.0, 0.5))
    model = tt.assemble(hamiltonian={"x": 0.5}, couplings=[tt.couple({"z": 0.5}, cold), tt.couple({"x": 0.3}, warm)])
    algorithm = tt.TDVP(step=0.2, tolerance=1e-3)
    return tt.ledger(
        tt.evolve(model, algorithm=algorithm, until=1.0, occupation_every=float("inf"), bath_entropy="off")
    )


def test_five_figures_and_the_modes_in_two_formats(dataset: xr.Dataset, tmp_path: Path) -> None:
    assert not panels.complete(tmp_path)
    written = panels.figures(dataset, tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(written)
    assert panels.names(dataset) == ("system", "energies", "heat_and_work", "entropies", "residuals", "modes")
    assert len(written) == 12
    assert panels.complete(tmp_path)
    assert all(path.stat().st_size > 5000 for path in written)


def test_several_baths_have_a_figure_of_their_own(two_baths: xr.Dataset, tmp_path: Path) -> None:
    """The modes, which were not evaluated, have none."""
    assert panels.names(two_baths) == ("system", "energies", "heat_and_work", "entropies", "residuals", "baths")
    written = panels.figures(two_baths, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in written)
    assert len(written) == 12
    labels = texts(panels.single(two_baths, "baths"))
    assert labels == ["$T_0$ = 0", "$T_1$ = 0.5"] * 2
    assert len(tt.plot(two_baths).axes) == 5


def test_a_ledger_of_before_has_four(dataset: xr.Dataset, tmp_path: Path) -> None:
    """Without modes, and without the columns of the system, which came later."""
    bare = dataset.drop_vars([name for name in dataset.variables if str(name).startswith(("mode_", "sigma_"))])
    bare = bare.drop_dims(["level", "pair"])
    assert comparable(dataset) == list(COMPARED)
    assert comparable(bare) == [name for name in COMPARED if name != "system"]
    written = panels.figures(bare, tmp_path)
    assert len(written) == 8
    assert panels.complete(tmp_path)
    assert all(path.stat().st_size > 5000 for path in written)
    assert "sigma_x" not in shown(bare)
    assert "sigma_x" in shown(dataset)


def of_levels(d: int, until: float = 2.0) -> xr.Dataset:
    hamiltonian = np.diag(np.linspace(0, 1, d)) + 0.3 * (np.eye(d, k=1) + np.eye(d, k=-1))
    bath = chains.Bath(density=chains.DrudeLorentz(reorganisation_energy=0.1, width=1.0), temperature=0.5)
    model = tt.SpinBoson(hamiltonian=hamiltonian, coupling=np.diag(np.arange(d)) / d, bath=bath)
    algorithm = tt.TimeBins(step=0.25, tolerance=1e-2)
    return tt.ledger(tt.evolve(model, initial=np.eye(d)[0], algorithm=algorithm, until=until, bath_entropy="off"))


@pytest.mark.parametrize(("d", "above", "below"), [(3, 3, 3), (9, 7, 7)])
def test_the_system_of_any_size(d: int, above: int, below: int) -> None:
    """Every level has a label of its own as long as they fit; that some are left out is said; what is drawn is what the ledger has."""
    ledger = of_levels(d)
    with mpl.rc_context(STYLE):
        figure = panels.single(ledger, "system")
    assert [len(axes.texts) for axes in figure.axes] == [above, below]
    assert not overlaps(figure)
    assert ("(7 of 9)" in figure.axes[0].get_ylabel()) == (d > 7)
    for axes, name in zip(figure.axes, ("population", "population_H"), strict=True):
        first = next(line for line in axes.lines if len(line.get_xdata()) == ledger.sizes["t"])
        assert any(np.array_equal(first.get_ydata(), ledger[name].values[:, k]) for k in range(d))
        low, high = axes.get_ylim()
        drawn = np.concatenate(
            [np.asarray(line.get_ydata()) for line in axes.lines if len(line.get_xdata()) == ledger.sizes["t"]]
        )
        assert low < drawn.min()
        assert drawn.max() < high  # no peak is cut off
    assert comparable(ledger) == [name for name in COMPARED if name != "system"]
    text = shown(ledger)
    assert ("and 3 more" in text) == (d > 6)
    assert "sigma_x" not in text
    assert max(map(len, text.splitlines())) <= 120


def test_what_is_rounding_does_not_stretch_the_residuals(dataset: xr.Dataset) -> None:
    """A work that is zero but for rounding is not drawn, and leaves the others their axis; one that is small is drawn."""

    def drawn(work: float) -> tuple[set[str], float]:
        figure = panels.single(dataset.assign(residual_work=xr.full_like(dataset["residual_work"], work)), "residuals")
        return {line.get_gid() for line in figure.axes[0].lines}, figure.axes[0].get_ylim()[0]

    names, lowest = drawn(1e-27)
    assert {"residual_energy", "residual_heat"} <= names
    assert "residual_work" not in names
    assert lowest > 1e-17
    names, lowest = drawn(1e-14 * float(np.abs(dataset["E_int"]).max()))
    assert "residual_work" in names
    assert lowest < 1e-14


def test_residuals_that_are_all_rounding_are_drawn_without_a_warning(dataset: xr.Dataset) -> None:
    """An axis without a line has no logarithm."""
    exact = {
        str(name): xr.full_like(dataset[name], 1e-30) for name in dataset.data_vars if str(name).startswith("residual_")
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = panels.single(dataset.assign(exact), "residuals")
        figure.draw_without_rendering()
    assert not any(str(line.get_gid()).startswith("residual_") for line in figure.axes[0].lines)
    assert any(line.get_gid() == "bond_dimension" for line in figure.axes[1].lines)


def test_the_system_of_a_qubit(dataset: xr.Dataset) -> None:
    """<sigma>, and both kinds of populations where they differ; those of a diagonal H_S are drawn once."""
    figure = panels.single(dataset, "system")
    labels = texts(figure)
    assert labels[:3] == [r"$\langle\sigma_x\rangle$", r"$\langle\sigma_y\rangle$", r"$\langle\sigma_z\rangle$"]
    assert labels[3:] == [r"$|0\rangle$", r"$|1\rangle$", r"$|E_{0}\rangle$", r"$|E_{1}\rangle$"]
    diagonal = dataset.assign(population_H=dataset["population"][:, ::-1])
    assert texts(panels.single(diagonal, "system"))[3:] == [r"$|0\rangle$", r"$|1\rangle$"]
    last_of_z = figure.axes[0].lines[2].get_ydata()[-1]
    assert last_of_z == dataset["sigma_z"].values[-1]


def test_the_notebook_figure_shows_bounds_as_bounds(dataset: xr.Dataset) -> None:
    figure = tt.plot(dataset)
    assert len(figure.axes) == (6 if dataset.attrs["temperature"] > 0 else 5)  # productions have axes of their own
    labels = texts(figure)
    bounded = r"$S_\chi$ bounds" in labels
    assert bounded == (dataset.attrs["temperature"] > 0)
    assert (r"$S_\chi$" in labels) != bounded
    assert (r"$\Sigma$ total" in labels) == (dataset.attrs["temperature"] > 0)
    sizes = [
        text.get_fontsize()
        for axes in figure.axes
        for text in [*axes.texts, axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels()]
    ]
    assert min(sizes) >= 7


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of labels of which one is drawn over the other."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    found = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in found]
    return [(a, b) for i, (a, one) in enumerate(boxes) for b, other in boxes[:i] if one.overlaps(other)]


def soft(dataset: xr.Dataset, *, height: float, rest: float = 1.0) -> xr.Dataset:
    """The ledger with modes to a frequency of 50, of which those below 6 hold ``rest`` and the softest ``height``."""
    frequency = np.linspace(0.05, 50.0, 1000)
    hold = rest * np.exp(-(((frequency - 1) / 2) ** 2)) + height * np.exp(-frequency / 0.1)
    t = np.arange(dataset.sizes["t"])
    shape = {"mode_occupation": (("t", "mode"), np.outer(t, hold) / t[-1])}
    others = {"mode_frequency": frequency, "mode_weight": np.ones(1000) * 0.5, "mode_bath": np.arange(1000) % 2}
    bare = dataset.drop_dims("mode")
    return bare.assign(shape | {name: ("mode", values) for name, values in others.items()})


def test_the_modes_of_a_bath_without_an_end(dataset: xr.Dataset) -> None:
    """The range is that of what is drawn, however far the bath reaches; only what stands far above it at 0 is cut off, which is said."""
    with mpl.rc_context(STYLE):
        for height, cut in ((0.0, False), (0.3, False), (200.0, True)):
            ledger = soft(dataset, height=height)
            figure = panels.single(ledger, "modes")
            axes = figure.axes[0]
            largest = float(ledger["mode_occupation"].max() / 0.5)
            assert (axes.get_ylim()[1] < largest) == cut
            assert axes.get_ylim()[1] > 2.0
            assert axes.get_xlim()[1] < 10
            assert ("softest modes cut off" in [text.get_text() for text in axes.texts]) == cut
            assert not outside(figure)


@pytest.mark.parametrize("flags", ["none", "bond cap reached at t = 3.25 (16)"])
def test_nothing_of_the_modes_is_cut_off_at_the_edge(dataset: xr.Dataset, flags: str) -> None:
    """However small the numbers: they have a power of ten; the line above the axes has room, below a caution too."""
    ledger = soft(dataset, height=0.0, rest=1e-6).assign_attrs(flags=flags)
    with mpl.rc_context(STYLE):
        figure = panels.single(ledger, "modes")
        assert not outside(figure)
        assert figure.axes[0].get_title(loc="right") == "bath 0 solid, bath 1 dashed"
        figure.axes[0].set_ylabel("before\n\nit was\n\nseen")  # the negative twin
        assert outside(figure) == ["before\n\nit was\n\nseen"]


def outside(figure: Figure) -> list[str]:
    """What is written over the edge of a figure, or over its caution."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    edge, texts = figure.bbox, []
    for axes in figure.axes:
        offset, title = axes.yaxis.get_offset_text(), axes._right_title  # type: ignore[attr-defined]
        texts += [axes.xaxis.label, axes.yaxis.label, offset, title, *axes.texts]
    found = [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text.get_text()]
    over = [text for text, box in found if box.x0 < edge.x0 or box.y0 < edge.y0 or box.x1 > edge.x1 or box.y1 > edge.y1]
    others = [one.get_window_extent(renderer) for one in figure.texts]
    return over + [text for text, box in found if any(box.overlaps(other) for other in others)]


def test_the_caution_stands_over_nothing(dataset: xr.Dataset) -> None:
    """Labels of curves that end together at the top reach above the axes."""
    names = [curve.name for curve in panels.RESIDUALS]
    flagged = dataset.assign({name: 0 * dataset[name] + 10.0 ** (dataset["t"] - 1) for name in names})
    flagged.attrs = dataset.attrs | {"flags": "bond cap reached at t = 3.25 (16); norm drifted by 1e-3 at t = 4"}
    second = dataset.assign_attrs(method="tcl2")
    with mpl.rc_context(STYLE):
        for name in panels.names():
            figure = panels.single(flagged, name)
            assert "not converged" in figure.texts[0].get_text()
            assert not overlaps(figure), name
        for name in COMPARED:
            assert not overlaps(compared(flagged, second, name)), name


def test_bounds_narrower_than_their_line_are_marks(dataset: xr.Dataset) -> None:
    if dataset.attrs["temperature"] == 0:
        return
    t, S_S = dataset["t"].values, dataset["S_S"].values
    at, width = np.zeros(t.size, dtype=bool), np.where(np.arange(t.size) == 2, 0.5, 1e-4) * S_S.max()
    at[[0, 2, -1]] = True
    bounds = {"S_chi_lower": np.where(at, S_S, 0.0), "S_chi_upper": np.where(at, S_S + width, 2 * S_S)}
    axes = panels.single(dataset.assign({name: ("t", values) for name, values in bounds.items()}), "entropies").axes[0]
    lines = [line for line in axes.lines if line.get_color() == PURPLE]
    marks = {mark: {x for line in lines if line.get_marker() == mark for x in line.get_xdata()} for mark in "D_"}
    assert marks == {"D": {t[0], t[-1]}, "_": {t[2]}}


def test_second_order_beyond_what_a_state_has_is_said(dataset: xr.Dataset) -> None:
    good = dataset.assign(S_chi=1.9 * dataset["S_S"]).assign_attrs(method="tcl2")
    for second, said in ((good, False), (good.assign(S_chi=2.1 * good["S_S"]), True)):
        text = compared(dataset, second, "entropies").texts[0].get_text()
        assert ("second order fails" in text) == said


def test_a_single_time_can_be_drawn(dataset: xr.Dataset) -> None:
    tt.plot(dataset.isel(t=[0]))


@given(st.lists(st.floats(-1, 2), max_size=7))
def test_labels_stay_inside_and_apart(wanted: list[float]) -> None:
    placed = spread(wanted, 0.1)
    assert len(placed) == len(wanted)
    assert all(0 <= x <= 1 for x in placed)
    assert np.all(np.diff(sorted(placed)) > 0.08)
    order = np.argsort(wanted, kind="stable")
    assert np.all(np.diff(np.array(placed)[order]) > 0)


def test_a_run_beside_second_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command draws what the model has; circles are the companion's numbers, and those are the run's where coupling is weak."""
    monkeypatch.setattr(panels, "write_figure", lambda *_: [])  # those of the run alone, which are drawn above
    out = tmp_path / "out"
    assert call("run", write_config(tmp_path, temperature=0.5), "--out", out, "--quiet").exit_code == 0
    done = call("plot", out, "--weak-coupling", "tcl2")
    assert done.exit_code == 0, done.output
    for name in COMPARED:
        assert f"{name}_tcl2.png" in done.stdout
        assert (out / f"{name}_tcl2.pdf").stat().st_size > 5000
    run, ledger = result_file.load(out), result_file.load_ledger(out)
    second = companion(run, "tcl2", alpha_S=0.5)
    for draw in (tt.plot, lambda dataset: panels.figures(dataset, tmp_path)):  # it has no residuals of its own
        with pytest.raises(chains.InvalidInput, match="--weak-coupling"):
            draw(second)
    figure = compared(ledger, second, "energies")
    circles = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert len(circles) == 5
    np.testing.assert_array_equal(circles[0].get_ydata()[[0, -1]], second["E_S"].values[[0, -1]])
    apart = float(np.abs(second["E_B"] - ledger["E_B"]).max())  # of fourth order in J t: small here, but not zero
    assert 1e-5 < apart < 1e-3
    refused = call("plot", out, "--weak-coupling", "lindblad")  # modes have no Markov limit
    assert refused.exit_code == 2
    assert call("plot", out, "--weak-coupling", "exact").exit_code == 2


def test_second_order_needs_a_product_start(tmp_path: Path) -> None:
    model = tt.SpinBoson(
        hamiltonian={"x": 0.2},
        coupling={"z": 0.1},
        bath=chains.chain(chains.Discrete(frequencies=[1.0], couplings=[0.4]), temperature=0.5),
    )
    run = tt.evolve(
        model, initial="mean-force", until=0.2, algorithm=tt.TDVP(step=0.1, tolerance=1e-3), error_bars=False
    )
    with pytest.raises(chains.InvalidInput, match="mean-force"):
        companion(run, "tcl2", alpha_S=0.5)
