"""High-precision reference of the pricing formulas, in mpmath.

Independent of the Rust code: textbook formulas at 50 digits, no tables, no fixed point. Everything that produces golden
values imports this module.

Units: prices in the units of `forward`; `sd` is v*sqrt(t), dimensionless; times in years of 365 days; rates and
volatilities as plain numbers (0.05, 0.8). Every argument may be an int, a decimal string, a float or an mpf.
"""

from mpmath import mp, mpf

mp.dps = 50

YEAR = mpf(365 * 86400)
# The domain of the price: outside it the value is an exact limit, by definition.
SD_MIN = mpf("5e-8")
SD_MAX = mpf(24)
LOG_MAX = mpf(16)


def normal_cdf(x):
    """N(x), with full relative precision in both tails."""
    return mp.erfc(-mpf(x) / mp.sqrt(2)) / 2


def normal_pdf(x):
    """The standard normal density."""
    return mp.exp(-mpf(x) ** 2 / 2) / mp.sqrt(2 * mp.pi)


def mills(x):
    """N(-x) / pdf(x): the Mills ratio."""
    return normal_cdf(-mpf(x)) / normal_pdf(x)


def limit(forward, strike, sd):
    """The exact limit that replaces the price outside the domain, or None inside it."""
    forward, strike, sd = mpf(forward), mpf(strike), mpf(sd)
    if forward <= 0:
        return mpf(0)
    if strike <= 0:
        return forward
    if sd < SD_MIN:
        return max(forward - strike, mpf(0))
    if sd > SD_MAX:
        return forward
    if abs(mp.log(forward / strike)) > LOG_MAX:
        return max(forward - strike, mpf(0))
    return None


def d1_d2(forward, strike, sd):
    """d1 and d2 of Black-76."""
    sd = mpf(sd)
    d1 = mp.log(mpf(forward) / mpf(strike)) / sd + sd / 2
    return d1, d1 - sd


def call(forward, strike, sd):
    """Undiscounted call: F N(d1) - K N(d2), or the limit."""
    bound = limit(forward, strike, sd)
    if bound is not None:
        return bound
    d1, d2 = d1_d2(forward, strike, sd)
    return mpf(forward) * normal_cdf(d1) - mpf(strike) * normal_cdf(d2)


def put(forward, strike, sd):
    """Undiscounted put, by parity."""
    return call(forward, strike, sd) - mpf(forward) + mpf(strike)


def discount(rate, t):
    """exp(-max(r, 0) t)."""
    return mp.exp(-max(mpf(rate), mpf(0)) * mpf(t))


def greeks(forward, strike, vol, t, rate=0):
    """Discounted call, put and greeks, inside the domain.

    delta: of the call, to the forward. gamma: to the forward, twice. vega: per 1.00 of volatility. theta: of the call per
    year of passing time, forward held. rho: of the call per 1.00 of rate with the spot held (F = S exp(rt)).
    """
    f, k, v, t = mpf(forward), mpf(strike), mpf(vol), mpf(t)
    r = max(mpf(rate), mpf(0))
    sd = v * mp.sqrt(t)
    d1, d2 = d1_d2(f, k, sd)
    df = discount(r, t)
    undiscounted = call(f, k, sd)
    density = f * normal_pdf(d1)
    return {
        "call": df * undiscounted,
        "put": df * (undiscounted - f + k),
        "delta": df * normal_cdf(d1),
        "gamma": df * normal_pdf(d1) / (f * sd),
        "vega": df * density * mp.sqrt(t),
        "theta": df * (r * undiscounted - density * sd / (2 * t)),
        "rho": df * k * normal_cdf(d2) * t,
    }


def svi_total_variance(svi, strike):
    """w(k) of a raw SVI slice. `svi` has a, b, rho, m, sigma, forward."""
    a, b, rho, m, sigma = (mpf(svi[n]) for n in ("a", "b", "rho", "m", "sigma"))
    bound = 4 * mp.sqrt(max(a + b * sigma, mpf(0)))
    k = mp.log(mpf(strike) / mpf(svi["forward"]))
    k = max(-bound, min(bound, k))
    w = a + b * (rho * (k - m) + mp.sqrt((k - m) ** 2 + sigma**2))
    return max(mpf(0), min(mpf(144), w))


def svi_vol(svi, strike):
    """v = sqrt(w / tau): the smile's volatility of one strike."""
    return mp.sqrt(svi_total_variance(svi, strike) / mpf(svi["tau"]))


def vol_shock(seconds, floor_seconds, power):
    """(30 d / max(t, floor))^p."""
    return (mpf(30 * 86400) / max(mpf(seconds), mpf(floor_seconds))) ** mpf(power)


def raw(value, bits):
    """The integer nearest to value * 2^bits: how golden files carry a fixed-point number."""
    return int(mp.nint(mpf(value) * mpf(2) ** bits))
