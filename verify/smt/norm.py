"""Batch normalisation: compilers expand it, and no rule speaks of it."""

from __future__ import annotations

from verify.smt.tensor import Meaning, unmodelled

SMT: dict[str, Meaning] = {
    "batch_norm_inference": unmodelled,
    "batch_norm_training": unmodelled,
    "batch_norm_grad": unmodelled,
}
