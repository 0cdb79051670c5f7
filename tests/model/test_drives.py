"""Drives: closed forms, slopes against differences, kinks, and everything a user may get wrong."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains.problems import InvalidInput
from tests.tolerances import ROUNDING
from tnthermo.model.drives import (
    INTERPOLATIONS,
    Cosine,
    Drive,
    Pulse,
    Ramp,
    Square,
    TimeTable,
    just_before,
    scale_within,
    shortest_time,
)
from tnthermo.timeline.integrate import cumulative_stieltjes, derivative

POINTS = np.array([0.5, 1.0, 1.7, 2.0, 3.1, 4.0])
TABLE = TimeTable(times=POINTS, values=np.sin(POINTS), interpolation="cubic")
EACH: list[Drive] = [
    Ramp(start=1.0, duration=2.0, initial=-0.5, final=1.5),
    Ramp(start=1.0, duration=2.0, initial=2.0, final=-1.0, profile="smooth"),
    Pulse(centre=2.0, width=0.4, height=1.5, base=0.2),
    Cosine(amplitude=0.7, frequency=1.3, phase=0.4, offset=-0.1),
    TABLE,
    TimeTable(times=POINTS, values=np.sin(POINTS)),
    TimeTable(times=POINTS, values=np.sin(POINTS), interpolation="linear"),
]
EVERY = pytest.mark.parametrize("drive", EACH, ids=lambda drive: type(drive).__name__)


def keys(caught: pytest.ExceptionInfo[InvalidInput]) -> list[str]:
    return [problem.key for problem in caught.value.problems]


@EVERY
def test_the_slope_is_the_derivative_of_the_value(drive: Drive) -> None:
    h = 1e-3
    t = np.linspace(-1, 6, 1403)
    kinks = np.array(drive.breaks)
    if kinks.size:
        t = t[np.abs(t[:, None] - kinks).min(axis=1) > 2 * h]
    differences = (8 * (drive.value(t + h) - drive.value(t - h)) - drive.value(t + 2 * h) + drive.value(t - 2 * h)) / (
        12 * h
    )
    assert np.abs(differences - drive.slope(t)).max() < 1e-9


@EVERY
def test_none_of_these_jumps_and_the_slope_at_a_kink_is_the_one_to_the_right(drive: Drive) -> None:
    for time in drive.breaks:
        near = time + 1e-7 * np.array([-1, 0, 1])
        assert np.ptp(drive.value(near)) < 1e-6
        # Times that miss the kink by rounding count as the kink.
        at = drive.slope(np.array([np.nextafter(time, -np.inf), time, np.nextafter(time, np.inf)]))
        assert at == pytest.approx(np.full(3, drive.slope(time + 1e-7)), abs=1e-6)


@EVERY
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (0,)])
def test_value_and_slope_have_the_shape_of_the_times(drive: Drive, shape: tuple[int, ...]) -> None:
    t = np.ones(shape)
    for result in (drive.value(t), drive.slope(t)):
        assert result.shape == shape
        assert result.dtype == np.float64
    assert isinstance(drive, Drive)


@EVERY
@pytest.mark.parametrize("time", [math.nan, math.inf])
def test_times_that_are_not_finite_are_refused(drive: Drive, time: float) -> None:
    for ask in (drive.value, drive.slope):
        with pytest.raises(ValueError, match="not finite"):
            ask([0.0, time])


def test_numbers_are_no_drives() -> None:
    assert not isinstance(1.0, Drive)


def test_a_linear_ramp() -> None:
    ramp = Ramp(start=1, duration=2, initial=-0.5, final=1.5)
    assert ramp.value([-3.0, 1.0, 1.5, 2.0, 3.0, 99.0]).tolist() == [-0.5, -0.5, 0.0, 0.5, 1.5, 1.5]
    assert ramp.slope([0.9, 1.0, 2.0, 3.0, 4.0]).tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]
    assert ramp.breaks == (1.0, 3.0)


def test_a_smooth_ramp_starts_and_ends_with_three_vanishing_derivatives() -> None:
    ramp = Ramp(duration=2.0, profile="smooth")
    small = 1e-3
    # u^4 (35 - 84 u + ...) with u = t / 2, from both ends
    assert ramp.value(2 * small) == pytest.approx(35 * small**4, rel=3 * small)
    assert 1 - ramp.value(2 - 2 * small) == pytest.approx(35 * small**4, rel=3 * small)
    assert float(ramp.value(1.0)) == 0.5
    assert float(ramp.slope(1.0)) == pytest.approx(35 / 16 / 2, rel=ROUNDING)
    assert ramp.breaks == (0.0, 2.0)


@given(
    start=st.floats(-100, 100),
    duration=st.floats(1e-3, 100),
    initial=st.floats(-10, 10),
    final=st.floats(-10, 10),
    profile=st.sampled_from(["linear", "smooth"]),
)
def test_a_ramp_is_monotone_and_constant_outside(
    start: float, duration: float, initial: float, final: float, profile: str
) -> None:
    ramp = Ramp(start=start, duration=duration, initial=initial, final=final, profile=profile)
    t = np.linspace(start - duration, start + 2 * duration, 301)
    values = ramp.value(t)
    assert (values[t <= start] == initial).all()
    assert (values[t >= start + duration] == final).all()
    assert (np.diff(values) * np.sign(final - initial) >= -1e-14 * (abs(initial) + abs(final))).all()
    assert float(ramp.value(start + duration)) == final
    assert float(ramp.slope(start + duration)) == 0.0


def test_a_pulse_and_a_cosine() -> None:
    pulse = Pulse(centre=2.0, width=0.5, height=3.0, base=-1.0)
    assert pulse.value([2.0, 2.5, 1.5]) == pytest.approx([2.0, 3 * math.exp(-0.5) - 1, 3 * math.exp(-0.5) - 1])
    assert pulse.value(1e6) == -1.0
    sine = Cosine(amplitude=2.0, frequency=3.0, phase=-math.pi / 2, offset=0.5)
    t = np.linspace(0, 4, 9)
    assert sine.value(t) == pytest.approx(0.5 + 2 * np.sin(3 * t), abs=ROUNDING)
    assert sine.slope(t) == pytest.approx(6 * np.cos(3 * t), abs=ROUNDING)
    assert pulse.breaks == (2.0 - 7.5 * 0.5, 2.0 + 7.5 * 0.5)
    assert np.abs(pulse.value(pulse.breaks) + 1.0).max() < 3e-12
    assert sine.breaks == ()


@given(
    gaps=st.lists(st.floats(0.1, 2.0), min_size=3, max_size=12),
    seed=st.integers(0, 2**32 - 1),
    interpolation=st.sampled_from(INTERPOLATIONS),
)
def test_a_table_goes_through_its_points_and_is_constant_outside(
    gaps: list[float], seed: int, interpolation: str
) -> None:
    t = np.concatenate([[0.0], np.cumsum(gaps)])
    v = np.random.default_rng(seed).uniform(-1, 1, t.size)
    table = TimeTable(times=t, values=v, interpolation=interpolation)
    assert np.abs(table.value(t) - v).max() < 1e-9
    assert table.value([-7.0, t[0], t[-1], t[-1] + 7]).tolist() == [v[0], v[0], v[-1], v[-1]]
    assert table.slope([-7.0, t[-1], t[-1] + 7]).tolist() == [0.0, 0.0, 0.0]
    assert table.breaks == tuple(t)
    # its own range is that of a fine sampling; only a spline leaves the two neighbouring points
    fine = np.concatenate([np.linspace(a, b, 201) for a, b in pairwise(t)])
    values = table.value(fine)
    low, high = table.span
    assert low - 1e-12 <= values.min() <= low + 1e-3
    assert high - 1e-3 <= values.max() <= high + 1e-12
    if interpolation != "cubic":
        assert (low, high) == (v.min(), v.max())
        between = values.reshape(-1, 201)
        assert (between >= np.minimum(v[:-1], v[1:])[:, None] - 1e-14).all()
        assert (between <= np.maximum(v[:-1], v[1:])[:, None] + 1e-14).all()


RECTANGLE = {"times": [0, 1, 1.001, 2, 2.001, 3], "values": [0, 0, 0.01, 0.01, 0, 0]}


def test_a_table_does_not_overshoot_unless_it_is_asked_for_a_spline_and_then_it_says_so() -> None:
    t = np.linspace(0, 3, 20001)
    for interpolation in ("pchip", "linear"):
        table = TimeTable(**RECTANGLE, interpolation=interpolation)
        assert 0 <= table.value(t).min() <= table.value(t).max() <= 0.01
        assert "between 0 and 0.01" in table.describe()
    assert TimeTable(**RECTANGLE).interpolation == "pchip"
    spline = TimeTable(**RECTANGLE, interpolation="cubic")
    low, high = spline.span
    assert low < -0.5  # where the points are between 0 and 0.01
    assert (low, high) == pytest.approx((spline.value(t).min(), spline.value(t).max()), rel=1e-4)
    assert f"between {low:g} and {high:g}" in spline.describe()


def test_two_points_are_a_straight_line_for_all_but_a_spline() -> None:
    for interpolation in ("pchip", "linear"):
        table = TimeTable(times=[1, 3], values=[0, 4], interpolation=interpolation)
        assert table.value([0.0, 1.5, 2.0, 3.0]) == pytest.approx([0.0, 1.0, 2.0, 4.0], abs=ROUNDING)
        assert table.slope([0.0, 1.0, 2.9, 3.0]) == pytest.approx([0.0, 2.0, 2.0, 0.0], abs=ROUNDING)
    with pytest.raises(InvalidInput, match="a cubic spline needs 4"):
        TimeTable(times=[1, 2, 3], values=[0, 4, 0], interpolation="cubic")
    with pytest.raises(InvalidInput, match=r"pchip \| linear \| cubic"):
        TimeTable(times=[1, 3], values=[0, 4], interpolation="quadratic")


def test_a_square_jumps_and_has_both_values_at_a_jump() -> None:
    square = Square(start=1, stop=2.5, height=3, base=-1)
    assert square.value([0.0, just_before(1.0), 1.0, 2.0, just_before(2.5), 2.5, 9.0]).tolist() == [
        -1,
        -1,
        2,
        2,
        2,
        -1,
        -1,
    ]
    assert not square.slope(np.linspace(0, 4, 41)).any()
    assert square.jumps == square.breaks == (1.0, 2.5)
    assert "between -1 and 2" in square.describe()
    assert Square(start=1, duration=1.5, height=3).jumps == (1.0, 2.5)
    for_good = Square(start=1, height=3)
    assert for_good.jumps == (1.0,)
    assert for_good.value([0.0, 1.0, 1e9]).tolist() == [0.0, 3.0, 3.0]
    assert Square(start=1, height=0).jumps == ()
    assert isinstance(square, Drive)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"start": 1.0, "stop": 2.0, "duration": 1.0}, ["stop"]),
        ({"start": 1.0, "stop": 1.0}, ["stop"]),
        ({"start": 1.0, "stop": math.nan}, ["stop"]),
        ({"start": 1.0, "duration": 0.0}, ["duration"]),
        ({"start": 1e3, "duration": 1e-13}, ["duration"]),
        ({"start": True, "stop": 0.5, "base": "1 meV"}, ["start", "base"]),
    ],
)
def test_bad_squares(values: dict[str, float], found: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Square(height=1.0, **values)
    assert keys(caught) == found


@pytest.mark.parametrize("drive", [*EACH, Square(start=1, height=1)], ids=lambda drive: type(drive).__name__)
def test_a_drive_says_where_it_changes(drive: Drive) -> None:
    """Where the scale is inf the value is constant; elsewhere it changes by little over a hundredth of the scale; ends are sharp."""
    t = np.linspace(-1, 6, 1401)
    scale = scale_within(drive, t[:-1], t[1:])
    assert scale.shape == (1400,)
    differences = np.abs(np.diff(drive.value(t)))
    jumping = np.array([any(a < j <= b for j in getattr(drive, "jumps", ())) for a, b in pairwise(t)])
    assert differences[np.isinf(scale) & ~jumping].max(initial=0.0) < 1e-11
    assert scale.min() == pytest.approx(shortest_time(drive))
    assert np.all(scale_within(drive, np.array([-1.0]), np.array([6.0])) == scale.min())
    assert scale_within(drive, np.zeros(0), np.zeros(0)).shape == (0,)


def test_a_table_is_as_fine_as_its_points_are_there_and_constant_where_they_do_not_change() -> None:
    start, end = np.array([0.0, 0.9, 1.0, 1.2, 1.9, 2.0005, 2.5]), np.array([0.9, 1.0, 1.2, 1.3, 2.1, 2.0008, 4.0])
    table = TimeTable(**RECTANGLE)
    assert scale_within(table, start, end) == pytest.approx([np.inf, np.inf, 1e-3, np.inf, 1e-3, 1e-3, np.inf])
    # a spline is constant nowhere between its points
    spline = TimeTable(**RECTANGLE, interpolation="cubic")
    expected = [1.0, 1.0, 1e-3, 0.999, 1e-3, 1e-3, 0.999]
    assert scale_within(spline, start, end) == pytest.approx(expected)


def test_a_table_is_a_cubic_where_its_points_are_and_approaches_smooth_functions_with_the_fourth_power() -> None:
    cubic = np.polynomial.Polynomial([0.3, -1.0, 0.5, 0.25])
    t = np.linspace(0.5, 4.0, 50)
    table = TimeTable(times=POINTS, values=cubic(POINTS), interpolation="cubic")
    assert np.abs(table.value(t) - cubic(t)).max() < ROUNDING
    assert np.abs(table.slope(t[:-1]) - cubic.deriv()(t[:-1])).max() < 10 * ROUNDING
    errors = []
    for count in (21, 41):
        x = np.linspace(0, 4, count)
        spline = TimeTable(times=x, values=np.sin(x), interpolation="cubic")
        errors.append(np.abs(spline.value(t) - np.sin(t)).max())
    assert np.log2(errors[0] / errors[1]) > 3.5


def test_a_table_is_not_changed_by_what_it_was_made_of() -> None:
    v = np.array([0.0, 1.0, 0.0, 1.0])
    table = TimeTable(times=[0, 1, 2, 3], values=v)
    v[:] = 9.0
    assert table.value([0.0, 1.0, 2.0]).tolist() == [0.0, 1.0, 0.0]
    assert isinstance(table.values, np.ndarray)
    assert not table.values.flags.writeable


@pytest.mark.parametrize(
    ("drive", "expected"),
    [
        (Ramp(duration=2.5), 2.5),
        (Ramp(duration=2.5, initial=1.0), math.inf),
        (Pulse(centre=1.0, width=0.3, height=-1.0), 0.3),
        (Pulse(centre=1.0, width=0.3, height=0.0), math.inf),
        (Cosine(amplitude=1.0, frequency=4.0), 0.25),
        (Cosine(amplitude=0.0, frequency=4.0), math.inf),
        (Cosine(amplitude=1.0, frequency=0.0), math.inf),
        (TimeTable(times=[0, 1, 1.5, 3], values=[0, 1, 0, 0]), 0.5),
        (TimeTable(times=[0, 1, 1.5, 3], values=[0, 1, 1, 0]), 1.0),
        (TimeTable(times=[0, 1, 1.5, 3], values=[2, 2, 2, 2]), math.inf),
        (TimeTable(times=[0, 1, 1.5, 3], values=[2, 2, 2, 2], interpolation="cubic"), math.inf),
    ],
)
def test_the_shortest_time(drive: Drive, expected: float) -> None:
    assert shortest_time(drive) == expected
    if math.isinf(expected):
        assert drive.breaks == ()  # a constant has no kinks
        assert not drive.slope(np.linspace(-1, 5, 50)).any()


@pytest.mark.parametrize(
    ("drive", "words"),
    [
        (EACH[0], ("linear ramp", "-0.5", "1.5", "(t - 1) / 2", "between -0.5 and 1.5")),
        (EACH[1], ("smooth ramp", "35 - 84 u", "(t - 1) / 2")),
        (EACH[2], ("0.2 + 1.5 exp(-(t - 2)^2 / (2 0.4^2))", "between 0.2 and 1.7")),
        (EACH[3], ("-0.1 + 0.7 cos(1.3 t + 0.4)", "between -0.8 and 0.6")),
        (EACH[4], ("cubic spline", "6 points", "t = 0.5", "t = 4")),
    ],
)
def test_the_description_holds_the_parameters(drive: Drive, words: tuple[str, ...]) -> None:
    for word in words:
        assert word in drive.describe()


@pytest.mark.parametrize("bad", [math.nan, math.inf, True, "1 meV", 1j, None])
@pytest.mark.parametrize(
    ("kind", "good"),
    [
        (Ramp, {"start": 0, "duration": 1, "initial": 0, "final": 1}),
        (Pulse, {"centre": 0, "width": 1, "height": 1, "base": 0}),
        (Cosine, {"amplitude": 1, "frequency": 1, "phase": 0, "offset": 0}),
    ],
)
def test_every_parameter_is_checked_and_all_problems_come_at_once(
    kind: type, good: dict[str, float], bad: object
) -> None:
    for key in good:
        with pytest.raises(InvalidInput) as caught:
            kind(**{**good, key: bad})
        assert keys(caught) == [key]
    with pytest.raises(InvalidInput) as caught:
        kind(**dict.fromkeys(good, bad))
    assert keys(caught) == list(good)
    assert all(isinstance(getattr(kind(**good), key), float) for key in good)


@pytest.mark.parametrize(
    ("start", "duration"), [(0.0, 0.0), (0.0, -1.0), (1e3, 1e-14)], ids=["zero", "negative", "lost in rounding"]
)
def test_a_ramp_that_jumps_is_refused_and_the_alternatives_are_named(start: float, duration: float) -> None:
    with pytest.raises(InvalidInput, match=r"Square.*sudden switch-on at t = 0") as caught:
        Ramp(start=start, duration=duration)
    assert keys(caught) == ["duration"]


def test_other_refusals() -> None:
    with pytest.raises(InvalidInput, match=r"linear \| smooth"):
        Ramp(duration=1.0, profile="tanh")
    with pytest.raises(InvalidInput, match="width"):
        Pulse(centre=0.0, width=0.0, height=1.0)
    with pytest.raises(InvalidInput, match="phase"):
        Cosine(amplitude=1.0, frequency=-1.0)
    with pytest.raises(InvalidInput) as caught:
        Ramp(duration=math.inf)
    assert caught.value.problems[0].hint == ""


@pytest.mark.parametrize(
    ("times", "values", "found"),
    [
        ([0], [0], ["times"]),
        ([0, 1, 2, 3], [0, 1, 2], ["values"]),
        ([0], [0, 1, 2], ["values", "times"]),
        ([0, 1, 1, 3], [0, 1, 2, 3], ["times[2]"]),
        ([0, 3, 2, 1], [0, 1, 2, 3], ["times[2]", "times[3]"]),
        ([0, math.nan, 2, 3], [0, 1, math.inf, True], ["times[1]", "values[2]", "values[3]"]),
        ([], [], ["times", "values"]),
        (1.0, "text", ["times", "values"]),
        (np.zeros((2, 2)), [0, 1, 2, 3], ["times"]),
    ],
)
def test_bad_tables(times: list[float], values: list[float], found: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        TimeTable(times=times, values=values)
    assert keys(caught) == found


def test_a_table_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "field.csv"
    file.write_text("# measured\nt, field\n0, 0\n1\t0.5  # risen\n\n2 , 1.5\n3 1\n")
    table = TimeTable.from_file(file)
    assert np.asarray(table.times).tolist() == [0.0, 1.0, 2.0, 3.0]
    assert np.asarray(table.values).tolist() == [0.0, 0.5, 1.5, 1.0]
    assert str(file) in table.describe()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0 0\n1 1\n2 2 2\n3 x\n4\n", ["line 3", "line 4", "line 5"]),
        ("t v\nt v\n0 0\n", ["line 2"]),
        ("0 0\n\n2 1\n1 1\n3 1\n", ["times on line 4"]),
        ("0 0\n1 nan\n2 0\n3 0\n", ["values on line 2"]),
        ("0 0\n", ["times"]),
        ("# nothing\n", ["file"]),
    ],
)
def test_bad_files_name_file_and_line(tmp_path: Path, text: str, found: list[str]) -> None:
    file = tmp_path / "field.txt"
    file.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        TimeTable.from_file(file)
    assert keys(caught) == [f"field.txt: {key}" for key in found]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    binary = tmp_path / "field.bin"
    binary.write_bytes(b"\xff\xfe\x00\x80")
    for file in (tmp_path / "none.txt", tmp_path, binary):
        with pytest.raises(InvalidInput, match="a readable text file"):
            TimeTable.from_file(file)


@EVERY
def test_work_along_a_drive_agrees_with_the_slope_written_down(drive: Drive) -> None:
    """int x dlambda from the values alone, the breaks named, against a fine quadrature of x times the slope."""
    t = np.linspace(0, 6, 61)
    found = cumulative_stieltjes(t, np.cos(t), drive.value(t), breaks=drive.breaks)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    inner = t[:-1, None] + 0.05 * (nodes + 1)  # 12 nodes in each interval; kinks lie on the grid
    exact = np.concatenate([[0.0], np.cumsum((0.05 * weights * np.cos(inner) * drive.slope(inner)).sum(axis=1))])
    assert np.abs(found - exact).max() < 1e-6
    assert np.abs(derivative(t, drive.value(t), breaks=drive.breaks) - drive.slope(t)).max() < 1e-4
