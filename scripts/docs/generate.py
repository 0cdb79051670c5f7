"""Writes what scripts/docs says of columns, keys, commands, public names and rows of folders from where the code defines them.

    python scripts/docs/generate.py            # rewrites the generated parts of the pages
    python scripts/docs/generate.py --check    # exit code 1, and the names, where a page is not what would be written

Generated parts stand between ``<!-- generated: NAME -->`` and ``<!-- end of generated -->``; what is around them is written by hand.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import typer

import chains
import tnthermo
from tnthermo.configuration.keys import Key, every_key
from tnthermo.terminal.cli import app
from tnthermo.thermo.definitions import BOUNDS, COLUMNS, MEAN_FIELD, OF_SYSTEM, OTHERS, PER_BATH, SPARSE, Column
from tnthermo.thermo.validity import ALWAYS, where

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
MARKED = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end of generated -->)", re.DOTALL)


def cell(text: str) -> str:
    """Text in a cell of a table."""
    return text.replace("|", "\\|")


def code(text: str) -> str:
    """The same, as it stands."""
    return f"`{cell(text)}`"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def of_columns(columns: Sequence[Column]) -> str:
    """Name, units, meaning and equation of each column; of those that are not one number a time, or one for each bath, their dimensions."""
    if not any(c.dims for c in columns) or all(c.dims == ("bath",) for c in columns):
        rows = [[code(c.name), c.units, cell(c.long_name), code(c.equation)] for c in columns]
        return table(["column", "units", "meaning", "equation"], rows)
    rows = [[code(c.name), ", ".join(("t", *c.dims)), cell(c.long_name), code(c.equation)] for c in columns]
    return table(["column", "dimensions", "meaning", "equation"], rows)


def validities() -> dict[str, list[str]]:
    """Where columns have values -> their names, but for those that have one always."""
    found: dict[str, list[str]] = {}
    for column in (*COLUMNS, *PER_BATH, *OF_SYSTEM, *MEAN_FIELD, *OTHERS):
        if where(column.name) != ALWAYS:
            found.setdefault(where(column.name), []).append(column.name)
    return found


def columns_part() -> str:
    """All columns of a ledger."""
    now_and_then = ", ".join(code(c.name) for c in (*COLUMNS, *PER_BATH) if c.name in SPARSE)
    bounds = ", ".join(code(c.name) for c in COLUMNS if c.name in BOUNDS)
    return "\n\n".join(
        [
            of_columns(COLUMNS),
            "For each bath:",
            of_columns(PER_BATH),
            "Of the system's state alone:",
            of_columns(OF_SYSTEM),
            "What system and baths are to each other in the mean (a Hermitian coupling is one channel, an exchange coupling two, of"
            " A_1 = (L + L^dag)/2 and A_2 = (L - L^dag)/(2i)):",
            of_columns(MEAN_FIELD),
            "The other variables:",
            of_columns(OTHERS),
            "Where they have values; what is not here has one at every record time:",
            table(["where", "columns"], [[text, ", ".join(map(code, names))] for text, names in validities().items()]),
            f"Evaluated now and then, or at every time where that costs nothing; NaN elsewhere: {now_and_then}; bounds: {bounds}.",
        ]
    )


def equations_part() -> str:
    """The equations of the paper, with what holds and what checks each: equations.toml."""
    rows = []
    for entry in tomllib.loads((FOLDER / "equations.toml").read_text(encoding="utf-8"))["equation"]:
        holds = ", ".join(map(code, entry.get("held_by", ())))
        if "step_of" in entry:
            holds = "a step of " + ", ".join(f"[{number}]" for number in entry["step_of"])
        tests = [code(node.removeprefix("tests/")) for node in entry.get("tests", ())]
        numbers = entry["numbers"]
        run = len(numbers) > 2 and numbers == [*range(numbers[0], numbers[-1] + 1)]
        label = f"{numbers[0]} - {numbers[-1]}" if run else ", ".join(map(str, numbers))
        rows.append([label, cell(entry["says"]), holds, "<br>".join(tests)])
    return table(["equation", "says", "held by", "checked by (below tests/)"], rows)


def keys_part() -> str:
    """The keys of each section."""
    rows = [[heading(key), code(key.name), cell(key.allowed), default(key), cell(key.meaning)] for key in every_key()]
    return table(["section", "key", "allowed", "default", "meaning"], rows)


def heading(key: Key) -> str:
    """The table of a key: `[drive]` shape = "ramp"."""
    section, _, tag = key.heading.partition(" ")
    return code(section) + (f" {tag}" if tag else "")


def default(key: Key) -> str:
    """As it stands, or in words."""
    return {"required": "**required**", "none": "none"}.get(key.default) or code(key.default)


def rows_part() -> str:
    """The rows of tests/test_layering.py, low to high, with what each place says of itself."""
    return "\n\n".join(f"`{package}`:\n\n{of_rows(package, rows)}" for package, rows in layers().items())


def layers() -> dict[str, list[str]]:
    """ROWS as the test has them, read and not imported."""
    for node in ast.parse((ROOT / "tests" / "test_layering.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ROWS":
            return ast.literal_eval(node.value)  # type: ignore[no-any-return]
    raise LookupError("tests/test_layering.py has no ROWS")


def of_rows(package: str, rows: Sequence[str]) -> str:
    """A line for each place; places of one row share its number."""
    found = [
        [str(number), code(place), cell(says(ROOT / package / place))]
        for number, row in enumerate(rows, 1)
        for place in row.split()
    ]
    return table(["row", "place", "what it is"], found)


def says(place: Path) -> str:
    """The first line of the docstring of a folder or a file."""
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    line = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]
    return re.sub(r":\w+:(?=`)", "", line).replace("``", "`")


def commands_part() -> str:
    """Every command of the command line with its arguments and options."""
    return "\n\n".join(of_command(name, command) for name, command in typer.main.get_command(app).commands.items())  # type: ignore[attr-defined]


def of_command(name: str, command: Any) -> str:
    """Its help: what it does, what it takes, examples."""
    usage = [f"tnthermo {name}"]
    rows = []
    for given in command.params:
        is_argument = type(given).__name__.endswith("Argument")
        shown = given.metavar or given.name.upper()
        if is_argument:
            usage.append(shown if given.required else f"[{shown}]")
        rows.append(
            [code(shown) if is_argument else ", ".join(map(code, given.opts)), cell(unescaped(given.help or ""))]
        )
    lines = [line for line in (command.epilog or "").splitlines() if line.startswith("tnthermo")]
    parts = [f"### tnthermo {name}", prose(command.help or ""), f"```text\n{' '.join(usage)} [OPTIONS]\n```"]
    parts += [table(["argument or option", ""], rows)] if rows else []
    parts += ["Examples:", "```text\n" + "\n".join(lines) + "\n```"] if lines else []
    return "\n\n".join(parts)


def unescaped(text: str) -> str:
    """Without the backslashes that a terminal's markup needs."""
    return text.replace("\\[", "[")


