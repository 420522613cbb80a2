//! Margin: what an account must hold. Balances are surpluses: **>= 0 is fine**.
//!
//! | module | for | arithmetic |
//! |---|---|---|
//! | [`cross`] | cross and isolated mode, on chain, in the keeper and in clients | `i64` per leg, `i128` sums |
//! | [`scenario`] | portfolio mode | `i64` per leg, `i128` sums |
//! | [`evaluator`] | portfolio and cross mode of the offline evaluator, any size and any fraction | Q64 in `i128` |
//!
//! The first two take plain values ([`view`]) that the program, the keeper and the clients fill in from accounts;
//! [`Mode`] is where they part.

pub mod bounds;
pub mod close_out;
pub mod contract;
pub mod cross;
pub mod evaluator;
pub mod forward;
pub mod kernel;
pub mod liquidation_price;
pub mod mode;
pub mod netting;
pub mod parameters;
pub mod scan;
pub mod scenario;
pub mod view;

pub use bounds::listing_bound_holds;
pub use close_out::{close_out_balances, CloseOutBalances};
pub use cross::{balances, mark, payoff};
pub use evaluator::portfolio;
pub use liquidation_price::{liquidation_prices, LiquidationPrices};
pub use mode::Mode;
pub use parameters::CrossParameters;
pub use scan::{margin_scale, scan_range, ScanParameters};
pub use scenario::{Drift, PortfolioParameters, PortfolioView, ScenarioView};
pub use view::{Balances, Book, CollateralRules, CollateralView, ExpiryView, UnderlyingBalances, UnderlyingView};
