"""Writes what scripts/docs says of columns, configuration keys and rows of folders from where the code defines them.

    python scripts/docs/generate.py            # rewrites the generated parts of the pages
    python scripts/docs/generate.py --check    # exit code 1, and the names, where a page is not what would be written

Generated parts stand between ``<!-- generated: NAME -->`` and ``<!-- end of generated -->``; what is around them is written by hand.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from tnthermo.configuration.keys import Key, every_key
from tnthermo.thermo.definitions import BOUNDS, COLUMNS, OF_SYSTEM, OTHERS, PER_BATH, SPARSE, Column
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
    for column in (*COLUMNS, *PER_BATH, *OF_SYSTEM, *OTHERS):
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
            "The other variables:",
            of_columns(OTHERS),
            "Where they have values; what is not here has one at every record time:",
            table(["where", "columns"], [[text, ", ".join(map(code, names))] for text, names in validities().items()]),
            f"Evaluated now and then, or at every time where that costs nothing; NaN elsewhere: {now_and_then}; bounds: {bounds}.",
        ]
    )


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


PARTS: dict[str, Callable[[], str]] = {"columns": columns_part, "keys": keys_part, "rows": rows_part}
PAGES = ("architecture.md", "columns.md", "configuration.md")


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
