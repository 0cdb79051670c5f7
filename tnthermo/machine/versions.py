"""Which versions of this program and of its libraries are installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version(package: str) -> str:
    """Version of an installed package, "not installed" without one."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
