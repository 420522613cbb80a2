#!/usr/bin/env python3
"""Writes the golden books `tests/golden/margin_{portfolio,cross,isolated,chain}.json`, from fixed seeds.

    pip install mpmath
    python3 tests/reference/margin_books.py            write the files, and say what they cover
    python3 tests/reference/margin_books.py --check    exit 1 unless the checked-in files are what this script writes

A case is `{"input": .., "expected": [..]}`: a document of `plimsoll margin` with its equity, initial and maintenance
balance, or (`chain`) the integers a program account holds with the same and the mark-to-market, in quote atoms. The
expected balances come from `margin.py` alone.

Each file starts with its sweep: pairs of books that differ in one parameter, then in one input, at the least and at the
largest value that the evaluator takes (`margin_ends.py`). Then come, where the mode has them, books whose every parameter
stands at one of two plausible ends; settlement windows; several underlyings; and books of 1 to 256 legs.
"""

import json
import os
import random
import sys

from mpmath import mp, mpf

sys.path.insert(0, os.path.dirname(__file__))
from black76 import YEAR  # noqa: E402
import margin_ends as ends_of  # noqa: E402
from margin import WINDOW, chain, cross, portfolio  # noqa: E402

GOLDEN = os.path.join(os.path.dirname(__file__), "..", "golden")

def text(value, digits=8):
    """A decimal string with `digits` significant digits."""
    return mp.nstr(mpf(value), digits, strip_zeros=True, min_fixed=-30, max_fixed=30).removesuffix(".0")


GRID = [("1.18", "up"), ("1.135", "down"), ("1.135", "none"), ("1.135", "up"), ("1.09", "down"), ("1.09", "up"),
        ("1.045", "none"), ("1", "down"), ("1", "none"), ("1", "up"), ("0.955", "none"), ("0.91", "down"), ("0.91", "up"),
        ("0.865", "none"), ("0.865", "up"), ("0.82", "up")]
TAILS = [("0.34", "0.21"), ("0.67", "0.42"), ("1.5", "0.2772"), ("3", "0.0693"), ("6", "0.02772")]
PARAMETERS = {
    "scenarios": [{"spot": s, "vol": v, "dampening": "1"} for s, v in GRID]
    + [{"spot": s, "vol": "up", "dampening": d} for s, d in TAILS]
    + [{"spot": "1", "vol": v, "dampening": "1"} for v in ("linear", "abs")],
    "vol_shock": {"range_up": "0.5", "min_vol_up": "0.4", "range_down": "0.3", "short_power": "0.3", "long_power": "0.13", "dte_floor": "1"},
    "skew_shock": {"linear_base_cap": "0.15", "linear_c_base": "-0.05", "abs_base_cap": "0.15", "abs_c_base": "-0.05",
                   "min_k": "0.01", "width": "4", "static": "0.6", "scale": "-0.1"},
    "discount": {"base_long": "0.95", "long_mult": "1", "long_add": "0.08", "base_short": "1.04", "short_mult": "0.5", "short_add": "0.08"},
    "basis": {"up": "1.045", "down": "0.955", "add": "0.5", "mult": "2"},
    "contingency": {"mm_option": "0.003", "im_option": "0.002", "conf_threshold": "0.55", "conf_margin": "1", "peg_threshold": "0.99", "peg_factor": "4"},
    "factors": {"mm_factor": "0.8", "im_factor": "1"},
}
# The least and the largest scenario list: one column, and 64.
GRID_LEAST = [{"spot": "1.18", "vol": "up", "dampening": "1"}]
GRID_LARGEST = PARAMETERS["scenarios"] + [
    {"spot": text(mpf(1000 + 45 * step) / 1000), "vol": vol, "dampening": "1"}
    for step in (-8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6) for vol in ("up", "none", "down")][:41]
