"""Errors that reach the user: one line each, with place, what is wrong and the mend.

Every error carries a stable code (``AS1xx`` text, ``AS2xx`` types, ``AS3xx`` support, ``AS4xx``
inputs and files, ``AS5xx`` Assay's own fault, ``AS6xx`` verdicts that do not repeat) and the exit
code that the command line ends with.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loc:
    """A place in a source text. ``line`` and ``col`` count from 1; ``file`` may be ``<string>``."""

    file: str
    line: int
    col: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.col}"


class AssayError(Exception):
    """Root of all expected errors.

    Args:
        message: what is wrong, one line, without the place.
        where: the place, if there is one.
        hint: the mend, if it is known.
    """

    code = "AS000"
    exit_code = 2

    def __init__(self, message: str, *, where: Loc | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{hint}"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.where, self.hint)


def _rebuild(cls: type[AssayError], message: str, where: Loc | None, hint: str) -> AssayError:
    """Unpickle an error that crossed a process boundary."""
    return cls(message, where=where, hint=hint)


class ParseError(AssayError):
    """The text is not StableHLO."""

    code = "AS101"


class VerifyError(AssayError):
    """A module breaks a constraint of the specification; the message starts with ``op: (C3)``."""

    code = "AS201"


class UnsupportedError(AssayError):
    """An op, dtype or feature outside the supported set, refused by name."""

    code = "AS301"
    exit_code = 4


class InputError(AssayError):
    """A missing file, or inputs that do not fit the program."""

    code = "AS401"


class InternalError(AssayError):
    """Assay broke one of its own rules."""

    code = "AS501"
    exit_code = 5


class UnsteadyError(AssayError):
    """A verdict that does not come back: nothing can be said."""

    code = "AS601"
    exit_code = 3


class ConstraintError(Exception):
    """Raised by a type rule; the checker turns it into a :class:`VerifyError` with op and place.

    Args:
        number: the specification's constraint, such as ``C3`` or ``I2``; empty if it has none.
        message: what is wrong.
    """

    def __init__(self, number: str, message: str) -> None:
        super().__init__(f"({number}) {message}" if number else message)
        self.number = number
        self.message = message
