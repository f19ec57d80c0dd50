"""lgamma, digamma, zeta and polygamma, in f64.

Rational approximations between 0 and 8 that divide the zeros out, asymptotic series above, the
reflection formulas below 0. ``tests/math/fits.py`` makes the coefficients.
"""

from __future__ import annotations

import math

from compiler.nest.math_exp import exp_f64
from compiler.nest.math_log import log_f64
from compiler.nest.math_pow import pow_f64
from compiler.nest.math_value import Value, fma, poly, select, two_sum

# lgamma(1 + y) / (y (y - 1)): relative error 2**-56.7
LGAMMA_NEAR_P = (
    0.5772156649015329,
    1.9117412645308978,
    2.5048517407315876,
    1.6527566838815724,
    0.5785788827910089,
    0.10378336426508417,
    0.00840239749811426,
    0.0002226531922147814,
    4.1796289953713917e-07,
)
LGAMMA_NEAR_Q = (
    1.0,
    3.7368920564923322,
    5.658015823774757,
    4.4605481685499315,
    1.9596420371599383,
    0.4767683084121561,
    0.06004654753749329,
    0.0033411797087101046,
    5.557319049518457e-05,
)
# lgamma(1 + y) / (y (y - 1)): relative error 2**-56.1
LGAMMA_MID_P = (
    0.5772156371873209,
    1.2596884543186253,
    1.0014192714581958,
    0.36373512868394947,
    0.0628608573867685,
    0.004952630488906606,
    0.00015599161326169944,
    1.4170575780647644e-06,
    7.064100476967654e-10,
)
LGAMMA_MID_Q = (
    1.0,
    2.607239690301793,
    2.573414348951643,
    1.2209612430532653,
    0.2950162185973229,
    0.03580098987137873,
    0.00203065855278161,
    4.591061408202341e-05,
    2.807169579690806e-07,
)
# What lgamma(x) has beyond its leading terms, times x, z = 1 / x**2: relative error 2**-51.0
STIRLING_P = (
    0.0833333333333333,
    -0.002777777777606242,
    0.0007936506649481122,
    -0.0005952025950762167,
    0.0008372834445598766,
    -0.0016526002910866372,
)
# digamma(1 + y) / (y - root): relative error 2**-61.1
DIGAMMA_P = (
    1.2503801375034054,
    2.3151839378993557,
    1.6790697949159612,
    0.6239826787829035,
    0.12969649098998523,
    0.01538091475063548,
    0.0010150794127728483,
    3.4655997443920454e-05,
    5.261642840280088e-07,
    2.5097003433155024e-09,
    6.088900692052674e-13,
)
DIGAMMA_Q = (
    1.0,
    2.535130880142048,
    2.473936494477984,
    1.2359240899060326,
    0.3499452598436332,
    0.05818287212110572,
    0.005656513928456437,
    0.00030902670825099963,
    8.707084182044233e-06,
    1.0682434025788247e-07,
    3.8374488215723987e-10,
)
# What digamma(x) has beyond log(x) - 1 / (2 x), times -x**2, z = 1 / x**2: relative error
# 2**-47.3
DIGAMMA_FAR_P = (
    0.08333333333333287,
    -0.008333333331168534,
    0.003968252342832636,
    -0.004166217649386337,
    0.007519088147051051,
    -0.017711158471277653,
)
# sin(pi r) / r, u = r**2: relative error 2**-61.4
SINE_P = (
    3.141592653589793,
    -5.167712780049969,
    2.5501640398773007,
    -0.5992645293189447,
    0.0821458865731029,
    -0.007370430505916944,
    0.0004662998161898394,
    -2.1903497074626018e-05,
    7.697826768224191e-07,
)
# pi r / tan(pi r), u = r**2: relative error 2**-44.7
COTANGENT_P = (
    1.0,
    -4.645842813689487,
    2.680004157601326,
    -0.3896960671229376,
    0.01265782299774595,
)
COTANGENT_Q = (
    1.0,
    -1.3559746799930357,
    0.3836727352153527,
    -0.027983038765214744,
    0.0002849930375978714,
)

_HALF_LOG = 0.4189385332046727  # (log(2 pi) - 1) / 2
_ROOT = 0.46163214496836236  # the positive zero of digamma, less 1
_ROOT_REST = -1.5522348162858677e-17


def _turns(a: Value) -> Value:
    """``a`` less the nearest integer; 0 where a is one."""
    return a - a.rint()


def _lgamma_middle(y: Value) -> Value:
    """lgamma(1 + y) for y in [-0.2, 7]; the factors keep it accurate near its zeros 0 and 1."""
    near = y < 1.5
    top = select(near, poly(y, LGAMMA_NEAR_P), poly(y, LGAMMA_MID_P))
    bottom = select(near, poly(y, LGAMMA_NEAR_Q), poly(y, LGAMMA_MID_Q))
    return y * (y - 1.0) * (top / bottom)


def lgamma(x: Value) -> Value:
    """Logarithm of the absolute value of gamma; infinite at 0, negative integers and infinities.

    Below -0.2 it is ``log(pi / |x sin(pi x)|) - lgamma(-x)``: next to a zero there, the error is
    that of the two terms.
    """
    reflected = x <= -0.2
    b = select(reflected, -x, x)
    low = b < 0.8
    log = log_f64(abs(b))
    middle = _lgamma_middle(select(low, b, b - 1.0)) + select(low, -log, 0.0)  # -0 + 0 is 0
    far = b >= 8.0
    z = 1.0 / b
    series = fma(b - 0.5, log - 1.0, fma(z, poly(z * z, STIRLING_P), _HALF_LOG))
    value = select(far, series, middle)
    turn = _turns(b)
    sine = abs(turn * poly(turn * turn, SINE_P))
    other = log_f64(math.pi / (b * sine)) - value
    other = select(sine.eq(0.0) | b.eq(math.inf), math.inf, other)
    return select(reflected, other, value)


