//! What the program can be asked, as bytes: a tag and five little-endian words, the same for every instruction.

use crate::cases::Case;
use crate::identity;
use crate::timing::{self, Inputs, Timed};

/// Words after the tag.
const WORDS: usize = 5;

/// An instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Calls a function `count` times on the same inputs; answers a sum, so that nothing is left out.
    Repeat {
        /// What is called.
        timed: Timed,
        /// How often.
        count: u64,
        /// On what.
        inputs: Inputs,
    },
    /// Answers the hash of the cases `first..first + count`.
    Hash {
        /// Names the sequence of cases.
        seed: u64,
        /// The first case.
        first: u64,
        /// How many.
        count: u64,
    },
    /// Answers the results of one case.
    Results {
        /// Names the sequence of cases.
        seed: u64,
        /// The case.
        case: u64,
    },
}

/// The words that an instruction answers.
pub struct Answer(pub [u8; Answer::BYTES]);

impl Answer {
    /// Bytes of an answer: as many words as a case has results.
    pub const BYTES: usize = 8 * identity::RESULTS;

    fn of(words: [u64; identity::RESULTS]) -> Self {
        let mut bytes = [0; Self::BYTES];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        Self(bytes)
    }

    /// The words in returned bytes; the runtime leaves trailing zeros out.
    pub fn words(returned: &[u8]) -> [u64; identity::RESULTS] {
        let mut words = [0; identity::RESULTS];
        for (word, chunk) in words.iter_mut().zip(returned.chunks(8)) {
            let mut bytes = [0; 8];
            for (byte, given) in bytes.iter_mut().zip(chunk) {
                *byte = *given;
            }
            *word = u64::from_le_bytes(bytes);
        }
        words
    }
}

impl Instruction {
    /// The instruction data.
    pub fn encode(&self) -> Vec<u8> {
        let (tag, words) = match *self {
            Self::Repeat { timed, count, inputs: Inputs { forward, strike, sd, factor } } => {
                (timed as u8, [count, forward as u64, strike as u64, sd as u64, factor as u64])
            }
            Self::Hash { seed, first, count } => (HASH, [seed, first, count, 0, 0]),
            Self::Results { seed, case } => (RESULTS, [seed, case, 0, 0, 0]),
        };
        std::iter::once(tag).chain(words.into_iter().flat_map(u64::to_le_bytes)).collect()
    }

    /// The instruction in `data`, if there is one.
    pub fn decode(data: &[u8]) -> Option<Self> {
        let (&tag, rest) = data.split_first()?;
        if rest.len() != 8 * WORDS {
            return None;
        }
        let mut words = [0u64; WORDS];
        for (word, chunk) in words.iter_mut().zip(rest.chunks_exact(8)) {
            *word = u64::from_le_bytes(chunk.try_into().ok()?);
        }
        let [a, b, c, d, e] = words;
        match tag {
            HASH => Some(Self::Hash { seed: a, first: b, count: c }),
            RESULTS => Some(Self::Results { seed: a, case: b }),
            _ => {
                let timed = *Timed::ALL.iter().find(|timed| **timed as u8 == tag)?;
                let inputs = Inputs { forward: b as i64, strike: c as i64, sd: d as i64, factor: e as i64 };
                Some(Self::Repeat { timed, count: a, inputs })
            }
        }
    }

    /// Does what is asked.
    pub fn run(&self) -> Answer {
        let one = |word: u64| {
            let mut words = [0; identity::RESULTS];
            words[0] = word;
            Answer::of(words)
        };
        match *self {
            Self::Repeat { timed, count, inputs } => one(timing::repeat(timed, count, &inputs) as u64),
            Self::Hash { seed, first, count } => one(identity::hash(seed, first, count)),
            Self::Results { seed, case } => {
                Answer::of(identity::results(&Case::of(seed, case)).map(|result| result as u64))
            }
        }
    }
}

/// Tags beyond those of [`Timed`].
const HASH: u8 = 200;
const RESULTS: u8 = 201;
