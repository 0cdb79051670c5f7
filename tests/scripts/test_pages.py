"""Pages that tell a reader what to type are followed: files are written, commands and scripts run, in an empty folder.

In the quick suite times are cut to a quarter (and figures left empty, as everywhere); with `-m docs` everything is done as it is written,
and what `show` prints on the page is compared within its own error bars.
"""

import re
from pathlib import Path
from typing import Any

import matplotlib
import pytest

from tests.support.pages import blocks, follow, is_followed, unrun

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "scripts" / "docs"
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if is_followed(page.read_text(encoding="utf-8"))]
# Blocks that are not run, for each page: they need another package, a cluster, or hours.
UNRUN = {
    "conventions.md": 1,
    "converge.md": 1,
    "howto/cluster.md": 1,
    "howto/currents.md": 1,
    "howto/erasure.md": 1,
    "other_packages.md": 3,
    "sweeps.md": 1,
    "tutorial.md": 1,
}
VALUE = re.compile(r"(\w+) +(-?[\d.]+) \+- (\S+)")


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


@pytest.fixture(autouse=True)
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_followed(page: Path, tmp_path: Path) -> None:
    problems, _ = follow(page.read_text(encoding="utf-8"), tmp_path, {}, small=True)
    assert not problems, "\n".join(["", *problems])


@pytest.mark.docs
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_followed_as_written(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    problems, printed = follow(text, tmp_path, {}, small=False)
    assert not problems, "\n".join(["", *problems])
    shown = [output for command, output in printed if command.startswith("tnthermo show")]
    said = [block.source for block in blocks(text, "text") if VALUE.search(block.source)]
    assert len(said) <= len(shown)
    assert not [problem for one, other in zip(said, shown, strict=False) for problem in differences(one, other)]


def differences(said: str, shown: str) -> list[str]:
    """Values on a page that differ from those printed by more than both error bars, and names that are not printed."""
    found = {name: (float(value), float(error)) for name, value, error in VALUE.findall(shown)}
    problems = []
    for name, value, error in VALUE.findall(said):
        if name not in found:
            problems.append(f"{name} is not printed")
        elif abs(found[name][0] - float(value)) > found[name][1] + float(error):
            problems.append(f"{name} = {value} +- {error} on the page, {found[name][0]} +- {found[name][1]} printed")
    return problems


def test_blocks_that_are_not_run_are_known() -> None:
    found = {name_of(page): unrun(page.read_text(encoding="utf-8")) for page in sorted(DOCS.rglob("*.md"))}
    assert {name: count for name, count in found.items() if count} == UNRUN


def test_what_goes_wrong_is_seen(tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    page = '```toml title="bad.toml"\n[evolution]\nuntli = 4.0\n```\n\n```bash\ntnthermo check bad.toml\n```\n\n```bash\nrm bad.toml\n```\n'
    problems, _ = follow(page, tmp_path, names, small=True)
    assert [problem.partition(":")[0] for problem in problems] == ["line 7", "line 11"]
    assert "exit code 2" in problems[0]
    assert "only tnthermo and python" in problems[1]
    page = "<!-- not run: no cluster -->\n```bash\nsbatch x\n```\n"
    assert follow(page, tmp_path, names, small=True) == ([], [])
    assert unrun(page) == 1


def test_a_number_that_is_not_printed_is_seen() -> None:
    assert differences("E_S -0.30 +- 1e-03  S_S 0.5 +- 1e-02", "E_S -0.3015 +- 1e-03") == ["S_S is not printed"]
    assert len(differences("E_S -0.30 +- 1e-03", "E_S -0.31 +- 1e-03")) == 1
