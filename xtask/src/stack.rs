//! Stack frames of an sBPF v3 ELF, read from its instructions.
//!
//! A program's frame is [`LIMIT`] bytes: a deeper one writes into the caller's. The compiler only warns, and not for
//! every function, so the frames are read from what will run.

use anyhow::{bail, Context, Result};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes a function may use.
pub const LIMIT: u32 = 4096;

/// Most bytes of arguments at a frame's far end.
const ARGUMENT_BYTES: i64 = 256;
/// Frame pointer register.
const FRAME_POINTER: u8 = 10;
/// `call` of a function at a relative offset (source register 1).
const CALL: u8 = 0x85;
/// `mov64 dst, src`.
const MOVE: u8 = 0xbf;
/// `add64 dst, immediate`.
const ADD: u8 = 0x07;
/// `lddw dst, immediate`: the low half of the value here, the high half in the next slot.
const LOAD_WIDE: u8 = 0x18;

/// A function's stack use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// Number of the function's first instruction.
    pub function: usize,
    /// Bytes from the frame pointer to the deepest place the function uses.
    pub bytes: u32,
}

struct Instruction {
    opcode: u8,
    destination: u8,
    source: u8,
    offset: i16,
    immediate: i32,
}

/// Frames of all functions that use the stack, deepest first.
pub fn frames(elf: &[u8]) -> Result<Vec<Frame>> {
    let (code, address, entry) = text(elf)?;
    let instructions: Vec<_> = code.chunks_exact(8).filter_map(decode).collect();
    let mut starts = BTreeSet::from([0, entry]);
    // Functions that are called through pointers stand in the code as constants and in the data as tables.
    let in_code = |value: u64| {
        let offset = value.checked_sub(address).filter(|offset| offset % 8 == 0)?;
        usize::try_from(offset / 8).ok().filter(|index| *index < instructions.len())
    };
    let constants = instructions.windows(2).filter(|pair| pair[0].opcode == LOAD_WIDE);
    starts.extend(
        constants.filter_map(|pair| in_code((pair[1].immediate as u32 as u64) << 32 | pair[0].immediate as u32 as u64)),
    );
    starts.extend(data(elf)?.chunks_exact(8).filter_map(|word| in_code(u64::from_le_bytes(word.try_into().ok()?))));
    for (index, instruction) in instructions.iter().enumerate() {
        if instruction.opcode == CALL && instruction.source == 1 {
            let target = index as i64 + 1 + i64::from(instruction.immediate);
            starts.extend(usize::try_from(target).ok());
        }
    }
    let mut uses: BTreeMap<usize, Use> = BTreeMap::new();
    for (index, instruction) in instructions.iter().enumerate() {
        let Some((access, offset)) = stack_access(instruction, instructions.get(index + 1)) else {
            continue;
        };
        let function = starts.range(..=index).next_back().copied().unwrap_or(0);
        let usage = uses.entry(function).or_default();
        match access {
            Access::Load => usage.loads.push(offset),
            Access::Local => usage.deepest = usage.deepest.min(offset),
        }
    }
    let mut frames: Vec<Frame> =
        uses.into_iter().map(|(function, usage)| Frame { function, bytes: usage.bytes() }).collect();
    frames.sort_by_key(|frame| std::cmp::Reverse(frame.bytes));
    Ok(frames)
}

/// What a function does with its frame; offsets from the frame pointer, negative.
#[derive(Default)]
struct Use {
    /// Deepest place that is written or whose address is taken.
    deepest: i64,
    loads: Vec<i64>,
}

impl Use {
    /// Bytes of locals, plus those of the arguments beyond the fifth: the caller leaves them at the frame's far end,
    /// so they are read below everything the function itself writes. Other reads below that are of locals that nothing
    /// wrote: the copied payload of an empty variant.
    fn bytes(&self) -> u32 {
        let far_end = ARGUMENT_BYTES - i64::from(LIMIT);
        let (arguments, locals): (Vec<i64>, Vec<i64>) =
            self.loads.iter().partition(|&&offset| offset < self.deepest && offset < far_end);
        let deepest = locals.into_iter().fold(self.deepest, i64::min);
        let arguments = arguments.into_iter().max().map_or(0, |offset| i64::from(LIMIT) + offset + 8);
        u32::try_from(arguments - deepest).unwrap_or(u32::MAX)
    }
}

enum Access {
    Load,
    Local,
}

/// Offset from the frame pointer that an instruction reads, writes or takes the address of. Offsets above the pointer
/// are the next frame's: arguments of a call.
fn stack_access(instruction: &Instruction, next: Option<&Instruction>) -> Option<(Access, i64)> {
    const LOAD: u8 = 1;
    const STORE_IMMEDIATE: u8 = 2;
    const STORE: u8 = 3;
    let offset = i64::from(instruction.offset);
    let found = match instruction.opcode & 7 {
        LOAD if instruction.source == FRAME_POINTER => (Access::Load, offset),
        STORE_IMMEDIATE | STORE if instruction.destination == FRAME_POINTER => (Access::Local, offset),
        _ if instruction.opcode == MOVE && instruction.source == FRAME_POINTER => {
            let next = next.filter(|next| next.opcode == ADD && next.destination == instruction.destination)?;
            (Access::Local, i64::from(next.immediate))
        }
        _ => return None,
    };
    (found.1 < 0).then_some(found)
}

/// The code of a v3 ELF (its second program header), its address, and the number of the entry instruction in it.
fn text(elf: &[u8]) -> Result<(&[u8], u64, usize)> {
    let (code, address) = segment(elf, 1)?;
    let entry = word(elf, 24)?.checked_sub(address).context("the entry is not in the code")? / 8;
    Ok((code, address, usize::try_from(entry)?))
}

/// The constants of a v3 ELF (its first program header).
fn data(elf: &[u8]) -> Result<&[u8]> {
    Ok(segment(elf, 0)?.0)
}

/// Bytes and address of a program header's segment.
fn segment(elf: &[u8], number: usize) -> Result<(&[u8], u64)> {
    const HEADER: usize = 64;
    const PROGRAM_HEADER: usize = 56;
    if elf.get(..4) != Some(b"\x7fELF") {
        bail!("not an ELF file");
    }
    let base = HEADER + number * PROGRAM_HEADER;
    let offset = usize::try_from(word(elf, base + 8)?)?;
    let size = usize::try_from(word(elf, base + 32)?)?;
    let bytes = elf.get(offset..offset.saturating_add(size)).context("a segment is not inside the file")?;
    Ok((bytes, word(elf, base + 16)?))
}

fn word(bytes: &[u8], at: usize) -> Result<u64> {
    let bytes = bytes.get(at..at + 8).context("the ELF file is too short")?;
    Ok(u64::from_le_bytes(bytes.try_into()?))
}

fn decode(bytes: &[u8]) -> Option<Instruction> {
    let &[opcode, registers, offset_low, offset_high, ref immediate @ ..] = bytes else {
        return None;
    };
    Some(Instruction {
        opcode,
        destination: registers & 15,
        source: registers >> 4,
        offset: i16::from_le_bytes([offset_low, offset_high]),
        immediate: i32::from_le_bytes(immediate.try_into().ok()?),
    })
}
