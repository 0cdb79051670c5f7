"""Where compiled kernels are kept, and when they are out of date: numba's rules with their gaps closed.

numba keeps machine code in NUMBA_CACHE_DIR, else in the __pycache__ beside the source, else in the user's cache folder. Entries are found
by signature, CPU and the contents of the source file, and are moved into place whole. What it leaves open:

no folder          where it can write to none of these it refuses to import the module. Here a folder of the user in the temporary one
                   follows, with a warning.
stale entries      a kernel holds the code of those it calls, but is renewed only when its own file changes, so that an update of one file
                   would go on running the old code. Here the files that a file of ours imports from its folder count as well.
mixed-up entries   two processes that add different signatures (or CPUs) of one kernel at once give their files the same name, and then
                   one signature's code is run for the other. Here a file is named after what is in it; what one process adds
                   may still be forgotten for another's, and is compiled again.
broken entries     a disk that is full, or a file cut short by a crash, ends the run. Here the kernel is compiled again each time.
"""

from __future__ import annotations

import functools
import hashlib
import multiprocessing
import os
import pickle
import re
import stat
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core import caching, config

BROKEN = (EOFError, pickle.UnpicklingError)
IMPORT = re.compile(r"^from \S*?\.?(\w+) import ", re.MULTILINE)

_ours: set[Path] = set()


def look_after(folder: Path) -> None:
    """Keep the kernels in the files of ``folder`` as described above. Call it before the first of them is decorated."""
    _install()
    _ours.add(folder)


@functools.cache
def stamp(file: Path) -> str:
    """Digest of a source file and of all that it imports from its own folder, directly or through others."""
    text = file.read_text(encoding="utf-8")
    beside = (file.with_name(f"{name}.py") for name in IMPORT.findall(text))
    parts = [hashlib.sha256(text.encode()).hexdigest(), *(stamp(other) for other in beside if other.exists())]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


@functools.cache
def last_resort() -> Path:
    """The user's own folder in the temporary one; says so, once, and not in the processes that another one started.

    What is cached is run when it is read, so a folder that others own or may write to is not used.
    """
    folder = Path(tempfile.gettempdir()) / f"numba-cache-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        folder = Path(tempfile.mkdtemp(prefix="numba-cache-"))
    if multiprocessing.parent_process() is None:
        _say(f"no usual folder for compiled kernels can be written: they are in {folder} (or set NUMBA_CACHE_DIR)")
    return folder


@functools.cache
def _say(text: str) -> None:
    """A warning, once, of one line: without a place in the source, which the user has not written."""
    warnings.warn(text, stacklevel=1000)


def _locator(name: str) -> Any:
    """One of numba's own locators; before numba 0.62 their names began with an underscore."""
    return getattr(caching, name, None) or getattr(caching, f"_{name}")


class LastResort(_locator("UserProvidedCacheLocator")):  # type: ignore[misc]
    """`last_resort` as a locator, the one after all of numba's own."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        super().__init__(function, file)
        self._cache_path = str(last_resort() / self.get_suitable_cache_subpath(file))

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> Any:
        """As any locator: None where the file is not there."""
        return cls(function, file) if os.path.exists(file) else None


class Ours:
    """Put before a locator: for our kernels only, and out of date as soon as any file is that a kernel's file imports."""

    _py_file: str

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> Any:
        """None for other packages: what follows in the list is asked."""
        return super().from_function(function, file) if Path(file).parent in _ours else None  # type: ignore[misc]

    def get_source_stamp(self) -> str:
        """What an entry must have been made from."""
        return stamp(Path(self._py_file))


class Entries(caching.IndexDataCacheFile):
    """The entries of one kernel: index and files, each file with a number of its own, made from what it holds."""

    def save(self, key: Any, data: Any) -> None:
        """Add an entry; the file first, so that the index names no file that is not there."""
        digest = hashlib.sha256(repr((self._source_stamp, key)).encode()).digest()
        name = self._data_name(int.from_bytes(digest[:8], "big"))
        try:
            overloads = self._load_index()
            self._save_data(name, data)
            self._save_index(overloads | {key: name})
        except OSError as error:
            _say(f"compiled kernels cannot be kept in {self._cache_path} ({error.strerror or error})")

    def load(self, key: Any) -> Any:
        """An entry; None where there is none that can be read."""
        try:
            return super().load(key)
        except BROKEN:
            return None

    def _load_index(self) -> dict[Any, str]:
        try:
            found: dict[Any, str] = super()._load_index()
        except BROKEN:
            found = {}
        return found


@functools.cache
def _install() -> None:
    """Put all of it into numba, and say so where NUMBA_CACHE_DIR cannot be obeyed (numba would take another folder without a word)."""
    numba: Any = caching
    if not hasattr(numba.CacheImpl, "_locator_classes"):
        _say(
            "this numba keeps compiled kernels in its own way: after an update of tnthermo remove its __pycache__ folders"
        )
        return
    locators = numba.CacheImpl._locator_classes
    own = (_locator(f"{place}CacheLocator") for place in ("UserProvided", "InTree", "UserWide"))
    first = (*own, LastResort)
    locators[:0] = [type(f"Ours{kind.__name__}", (Ours, kind), {}) for kind in first]
    locators.append(LastResort)
    numba.IndexDataCacheFile = Entries
    folder = config.CACHE_DIR  # type: ignore[attr-defined]
    if folder:
        try:
            os.makedirs(folder, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            reason = error.strerror or error
            _say(f"NUMBA_CACHE_DIR = {folder} cannot be written ({reason}): compiled kernels are kept elsewhere")
