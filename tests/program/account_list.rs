//! Accounts that the program makes from the account alone are those that the framework makes.

use anchor_lang::prelude::*;
use anchor_spl::token::Token;
use plimsoll::account_list::Field;

/// An account with this key that signs and is executable. It outlives the test.
fn account(key: Pubkey) -> &'static AccountInfo<'static> {
    let (key, owner) = (Box::leak(Box::new(key)), Box::leak(Box::new(Pubkey::new_unique())));
    let (lamports, data) = (Box::leak(Box::new(7)), Box::leak(Box::new([1u8, 2, 3])));
    Box::leak(Box::new(AccountInfo::new(key, true, true, lamports, data, owner, true)))
}

/// Both name this very account, and hold nothing else.
fn same<T: AsRef<AccountInfo<'static>>>(ours: &T, theirs: &T, info: &'static AccountInfo<'static>) {
    assert!(std::ptr::eq(ours.as_ref(), info) && std::ptr::eq(theirs.as_ref(), info));
    assert_eq!(size_of::<T>(), size_of::<&AccountInfo>());
}

#[test]
fn signers_and_programs_are_the_frameworks() {
    let info = account(Pubkey::new_unique());
    same(&<Signer as Field>::of(info), &Signer::try_from(info).expect("signs"), info);
    let info = account(System::id());
    same(&<Program<System> as Field>::of(info), &Program::try_from(info).expect("its id"), info);
    let info = account(Token::id());
    same(&<Program<Token> as Field>::of(info), &Program::try_from(info).expect("its id"), info);
}