# Two plausible ends of each parameter, for books in which all of them stand at one.
EXTREMES = {
    "vol_shock": {"range_up": ("0", "4"), "min_vol_up": ("0", "3"), "range_down": ("0", "2"), "short_power": ("0", "2"), "long_power": ("0", "2"), "dte_floor": ("0.001", "399")},
    "skew_shock": {"linear_base_cap": ("-1", "9.5"), "linear_c_base": ("-3", "3"), "abs_base_cap": ("-1", "9.5"), "abs_c_base": ("-3", "3"),
                   "min_k": ("0.0001", "5"), "width": ("0", "50"), "static": ("-5", "5"), "scale": ("-5", "5")},
    "discount": {"base_long": ("0", "2"), "long_mult": ("0", "5"), "long_add": ("0", "5"), "base_short": ("0", "5"), "short_mult": ("0", "5"), "short_add": ("0", "5")},
    "basis": {"up": ("1", "3"), "down": ("0.05", "1"), "add": ("0", "10"), "mult": ("0", "20")},
    "contingency": {"mm_option": ("0", "0.5"), "im_option": ("0", "0.5"), "conf_threshold": ("0", "1"), "conf_margin": ("0", "5"), "peg_threshold": ("0", "2"), "peg_factor": ("0", "10")},
    "factors": {"mm_factor": ("0", "2"), "im_factor": ("0", "3")},
}
# Charges of the initial balance and the offset of two underlyings, all of them left out above.
CHARGES = {
    "concentration": {"share": "0.25", "free": "2", "rate": "0.02", "vega_free": "50", "vega_rate": "0.25"},
    "between_steps": {"seconds": "2592000", "step": "0.06"},
    "offset": {"share": "0.3", "underlyings": ["A", "B"]},
}
CROSS = {"max_spot": "0.15", "min_spot": "0.1", "mm_call": "0.075", "mm_put": "0.075", "mm_put_mark": "0.075", "unpaired_im": "1.2", "unpaired_mm": "1.1",
         "offset": "1.05", "conf_threshold": "0.4", "conf_factor": "0.4", "depeg_threshold": "0.98", "depeg_factor": "1.2", "collateral_factor": "0.8"}
CROSS_EXTREMES = {"max_spot": ("0.01", "2"), "min_spot": ("0.005", "2"), "mm_call": ("0.005", "2"), "mm_put": ("0.005", "2"), "mm_put_mark": ("0", "1"),
                  "unpaired_im": ("1", "10"), "unpaired_mm": ("1", "10"), "offset": ("1", "3"), "conf_threshold": ("0", "1"), "conf_factor": ("0", "5"),
                  "depeg_threshold": ("0", "1"), "depeg_factor": ("0", "10"), "collateral_factor": ("0", "1"), "long_im": ("0", "1"), "long_mm": ("0", "1")}
SPOTS = ["1500", "95663.506", "23.41", "0.1873", "0.0000214"]
SECONDS = ["0", "1", "60", "600", "1799", "1800", "1801", "86400", "500400", "2592000", "2592001", "8000000", "34560000"]


def random_market(rng, name, count, spot=None):
    spot = mpf(spot or rng.choice(SPOTS))
    expiries = []
    for index in range(count):
        seconds = mpf(rng.choice(SECONDS))
        forward = spot * mpf(rng.uniform(0.95, 1.08))
        tau = max(seconds, 3600) / YEAR * mpf(rng.uniform(0.9, 1.5))
        level = mpf(rng.uniform(0.2, 1.2)) ** 2 * tau
        expiry = {"id": name + str(index), "seconds_to_expiry": text(seconds), "forward": text(forward),
                  "rate": text(rng.uniform(-0.05, 0.4), 4),
                  "svi": {"a": text(level * mpf("0.3")), "b": text(level), "rho": text(rng.uniform(-0.7, 0.5), 4), "m": text(rng.uniform(-0.1, 0.1), 4),
                          "sigma": text(rng.uniform(0.05, 0.9), 4), "forward": text(spot), "tau": text(tau)}}
        if seconds <= WINDOW and rng.random() < 0.7:
            expiry["settlement_average"] = text(forward * mpf(rng.uniform(0.97, 1.03)))
        if rng.random() < 0.25:
            expiry[rng.choice(["forward_confidence", "rate_confidence", "vol_confidence"])] = text(rng.uniform(0.05, 1), 3)
        expiries.append(expiry)
    market = {"underlying": name, "spot": text(spot), "expiries": expiries}
    if rng.random() < 0.2:
        market["spot_confidence"] = text(rng.uniform(0.1, 1), 3)
    if rng.random() < 0.3:
        market["stable_price"] = text(rng.uniform(0.9, 1.02), 5)
    return market


