//! An interpreter of classic BPF as libpcap's compiler writes it (McCanne & Jacobson 1993; `bpf(4)` of the BSDs).
//!
//! Loads see the captured bytes only; the length is that on the wire. A load past the captured bytes, a division by
//! zero and a program without end reject the packet, as in libpcap.

/// Instructions one packet may take: far more than `protochain`, which jumps back, needs for any packet.
const MAX_STEPS: usize = 1 << 16;
/// Words of scratch memory.
const SCRATCH: usize = 16;
/// Loads from here on ask the kernel for what no capture file records (Linux's `SKF_AD_OFF`).
const ANCILLARY: u32 = 0xffff_f000;

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Class, size or operation, mode or source.
    pub code: u16,
    /// Instructions to pass over when a test holds.
    pub jt: u8,
    /// Instructions to pass over when it does not.
    pub jf: u8,
    /// Operand.
    pub k: u32,
}

impl Instruction {
    /// From libpcap's four numbers: `code jt jf k`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let instruction = Instruction {
            code: words.next()?.parse().ok()?,
            jt: words.next()?.parse().ok()?,
            jf: words.next()?.parse().ok()?,
            k: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(instruction)
    }

    /// It loads what only a live capture knows.
    pub fn is_ancillary(self) -> bool {
        matches!(self.code, 0x20 | 0x28 | 0x30) && self.k >= ANCILLARY
    }
}

/// Registers.
#[derive(Default)]
struct Machine {
    a: u32,
    x: u32,
    scratch: [u32; SCRATCH],
}

/// The program's verdict: how many bytes of the packet to keep, 0 to reject it.
pub fn run(program: &[Instruction], data: &[u8], wire_len: u32) -> u32 {
    let mut machine = Machine::default();
    let mut at = 0usize;
    for _ in 0..MAX_STEPS {
        let Some(&instruction) = program.get(at) else { return 0 };
        at += 1;
        match instruction.code & 0x07 {
            0x05 => at = machine.jump(instruction, at),
            0x06 => return if instruction.code & 0x18 == 0x10 { machine.a } else { instruction.k },
            _ => {
                if machine.step(instruction, data, wire_len).is_none() {
                    return 0;
                }
            }
        }
    }
    0
}

impl Machine {
    /// Where to go on; `at` is the next instruction.
    fn jump(&self, i: Instruction, at: usize) -> usize {
        let operand = if i.code & 0x08 != 0 { self.x } else { i.k };
        let holds = match i.code & 0xf0 {
            // Signed: `protochain` jumps back.
            0x00 => return at.wrapping_add_signed(i.k as i32 as isize),
            0x10 => self.a == operand,
            0x20 => self.a > operand,
            0x30 => self.a >= operand,
            0x40 => self.a & operand != 0,
            _ => return usize::MAX,
        };
        at + usize::from(if holds { i.jt } else { i.jf })
    }

    /// One instruction that is no jump; `None` rejects.
    fn step(&mut self, i: Instruction, data: &[u8], wire_len: u32) -> Option<()> {
        match i.code & 0x07 {
            0x00 => self.a = self.load(i, data, wire_len)?,
            0x01 => self.x = self.load_index(i, data, wire_len)?,
            0x02 => *self.scratch.get_mut(i.k as usize)? = self.a,
            0x03 => *self.scratch.get_mut(i.k as usize)? = self.x,
            0x04 => self.a = self.compute(i)?,
            0x07 if i.code & 0xf8 == 0x80 => self.a = self.x,
            0x07 if i.code & 0xf8 == 0x00 => self.x = self.a,
            _ => return None,
        }
        Some(())
    }

    fn load(&self, i: Instruction, data: &[u8], wire_len: u32) -> Option<u32> {
        let at = match i.code & 0xe0 {
            0x00 => return Some(i.k),
            0x20 => i.k,
            0x40 => self.x.checked_add(i.k)?,
            0x60 => return self.scratch.get(i.k as usize).copied(),
            0x80 => return Some(wire_len),
            _ => return None,
        };
        let rest = data.get(at as usize..)?;
        match i.code & 0x18 {
            0x00 => rest.first_chunk().map(|four| u32::from_be_bytes(*four)),
            0x08 => rest.first_chunk().map(|two| u16::from_be_bytes(*two).into()),
            0x10 => rest.first().map(|byte| u32::from(*byte)),
            _ => None,
        }
    }

    fn load_index(&self, i: Instruction, data: &[u8], wire_len: u32) -> Option<u32> {
        match i.code & 0xe0 {
            0x00 => Some(i.k),
            0x60 => self.scratch.get(i.k as usize).copied(),
            0x80 => Some(wire_len),
            // The length of an IPv4 header.
            0xa0 => data.get(i.k as usize).map(|byte| u32::from(byte & 0x0f) << 2),
            _ => None,
        }
    }

    fn compute(&self, i: Instruction) -> Option<u32> {
        let (a, b) = (self.a, if i.code & 0x08 != 0 { self.x } else { i.k });
        Some(match i.code & 0xf0 {
            0x00 => a.wrapping_add(b),
            0x10 => a.wrapping_sub(b),
            0x20 => a.wrapping_mul(b),
            0x30 => a.checked_div(b)?,
            0x40 => a | b,
            0x50 => a & b,
            0x60 => a.checked_shl(b).unwrap_or(0),
            0x70 => a.checked_shr(b).unwrap_or(0),
            0x80 => a.wrapping_neg(),
            0x90 => a.checked_rem(b)?,
            0xa0 => a ^ b,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `code jt jf k` lines.
    fn verdict(program: &str, data: &[u8], wire_len: u32) -> u32 {
        let program: Vec<_> = program.lines().map(|line| Instruction::parse(line).unwrap()).collect();
        run(&program, data, wire_len)
    }

    #[test]
    fn loads_and_lengths() {
        assert_eq!(verdict("32 0 0 1\n22 0 0 0", &[9, 1, 2, 3, 4], 5), 0x0102_0304);
        assert_eq!(verdict("40 0 0 1\n22 0 0 0", &[9, 1, 2], 3), 0x0102);
        assert_eq!(verdict("177 0 0 0\n80 0 0 0\n22 0 0 0", &[0x41, 0, 0, 0, 7], 5), 7);
        assert_eq!(verdict("128 0 0 0\n22 0 0 0", &[1], 1500), 1500);
        assert_eq!(verdict("48 0 0 3\n6 0 0 1", &[1, 2, 3], 1500), 0);
        assert_eq!(verdict("1 0 0 4294967295\n80 0 0 2\n6 0 0 1", &[1, 2, 3], 3), 0);
    }

    #[test]
    fn arithmetic_and_scratch() {
        assert_eq!(verdict("0 0 0 7\n52 0 0 0\n6 0 0 1", &[], 0), 0);
        assert_eq!(verdict("0 0 0 7\n2 0 0 3\n0 0 0 5\n97 0 0 3\n12 0 0 0\n22 0 0 0", &[], 0), 12);
        assert_eq!(verdict("0 0 0 1\n100 0 0 32\n21 0 1 0\n6 0 0 5\n6 0 0 6", &[], 0), 5);
        assert_eq!(verdict("0 0 0 7\n2 0 0 16\n6 0 0 1", &[], 0), 0);
    }

    #[test]
    fn a_program_without_end_rejects() {
        assert_eq!(verdict("5 0 0 4294967295", &[], 0), 0);
        assert_eq!(verdict("0 0 0 1", &[], 0), 0);
    }
}
