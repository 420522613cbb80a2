//! Whole lives, each by the name of what it shows.

mod debt_cured_by_collateral_sale;
mod deficit_nobody_runs;
mod expiry_price_cannot_be_set;
mod fall_without_bidders;
mod one_default_paid_by_insurance;
mod one_party_liquidates_itself;
mod one_trade_life;
mod oracle_stall_then_cascade;
mod phantom_positions;
mod portfolio_margin_in_a_crash;
mod price_pump_by_self_trade;
mod rows_cannot_be_voided;
mod settlement_in_any_order;
mod whole_portfolio_in_one_transaction;
