//! Contracts that a default would have to sell into a market which the account itself is: what it holds of a series
//! beyond a share of the series' open interest, and beyond a number of contracts that is never much.
//!
//! Charged in the initial balance alone: open interest falls when others close, and nobody is liquidated for that.

use crate::error::CoreError;
use crate::margin::netting::Netting;
use crate::margin::scenario::parameters::PortfolioParameters;
use crate::margin::view::ExpiryView;
use crate::math::fixed::{div_toward_zero, share_down};
use crate::parameters::PPM;

/// `sum over series of max(0, |quantity| - max(concentration_free, concentration_share x open interest))`, contracts.
///
/// Errors: `UnknownSeries`.
#[inline(never)]
pub fn contracts_beyond(net: &Netting, expiry: &ExpiryView, rules: &PortfolioParameters) -> Result<i64, CoreError> {
    if rules.concentration_rate == 0 {
        return Ok(0);
    }
    // PROOF: a share of at most 10^6 and 32 bits more fit.
    let share = div_toward_zero(i64::from(rules.concentration_share) << 32, PPM).unwrap_or(0);
    let free = i64::from(rules.concentration_free);
    let mut beyond = 0i64;
    for strike in net.iter() {
        let (calls, puts) = (strike.calls.wrapping_abs(), strike.puts.wrapping_abs());
        // PROOF: 128 magnitudes of at most 2^31.
        if calls.max(puts) <= free {
            continue;
        }
        let [call_interest, put_interest] = expiry.strike(strike.id)?.open_interest;
        for (held, interest) in [(calls, call_interest), (puts, put_interest)] {
            let more = held.wrapping_sub(share_down(interest, share).max(free));
            beyond = beyond.wrapping_add(more.max(0));
        }
    }
    Ok(beyond)
}
