//! Random cases of every function of the option math, made of integers alone: the same on every machine.
//!
//! A case is a function of a seed and its number, so that any range of cases can be run anywhere, and one alone.

use plimsoll_core::math::elementary::{exp, scale};
use plimsoll_core::math::fixed::{mul_shift_down, ONE};
use plimsoll_core::math::smile::Svi;
use plimsoll_core::math::time::{SECONDS_MAX, YEAR};

/// A function of the option math with its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// Logarithm, of a Q32 number and of an integer.
    Logarithm(i64),
    /// Exponential.
    Exponential(i64),
    /// Square roots and power.
    Roots {
        /// What is raised.
        x: i64,
        /// To which power.
        power: i64,
    },
    /// Distribution, density and Mills ratio.
    Normal(i64),
    /// Call and put from plain integers.
    Price {
        /// Forward, price units.
        forward: i64,
        /// Strike, price units.
        strike: i64,
        /// `v sqrt(t)`, Q32.
        sd: i64,
    },
    /// The prepared call at a forward and at its shocked value, at the scale of another forward.
    Scenario {
        /// What sets the scale, price units.
        base: i64,
        /// Forward, price units.
        forward: i64,
        /// Factor on the forward, Q32.
        factor: i64,
        /// Strike, price units.
        strike: i64,
        /// `v sqrt(t)`, Q32.
        sd: i64,
    },
    /// Call, put and five greeks.
    Greeks {
        /// Forward, price units.
        forward: i64,
        /// Strike, price units.
        strike: i64,
        /// `v sqrt(t)`, Q32.
        sd: i64,
        /// Seconds to expiry.
        seconds: i64,
        /// Rate a year, Q32.
        rate: i64,
    },
    /// Total variance and volatility of a smile.
    Smile {
        /// The slice.
        svi: Svi,
        /// Reference forward, price units.
        forward: i64,
        /// Seconds at which it was fitted.
        tau: i64,
        /// Strike, price units.
        strike: i64,
    },
    /// Root of time, deviations, discount factor and volatility shock.
    Time {
        /// Volatility, Q32.
        vol: i64,
        /// Seconds to expiry.
        seconds: i64,
        /// Rate a year, and the power of the shock, Q32.
        rate: i64,
        /// The part of `whole` that still varies.
        part: i64,
        /// The whole.
        whole: i64,
    },
}

/// Cases of one round: the prices, which margin is made of, come twice.
const ROUND: u64 = 12;
/// Least and largest bit of a deviation in the domain of the price, 5e-8 to 24, and one to either side.
const DEVIATION_BITS: (u64, u64) = (6, 38);
/// Integers at which something ends or changes sign.
const ENDS: [i64; 16] = [
    0,
    1,
    -1,
    2,
    i64::MAX,
    i64::MAX - 1,
    i64::MIN,
    i64::MIN + 1,
    ONE,
    -ONE,
    ONE - 1,
    ONE + 1,
    24 * ONE,
    24 * ONE + 1,
    214,
    215,
];

impl Case {
    /// Case number `number` of the sequence `seed`: one in four on any integers at all, the others where options are.
    pub fn of(seed: u64, number: u64) -> Self {
        let mut random = Random::new(seed, number);
        let wild = random.next() & 3 == 0;
        match number % ROUND {
            0 => Self::Logarithm(random.any()),
            1 => Self::Exponential(if wild { random.any() } else { random.signed(ONE * 24) }),
            2 => Self::Roots { x: random.any(), power: if wild { random.any() } else { random.below(ONE) } },
            3 => Self::Normal(if wild { random.any() } else { random.signed(9 * ONE) }),
            4 | 5 => random.price(wild),
            6 | 7 => random.scenario(wild),
            8 | 9 => random.greeks(wild),
            10 => random.smile(wild),
            _ => random.time(wild),
        }
    }
}

/// SplitMix64, started from a seed and a number.
struct Random(u64);

