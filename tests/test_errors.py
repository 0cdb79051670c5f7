"""Errors become exit codes and words in one place."""

import errno

import pytest

from chains.problems import InvalidInput, Problem
from tnthermo import errors
from tnthermo.errors import ACCURACY, BAD_INPUT, FAILED, STOPPED, STORAGE, Outcome, outcome_of
from tnthermo.sweeps.task import judged
from tnthermo.terminal.cli import words

WRONG = InvalidInput([Problem(key="step", value=0, allowed="> 0"), Problem(key="until", value=-1, allowed=">= 0")])


@pytest.mark.parametrize(
    ("error", "code", "state", "line"),
    [
        (WRONG, BAD_INPUT, "failed", "error: step = 0: > 0"),
        (errors.NotConverged(["bond cap 8 reached"]), ACCURACY, "done", "not converged: bond cap 8 reached"),
        (errors.Stopped("stopped (SIGTERM)"), STOPPED, "stopped", "stopped (SIGTERM); the same command with --resume goes on"),
        (errors.Held("in use: a host, pid 1"), FAILED, "failed", "error: in use: a host, pid 1"),
        (errors.RunFailed("E_S is not finite"), FAILED, "failed", "error: E_S is not finite"),
        (errors.StorageError("cannot read x"), STORAGE, "failed", "error: cannot read x"),
        (OSError(errno.ENOSPC, "No space left"), STORAGE, "failed", "error: [Errno 28] No space left"),
        (MemoryError(), FAILED, "failed", "error: out of memory"),
        (KeyError("a"), FAILED, "failed", "error: the run failed: KeyError: 'a' (--debug shows the traceback)"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_each_error_has_one_outcome(error: BaseException, code: int, state: str, line: str) -> None:
    found = outcome_of(error)
    assert (found.code, found.state) == (code, state)
    assert words(found, found.reasons[0], debug=False) == line
    assert found.known == (not isinstance(error, KeyError))
    assert judged(error) == found


def test_every_problem_is_a_line() -> None:
    assert len(outcome_of(WRONG).reasons) == 2


def test_a_worker_that_is_interrupted_was_stopped() -> None:
    assert judged(KeyboardInterrupt()) == Outcome(code=STOPPED, reasons=("stopped",))
    assert outcome_of(KeyboardInterrupt()).code == FAILED
