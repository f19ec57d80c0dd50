"""Error bounds: what every legal evaluation of a program may give, element by element.

``enclose`` walks the program once and carries, for every float element, a value in higher precision
and a bound of the distance to any evaluation that specification and contract allow; for integers
and booleans a mask of the elements that a legal evaluation may change. ``BOUNDS`` is one column of
the op table; one file a family, as in ``compiler/ops``.

How to read the files: ``format`` (constants of the dtypes), ``value`` (what is carried), ``core``
(the walk), ``rounding`` (one rounding more), ``limits`` (accuracy of the functions), ``ring`` (what
``reassoc`` allows), ``ball`` (formulas of which no step is exact), then the families; last
``leeway``, ``unspecified``, ``known``, ``schedule`` (what other compilers may leave open).
"""

from verify.bounds import (
    call,
    chlo,
    choices,
    constant,
    control,
    convert,
    convolution,
    dot,
    dynamic,
    elementwise,
    functions,
    gather,
    known,
    linalg,
    norm,
    random,
    reduce,
    scatter,
    shape,
    sort,
    unspecified,
    window,
)
from verify.bounds.core import BOUNDS, Context, enclose
from verify.bounds.value import Enclosure

__all__ = [
    "BOUNDS",
    "Context",
    "Enclosure",
    "call",
    "chlo",
    "choices",
    "constant",
    "control",
    "convert",
    "convolution",
    "dot",
    "dynamic",
    "elementwise",
    "enclose",
    "functions",
    "gather",
    "known",
    "linalg",
    "norm",
    "random",
    "reduce",
    "scatter",
    "shape",
    "sort",
    "unspecified",
    "window",
]
