//! The program's own reader of arguments takes what the framework's takes.

use anchor_lang::{AnchorDeserialize, AnchorSerialize};
use plimsoll::arguments::Read;
use plimsoll::{
    AuctionBidArgs, AuctionStartArgs, BadDebtRepayArgs, ClearinghouseCreateArgs, CollateralCreateArgs,
    CollateralDepositArgs, CollateralSaleArgs, CollateralWithdrawArgs, DelegateSetArgs, DepositArgs, ExpiryCreateArgs,
    InsuranceDepositArgs, MarginAccountOpenArgs, ModeSetArgs, StrikeCreateArgs, TradeClearArgs, UnderlyingCreateArgs,
    WithdrawArgs,
};
use plimsoll_tests::chain::workspace_path;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// More than the arguments of any instruction take.
const BYTES_MAX: usize = 1_024;

/// Random bytes, whole and cut off anywhere: both readers take the same value and leave the same rest, or take none.
fn agree<T: Read + AnchorDeserialize + AnchorSerialize>(name: &str) {
    let mut random = ChaCha8Rng::seed_from_u64(20_260_601);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..2_000 {
        let mut bytes = [0u8; BYTES_MAX];
        random.fill(&mut bytes[..]);
        // Tags of options are often valid.
        bytes.iter_mut().for_each(|byte| *byte &= if random.random_bool(0.5) { 1 } else { 255 });
        let length = random.random_range(0..BYTES_MAX);
        let (mut ours, mut theirs) = (&bytes[..length], &bytes[..length]);
        let (here, there) = (T::read(&mut ours), T::deserialize(&mut theirs).ok());
        assert_eq!(here.is_some(), there.is_some(), "{name}");
        if let (Some(here), Some(there)) = (here, there) {
            assert_eq!(ours, theirs, "{name}");
            let serialised = [here, there].map(|value| borsh_of(&value));
            assert_eq!(serialised[0], serialised[1], "{name}");
            assert_eq!(serialised[0], bytes[..length - ours.len()], "{name}");
            read += 1;
        } else {
            refused += 1;
        }
    }
    assert!(read > 20 && refused > 0, "{name}: {read} read, {refused} refused");
}

fn borsh_of(value: &impl AnchorSerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.serialize(&mut bytes).expect("memory");
    bytes
}

/// Compares the readers of every type, and returns their names.
macro_rules! compared {
    ($($name:ident),+ $(,)?) => {{
        $(agree::<$name>(stringify!($name));)+
        vec![$(stringify!($name)),+]
    }};
}

#[test]
fn arguments_are_read_as_the_framework_reads_them() {
    let compared = compared![
        TradeClearArgs,
        AuctionBidArgs,
        AuctionStartArgs,
        DepositArgs,
        WithdrawArgs,
        ClearinghouseCreateArgs,
        UnderlyingCreateArgs,
        CollateralCreateArgs,
        ExpiryCreateArgs,
        StrikeCreateArgs,
        MarginAccountOpenArgs,
        ModeSetArgs,
        DelegateSetArgs,
        CollateralDepositArgs,
        CollateralWithdrawArgs,
        CollateralSaleArgs,
        InsuranceDepositArgs,
        BadDebtRepayArgs,
    ];
    let entry = std::fs::read_to_string(workspace_path("programs/plimsoll/src/entry.rs")).expect("entry.rs");
    let lines = entry.lines().filter_map(|line| line.strip_suffix("),")?.rsplit_once('('));
    let read: Vec<&str> = lines.map(|(_, name)| name).filter(|name| name.ends_with("Args")).collect();
    assert_eq!(read, compared, "of the instructions in entry.rs");
}
