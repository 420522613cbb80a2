//! First seed of every derived address. The rest of the seeds stands beside each; integers are little-endian.

/// `Clearinghouse`: creator, index `u16`.
pub const CLEARINGHOUSE: &[u8] = b"clearinghouse";
/// `InsuranceFund`: clearinghouse.
pub const INSURANCE: &[u8] = b"insurance";
/// `Outflow`: clearinghouse.
pub const OUTFLOW: &[u8] = b"outflow";
/// SPL token account held by the clearinghouse: clearinghouse, mint.
pub const VAULT: &[u8] = b"vault";
/// `Underlying`: clearinghouse, index `u16`.
pub const UNDERLYING: &[u8] = b"underlying";
/// `OracleState`: underlying.
pub const ORACLE: &[u8] = b"oracle";
/// `Expiry`: underlying, expiry time `i64`.
pub const EXPIRY: &[u8] = b"expiry";
/// `RiskRows`: expiry.
pub const ROWS: &[u8] = b"rows";
/// `Collateral`: clearinghouse, mint.
pub const COLLATERAL: &[u8] = b"collateral";
/// `Owner`: clearinghouse, owner key.
pub const OWNER: &[u8] = b"owner";
/// `MarginAccount`: clearinghouse, owner key, id `u16`.
pub const MARGIN: &[u8] = b"margin";