def random_legs(rng, market, count, bias):
    legs, series = [], {}
    for _ in range(count):
        expiry = rng.choice(market["expiries"])
        wide = rng.random() < 0.1
        strike = text(mpf(expiry["forward"]) * mp.exp(mpf(rng.gauss(0, 2.0 if wide else 0.2))), 4)
        kind = rng.choice(["call", "put"])
        quantity = text(rng.uniform(0.01, 20) * (1 if rng.random() < bias else -1), 5)
        leg = {"underlying": market["underlying"], "expiry": expiry["id"], "strike": strike, "kind": kind, "quantity": quantity}
        key = (expiry["id"], strike, kind)
        if series.setdefault(key, rng.random() < 0.3):
            vol = series.setdefault(key + ("vol",), text(rng.uniform(0.05, 3), 5))
            leg["vol"] = vol
        legs.append(leg)
    return legs


def random_collateral(rng, market):
    return {"underlying": market["underlying"], "name": "c", "value": text(mpf(market["spot"]) * mpf(rng.uniform(0.1, 30))), "confidence": text(rng.uniform(0.2, 1), 3),
            "risk_cancelling": rng.random() < 0.6, "mm_haircut": text(rng.uniform(0, 0.3), 3), "im_haircut": text(rng.uniform(0, 0.2), 3)}


