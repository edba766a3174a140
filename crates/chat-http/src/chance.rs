//! Where new names come from: one trait, so that a test can say which names come next and the same
//! requests give the same bytes.

mod seeded;

use std::cell::RefCell;
use std::fmt;

use chat_model::{ChatId, NewIds, ParticipantId, VisitorId};
use chat_store::CommandId;

/// Names that nobody had before.
///
/// What a trial is not told it draws from the system: 128 bits and more where guessing must fail.
pub trait Chance: fmt::Debug + Send + Sync + 'static {
    /// Random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

pub use seeded::SeededChance;

/// The chance of the system.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct SystemChance;

impl SystemChance {
    /// Draws from the system's source of random bytes.
    pub const fn new() -> Self {
        Self
    }
}

impl Chance for SystemChance {
    fn fill(&self, bytes: &mut [u8]) {
        DRAWN.with_borrow_mut(|drawn| drawn.fill(bytes));
    }
}

thread_local! {
    /// What this thread has drawn from the system and given to nobody yet.
    static DRAWN: RefCell<Drawn> = const { RefCell::new(Drawn { bytes: [0; STOCK], used: STOCK }) };
}

/// Every operation needs a few bytes, and asking the system is dear: it is asked for so many at once.
const STOCK: usize = 512;

struct Drawn {
    bytes: [u8; STOCK],
    used: usize,
}

impl Drawn {
    fn fill(&mut self, out: &mut [u8]) {
        if out.len() > STOCK {
            return draw(out);
        }
        if self.used + out.len() > STOCK {
            draw(&mut self.bytes);
            self.used = 0;
        }
        let given = &mut self.bytes[self.used..][..out.len()];
        out.copy_from_slice(given);
        // Nobody finds in memory later what somebody was given.
        given.fill(0);
        self.used += out.len();
    }
}

fn draw(bytes: &mut [u8]) {
    // A server without random bytes can neither name a chat nor start a session.
    getrandom::fill(bytes).expect("the system has random bytes");
}

/// The names that chats and what is in them need, drawn from a [`Chance`].
pub(crate) struct Names<'a>(pub(crate) &'a dyn Chance);

impl Names<'_> {
    /// A chat as agents name it: 16 characters `[0-9A-Za-z]` (PLAT-1.5-6).
    pub(crate) fn chat(&self) -> ChatId {
        ChatId::from(self.alphanumeric(16))
    }

    /// The name of one attempt to change a chat.
    pub(crate) fn command(&self) -> CommandId {
        CommandId::new(self.bytes())
    }

    /// `length` letters and digits, each equally likely: 5.95 bits of chance apiece.
    pub(crate) fn alphanumeric(&self, length: usize) -> String {
        const LETTERS: &[u8; 62] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        // The largest multiple of 62 in a byte: what lies above it would make some likelier.
        const FAIR: u8 = 62 * 4;
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let fair = self.bytes::<32>().into_iter().filter(|&byte| byte < FAIR);
            let letters = fair.map(|byte| char::from(LETTERS[usize::from(byte % 62)]));
            text.extend(letters.take(length - text.len()));
        }
        text
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }
}

impl NewIds for Names<'_> {
    /// PLAT-1.5-7.
    fn participant(&mut self) -> ParticipantId {
        ParticipantId::from(format!("{:016X}", u64::from_be_bytes(self.bytes())))
    }

    /// A version 4 UUID (CUST-1.7).
    fn visitor(&mut self) -> VisitorId {
        let mut n = u128::from_be_bytes(self.bytes());
        n = n & !(0xf << 76) | 0x4 << 76;
        n = n & !(0x3 << 62) | 0x2 << 62;
        let hex = format!("{n:032x}");
        let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        VisitorId::from(format!("{a}-{b}-{c}-{d}-{e}"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use chat_model::NewIds as _;

    use super::{Chance, Names, SystemChance};

    /// Every byte in turn, the unfair ones included.
    #[derive(Debug, Default)]
    struct Counting(AtomicU8);

    impl Chance for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    /// PLAT-1.5-6, -7, CUST-1.7: the shapes of the documents, whatever the chance.
    #[test]
    fn names_have_the_documented_shapes() {
        let counting = Counting::default();
        let sources: [&dyn Chance; 2] = [&SystemChance, &counting];
        for source in sources {
            for _ in 0..40 {
                let mut names = Names(source);
                let chat = names.chat();
                assert_eq!(chat.as_str().len(), 16, "{chat}");
                assert!(chat.as_str().bytes().all(|b| b.is_ascii_alphanumeric()), "{chat}");

                let participant = names.participant();
                let upper = |b: u8| matches!(b, b'0'..=b'9' | b'A'..=b'F');
                assert_eq!(participant.as_str().len(), 16);
                assert!(participant.as_str().bytes().all(upper), "{participant}");

                let visitor = names.visitor();
                let parts: Vec<usize> = visitor.as_str().split('-').map(str::len).collect();
                assert_eq!(parts, [8, 4, 4, 4, 12], "{visitor}");
                assert_eq!(visitor.as_str().as_bytes()[14], b'4', "{visitor}");
                assert!(b"89ab".contains(&visitor.as_str().as_bytes()[19]), "{visitor}");
            }
        }
    }

    /// What is drawn in stock is given out once, also across the end of the stock.
    #[test]
    fn nobody_is_given_what_somebody_else_has() {
        let mut seen = std::collections::BTreeSet::new();
        for length in [16, 24, 500, 513, 8].into_iter().cycle().take(400) {
            let mut bytes = vec![0; length];
            SystemChance.fill(&mut bytes);
            assert!(seen.insert(bytes[length - 8..].to_vec()), "{length}");
        }
    }

    #[test]
    fn every_letter_can_be_drawn() {
        let text = Names(&SystemChance).alphanumeric(4_000);
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), 62);
    }
}
