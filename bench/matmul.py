"""Matrix products against NumPy in one process, one thread: ``python bench/matmul.py [dtype]``.

Both sides are timed in turns and the best time of each counts, so that a busy machine spoils few
rows. Ours includes the call of the executable and a fresh result; NumPy writes into a given array.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # read when NumPy is imported

# ruff: noqa: E402
import numpy as np

from compiler.build import Builder
from compiler.dtypes import by_name
from compiler.executable import Executable
from compiler.ir import TensorType, module

SHAPES = [
    *((n, n, n) for n in (64, 128, 256, 512, 1024)),
    (32, 256, 512),
    (8, 1024, 1024),
    (1024, 16, 1024),
    (64, 64, 4096),
    (32, 10, 256),
    (1, 1024, 1024),
    (1024, 1, 1024),
]
SECONDS = 0.8


def build(m: int, n: int, k: int, dtype: str) -> Executable:
    """The program of one product."""
    t = by_name(dtype)
    b = Builder([TensorType((m, k), t), TensorType((k, n), t)])
    dims = {"lhs_contracting_dimensions": (1,), "rhs_contracting_dimensions": (0,)}
    dims |= {"lhs_batching_dimensions": (), "rhs_batching_dimensions": ()}
    node = b.emit("dot_general", [0, 1], types=[TensorType((m, n), t)], **dims)
    return Executable(module(b.graph([node])))


def best(*calls: Callable[[], object]) -> list[float]:
    """Seconds of the fastest call of each, taken in turns."""
    times = [float("inf")] * len(calls)
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        for k, call in enumerate(calls):
            begin = time.perf_counter()
            call()
            times[k] = min(times[k], time.perf_counter() - begin)
    return times


def row(m: int, n: int, k: int, dtype: str) -> str:
    """The line of one shape."""
    rng = np.random.default_rng(0)
    begin = time.perf_counter()
    run = build(m, n, k, dtype)
    compiled = time.perf_counter() - begin
    a, b = (rng.standard_normal(s).astype(by_name(dtype).numpy) for s in ((m, k), (k, n)))
    out = np.empty((m, n), a.dtype)
    ours, numpy = best(lambda: run(a, b), lambda: np.matmul(a, b, out=out))
    work = 2e-9 * m * n * k
    return (
        f"{m:6}{n:6}{k:6}{work / ours:12.1f}{work / numpy:12.1f}"
        f"{numpy / ours:19.2f}{compiled * 1e3:12.1f}"
    )


def main() -> None:
    """Print one row a shape."""
    dtype = sys.argv[1] if len(sys.argv) > 1 else "f32"
    print(f"{dtype}  M     N     K   ours GF/s  numpy GF/s  numpy time / ours  compile ms")
    for m, n, k in SHAPES:
        print(row(m, n, k, dtype), flush=True)


if __name__ == "__main__":
    main()
