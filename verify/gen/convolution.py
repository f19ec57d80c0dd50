"""Proposals for convolution: up to two spatial dimensions, in any layout."""

from __future__ import annotations

from compiler.ir import Attrs
from compiler.ops.window import dilated, windows
from verify.gen.dot import result_dtype
from verify.gen.draft import Draft, Step, tensor

_KERNEL = (1, 2, 3, 1, 2, 3)
_SELDOM = (1, 1, 1, 1, 2, 3)
_PADDING = ((0, 0), (0, 0), (1, 1), (1, 0), (0, 0), (0, 2), (-1, 1), (2, -1))
_NAMES = ("window_strides", "padding", "lhs_dilation", "rhs_dilation", "window_reversal")
_PRECISION = ((), (), ("DEFAULT", "DEFAULT"), ("HIGHEST", "HIGHEST"))


def _layout(draft: Draft, rank: int) -> tuple[int, ...]:
    """Where batch, feature and the spatial dimensions stand: a usual order, or any."""
    k = draft.below(4)
    if k == 0:
        return tuple(range(rank))
    if k == 1:
        return (0, rank - 1, *range(1, rank - 1))
    left = list(range(rank))
    return tuple([left.pop(draft.below(len(left))) for _ in range(rank)])


def _groups(draft: Draft, batch: int, features: int) -> tuple[int, int]:
    """How many groups of features and of batch elements: seldom any, and not both."""
    k = draft.below(4)
    n = (features if k == 3 else batch) or 1
    divisors = [d for d in range(1, n + 1) if n % d == 0]
    count = divisors[draft.below(len(divisors))]
    return (count, 1) if k == 3 else (1, count) if k == 2 else (1, 1)


def _spatial(draft: Draft, sizes: tuple[int, ...], size: int) -> tuple[Attrs, list[int], list[int]]:
    """Attributes of the windows, the sizes of the kernel and of the result.

    ``size`` elements at each place of the result keep to the limit.
    """
    below = draft.below
    rows, kernel, made = [], [], []
    for n in sizes:
        window, padding = _KERNEL[below(6)], _PADDING[below(8)]
        stride, base, hole = (_SELDOM[below(6)] for _ in range(3))
        padded = padding[0] + dilated(n, base) + padding[1]
        count = windows(padded, dilated(window, hole), stride)
        if size * count > draft.limit:  # one window over all
            window, padding, stride, base, hole, count = max(n, 1), (0, 0), 1, 1, 1, min(n, 1)
        size *= max(count, 1)
        rows.append((stride, padding, base, hole, below(6) == 5))
        kernel.append(window)
        made.append(count)
    columns = zip(*rows, strict=True) if rows else [()] * len(_NAMES)
    return tuple(zip(_NAMES, columns, strict=True)), kernel, made


def _convolution(draft: Draft) -> None:
    below = draft.below
    v = draft.ranked()
    t = draft.types[v]
    if not 2 <= len(t.shape) <= 4 or t.size > draft.limit:
        shape = [1 + below(4) for _ in range(2 + below(3))]
        v = draft.like(tensor(tuple(shape), t.dtype))
        t = draft.types[v]
    rank = len(t.shape)
    left, right, out = (_layout(draft, rank) for _ in range(3))
    sizes = [t.shape[d] for d in left]
    feature, batch = _groups(draft, sizes[0], sizes[1])
    features = feature * batch * (1 + below(3))
    attrs, kernel, made = _spatial(draft, tuple(sizes[2:]), (sizes[0] // batch) * features)
    own, result = [0] * rank, [0] * rank
    for d, n in zip(right, (sizes[1] // feature, features, *kernel), strict=True):
        own[d] = n
    for d, n in zip(out, (sizes[0] // batch, features, *made), strict=True):
        result[d] = n
    w = draft.like(tensor(tuple(own), t.dtype))
    numbers = (
        ("input_batch_dimension", left[0]),
        ("input_feature_dimension", left[1]),
        ("input_spatial_dimensions", left[2:]),
        ("kernel_input_feature_dimension", right[0]),
        ("kernel_output_feature_dimension", right[1]),
        ("kernel_spatial_dimensions", right[2:]),
        ("output_batch_dimension", out[0]),
        ("output_feature_dimension", out[1]),
        ("output_spatial_dimensions", out[2:]),
        ("feature_group_count", feature),
        ("batch_group_count", batch),
        ("precision_config", _PRECISION[below(4)]),
    )
    dtype = result_dtype(draft, t.dtype)
    draft.add("convolution", (v, w), (*attrs, *numbers), tensor(tuple(result), dtype))


GEN: dict[str, Step] = {"convolution": _convolution}
