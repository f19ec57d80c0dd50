"""sort: no rule speaks of it."""

from __future__ import annotations

from verify.smt.tensor import Meaning, unmodelled

SMT: dict[str, Meaning] = {"sort": unmodelled}
