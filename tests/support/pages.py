"""Blocks of code in the pages of the documentation, and what it takes to follow a page.

A block may have a title, ```toml title="study.toml"``: it is a file of that name. A block of bash is what a reader types, one command a
line. A block after ``<!-- not run: reason -->`` is not run; `unrun` counts them.
"""

import re
import runpy
import shlex
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from tnthermo.evolution.doubts import AccuracyWarning
from tnthermo.terminal.cli import app

BLOCK = re.compile(r'^```(\w+)(?: title="([^"\n]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)
NOT_RUN = re.compile(r"<!-- not run: .+ -->\n+\Z")
# [pattern, what stands in its place]: the only things that a page's blocks of Python do otherwise in the quick suite
SHORTER = (
    (r"\buntil=[\d.]+", "until=1.0"),
    (r"\buntil=units\.time\([\d.]+\)", "until=units.time(10.0)"),
    (
        r"(\blength=|\bchains?\(J, )\d+",
        r"\g<1>8",
    ),  # sites: what leaves the system comes back from their end after t = 10
    (r"\bsince=[\d.]+", "since=0.1"),
    (r"\btolerance=1e-\d+", "tolerance=1e-3"),
    (r"\bbath_entropy_every=[\d.]+", "bath_entropy_every=0.4"),
)
PART = 4  # of the times of a file that are run in the quick suite: the first of so many


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block of code in a page: its language, the line of its first line, what it says, whether it is to be run, the file that it is."""

    language: str
    line: int
    source: str
    runs: bool
    title: str = ""


def blocks(text: str, *languages: str) -> list[Block]:
    """All blocks of these languages, or of all of them, in their order."""
    return [
        Block(
            language=m[1],
            line=text.count("\n", 0, m.start()) + 2,
            source=m[3],
            runs=not NOT_RUN.search(text[: m.start()]),
            title=m[2] or "",
        )
        for m in BLOCK.finditer(text)
        if not languages or m[1] in languages
    ]


def shortened(source: str) -> str:
    """Python with small times, short chains and a loose tolerance."""
    for pattern, instead in SHORTER:
        source = re.sub(pattern, instead, source)
    return source


def cheaper(source: str) -> str:
    """A configuration to a quarter of its time, without the entropy of the bath where it does not speak of it."""
    if "[evolution]" not in source:
        return source  # a part of one
    source = re.sub(r"^until = ([\d.]+)", lambda m: f"until = {float(m[1]) / PART}", source, flags=re.MULTILINE)
    return source if "bath_entropy" in source else f'{source}\n[thermodynamics]\nbath_entropy = "off"\n'


def is_followed(text: str) -> bool:
    """Whether a page has files or commands: its blocks are then done one after the other, in a folder."""
    return any(block.title or block.language == "bash" for block in blocks(text))


def commands(block: Block) -> Iterator[tuple[int, list[str]]]:
    """(line, words) of each command of a block of bash."""
    for number, line in enumerate(block.source.splitlines()):
        words = shlex.split(line, comments=True)
        if words:
            yield block.line + number, words


def typed(words: list[str], *, small: bool) -> str:
    """Runs a command in this process; what it printed. Raises AssertionError for an exit code other than 0."""
    if words[0] == "tnthermo":
        if small and "--steady-since" in words:
            since = words.index("--steady-since") + 1
            words = [*words[:since], str(float(words[since]) / PART), *words[since + 1 :]]
        done = CliRunner().invoke(app, words[1:])
        assert done.exit_code == 0, f"exit code {done.exit_code}: {done.output[-400:]}"
        if small and words[1] == "init" and len(words) > 3:
            path = Path(words[3])
            path.write_text(cheaper(path.read_text(encoding="utf-8")), encoding="utf-8")
        return done.output
    assert words[0] == "python", f"{words[0]}: only tnthermo and python can be typed here"
    before = sys.argv
    sys.argv = words[1:]
    try:
        runpy.run_path(words[1], run_name="__main__")
    finally:
        sys.argv = before
    return ""


def follow(text: str, folder: Path, names: dict[str, Any], *, small: bool) -> tuple[list[str], list[tuple[str, str]]]:
    """Does what a page says in ``folder``, the working one: problems, and (command, what it printed)."""
    found, printed = [], []
    for block in blocks(text, "toml", "python", "bash", "text"):
        line = block.line
        try:
            if not block.runs:
                continue
            if block.title:
                change = {"toml": cheaper, "python": shortened}.get(block.language, str) if small else str
                (folder / block.title).write_text(change(block.source), encoding="utf-8")
            elif block.language == "python":
                source = shortened(block.source) if small else block.source
                with warnings.catch_warnings():
                    warnings.simplefilter("error", AccuracyWarning)
                    exec(compile("\n" * (line - 1) + source, "<page>", "exec"), names)
            elif block.language == "bash":
                for line, words in commands(block):  # noqa: B007  (named where one fails)
                    printed.append((shlex.join(words), typed(words, small=small)))
        except (Exception, SystemExit) as error:
            found.append(f"line {line}: {type(error).__name__}: {error}")
    return found, printed


def unrun(text: str) -> int:
    """How many blocks of Python, TOML and bash of a page are not run."""
    return sum(not block.runs for block in blocks(text, "python", "toml", "bash"))
