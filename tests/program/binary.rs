//! The built program file: stack frames, size, and the account layouts that clients rely on.

use anchor_lang::Discriminator;
use plimsoll::addresses::space_of;
use plimsoll::state::{
    Clearinghouse, Collateral, Expiry, InsuranceFund, MarginAccount, OracleState, Outflow, Owner, RiskRows, Underlying,
};
use plimsoll_client::instruction;
use plimsoll_tests::chain::{named_address, program_path};
use plimsoll_tests::world::World;
use solana_program::instruction::Instruction;

use crate::support::refused;

#[path = "../../xtask/src/stack.rs"]
mod stack;

fn program() -> Vec<u8> {
    let path = program_path();
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; run `cargo xtask build-sbf`", path.display()))
}

#[test]
fn every_stack_frame_fits() {
    let frames = stack::frames(&program()).expect("frames");
    assert!(frames.len() > 50, "only {} functions use the stack: the file is not read right", frames.len());
    let deep: Vec<_> = frames.iter().filter(|frame| frame.bytes > stack::LIMIT).collect();
    assert!(deep.is_empty(), "frames over {} bytes: {deep:?}", stack::LIMIT);
}

/// Bytes that the program file may take: 400 KiB.
const SIZE_LIMIT: usize = 400 * 1_024;

#[test]
fn the_program_file_does_not_grow_unseen() {
    let size = program().len();
    println!("program file: {size} bytes");
    assert!(size <= SIZE_LIMIT, "{size} bytes, the limit is {SIZE_LIMIT}");
}

/// Name, discriminator and bytes of an account type.
type Layout = (&'static str, [u8; 8], usize);

/// What clients find accounts by. A change breaks every client and every account on chain.
const FROZEN: [Layout; 10] = [
    ("Clearinghouse", [132, 239, 37, 188, 215, 221, 100, 94], 640),
    ("Collateral", [123, 130, 234, 63, 255, 240, 255, 92], 272),
    ("Expiry", [7, 101, 83, 210, 236, 185, 37, 84], 2_464),
    ("InsuranceFund", [43, 134, 170, 87, 102, 16, 142, 147], 208),
    ("MarginAccount", [133, 220, 173, 213, 179, 211, 43, 238], 2_944),
    ("OracleState", [97, 156, 157, 189, 194, 73, 8, 15], 424),
    ("Outflow", [243, 63, 238, 64, 255, 74, 205, 145], 200),
    ("Owner", [165, 244, 246, 95, 129, 120, 224, 155], 216),
    ("RiskRows", [182, 207, 147, 244, 44, 103, 28, 172], 560),
    ("Underlying", [206, 128, 152, 77, 112, 164, 13, 2], 912),
];

fn layout<T: Discriminator>(name: &'static str) -> Layout {
    let discriminator = T::DISCRIMINATOR.try_into().expect("eight bytes");
    (name, discriminator, space_of::<T>())
}

#[test]
fn account_discriminators_and_sizes_are_frozen() {
    let now = [
        layout::<Clearinghouse>("Clearinghouse"),
        layout::<Collateral>("Collateral"),
        layout::<Expiry>("Expiry"),
        layout::<InsuranceFund>("InsuranceFund"),
        layout::<MarginAccount>("MarginAccount"),
        layout::<OracleState>("OracleState"),
        layout::<Outflow>("Outflow"),
        layout::<Owner>("Owner"),
        layout::<RiskRows>("RiskRows"),
        layout::<Underlying>("Underlying"),
    ];
    assert_eq!(now, FROZEN);
}

/// The declared id is part of every address the program derives: a copy elsewhere would be another clearinghouse's.
#[test]
fn a_copy_at_another_address_runs_nothing() {
    let world = World::new();
    let copy = named_address("a copy");
    world.chain.svm().add_program(copy, &program()).expect("it loads");
    let honest = instruction::margin_check(&world.directory(), &world.account(0)).expect("build");
    let copied = Instruction { program_id: copy, ..honest.clone() };
    refused(&world, "DeclaredProgramIdMismatch", || world.crank(copied));
    world.crank(honest).expect("the program itself");
}
