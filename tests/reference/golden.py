#!/usr/bin/env python3
"""Writes `tests/golden/kernel.json`: what the option math must give, from mpmath alone.

    python tests/reference/golden.py            write the file
    python tests/reference/golden.py --check    exit 1 unless the checked-in file is what this script writes

Every number is an integer: arguments as the Rust functions take them, results as `value * 2^bits` in strings (they may
exceed 64 bits). The bits of each list are named in its comment below.
"""

import json
import random
import sys
from pathlib import Path

from mpmath import mp, mpf

import black76
from black76 import raw

mp.dps = 40
TARGET = Path(__file__).resolve().parents[1] / "golden" / "kernel.json"
ONE = 1 << 32


def log_uniform(rng, lo, hi):
    return float(lo) * (float(hi) / float(lo)) ** rng.random()


def price_cases(rng):
    """[forward, strike, sd Q32, call Q32 in price units]."""
    points = []
    for x in (0, 1e-9, 1e-6, 1e-4, 0.003, 0.05, 0.3, 0.69, 0.6932, 0.72, 1, 2, 2.0795, 4, 8, 12, 15.99):
        for sd in (0, 1e-8, 5.01e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 0.7, 1, 2, 3, 4, 5.6, 8, 12, 16, 20, 23.9, 24, 24.1):
            for sign in (1, -1):
                points.append((sign * x, sd))
    while len(points) < 5600:
        sd = log_uniform(rng, 5.1e-8, 24)
        # Half of the points where the option has time value, half over the whole domain.
        x = rng.gauss(0, 2) * sd - sd * sd / 2 if rng.random() < 0.7 else rng.uniform(-16, 16)
        if abs(x) < 15.999:
            points.append((x, sd))
    cases = []
    for x, sd in points:
        bits = rng.uniform(24, 40) - min(0.0, x) / 0.7
        forward = int(2**bits)
        strike = max(1, int(mpf(forward) * mp.exp(-mpf(x))))
        sd = int(sd * ONE)
        if forward >= 1 << 62 or strike >= 1 << 62 or abs(mp.log(mpf(forward) / strike)) > 15.9999:
            continue
        value = black76.call(forward, strike, mpf(sd) / ONE)
        cases.append([forward, strike, sd, str(raw(value, 32))])
    return cases


