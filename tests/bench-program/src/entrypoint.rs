//! The program's entry: instruction data in, return data out, no accounts.

use solana_define_syscall::definitions::sol_set_return_data;

use crate::instruction::{Answer, Instruction};

/// The runtime's input begins with the number of accounts; without any, the length of the data and the data follow.
const ACCOUNTS: usize = 0;
const LENGTH: usize = 8;
const DATA: usize = 16;

/// Custom errors of the program.
const HAS_ACCOUNTS: u64 = 1;
const NO_SUCH_INSTRUCTION: u64 = 2;

/// Runs one instruction; 0 for success.
///
/// # Safety
///
/// `input` is the runtime's serialized input.
#[no_mangle]
pub unsafe extern "C" fn entrypoint(input: *mut u8) -> u64 {
    // SAFETY: the runtime writes at least the two words and the data between them and the program's id.
    let data = unsafe {
        if input.add(ACCOUNTS).cast::<u64>().read() != 0 {
            return HAS_ACCOUNTS;
        }
        let length = input.add(LENGTH).cast::<u64>().read();
        core::slice::from_raw_parts(input.add(DATA), length as usize)
    };
    let Some(instruction) = Instruction::decode(data) else { return NO_SUCH_INSTRUCTION };
    let answer = instruction.run();
    // SAFETY: the bytes live until the call returns.
    unsafe { sol_set_return_data(answer.0.as_ptr(), Answer::BYTES as u64) };
    0
}