def random_document(rng, mode, parameters, legs, markets=1, expiries=3):
    document = {"mode": mode, "markets": [random_market(rng, "ABC"[i], rng.randint(1, expiries)) for i in range(markets)], "parameters": parameters}
    options, collateral = [], []
    for market in document["markets"]:
        options += random_legs(rng, market, max(1, legs // markets), rng.choice([0.2, 0.5, 0.8]))
        collateral += [random_collateral(rng, market) for _ in range(rng.choice([0, 0, 1, 2]))]
    document["portfolio"] = {"cash": text(rng.uniform(-1000, 5000)), "collateral": collateral, "options": options}
    return document


def mixed_document(mode, parameters, bias=0.3):
    """One book that every parameter changes: the sweep's."""
    rng = random.Random(7)
    document = random_document(rng, mode, parameters, 12, expiries=1)
    market = document["markets"][0] = random_market(rng, "A", 1 if mode == "isolated" else 2, "1500")
    for expiry, seconds in zip(market["expiries"], ("500400", "8000000")):
        expiry.update({"seconds_to_expiry": seconds, "vol_confidence": "0.3", "rate": "0.2"})
    market["stable_price"] = "0.95"
    document["portfolio"]["options"] = random_legs(rng, market, 12, bias)
    document["portfolio"]["collateral"] = [dict(random_collateral(rng, market), confidence="0.3")]
    return document


def charged_document(parameters=None, interest=None):
    """One book of two underlyings that every charge and the offset change: the second gains where the first loses."""
    document = mixed_document("portfolio", parameters or {**PARAMETERS, **CHARGES})
    rng = random.Random(11)
    other = random_market(rng, "B", 2, "23.41")
    for expiry, seconds in zip(other["expiries"], ("86400", "2592001")):
        expiry.update(seconds_to_expiry=seconds)
        expiry.pop("settlement_average", None)
    document["markets"].append(other)
    # At some strikes a call and a put of opposite signs: neither series nets, the strike does.
    opposite = {"call": "put", "put": "call"}
    document["portfolio"]["options"] += [
        dict(leg, kind=opposite[leg["kind"]], quantity=text(mpf(leg["quantity"]) * mpf("-0.6")))
        for leg in document["portfolio"]["options"][:5]]
    document["portfolio"]["options"] += [dict(leg, quantity=text(40 * mpf(leg["quantity"]))) for leg in random_legs(rng, other, 10, 0.9)]
    return with_interest(rng, document, interest)


def with_interest(rng, document, interest=None):
    """The document with an open interest for most series, or with `interest` for every one."""
    series = {}
    for leg in document["portfolio"]["options"]:
        key = (leg["underlying"], leg["expiry"], leg["strike"], leg["kind"])
        drawn = text(abs(mpf(leg["quantity"])) * mpf(rng.uniform(0.5, 6)), 5) if rng.random() < 0.8 else None
        drawn = series.setdefault(key, interest or drawn)
        if drawn is not None:
            leg["open_interest"] = drawn
    return document


def changed(parameters, group, name, value):
    copy = json.loads(json.dumps(parameters))
    copy[group][name] = value
    return copy


def corner(rng, parameters, extremes):
    """Parameters of which every one stands at one of its ends."""
    copy = json.loads(json.dumps(parameters))
    for group, fields in extremes.items():
        for name, ends in fields.items():
            copy[group][name] = rng.choice(ends)
    return copy


def in_window(rng, document):
    """The document with every expiry at most 1,800 s away, all of them with an average so far."""
    for market in document["markets"]:
        for expiry in market["expiries"]:
            seconds = rng.choice([0, 1, 60, 300, 600, 1200, 1799, 1800])
            expiry["seconds_to_expiry"] = text(seconds)
            expiry["settlement_average"] = text(mpf(expiry["forward"]) * mpf(rng.uniform(0.95, 1.05)))
    return document


def small_document(mode):
    """The book of the inputs' pairs: calls and puts at the forward and around it in one expiry, and a collateral."""
    legs = [("1300", "put", "-2"), ("1500", "call", "-3"), ("1500", "put", "2"), ("1800", "call", "1.5")]
    parameters = {"cross": dict(CROSS, long_im="0.25", long_mm="0.5")}
    if mode == "portfolio":
        scenarios = [("1.18", "up"), ("0.82", "up"), ("0.82", "down"), ("1.5", "none"), ("1", "linear"), ("1", "abs")]
        parameters = {**PARAMETERS, "scenarios": [{"spot": s, "vol": v, "dampening": "1"} for s, v in scenarios]}
        parameters["concentration"] = dict(CHARGES["concentration"], free="0.5", vega_free="0")
    expiry = {"id": "e", "seconds_to_expiry": "500400", "forward": "1510", "rate": "0.2",
              "svi": {"a": "0.002", "b": "0.01", "rho": "-0.3", "m": "0.02", "sigma": "0.2", "forward": "1500", "tau": "0.016"}}
    collateral = {"name": "c", "value": "700", "confidence": "0.3", "risk_cancelling": True, "mm_haircut": "0.1", "im_haircut": "0.05"}
    return {"mode": mode, "markets": [{"underlying": "A", "spot": "1500", "stable_price": "0.95", "expiries": [expiry]}], "parameters": parameters,
            "portfolio": {"cash": "100", "collateral": [collateral],
                          "options": [{"expiry": "e", "strike": k, "kind": kind, "quantity": q} for k, kind, q in legs]}}


def scaled(document, factor, contracts):
    """The document with its prices times `factor` and its quantities times `contracts`."""
    market, times = document["markets"][0], lambda value, by: text(mpf(value) * mpf(by))
    market["spot"] = times(market["spot"], factor)
    for entry in (market["expiries"][0], market["expiries"][0]["svi"]):
        entry["forward"] = times(entry["forward"], factor)
    for leg in document["portfolio"]["options"]:
        leg["strike"], leg["quantity"] = times(leg["strike"], factor), times(leg["quantity"], contracts)
    return document


# What an end of an input needs beside it. The level a + b sigma of a smile is never below 0, and only near it does the
# volatility say more than that it is huge.
SMILES = {("a", "-10000"): {"b": "1000", "sigma": "10.00001", "rho": "0", "m": "0"},
          ("b", "1000"): {"a": "-10", "sigma": "0.01001", "rho": "0", "m": "0"},
          ("tau", "0.00000001"): {"a": "0.0000001", "b": "0.0000001"}}
# Factors on prices and on quantities with which a book at an end of a price or a quantity adds up.
SIZES = {("forward", "0.000000001"): ("1e-12", "1e9"), ("forward", "10000000000"): ("6e6", "1e-5"), ("strike", "0.000000000000001"): ("1e-12", "1e6"),
         ("strike", "100000000000000"): ("6e6", "1e-6"), ("quantity", "-100000000000000"): ("2e-5", "1e11"),
         ("quantity", "100000000000000"): ("2e-5", "1e11")}


def at_end(mode, group, name, end):
    """The small book with one input at `end`."""
    document = small_document(mode)
    market, holdings = document["markets"][0], document["portfolio"]
    expiry = market["expiries"][0]
    if group in ("EXPIRY", "LEG") and (name, end) in SIZES:
        scaled(document, *SIZES[name, end])
    if group == "SVI":
        expiry["svi"].update(SMILES.get((name, end), {}))
    if group == "SCENARIO":
        del document["parameters"]["scenarios"][1:]
    if name == "settlement_average":
        expiry["seconds_to_expiry"] = "600"
    if group == "COLLATERAL" and name == "value":
        # Beside the largest value no option fits.
        holdings["options"] = []
    entries = {"MARKET": [market], "EXPIRY": [expiry], "SVI": [expiry["svi"]], "COLLATERAL": holdings["collateral"], "LEG": holdings["options"][:1],
               "PORTFOLIO": [holdings], "SCENARIO": document["parameters"].get("scenarios", [])[:1], "PARAMETERS": [document["parameters"]]}
    for entry in entries[group]:
        entry[name] = end
    return document


def input_pairs(mode):
    """Pairs of the small book that differ in one input, at the least and at the largest value the evaluator takes."""
    inputs = {"MARKET": ends_of.MARKET, "EXPIRY": ends_of.EXPIRY, "SVI": ends_of.SVI, "LEG": ends_of.LEG, "COLLATERAL": ends_of.COLLATERAL,
              "PORTFOLIO": {"cash": ends_of.CASH}, "PARAMETERS": {"averaging_vol": (False, True)}}
    unused = ["rate", "rate_confidence", "mm_haircut", "im_haircut", "open_interest"]
    if mode == "portfolio":
        inputs["SCENARIO"], unused = ends_of.SCENARIO, []
        inputs["COLLATERAL"] = {**ends_of.COLLATERAL, "risk_cancelling": (False, True)}
        inputs["PARAMETERS"] = {**inputs["PARAMETERS"], "scenarios": ([], GRID_LARGEST)}
    return [at_end(mode, group, name, end) for group, fields in inputs.items() for name, ends in fields.items() if name not in unused for end in ends]


def base_for(group, name):
    """Parameters under which `name` decides the worst of the mixed book, and the share of long legs for that."""
    base = json.loads(json.dumps(PARAMETERS))
    keep = {"skew_shock": lambda s: s["vol"] in ("linear", "abs"), "basis": lambda s: False}
    if name == "range_down":
        keep[group] = lambda s: s["vol"] == "down"
    base["scenarios"] = [s for s in base["scenarios"] if keep.get(group, lambda s: True)(s)]
    if group == "skew_shock" or name == "range_down":
        base["basis"].update(add="0", mult="0")
        base["discount"].update(base_long="1", base_short="1", long_mult="0", long_add="0", short_mult="0", short_add="0")
    if group == "discount":
        base["discount"]["base_short"] = "1"
    return base, 1.0 if name in ("base_long", "long_mult", "long_add", "range_down") else 0.3


def portfolio_documents():
    rng = random.Random(20260101)
    documents = []
    for group, fields in ends_of.PARAMETERS.items():
        for name, ends in fields.items():
            base, bias = base_for(group, name)
            documents += [mixed_document("portfolio", changed(base, group, name, end), bias) for end in ends]
    for group, fields in ends_of.CHARGES.items():
        for name, ends in fields.items():
            documents += [charged_document(changed({**PARAMETERS, **CHARGES}, group, name, end)) for end in ends]
    documents += input_pairs("portfolio")
    for legs in [1] * 12 + [2] * 10 + [4] * 10 + [8] * 8 + [16] * 4 + [40] * 2 + [256]:
        documents.append(random_document(rng, "portfolio", PARAMETERS, legs))
    for legs in (4, 9, 15):
        documents.append(random_document(rng, "portfolio", dict(PARAMETERS, averaging_vol=True), legs, markets=rng.randint(2, 3)))
    rng = random.Random(20260104)
    for _ in range(16):
        documents.append(random_document(rng, "portfolio", corner(rng, PARAMETERS, EXTREMES), rng.randint(1, 12), markets=rng.randint(1, 2)))
    for legs in [1, 2, 3, 4, 6, 8, 10, 12]:
        documents.append(in_window(rng, random_document(rng, "portfolio", dict(PARAMETERS, averaging_vol=rng.random() < 0.5), legs)))
    for legs in [3, 6, 9, 12, 24, 48, 96]:
        documents.append(random_document(rng, "portfolio", PARAMETERS, legs, markets=3))
    for legs in (64, 128, 200, 256):
        documents.append(random_document(rng, "portfolio", dict(PARAMETERS, averaging_vol=True), legs, expiries=8))
    return documents + charged_documents()


def charged_documents():
    """Books under charges and offsets: with and without open interest, their parameters at their ends, and random ones."""
    documents = [charged_document(interest=interest) for interest in ("0", "1000000")]
    # The basis of both is a loss of both; and a share of the loss is never more than the loss.
    still = [{"spot": "1", "vol": "none", "dampening": "1"}]
    documents.append(charged_document({**PARAMETERS, **CHARGES, "scenarios": still}))
    half = changed({**PARAMETERS, **CHARGES}, "offset", "share", "0.5")
    documents.append(charged_document(changed(half, "factors", "im_factor", "3")))
    rng = random.Random(20260107)
    for markets in (2, 2, 2, 3):
        parameters = corner(rng, {**PARAMETERS, **CHARGES}, {**EXTREMES, **ends_of.CHARGES})
        documents.append(with_interest(rng, random_document(rng, "portfolio", parameters, rng.randint(4, 12), markets=markets)))
    for legs in (1, 2, 8, 16, 40):
        parameters = {name: group for name, group in {**PARAMETERS, **CHARGES}.items() if name != "offset"}
        documents.append(with_interest(rng, random_document(rng, "portfolio", parameters, legs)))
    for legs in (2, 4, 8, 16):
        offset = {"share": text(rng.uniform(0.05, 0.5), 3), "underlyings": rng.sample("ABC", 2)}
        parameters = {**PARAMETERS, "offset": offset}
        documents.append(random_document(rng, "portfolio", parameters, legs, markets=3))
    return documents


def cross_sweep(mode):
    """Pairs of books at the least and at the largest value of each parameter of cross and isolated mode."""
    documents = []
    for name, ends in ends_of.CROSS.items():
        pair = [mixed_document(mode, {"cross": dict(CROSS, **{name: end})}) for end in ends]
        if name.startswith("unpaired"):
            # Short calls so deep in the money that the maximum loss is the less demanding reading.
            for document in pair:
                expiry = document["markets"][0]["expiries"][0]["id"]
                leg = {"underlying": "A", "expiry": expiry, "strike": "30", "kind": "call", "quantity": "-3", "vol": "0.6"}
                document["portfolio"]["options"] = [leg]
        documents += pair
    return documents


def cross_documents():
    rng = random.Random(20260102)
    documents = cross_sweep("cross") + input_pairs("cross")
    for legs in [1] * 12 + [2] * 12 + [4] * 8 + [8] * 6 + [32] * 2 + [256]:
        documents.append(random_document(rng, "cross", {"cross": CROSS, "averaging_vol": rng.random() < 0.5}, legs, markets=rng.choice([1, 1, 2, 3])))
    rng = random.Random(20260105)
    for _ in range(12):
        parameters = corner(rng, {"cross": CROSS}, {"cross": CROSS_EXTREMES})
        documents.append(random_document(rng, "cross", parameters, rng.randint(1, 16), markets=rng.randint(1, 3)))
    for legs in [1, 2, 3, 5, 8, 13]:
        documents.append(in_window(rng, random_document(rng, "cross", {"cross": dict(CROSS, long_mm="0.5"), "averaging_vol": True}, legs)))
    for legs in (64, 128, 200, 256):
        documents.append(random_document(rng, "cross", {"cross": dict(CROSS, long_mm="0.5")}, legs, expiries=8))
    return documents


def isolated_documents():
    """One expiry of one underlying each."""
    rng = random.Random(20260106)
    documents = cross_sweep("isolated") + input_pairs("isolated")
    for legs in [1] * 8 + [2] * 6 + [3] * 4 + [5, 8, 20, 64, 128, 256]:
        parameters = {"cross": dict(CROSS, long_mm="0.5"), "averaging_vol": rng.random() < 0.5}
        documents.append(random_document(rng, "isolated", parameters, legs, expiries=1))
    for legs in [1, 2, 4, 8]:
        documents.append(random_document(rng, "isolated", corner(rng, {"cross": CROSS}, {"cross": CROSS_EXTREMES}), legs, expiries=1))
        documents.append(in_window(rng, random_document(rng, "isolated", {"cross": CROSS, "averaging_vol": True}, legs, expiries=1)))
    return documents


CHAIN_REFERENCE = [150000, 100000, 75000, 75000, 75000, 1200000, 1100000, 1050000, 400000, 400000, 980000, 1200000, 0, 500000]
CHAIN_EXTREMES = [(10000, 2000000), (5000, 150000), (5000, 100000), (5000, 100000), (0, 1000000), (1100000, 10000000), (1000000, 1200000), (1000000, 3000000),
                  (0, 1000000), (0, 5000000), (0, 1000000), (0, 10000000), (0, 500000), (0, 1000000)]


def random_chain_book(rng, legs, parameters=None, underlyings=None):
    count = underlyings or rng.choice([1, 1, 2, 3])
    book = {"cash": rng.randint(-10**9, 10**10), "stable": rng.choice([1000000, 1000000, rng.randint(900000, 1020000)]),
            "collateral_rules": [400000, 400000], "underlyings": [], "expiries": [], "collateral": [], "positions": []}
    sizes = []
    for index in range(count):
        spot, size, step = rng.choice([(95_663_506_048, 10**7, 10**8), (1_500_123_456, 10**8, 10**6), (23_410_000, 10**9, 10**5), (187_300, 10**12, 1000), (3_000_000_000, 333_333_333, 777_777)])
        sizes.append((spot, size, step))
        converged = rng.random() < 0.5
        ema = spot if converged else int(spot * rng.uniform(0.93, 1.07))
        walking = int(spot * rng.uniform(0.85, 1.15)) if not converged and rng.random() < 0.5 else None
        seen = [spot, ema] + ([walking] if walking else [])
        book["underlyings"].append({"spot": spot, "low": min(seen), "high": max(seen), "walking": walking, "size": size,
                                    "scale_im": rng.choice([1000000, 1250000, 2000000]), "scale_mm": rng.choice([1000000, 1000000, 1250000]),
                                    "confidence": rng.choice([1000000, 1000000, 300000]), "parameters": parameters or CHAIN_REFERENCE})
        for _ in range(rng.randint(1, 3)):
            seconds = rng.choice([-5, 0, 1, 60, 600, 1799, 1800, 1801, 86400, 500400, 2592000, 8000000, 34560000])
            sampled = 0 if seconds > 1800 else min(1800, max(0, 1800 - seconds - rng.choice([0, 0, 60]))) if rng.random() < 0.8 else 0
            strikes = sorted({max(step, int(spot * rng.lognormvariate(0, 0.25)) // step * step) for _ in range(min(64, 4 + legs // 2))})
            rng.shuffle(strikes)
            book["expiries"].append({"underlying": index, "seconds": seconds, "basis": rng.randint(-20000, 30000), "vol": rng.randint(1 << 28, 1 << 33),
                                     "forward_confidence": rng.choice([1000000, 1000000, 350000]), "vol_confidence": 1000000,
                                     "average": int(spot * rng.uniform(0.97, 1.03)), "sampled": sampled, "strikes": strikes,
                                     "settled": int(spot * rng.uniform(0.8, 1.2)) if seconds <= 0 and rng.random() < 0.5 else None})
        for _ in range(rng.choice([0, 1, 1])):
            book["collateral"].append({"value": rng.randint(0, 10**11), "underlying": index, "factor": rng.choice([0, 500000, 800000, 950000]), "confidence": rng.choice([1000000, 300000])})
    book["collateral"] += [{"value": rng.randint(0, 10**11), "underlying": None, "factor": 900000, "confidence": rng.choice([1000000, 250000])} for _ in range(rng.choice([0, 1]))]
    bias = rng.choice([0.2, 0.5, 0.8])
    for _ in range(legs):
        slot = rng.randrange(len(book["expiries"]))
        quantity = rng.randint(1, rng.choice([3, 100, 50000])) * (1 if rng.random() < bias else -1)
        book["positions"].append([slot, rng.randrange(len(book["expiries"][slot]["strikes"])), rng.randint(0, 1), quantity])
    return book


def chain_pair(seed, field, ends):
    """One book at the least and at the largest value of a parameter."""
    pair = []
    for end in ends:
        parameters = list(CHAIN_REFERENCE)
        parameters[field] = end
        pair.append(random_chain_book(random.Random(seed), 8, parameters, 1))
    return pair


def chain_books():
    rng = random.Random(20260103)
    books = []
    for field, ends in enumerate(CHAIN_EXTREMES):
        books += next(pair for pair in (chain_pair(seed, field, ends) for seed in range(1000)) if chain(pair[0]) != chain(pair[1]))
    for legs in [1] * 15 + [2] * 15 + [4] * 8 + [8] * 6 + [32] * 3 + [256] * 2:
        books.append(random_chain_book(rng, legs))
    return books


def rendered():
    """The text of every file by its name."""
    digits = lambda values: [mp.nstr(value, 22, min_fixed=-40, max_fixed=40) for value in values]
    sets = {
        "portfolio": (portfolio, portfolio_documents()),
        "cross": (cross, cross_documents()),
        "isolated": (cross, isolated_documents()),
        "chain": (chain, chain_books()),
    }
    for name, (reference, inputs) in sets.items():
        cases = [json.dumps({"input": book, "expected": digits(reference(book))}, separators=(",", ":")) for book in inputs]
        yield f"margin_{name}.json", len(cases), "[" + ",\n".join(cases) + "]\n"


def main():
    check = "--check" in sys.argv[1:]
    stale = []
    for name, count, content in rendered():
        path = os.path.join(GOLDEN, name)
        print(f"{name}: {count} books, {len(content)} bytes")
        if not check:
            with open(path, "w") as out:
                out.write(content)
        elif not os.path.exists(path) or open(path).read() != content:
            stale.append(name)
    if stale:
        print(f"{', '.join(stale)}: not what tests/reference/margin_books.py writes; run it without --check")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
