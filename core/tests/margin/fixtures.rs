//! Books of account integers for the chain path.

use plimsoll_core::margin::evaluator::{Leg, Real};
use plimsoll_core::margin::{Book, CollateralRules, CollateralView, CrossParameters, ExpiryView, UnderlyingView};
use plimsoll_core::math::black76::ln_price;
use plimsoll_core::position::{OptionKind, Position};
use plimsoll_core::series::Strike;
use plimsoll_core::units::{ContractSize, Price, Quote, Ratio, Vol};
use serde_json::Value;

/// An expiry with the strikes and the order it lends out.
#[derive(Clone, Debug)]
pub struct OwnedExpiry {
    /// View whose slices are empty.
    pub head: ExpiryView<'static>,
    /// The strikes.
    pub strikes: Vec<Strike>,
    /// Ids by ascending price.
    pub order: Vec<u8>,
}

/// A book with everything it borrows.
#[derive(Clone, Debug)]
pub struct OwnedBook {
    /// Cash.
    pub cash: i64,
    /// Stable price in ppm.
    pub stable: u32,
    /// Confidence rules of collateral without underlying.
    pub rules: CollateralRules,
    /// Underlyings.
    pub underlyings: Vec<UnderlyingView>,
    /// Expiries.
    pub expiries: Vec<OwnedExpiry>,
    /// Collateral.
    pub collateral: Vec<CollateralView>,
    /// Legs.
    pub positions: Vec<Position>,
}

/// A leg.
pub fn position(slot: usize, strike: usize, kind: OptionKind, quantity: i32) -> Position {
    Position { quantity, expiry_slot: slot as u8, strike: strike as u8, kind: kind.to_u8(), carry: 0 }
}

/// An expiry of underlying 0 with `seconds` to go, at `vol` percent, without basis.
pub fn expiry(seconds: i64, vol_percent: i64, strikes: &[i64]) -> OwnedExpiry {
    let full = Ratio::ONE;
    let head = ExpiryView {
        underlying: 0,
        seconds_to_expiry: seconds,
        basis_ppm: 0,
        vol: Vol((vol_percent << 32) / 100),
        forward_confidence: full,
        vol_confidence: full,
        average: Price(0),
        sampled_seconds: 0,
        strikes: &[],
        order: &[],
        settled: None,
    };
    OwnedExpiry::new(head, strikes)
}

impl OwnedExpiry {
    /// The view over `strikes`.
    pub fn new(head: ExpiryView<'static>, strikes: &[i64]) -> Self {
        let strike = |price: &i64| Strike { price: *price, ln_price: ln_price(*price), ..Strike::default() };
        let mut order: Vec<u8> = (0..strikes.len() as u8).collect();
        order.sort_by_key(|id| strikes[usize::from(*id)]);
        Self { head, strikes: strikes.iter().map(strike).collect(), order }
    }

    /// The view.
    pub fn view(&self) -> ExpiryView<'_> {
        ExpiryView { strikes: &self.strikes, order: &self.order, ..self.head }
    }
}

impl OwnedBook {
    /// One underlying at `spot`, a contract is one whole underlying.
    pub fn one(spot: i64, parameters: CrossParameters, expiries: Vec<OwnedExpiry>, positions: Vec<Position>) -> Self {
        Self {
            cash: 0,
            stable: 1_000_000,
            rules: CollateralRules::default(),
            underlyings: vec![UnderlyingView::converged(Price(spot), ContractSize::ONE, parameters)],
            expiries,
            collateral: vec![],
            positions,
        }
    }

    /// Lends the book to `f`.
    pub fn with<T>(&self, f: impl FnOnce(&Book) -> T) -> T {
        let expiries: Vec<ExpiryView> = self.expiries.iter().map(OwnedExpiry::view).collect();
        f(&Book {
            cash: Quote(self.cash),
            positions: &self.positions,
            expiries: &expiries,
            underlyings: &self.underlyings,
            collateral: &self.collateral,
            stable_price: Ratio(self.stable),
            collateral_rules: self.rules,
        })
    }