impl Random {
    fn new(seed: u64, number: u64) -> Self {
        // Two rounds apart: neighbouring numbers share nothing.
        let mut start = Self(number);
        Self(start.next() ^ seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// Any integer of any size: ends and powers of two often.
    fn any(&mut self) -> i64 {
        let choice = self.next();
        let place = choice >> 8 & 63;
        match choice & 7 {
            0 => ENDS[(place & 15) as usize],
            1 => 1i64.wrapping_shl(place as u32).wrapping_add((choice >> 16 & 3) as i64 - 1),
            _ => (self.next() as i64).wrapping_shr(place as u32),
        }
    }

    /// In `0..limit`, for `limit > 0`.
    fn below(&mut self, limit: i64) -> i64 {
        ((self.next() >> 1) % limit.unsigned_abs()) as i64
    }

    /// In `-limit..limit`, for `0 < limit < 2^62`.
    fn signed(&mut self, limit: i64) -> i64 {
        self.below(2 * limit) - limit
    }

    /// Positive, its top bit anywhere in `low..high`.
    fn sized(&mut self, (low, high): (u64, u64)) -> i64 {
        let noise = self.next();
        let bit = low + (noise >> 58) % (high - low);
        (1 << bit) | (noise & ((1 << bit) - 1)) as i64
    }

    /// A forward, a strike up to 9 deviations and 16 away from it, and the deviation.
    fn option(&mut self) -> (i64, i64, i64) {
        let (forward, sd) = (self.sized((20, 45)), self.sized(DEVIATION_BITS));
        let width = if sd < 16 * ONE / 9 { 9 * sd } else { 16 * ONE };
        let distance = mul_shift_down(width, self.signed(ONE), 32);
        (forward, scale(forward, exp(distance)), sd)
    }

    fn price(&mut self, wild: bool) -> Case {
        let (forward, strike, sd) = if wild { (self.any(), self.any(), self.any()) } else { self.option() };
        Case::Price { forward, strike, sd }
    }

    fn scenario(&mut self, wild: bool) -> Case {
        if wild {
            let (base, forward, factor, strike) = (self.any(), self.any(), self.any(), self.any());
            return Case::Scenario { base, forward, factor, strike, sd: self.any() };
        }
        let (forward, strike, sd) = self.option();
        let factor = ONE / 20 + self.below(6 * ONE);
        Case::Scenario { base: forward, forward, factor, strike, sd }
    }

    fn greeks(&mut self, wild: bool) -> Case {
        if wild {
            let (forward, strike, sd) = (self.any(), self.any(), self.any());
            return Case::Greeks { forward, strike, sd, seconds: self.any(), rate: self.any() };
        }
        let (forward, strike, sd) = self.option();
        Case::Greeks { forward, strike, sd, seconds: self.below(SECONDS_MAX), rate: self.signed(ONE) }
    }

    /// Wild ones are inside the hard ranges of a slice: others are refused before anything is computed.
    fn smile(&mut self, wild: bool) -> Case {
        let (forward, strike, _) = self.option();
        let tau = 1 + self.below(SECONDS_MAX);
        let (level, width, centre) = if wild { (144, 16, 16) } else { (1, 1, 1) };
        let svi = Svi {
            a: self.signed(level * ONE),
            b: self.below(width * ONE),
            rho: self.signed(ONE),
            m: self.signed(centre * ONE),
            sigma: self.below(width * ONE),
        };
        Case::Smile { svi, forward, tau, strike }
    }

    fn time(&mut self, wild: bool) -> Case {
        if wild {
            let (vol, seconds, rate) = (self.any(), self.any(), self.any());
            return Case::Time { vol, seconds, rate, part: self.any(), whole: self.any() };
        }
        let whole = self.sized((20, 45));
        let (vol, seconds, rate) = (self.below(8 * ONE), self.below(2 * YEAR), self.below(ONE));
        Case::Time { vol, seconds, rate, part: self.below(whole), whole }
    }
}
