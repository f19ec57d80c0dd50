"""What constraints of many ops have in common: bodies of scalars, lists of dimensions."""

from __future__ import annotations

from collections.abc import Callable

from compiler.dtypes import DType
from compiler.ir import TensorType
from compiler.ops.table import Sig, Types, require


def scalar(dtype: DType) -> TensorType:
    """The type of one element."""
    return TensorType((), dtype)


def is_promotable(a: DType, b: DType) -> bool:
    """The specification's is_promotable: ``b`` holds what ``a`` holds, the kind stays."""
    kinds = [d.kind.removeprefix("u") for d in (a, b)]
    return kinds[0] == kinds[1] and a.bits <= b.bits


def check_reducer(sig: Sig, region: int, inputs: Types, inits: Types, number: str) -> Types:
    """A body ``(E..., E...) -> E...`` of scalars, each ``E`` promotable from an input and its init.

    Returns its result types, one scalar for each input.
    """
    count = len(inputs)
    args = sig.arguments(region)
    results = sig.regions[region].result_types
    require(
        len(args) == 2 * count,
        number,
        "the body must take {} block arguments, not {}",
        2 * count,
        len(args),
    )
    require(
        len(results) == count,
        number,
        "the body must return {} values, not {}",
        count,
        len(results),
    )
    for k, t in enumerate(results):
        for i in (k, count + k):
            require(
                args[i] == t,
                number,
                "block argument {} of the body has type {}, its result {} has {}",
                i,
                args[i],
                k,
                t,
            )
        require(t.rank == 0, number, "the body must work on scalars, not on {}", t)
        for name, given in (("input", inputs[k]), ("init value", inits[k])):
            require(
                is_promotable(given.dtype, t.dtype),
                number,
                "element type {} of {} {} cannot be promoted to {} of the body",
                given.dtype,
                name,
                k,
                t.dtype,
            )
    return results


def at_least(name: str, least: int, number: str) -> Callable[[int], None]:
    """A check for an attribute that must not be less than ``least``."""

    def check(value: int) -> None:
        require(value >= least, number, "{} {} is less than {}", name, value, least)

    return check


def require_same_shape(types: Types, name: str, number: str) -> None:
    """All of ``types`` must have the shape of the first."""
    for t in types[1:]:
        require(
            t.shape == types[0].shape, number, "shapes of {} {} and {} differ", name, types[0], t
        )


def require_scalars(types: Types, name: str, number: str) -> None:
    """All of ``types`` must have rank 0."""
    for t in types:
        require(t.rank == 0, number, "{} {} is no scalar", name, t)


def require_length(values: tuple[object, ...], count: int, name: str, number: str) -> None:
    """``values`` must have ``count`` entries."""
    require(len(values) == count, number, "{} has {} entries, not {}", name, len(values), count)


def require_positive(values: tuple[int, ...], name: str, number: str) -> None:
    """All of ``values`` must be greater than 0."""
    require(all(v > 0 for v in values), number, "{} {} is not positive", name, values)


def require_pairs(rows: tuple[tuple[int, ...], ...], count: int, name: str, number: str) -> None:
    """``rows`` must be ``count`` pairs."""
    require_length(rows, count, name, number)
    require(all(len(r) == 2 for r in rows), number, "{} does not have two columns", name)


def require_sorted(dims: tuple[int, ...], name: str, number: str) -> None:
    """``dims`` must be in ascending order."""
    require(list(dims) == sorted(dims), number, "{} {} is not sorted", name, dims)


def require_unique(dims: tuple[int, ...], name: str, number: str) -> None:
    """``dims`` must not repeat."""
    require(len(set(dims)) == len(dims), number, "{} {} has a dimension twice", name, dims)


def require_range(dims: tuple[int, ...], limit: int, name: str, number: str) -> None:
    """Every one of ``dims`` must be in ``[0, limit)``."""
    require(all(0 <= d < limit for d in dims), number, "{} {} is not in [0, {})", name, dims, limit)
