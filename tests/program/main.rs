//! Tests of the built program, one module per instruction and scenario.

mod account_settle;
mod auction_bid;
mod auction_end;
mod auction_start;
mod binary;
mod client;
mod collateral_sale;
mod compute_units;
mod debt_accrue;
mod expiry_close;
mod expiry_settle;
mod fuzz;
mod harness;
mod identity;
mod positions;
mod program_test_smoke;
mod scenarios;
mod settlement_sample;
mod smoke;
mod support;
mod tidy;
mod trade_clear;
