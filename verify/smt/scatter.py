"""scatter, select_and_scatter: no rule speaks of them."""

from __future__ import annotations

from verify.smt.tensor import Meaning, unmodelled

SMT: dict[str, Meaning] = {"scatter": unmodelled, "select_and_scatter": unmodelled}
