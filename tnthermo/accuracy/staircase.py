"""One rung after the other: each refines one setting, so that what it changes says what that setting costs.

It begins with two rough runs that differ in the step. Then the setting that costs most is refined, as far as its law says that the target
needs, until all of them together are within it. The tolerance, a bond cap that was reached, and boson levels that are given are judged by
rougher runs with the same step: one with a longer step keeps other bonds, and said up to eighty times too little.
`tnthermo.record.ladder` has the laws, the ledger the error bars that come of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from tnthermo.algorithms import Algorithm
from tnthermo.evolution.arguments import rough_interval
from tnthermo.evolution.driver import Run
from tnthermo.evolution.grid import Grid
from tnthermo.evolution.recording import Schedule
from tnthermo.network.blocks import Levels
from tnthermo.record.ladder import BOND, BOND_ORDER, LEVELS, STEP, TOLERANCE, differing, links, rungs
from tnthermo.record.target import Target
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.judged import Judgement, judgement
from tnthermo.thermo.ledger import ledger
from tnthermo.timeline.clock import record_indices

ENOUGH = 0.85  # of the target that the step may cost before the tolerance is looked at
AIM = 0.25  # of it that a tolerance is aimed at, and the power with which errors are expected to fall with it
EXPECTED = 0.8
FALL = 4.0  # by which errors fall, by the least of their law, from the tolerance of the first runs to the one that is aimed at
NOISY = 1.5  # a cost of the step that falls by less when it is halved is what the tolerance makes
MOST_TIGHTER = 10.0  # by which a tolerance is divided at once
LEAST_TIGHTER = 2.0
WIDER = 1.5  # times a bond cap that costs too much, at least
MOST_WIDER = 2.0
NARROWER = 2 / 3  # of a bond cap, for the run that judges it
WIDEST = 1024  # bond cap that is not exceeded
LOOSEST = 0.3  # tolerance of any run
TIGHTEST = 1e-11  # tolerance that is not gone below: sums of many steps are no better known
MOST_HALVINGS = 8
LAST = ", with the bath's entropy"  # behind the settings, as the name of the last run where that is made twice
# what a run takes in units of the one before, refined in this
COST = {STEP: 2.2, TOLERANCE: 2.5, BOND: 2.5, LEVELS: 1.0}
BESIDE = {STEP: 0.5, TOLERANCE: 0.7, BOND: 0.6}  # and one that judges it

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What one rung has of its own."""

    algorithm: Algorithm
    levels: Levels

    @property
    def stage(self) -> str:
        """Its name: the same settings are the same run."""
        return self.algorithm.brief + ("" if self.levels.may_grow else f", levels {max(self.levels.start)}")


def climb(
    first: Run,
    target: Target,
    kept: frozenset[str],
    *,
    every_step: bool = False,
    say: Say = lambda text: None,
    on_rung: Callable[[Trajectory], None] = lambda run: None,
) -> Trajectory:
    """The finest run, the rougher ones behind it, with what was asked and, where that was not reached, why.

    first    the settings to begin with; those named in ``kept`` stay as they are
    every_step  record every step of each run, and not at the interval of the first one's schedule
    say      receives a line for each decision
    on_rung  called with each run that could be the last one, so that it can be kept
    """
    return _Staircase(first=first, target=target, kept=kept, every_step=every_step, say=say, on_rung=on_rung).climb()


