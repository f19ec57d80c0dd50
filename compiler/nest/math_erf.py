"""erf, erfc and erf_inv, in f64. ``tests/math/fits.py`` makes the coefficients."""

from __future__ import annotations

import math

from compiler.nest.math_exp import exp_product
from compiler.nest.math_log import log_f64
from compiler.nest.math_value import Value, fma, poly, select, sqrt, two_product

# erf(x) / x - 1, u = x**2: relative error 2**-56.6
ERF_P = (
    0.1283791670955126,
    -0.3174281934250666,
    -0.04728756575598659,
    -0.008654414927097925,
    -0.0004706650629013071,
    -1.9622318772673496e-05,
)
ERF_Q = (
    1.0,
    0.4572252409388211,
    0.09229687846609196,
    0.010396575316986005,
    0.0006627828113501095,
    1.9487961934426758e-05,
)
# exp(x**2) erfc(x): relative error 2**-58.9
ERFC_MID_P = (
    0.9999999995725875,
    1.739108252927274,
    1.5046940250006238,
    0.8049782961641496,
    0.2840989499078089,
    0.06596447147736816,
    0.009381652147493784,
    0.000641422224739787,
    5.072180596289018e-12,
)
ERFC_MID_Q = (
    1.0,
    2.867487414689528,
    3.7403071175450844,
    2.9102281673139134,
    1.484708379703193,
    0.5118634103762815,
    0.11748767498920125,
    0.016628531400338837,
    0.001136891805109336,
)
# x exp(x**2) erfc(x), z = 1 / x**2: relative error 2**-62.7
ERFC_FAR_P = (
    0.5641895835477563,
    16.791078708339597,
    172.95302810902118,
    753.917078810447,
    1355.6128920577805,
    806.9836296332869,
    69.6290813505026,
)
ERFC_FAR_Q = (
    1.0,
    30.261412117454135,
    320.9319667563323,
    1475.9281538908365,
    2950.2040405147636,
    2231.1853109808726,
    418.83921758984917,
)
# erf_inv(x) / x, u = x**2: relative error 2**-61.4
INVERSE_NEAR_P = (
    0.886226925452758,
    -2.125309744068628,
    1.7868025384515263,
    -0.616477943407903,
    0.0756427849231936,
    -0.0016005493035574966,
)
INVERSE_NEAR_Q = (
    1.0,
    -2.6599546266312846,
    2.5686335220784353,
    -1.0828992979876984,
    0.18562996432609088,
    -0.00880258939807174,
)
# erf_inv(x), s = sqrt(-log(1 - x)): relative error 2**-56.2
INVERSE_MID_P = (
    -6.137797158646546e-05,
    0.0010019043859816634,
    0.8784993478070603,
    2.3086266612691806,
    5.060375569230095,
    7.004346533795804,
    6.542532293005519,
    5.012919439536326,
    1.1976367907847827,
    0.06268166298538916,
)
INVERSE_MID_Q = (
    1.0,
    2.562970234530918,
    6.350925624119502,
    8.840560692218697,
    10.752477922752776,
    8.161344742356588,
    5.154007208710364,
    1.1983539863371662,
    0.06267581745388073,
)
# erf_inv(x), s = sqrt(-log(1 - x)): relative error 2**-59.2
INVERSE_FAR_P = (
    0.005449170264832426,
    -0.029448143637534976,
    0.9424057651226904,
    2.009875100262678,
    3.1079402632210136,
    3.525387898412061,
    1.1210173098926288,
    0.1027779787796407,
    0.0022306237971175024,
)
INVERSE_FAR_Q = (
    1.0,
    2.2581848637911857,
    4.303708237478459,
    4.437607953964929,
    3.7111032392097734,
    1.126984641786485,
    0.10278917904405568,
    0.002230582284561082,
)

_SPLIT = 0.8  # where erf is computed directly below, and erfc above
_END = 28.0  # erfc is 0 from here on


def _erf_small(a: Value) -> Value:
    """The error function for 0 <= a <= 0.8: a and a correction."""
    u = a * a
    return fma(a, poly(u, ERF_P) / poly(u, ERF_Q), a)


def _erfc_large(a: Value) -> Value:
    """The complement for a >= 0.8: a quotient times ``exp(-a**2)`` with the rest of the square."""
    a = select(a > _END, _END, a)
    mid = a < 4.0
    z = 1.0 / (a * a)
    top = select(mid, poly(a, ERFC_MID_P), poly(z, ERFC_FAR_P))
    bottom = select(mid, poly(a, ERFC_MID_Q), poly(z, ERFC_FAR_Q) * a)
    square, rest = two_product(a, a)
    return exp_product(-square, -rest, top / bottom)


def erf(x: Value) -> Value:
    """Error function."""
    a = abs(x)
    return select(a < _SPLIT, _erf_small(a), 1.0 - _erfc_large(a)).sign_of(x)


def erfc(x: Value) -> Value:
    """``1 - erf(x)``, accurate also where it is tiny."""
    a = abs(x)
    large = _erfc_large(a)
    large = select(x < 0.0, 2.0 - large, large)
    return select(a < _SPLIT, 1.0 - _erf_small(a).sign_of(x), large)


def erf_inv(x: Value) -> Value:
    """Inverse of erf; infinite at -1 and 1, NaN beyond."""
    a = abs(x)
    u = a * a
    s = sqrt(-log_f64(1.0 - a))
    mid = s < 2.5
    top = select(mid, poly(s, INVERSE_MID_P), poly(s, INVERSE_FAR_P))
    bottom = select(mid, poly(s, INVERSE_MID_Q), poly(s, INVERSE_FAR_Q))
    near = a < 0.5
    top = select(near, a * poly(u, INVERSE_NEAR_P), top)
    bottom = select(near, poly(u, INVERSE_NEAR_Q), bottom)
    return select(a.eq(1.0), math.inf, top / bottom).sign_of(x)