def greek_cases(rng):
    """[forward, strike, vol Q32, seconds, rate Q32, then call, put, delta, F gamma, vega, theta, rho as Q40 per F]."""
    cases = []
    while len(cases) < 600:
        forward = int(log_uniform(rng, 1 << 20, 1 << 36))
        seconds = int(log_uniform(rng, 60, 3 * 31_536_000))
        vol = int(log_uniform(rng, 0.05, 4) * ONE)
        rate = rng.choice((0, rng.randrange(ONE // 4)))
        t = mpf(seconds) / black76.YEAR
        sd = float(mpf(vol) / ONE * mp.sqrt(t))
        strike = int(forward * mp.exp(mpf(rng.gauss(0, 1.5) * sd)))
        g = black76.greeks(forward, strike, mpf(vol) / ONE, t, mpf(rate) / ONE)
        f = mpf(forward)
        values = [g["call"] / f, g["put"] / f, g["delta"], g["gamma"] * f, g["vega"] / f, g["theta"] / f, g["rho"] / f]
        cases.append([forward, strike, vol, seconds, rate] + [str(raw(v, 40)) for v in values])
    return cases


def cell_points(cells, fraction_bits):
    """Both ends and the middle of every cell of a table over integer arguments."""
    width = 1 << fraction_bits
    for cell in range(cells):
        for t in (0, width * 3 // 8 + cell, width - 1):
            yield cell * width + t


def table_cases():
    """[argument, value Q60] per table, at both ends and inside every cell."""
    q32 = mpf(ONE)
    pairs = {
        "cdf": [(x - 8 * ONE, black76.normal_cdf((x - 8 * ONE) / q32)) for x in cell_points(512, 27)],
        "pdf": [(x, black76.normal_pdf(x / q32)) for x in cell_points(256, 27)],
        # The argument is z; the cells are in 1/z.
        "mills": [(z, black76.mills(z / q32)) for z in sorted({(1 << 64) // u for u in cell_points(64, 26) if u >= 1 << 26})],
        "ln": [(ONE + f, mp.log1p(f / q32)) for f in cell_points(64, 26)],
        "exp": [
            (x, mp.exp(x / q32))
            for x in (int(mp.floor(y * mp.log(2) / (1 << 34) * q32)) for y in cell_points(64, 28))
        ],
    }
    return {name: [[x, str(raw(value, 60))] for x, value in rows] for name, rows in pairs.items()}


def elementary_cases(rng):
    """ln: [x Q32, Q60]; exp: [x Q32, Q60]; sqrt: [x Q32, Q60]; pow: [x Q32, p Q32, Q60]."""
    xs = sorted({1, 2, 3, ONE - 1, ONE, ONE + 1, (1 << 63) - 1} | {int(2 ** (rng.random() * 63)) for _ in range(200)})
    es = sorted({0, 1, -1, 21 * ONE, -23 * ONE} | {rng.randrange(-23 * ONE, 21 * ONE) for _ in range(200)})
    powers = [(int(2 ** (rng.random() * 54)), rng.randrange(ONE + 1)) for _ in range(200)] + [(ONE, 0), (7, ONE), (5 * ONE, 0)]
    return {
        "ln": [[x, str(raw(mp.log(mpf(x) / ONE), 60))] for x in xs],
        "exp": [[x, str(raw(mp.exp(mpf(x) / ONE), 60))] for x in es],
        "sqrt": [[x, str(raw(mp.sqrt(mpf(x) / ONE), 60))] for x in xs],
        "pow": [[x, p, str(raw((mpf(x) / ONE) ** (mpf(p) / ONE), 60))] for x, p in powers],
    }


def time_cases(rng):
    """sqrt_time: [seconds, Q60]; discount: [seconds, rate Q32, Q60]; vol_shock: [seconds, floor, p Q32, Q60]."""
    seconds = sorted({0, 1, 2, 59, 60, 1800, 86400, 31_536_000, 16 * 31_536_000} | {int(log_uniform(rng, 1, 5e8)) for _ in range(100)})
    discounts = [(int(log_uniform(rng, 1, 5e8)), rng.randrange(-ONE // 8, ONE)) for _ in range(100)]
    shocks = [
        (int(log_uniform(rng, 1, 1e8)), rng.choice((1, 3600, 86_400)), int(p * ONE))
        for p in (0, 0.13, 0.3, 0.5, 1)
        for _ in range(20)
    ]
    return {
        "sqrt_time": [[s, str(raw(mp.sqrt(s / black76.YEAR), 60))] for s in seconds],
        "discount": [[s, r, str(raw(black76.discount(mpf(r) / ONE, s / black76.YEAR), 60))] for s, r in discounts],
        "vol_shock": [[s, f, p, str(raw(black76.vol_shock(s, f, mpf(p) / ONE), 60))] for s, f, p in shocks],
    }


def smile_cases(rng):
    """[a, b, rho, m, sigma (Q32), forward, tau seconds, strike, w Q60, v Q60]."""
    cases = []
    while len(cases) < 400:
        tau = int(log_uniform(rng, 3600, 2 * 31_536_000))
        level = 0.25 * tau / 31_536_000
        width = level**0.5
        a, b = rng.uniform(-0.02, 1) * level, rng.uniform(0, 1) * level / max(width, 0.01)
        rho, m, sigma = rng.choice((-1, 1, *[rng.uniform(-0.95, 0.95)] * 8)), rng.uniform(-1, 1) * width, rng.uniform(0.01, 2) * width
        a, b, rho, m, sigma = (int(v * ONE) for v in (a, b, rho, m, sigma))
        forward = int(log_uniform(rng, 1 << 24, 1 << 40))
        strike = max(1, int(forward * mp.exp(mpf(rng.gauss(0, 3) * width))))
        svi = {n: mpf(v) / ONE for n, v in (("a", a), ("b", b), ("rho", rho), ("m", m), ("sigma", sigma))}
        svi |= {"forward": forward, "tau": tau / black76.YEAR}
        w = black76.svi_total_variance(svi, strike)
        v = black76.svi_vol(svi, strike)
        cases.append([a, b, rho, m, sigma, forward, tau, strike, str(raw(w, 60)), str(raw(v, 60))])
    return cases


def render():
    rng = random.Random(20_260_101)
    data = {"price": price_cases(rng), "greeks": greek_cases(rng), "tables": table_cases()}
    data |= {"elementary": elementary_cases(rng), "time": time_cases(rng), "smile": smile_cases(rng)}
    return json.dumps(data, separators=(",", ":")).replace("]],", "]],\n").replace("],[", "],\n[") + "\n"


def main():
    text = render()
    if "--check" in sys.argv[1:]:
        if TARGET.read_text() != text:
            print(f"{TARGET} is not what tests/reference/golden.py writes: run it without --check")
            return 1
        print("kernel.json is up to date")
        return 0
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