def prose(docstring: str) -> str:
    """A docstring in Markdown; a paragraph of names with what they mean, in columns, is a table."""
    text = re.sub(r":\w+:(?=`)", "", inspect.cleandoc(docstring)).replace("``", "`")
    return "\n\n".join(of_paragraph(part) for part in text.split("\n\n"))


def of_paragraph(text: str) -> str:
    """As it is, or as a table."""
    if not re.match(r"[\w.]+ {2,}\S", text):
        return text
    rows: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith(" ") and rows:
            rows[-1][1] += " " + line.strip()
        else:
            name, _, meaning = line.partition("  " if "  " in line else " ")
            rows.append([name, meaning.strip()])
    return table(["", ""], [[code(name), cell(meaning)] for name, meaning in rows])


def names_part(module: ModuleType) -> str:
    """Every public name of a module: what it takes and what it says of itself."""
    prefix = {"tnthermo": "tt"}.get(module.__name__, module.__name__)
    found = sorted(
        (name for name in module.__all__ if not isinstance(getattr(module, name), ModuleType)), key=str.lower
    )
    return "\n\n".join(part for name in found for part in of_name(f"{prefix}.{name}", getattr(module, name)))


def of_name(name: str, value: Any) -> Iterator[str]:
    """A heading, the parameters, the docstring; of a class its methods, too."""
    yield f"### {name}"
    if not callable(value):
        yield code(" | ".join(kind.__name__ for kind in get_args(value)) or repr(value))
        return
    taken = parameters(value)
    if len(taken) > 90:  # a line for each
        taken = "(\n" + "".join(f"    {part},\n" for part in taken[1:-1].split(", ")) + ")"
    yield f"```text\n{name}{taken}\n```"
    yield prose(inspect.getdoc(value) or "")
    if inspect.isclass(value):
        rows = list(members(value))
        if rows:
            yield table(["of it", ""], rows)


def members(kind: type) -> Iterator[list[str]]:
    """Public methods and properties that a class of ours defines, with the first line of what they say."""
    for name, value in sorted(vars(kind).items()):
        inner = getattr(value, "__func__", value)
        if name.startswith("_") or not (inspect.isfunction(inner) or hasattr(value, "__get__")):
            continue
        line = prose(getattr(value, "__doc__", None) or "").partition("\n\n")[0].replace("\n", " ")
        if line:
            yield [code(name + (parameters(getattr(kind, name)) if inspect.isfunction(inner) else "")), cell(line)]


def parameters(function: Any) -> str:
    """As tests/api.txt has them: names and defaults, one a line where there are many."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return "(...)"
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values() if p.name != "self"]
    signature = signature.replace(parameters=bare, return_annotation=signature.empty)
    text = re.sub(r"<function ([^ ]+) at 0x[0-9a-f]+>", r"\1", str(signature))
    return text


PARTS: dict[str, Callable[[], str]] = {
    "columns": columns_part,
    "equations": equations_part,
    "keys": keys_part,
    "rows": rows_part,
    "commands": commands_part,
    "names": lambda: names_part(tnthermo),
    "names_of_chains": lambda: names_part(chains),
}
PAGES = ("api.md", "api_chains.md", "architecture.md", "columns.md", "commands.md", "configuration.md", "equations.md")


def rewritten(text: str) -> str:
    """``text`` with its generated parts as they should be. Raises LookupError for a part that nothing writes."""
    return MARKED.sub(lambda part: f"{part[1]}\n{PARTS[part[2]]()}\n\n{part[3]}", text)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where a page differs")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the pages are")
    options = parser.parse_args(arguments)
    differ = []
    for page in PAGES:
        path = options.folder / page
        text = path.read_text(encoding="utf-8")
        wanted = rewritten(text)
        if text != wanted:
            differ.append(page)
            if not options.check:
                path.write_text(wanted, encoding="utf-8")
    for page in differ:
        print(f"{page}: {'is not what the code says; run scripts/docs/generate.py' if options.check else 'written'}")
    return 1 if options.check and differ else 0


if __name__ == "__main__":
    raise SystemExit(main())