@dataclass(kw_only=True, eq=False)
class _Staircase:
    """The way up: see `climb`. ``spent``: seconds of all runs so far; ``limited``: why it ends below the target; ``before``: what was
    dropped in a unit of time, and what the step costed, when that was looked at last.
    """

    first: Run
    target: Target
    kept: frozenset[str]
    every_step: bool
    say: Say
    on_rung: Callable[[Trajectory], None]
    spent: float = 0.0
    limited: str = ""
    before: tuple[float, float] = (0.0, 0.0)

    @property
    def looser(self) -> float:
        """Ratio of the two tolerances whose difference says what a tolerance costs."""
        return float(FALL ** (1 / self.first.algorithm.tolerance_order))

    @property
    def loose(self) -> float:
        """Tolerance of the first runs: of one that is given what lies beside it, else halfway there."""
        own = self.first.algorithm.tolerance
        if TOLERANCE in self.kept:
            return min(own * self.looser, 1.0)
        return _rounded(min(own * math.sqrt(self.looser), LOOSEST / self.looser))

    @property
    def twice(self) -> bool:
        """Whether the last run is made once more for the bath's entropy, which takes longer than the steps of time bins."""
        plain = self.first.schedule
        often = plain.entropy is not None and plain.bath_entropy < self.first.until / 2
        return self.first.algorithm.bins and often and not self.target.columns

    def final(self, settings: Settings) -> bool:
        """Whether a run with these settings can be the last: not with a tolerance beside the one that was given."""
        return TOLERANCE not in self.kept or settings.algorithm.tolerance <= self.first.algorithm.tolerance

    # --- runs ---

    def go(
        self, settings: Settings, behind: Trajectory | None, *, beside: bool = False, last: bool = False
    ) -> Trajectory:
        """One rung, with those behind it; their states are let go. ``beside``: it will not be the last; ``last``: it will."""
        whole = last or (self.final(settings) and not beside and not self.twice)
        run = replace(
            self.first,
            algorithm=settings.algorithm,
            levels=settings.levels,
            halvings=max(0, self.halvings(settings)),
            rougher=self.halvings(settings) < 0,
            schedule=self.schedule(settings, whole=whole),
            strict=False,
            guarded=False,
            judged=True,
        )
        found = run.go(settings.stage + LAST if last else settings.stage)
        self.spent += found.wall_seconds - found.compile_seconds  # compiling is once for a machine
        behind = None if behind is None else replace(behind, state=None)
        return replace(found, rough=behind, asked=self.target.json())

    def at_step(self, algorithm: Algorithm, step: float) -> Algorithm:
        """The algorithm with another step, and with the tolerance that belongs to it unless that was given."""
        return replace(algorithm, step=step) if TOLERANCE in self.kept else algorithm.at_step(step)

    def schedule(self, settings: Settings, *, whole: bool) -> Schedule:
        """What a rung records: as it was asked for; where it is not the ``whole`` of it the bath's entropy twice, for the error bars."""
        plain = self.first.schedule
        if not whole:
            seldom = max(plain.bath_entropy, self.first.until / 2)
            plain = replace(plain, correlations=math.inf, bath_entropy=seldom)
        own = self.first.algorithm
        if self.halvings(settings) >= 0:
            return replace(plain, every=settings.algorithm.step) if self.every_step else plain
        times = Grid.of(self.first.model, own.step).times(self.first.until)
        recorded = times[record_indices(times, plain.every, own.step)]
        return plain.rougher(rough_interval(plain.every, own), recorded)

    # --- decisions ---

    def climb(self) -> Trajectory:
        own, loose = self.first.algorithm, self.loose
        base = Settings(algorithm=replace(own, tolerance=loose), levels=self.first.levels)
        coarse = replace(base, algorithm=self.at_step(base.algorithm, 2 * own.step))
        run = self.go(coarse, None, beside=True)
        now = base
        run = self.go(now, run)
        if self.final(now):
            self.on_rung(run)
        closing = False  # there is no time for finer settings; what each of them costs is found all the same
        while True:
            judged, costs = self.assess(run)
            cause = self.unjudged(run, costs) if closing else self.next_cause(run, judged, costs)
            if cause is None:
                break
            if cause in costs and not self.affordable(cause, run, costs):
                closing = True
                continue
            if self.is_beside(cause, run, costs):
                run = self.beside(cause, now, run)
                continue
            now = self.finer(cause, now, costs)
            if any(one.algorithm == now.algorithm for one in rungs(run)):
                self.limited = f"limited by {cause}{self.why(cause, run)}"  # there is nothing looser to compare it with
                break
            self.say(f"{judged.describe()}: {now.stage}")
            run = self.go(now, run)
            if self.final(now):
                self.on_rung(run)
        run = replace(run, limited="" if judged.met else self.limited)
        if self.twice and self.final(now):
            self.on_rung(run)
            self.say(f"the bath's entropy: {now.stage}")
            run = replace(self.go(now, run.rough, last=True), limited=run.limited)
        return run

    def halvings(self, settings: Settings) -> int:
        """How often the first step was halved; -1 for twice the first step."""
        return round(math.log2(self.first.algorithm.step / settings.algorithm.step))

    def assess(self, run: Trajectory) -> tuple[Judgement, dict[str, float]]:
        """How far the run is from the target, and what each setting has of it of which that is known: not that of another cap."""
        judged = judgement(ledger(run), self.target)
        costs = {link.cause: judged.costs.get(link.cause, 0.0) for link in links(run)}
        if self.capped(run) and not self.judged_here(BOND, run):
            costs.pop(BOND, None)
        return judged, costs

    def next_cause(self, run: Trajectory, judged: Judgement, costs: dict[str, float]) -> str | None:
        """The setting to be refined, or to be judged by a rougher run; None where the run is good enough, or nothing can be done."""
        if judged.blank:
            self.limited = f"limited by columns without a value in this run: {', '.join(judged.blank)}"
            return None
        felt = run.since("reflection")
        if felt <= run.times[-1]:
            self.limited = f"limited by the length of the chain, whose end is felt from t = {felt:.4g} on"
            return None
        if self.capped(run) and self.may(BOND, run) and (not self.cap_known(run) or costs.get(BOND, 0.0) > 1):
            return BOND  # while steps are long: what a cap costs hardly depends on them, and it hides what they cost
        if STEP in costs and costs[STEP] > ENOUGH:
            if not self.judged_here(STEP, run):
                return STEP
            before, self.before = self.before, (run.algorithm.loss, costs[STEP])
            noisy = math.isclose(before[0], run.algorithm.loss, rel_tol=1e-9) and before[1] < NOISY * costs[STEP]
            if noisy and self.may(TOLERANCE, run):
                return TOLERANCE
            if self.may(STEP, run):
                return STEP
        unjudged = self.unjudged(run, costs)
        coarse = [cause for cause in (STEP, TOLERANCE) if costs.get(cause, 0.0) > 1 and self.may(cause, run)]
        if unjudged not in (None, TOLERANCE) and coarse:  # what is judged now would be judged once more
            return max(coarse, key=lambda cause: costs[cause])
        if unjudged is not None or judged.met:
            return unjudged
        for cause in sorted(costs, key=lambda name: -costs[name]):
            if costs[cause] > 0.1 and self.may(cause, run):
                return cause
        worst = max(costs, key=lambda name: costs[name], default="")
        if judged.causes.get(judged.worst) not in (None, "", *costs):
            worst = judged.causes[judged.worst]
            if worst == "balance" and self.may(STEP, run):
                return STEP
        self.limited = f"limited by {worst or 'what no setting improves'}{self.why(worst, run)}"
        return None

    def unjudged(self, run: Trajectory, costs: dict[str, float]) -> str | None:
        """A setting of which it is not known what it costs this run, which is then not in ``costs``; None where there is none."""
        if TOLERANCE not in costs:
            return TOLERANCE
        if self.capped(run) and not self.judged_here(BOND, run) and (run.algorithm.max_bond or 0) > 1:
            return BOND
        if run.given_levels and LEVELS not in costs and max(run.given_levels) > 2:
            return LEVELS
        return None

    def is_beside(self, cause: str, run: Trajectory, costs: dict[str, float]) -> bool:
        """Whether a rougher run is to say what a setting costs, and nothing to be refined yet."""
        if cause == STEP:
            return not self.judged_here(STEP, run)
        if cause == TOLERANCE and cause in self.kept:
            return False
        return cause not in costs

    def capped(self, run: Trajectory) -> bool:
        """Whether a bond cap was reached."""
        return math.isfinite(run.since("bond"))

    def cap_known(self, run: Trajectory) -> bool:
        """Whether it was seen what this cap costs, with this step or another."""
        return any(
            link.cause == BOND and link.finer.algorithm.max_bond == run.algorithm.max_bond for link in links(run)
        )

    def judged_here(self, cause: str, run: Trajectory) -> bool:
        """Whether a run differs from this one in ``cause`` alone."""
        return any(differing(run, other) == {cause} for other in rungs(run)[1:])

    def may(self, cause: str, run: Trajectory) -> bool:
        """Whether a setting may be refined further."""
        own = run.algorithm
        if cause in self.kept or cause == LEVELS:
            return False
        if cause == STEP:
            return own.step > self.first.algorithm.step * 0.5**MOST_HALVINGS * 1.5
        if cause == TOLERANCE:
            return own.tolerance > TIGHTEST * LEAST_TIGHTER
        return own.fixed_bond is None and own.max_bond is not None and own.max_bond * WIDER <= WIDEST

    def why(self, cause: str, run: Trajectory) -> str:
        value = {
            STEP: run.algorithm.step,
            TOLERANCE: run.algorithm.tolerance,
            BOND: run.algorithm.fixed_bond or run.algorithm.max_bond,
        }
        value |= {LEVELS: max(run.given_levels, default=0)}
        if cause not in value:
            return ""
        return f" = {value[cause]:g}, {'which is kept' if cause in self.kept or cause == LEVELS else 'which is refined no further'}"

    def affordable(self, cause: str, run: Trajectory, costs: dict[str, float]) -> bool:
        """Whether a run fits into the time that is left, a finer one with what judges it; if not, that is why the target was missed."""
        if self.is_beside(cause, run, costs):
            expected = BESIDE[cause]
        else:
            judges = 0.0 if TOLERANCE in costs else BESIDE[TOLERANCE]
            judges += BESIDE[BOND] if self.capped(run) else 0.0
            expected = COST[cause] * (1 + judges / 2)
        expected *= run.wall_seconds - run.compile_seconds
        if self.spent + expected <= self.target.max_time:
            return True
        self.limited = (
            f"limited by {cause}: the next runs would take about {expected:.0f} s, of max_time = {self.target.max_time:.0f} s "
            f"{self.spent:.0f} s are spent"
        )
        return False

    def finer(self, cause: str, now: Settings, costs: dict[str, float]) -> Settings:
        """The settings with one of them refined as far as its law says that the target needs."""
        own = now.algorithm
        if cause == STEP:
            return replace(now, algorithm=self.at_step(own, own.step / 2))
        if cause == TOLERANCE:
            if cause not in costs:
                return replace(now, algorithm=replace(own, tolerance=self.first.algorithm.tolerance))
            wanted = (costs[cause] / AIM) ** (1 / EXPECTED)
            factor = min(max(wanted, LEAST_TIGHTER), MOST_TIGHTER)
            return replace(now, algorithm=replace(own, tolerance=_rounded(max(own.tolerance / factor, TIGHTEST))))
        assert own.max_bond is not None
        wanted = (costs.get(cause, 0.0) / (2 * AIM)) ** (1 / BOND_ORDER)  # a wider bond is dear
        factor = min(max(wanted, WIDER), MOST_WIDER, WIDEST / own.max_bond)
        return replace(now, algorithm=replace(own, max_bond=math.ceil(own.max_bond * factor)))

    def beside(self, cause: str, now: Settings, run: Trajectory) -> Trajectory:
        """The run with one more behind it that differs in ``cause`` alone, rougher: a setting that is judged, not refined."""
        own = now.algorithm
        if cause == BOND:
            assert own.max_bond is not None
            narrower = replace(now, algorithm=replace(own, max_bond=max(1, math.floor(own.max_bond * NARROWER))))
        elif cause == STEP:
            narrower = replace(now, algorithm=self.at_step(own, 2 * own.step))
        elif cause == TOLERANCE:
            narrower = replace(now, algorithm=replace(own, tolerance=own.tolerance * self.looser))
        else:
            narrower = replace(now, levels=now.levels.rougher())
        self.say(f"what {cause} costs: {narrower.stage}")
        return replace(run, rough=self.go(narrower, run.rough, beside=True))


def _rounded(tolerance: float) -> float:
    """To two digits, so that a name says it."""
    return float(f"{tolerance:.1e}")
