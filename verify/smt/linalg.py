"""Matrix factorisation and solving: compilers expand them, and no rule speaks of them."""

from __future__ import annotations

from verify.smt.tensor import Meaning, unmodelled

SMT: dict[str, Meaning] = {"cholesky": unmodelled, "triangular_solve": unmodelled}
