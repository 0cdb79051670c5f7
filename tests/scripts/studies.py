"""The studies as modules."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

STUDIES = Path(__file__).parents[2] / "scripts" / "studies"


def study(name: str) -> ModuleType:
    """scripts/studies/NAME.py, which finds what is beside it as when it is called."""
    if str(STUDIES) not in sys.path:
        sys.path.append(str(STUDIES))
    return importlib.import_module(name)
