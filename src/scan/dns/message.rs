//! Messages of DNS (RFC 1035 §4), taken apart as far as they go: one that is cut gives what stands before the cut, where a
//! parser of whole messages gives nothing.

use super::name::{name, next_u16};
use super::record::{class_name, record_text, type_name};

/// Records of a section whose text is kept.
const MOST_RECORDS: usize = 1000;
/// Bytes of text kept of the records of a message.
const MOST_TEXT: usize = 64 << 10;

/// What every message begins with: header and questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Chosen by who asks.
    pub id: u16,
    /// The third and fourth byte of the header.
    pub flags: u16,
    /// How many questions, answers, authorities and additional records the header promises.
    pub counts: [u16; 4],
    /// What is asked, as far as it could be read.
    pub questions: Vec<Question>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// In the form of zone files, without the last dot.
    pub name: String,
    /// Number of the type.
    pub kind: u16,
    /// Number of the class, as it stands.
    pub class: u16,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose.
    pub name: String,
    /// Number of the type.
    pub kind: u16,
    /// Number of the class, as it stands.
    pub class: u16,
    /// Seconds it may be kept.
    pub ttl: u32,
    /// Type and data: `A 192.0.2.1`.
    pub text: String,
}

/// A message.
#[derive(Clone, Debug)]
pub struct Message {
    /// Header and questions.
    pub head: Head,
    /// Answers, authorities, additional records; those of EDNS are not among them.
    pub sections: [Vec<Record>; 3],
    /// Number of the response code, the upper bits of EDNS included (RFC 6891 §6.1.3).
    pub rcode: u16,
    /// What is wrong with it.
    pub strange: Option<&'static str>,
}

impl Head {
    /// Reads it: the head, and where records begin if all questions were read. `None` if this is no message of DNS.
    pub fn read(message: &[u8]) -> Option<(Head, Option<usize>)> {
        let mut at = 0;
        let [id, flags, asks, answers, authorities, additional] = {
            let mut words = [0; 6];
            for word in &mut words {
                *word = next_u16(message, &mut at)?;
            }
            words
        };
        let counts = [asks, answers, authorities, additional];
        let mut head = Head { id, flags, counts, questions: Vec::new() };
        let says_nothing = !head.is_answer() && counts == [0; 4];
        if head.opcode() > 6 || says_nothing {
            return None;
        }
        for i in 0..asks {
            match question(message, &mut at) {
                Some(question) => head.questions.push(question),
                None if i == 0 => return None,
                None => return Some((head, None)),
            }
        }
        Some((head, Some(at)))
    }

    /// It answers.
    pub fn is_answer(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// What is wanted: 0 is a lookup.
    pub fn opcode(&self) -> u16 {
        (self.flags >> 11) & 15
    }

    /// The bit of the flags that has this value.
    pub fn has(&self, bit: u16) -> bool {
        self.flags & bit != 0
    }
}

impl Question {
    /// The type's name.
    pub fn type_name(&self) -> String {
        type_name(self.kind)
    }

    /// The class's name, the topmost bit (which mDNS uses for something else, RFC 6762 §18.12) left out.
    pub fn class_name(&self) -> String {
        class_name(self.class & 0x7fff)
    }
}

impl Message {
    /// Reads it; `None` if this is no message of DNS.
    pub fn read(message: &[u8]) -> Option<Message> {
        let (head, at) = Head::read(message)?;
        let (rcode, sections) = (head.flags & 15, Default::default());
        let mut read = Message { head, sections, rcode, strange: None };
        let done = at.and_then(|at| read.records(message, at));
        read.strange = read.strange.or(match done {
            None => Some("a message ends, or makes no sense, before its last record"),
            Some(end) if end < message.len() => Some("bytes follow the last record of a message"),
            Some(_) => None,
        });
        Some(read)
    }

    /// The name it is about: what it asks for, or else the first record's.
    pub fn about(&self) -> Option<Question> {
        let first = || self.sections.iter().flatten().next();
        let asked = self.head.questions.first().cloned();
        asked.or_else(|| first().map(|one| Question { name: one.name.clone(), kind: one.kind, class: one.class }))
    }

    /// Reads the sections; where the last record ends.
    fn records(&mut self, message: &[u8], mut at: usize) -> Option<usize> {
        let mut room = MOST_TEXT;
        for section in 0..3 {
            for _ in 0..self.head.counts[section + 1] {
                let record = record(message, &mut at)?;
                if record.kind == 41 {
                    self.rcode |= ((record.ttl >> 24) as u16) << 4;
                    continue;
                }
                let size = record.name.len() + record.text.len();
                if self.sections[section].len() >= MOST_RECORDS || size > room {
                    self.strange = Some("a message has more records than are told");
                    continue;
                }
                room -= size;
                self.sections[section].push(record);
            }
        }
        Some(at)
    }
}

fn question(message: &[u8], at: &mut usize) -> Option<Question> {
    let name = name(message, at)?;
    Some(Question { name, kind: next_u16(message, at)?, class: next_u16(message, at)? })
}

fn record(message: &[u8], at: &mut usize) -> Option<Record> {
    let Question { name, kind, class } = question(message, at)?;
    let ttl = (u32::from(next_u16(message, at)?) << 16) | u32::from(next_u16(message, at)?);
    let length = usize::from(next_u16(message, at)?);
    let data = *at..*at + length;
    message.get(data.clone())?;
    *at = data.end;
    Some(Record { name, kind, class, ttl, text: format!("{} {}", type_name(kind), record_text(kind, message, data)) })
}