def digamma(x: Value) -> Value:
    """Derivative of lgamma; NaN at 0, negative integers and -inf.

    Below 0 it is ``digamma(-x) - 1 / x - pi / tan(pi x)``.
    """
    a = abs(x)
    negative, low = x < 0.0, a < 1.0
    inverse = 1.0 / a
    y = select(low, a, a - 1.0)
    middle = ((y - _ROOT) - _ROOT_REST) * (poly(y, DIGAMMA_P) / poly(y, DIGAMMA_Q))
    z = inverse * inverse
    far = log_f64(a) - fma(z, poly(z, DIGAMMA_FAR_P), inverse * 0.5)
    value = select(a >= 8.0, far, middle)
    value = value + select(low ^ negative, select(low, -inverse, inverse), 0.0)
    turn = _turns(a)
    u = turn * turn
    cotangent = poly(u, COTANGENT_P) / (poly(u, COTANGENT_Q) * turn)
    value = select(negative, value + cotangent, value)
    pole = (x <= 0.0) & (turn.eq(0.0) | a.eq(math.inf))
    return select(pole, math.nan, value)


# B(2 k) / (2 k)! for k = 12 to 1, in Euler and Maclaurin's formula (Abramowitz and Stegun, 23.1.30
# with f(t) = t**-x).
_EULER_MACLAURIN = tuple(
    b / math.factorial(2 * k)
    for k, b in (
        (12, -236364091 / 2730),
        (11, 854513 / 138),
        (10, -174611 / 330),
        (9, 43867 / 798),
        (8, -3617 / 510),
        (7, 7 / 6),
        (6, -691 / 2730),
        (5, 5 / 66),
        (4, -1 / 30),
        (3, 1 / 42),
        (2, -1 / 30),
        (1, 1 / 6),
    )
)
_TERMS = 10  # that are summed one by one
_HUGE = 1e300


def _zeta_sum(x: Value, q: Value) -> Value:
    """The sum of ``((q + n) / q)**-x`` over all n >= 0, for q > -1 and x > 1.

    The powers are taken by way of logarithms: what that loses of a term is small beside the first
    term, which is 1, or beside 1 / (x - 1) where that is large; for there ``1 - x`` is small.
    """
    odd = (x * 0.5).ne((x * 0.5).rint())

    def power(n: int) -> Value:
        ratio = float(n) / q
        u, c = two_sum(x.lift(1.0), select(abs(ratio) < _HUGE, ratio, _HUGE))
        size = exp_f64((1.0 - x) * (log_f64(abs(u)) + c / u)) / abs(u)
        return select((u < 0.0) & odd, -size, size)

    total = x.lift(1.0)
    for n in range(1, _TERMS):
        total = total + power(n)
    last = power(_TERMS)
    a = q + float(_TERMS)
    inverse = 1.0 / a
    rest = x.lift(_EULER_MACLAURIN[0])
    for k, c in zip(range(11, 0, -1), _EULER_MACLAURIN[1:], strict=True):
        rest = rest * ((x + 2.0 * k) * inverse) * ((x + (2.0 * k - 1.0)) * inverse) + c
    tail = last * (a / (x - 1.0) + (x * inverse * rest + 0.5))
    return select(last.eq(0.0), total, total + tail)


def _zeta_limits(value: Value, x: Value, q: Value) -> Value:
    """``value``, but what zeta is where q <= 0, x <= 1, or q is infinite."""
    value = select(q.eq(math.inf), 0.0, value)
    value = select((q <= -1.0) | ((q < 0.0) & x.ne(x.rint())), math.nan, value)
    half = x * 0.5
    pole = select(half.eq(half.rint()), x.lift(math.inf), math.nan)
    value = select((q <= 0.0) & q.eq(q.rint()), pole, value)
    value = select(x <= 1.0, select(x < 1.0, x.lift(math.nan), math.inf), value)
    return select(x.ne(x) | q.ne(q), math.nan, value)


def zeta(x: Value, q: Value) -> Value:
    """Hurwitz's zeta function: the sum of ``(q + n)**-x`` over all n >= 0.

    NaN for x < 1; infinite at x = 1. At the poles q = 0, -1, ... infinite for even x, else NaN;
    elsewhere for q < 0 NaN unless x is an integer and q > -1.
    """
    far = q > 16.0  # where the power may be subnormal and the sum is large
    power = pow_f64(q, -select(far, x * 0.5, x))
    value = power * _zeta_sum(x, q)
    value = select(far, value * power, value)
    endless = q > 1e100  # where one term is as good as none
    return _zeta_limits(select(endless, q * power * power / (x - 1.0), value), x, q)


def polygamma(n: Value, x: Value) -> Value:
    """Derivative number n of digamma: ``(-1)**(n + 1) n! zeta(n + 1, x)``; NaN unless n is natural.

    Factorial and power of x are multiplied as logarithms, so that neither overflows.
    """
    s = n + 1.0
    root = exp_f64((lgamma(s) - s * log_f64(abs(x))) * 0.5)
    size = root * _zeta_sum(s, x) * root
    half = n * 0.5
    flip = half.eq(half.rint()) & (x > 0.0)
    value = _zeta_limits(select(flip, -size, size), s, x)
    value = select(n.eq(0.0), digamma(x), value)
    natural = (n >= 0.0) & n.eq(n.rint()) & (n < math.inf)
    return select(natural & x.eq(x), value, math.nan)