    /// The legs as the wide evaluator takes them.
    pub fn wide_legs(&self) -> Vec<Leg> {
        let real = |value: i128, unit: i128| Real::from_ratio(value, unit).unwrap();
        let leg = |p: &Position| {
            let expiry = usize::from(p.expiry_slot);
            let of = &self.expiries[expiry];
            let size = real(self.underlyings[usize::from(of.head.underlying)].contract_size.0.into(), 1_000_000_000);
            let strike = of.strikes[usize::from(p.strike)];
            Leg {
                expiry,
                strike: real(strike.price.into(), 1_000_000),
                kind: OptionKind::from_u8(p.kind).unwrap(),
                quantity: Real::from_integer(i64::from(p.quantity)) * size,
                vol: Real::from_q32(of.head.vol.0),
                open_interest: Real::from_integer(strike.open_interest[usize::from(p.kind)]) * size,
            }
        };
        self.positions.iter().map(leg).collect()
    }

    /// The book of a golden case.
    pub fn from_json(book: &Value) -> Self {
        let list = |name: &str| book[name].as_array().unwrap().clone();
        let rules = ratios(&book["collateral_rules"]);
        Self {
            cash: int(&book["cash"]),
            stable: int(&book["stable"]) as u32,
            rules: CollateralRules { conf_threshold: rules[0], conf_factor: rules[1] },
            underlyings: list("underlyings").iter().map(underlying).collect(),
            expiries: list("expiries").iter().map(golden_expiry).collect(),
            collateral: list("collateral").iter().map(collateral).collect(),
            positions: list("positions").iter().map(golden_position).collect(),
        }
    }
}

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

fn ratio(value: &Value) -> Ratio {
    Ratio(int(value) as u32)
}

fn ratios(list: &Value) -> Vec<Ratio> {
    list.as_array().unwrap().iter().map(ratio).collect()
}

fn underlying(u: &Value) -> UnderlyingView {
    let p = ratios(&u["parameters"]);
    UnderlyingView {
        spot: Price(int(&u["spot"])),
        low: Price(int(&u["low"])),
        high: Price(int(&u["high"])),
        walking: u["walking"].as_i64().map(Price),
        contract_size: ContractSize(int(&u["size"]) as u64),
        scale_im: ratio(&u["scale_im"]),
        scale_mm: ratio(&u["scale_mm"]),
        spot_confidence: ratio(&u["confidence"]),
        parameters: CrossParameters {
            max_spot: p[0],
            min_spot: p[1],
            mm_call: p[2],
            mm_put: p[3],
            mm_put_mark: p[4],
            unpaired_im: p[5],
            unpaired_mm: p[6],
            offset: p[7],
            conf_threshold: p[8],
            conf_factor: p[9],
            depeg_threshold: p[10],
            depeg_factor: p[11],
            long_im: p[12],
            long_mm: p[13],
        },
    }
}

fn golden_expiry(e: &Value) -> OwnedExpiry {
    let strikes: Vec<i64> = e["strikes"].as_array().unwrap().iter().map(int).collect();
    let head = ExpiryView {
        underlying: int(&e["underlying"]) as u8,
        seconds_to_expiry: int(&e["seconds"]),
        basis_ppm: int(&e["basis"]) as i32,
        vol: Vol(int(&e["vol"])),
        forward_confidence: ratio(&e["forward_confidence"]),
        vol_confidence: ratio(&e["vol_confidence"]),
        average: Price(int(&e["average"])),
        sampled_seconds: int(&e["sampled"]),
        strikes: &[],
        order: &[],
        settled: e["settled"].as_i64().map(Price),
    };
    OwnedExpiry::new(head, &strikes)
}

fn collateral(c: &Value) -> CollateralView {
    CollateralView {
        value: Quote(int(&c["value"])),
        price_underlying: c["underlying"].as_i64().map(|index| index as u8),
        factor: ratio(&c["factor"]),
        confidence: ratio(&c["confidence"]),
    }
}

fn golden_position(p: &Value) -> Position {
    let kind = if int(&p[2]) == 0 { OptionKind::Call } else { OptionKind::Put };
    position(int(&p[0]) as usize, int(&p[1]) as usize, kind, int(&p[3]) as i32)
}
