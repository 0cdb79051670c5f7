"""What functions were called with before, for one version more: each use is a DeprecationWarning that says what to write instead."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def formerly(
    *,
    positional: Sequence[str] = (),
    renamed: Mapping[str, str] | None = None,
    taken: Mapping[str, Callable[..., Any]] | None = None,
) -> Callable[[F], F]:
    """Let a function take what it took before, with a warning.

    positional  keywords that could be given by position, behind the arguments that still can be
    renamed     the names that keywords had, and have
    taken       keywords that are gone, with a function that takes them beside the others and is called in place of this one
    """

    def decorate(function: F) -> F:
        name = function.__name__
        plain = [p for p in inspect.signature(function).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]

        @functools.wraps(function)
        def call(*given: Any, **named: Any) -> Any:
            called: Callable[..., Any] = function
            by_position = dict(zip(positional, given[len(plain) :], strict=False))
            if len(given) <= len(plain) + len(positional) and not by_position.keys() & named.keys():
                given, named = given[: len(plain)], by_position | named
                if by_position:
                    instead = ", ".join(f"{key}=..." for key in by_position)
                    _warn(f"{name}: {', '.join(by_position)} by position is deprecated; write {instead}")
            for old, new in (renamed or {}).items():
                if old in named and new not in named:
                    named[new] = named.pop(old)
                    _warn(f"{name}: {old}= is deprecated; write {new}=")
            for old, other in (taken or {}).items():
                if old in named:
                    called = other
                    _warn(f"{name}: {old}= is deprecated and has no successor; leave it out")
            return called(*given, **named)

        return cast(F, call)

    return decorate


def _warn(words: str) -> None:
    """Of whoever called the function that is decorated."""
    warnings.warn(words, DeprecationWarning, stacklevel=3)
