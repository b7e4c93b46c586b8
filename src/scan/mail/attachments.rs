//! What is attached to a mail (RFC 2045): each part an object of its own, as it was before it was encoded for the way.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use std::borrow::Cow;

use super::super::{Error, Findings, NewObject, Object};

/// Bytes of the largest mail that is taken apart.
const LARGEST: u64 = 64 << 20;

/// Takes a mail apart.
pub fn run(mail: &Object<'_>, found: &mut dyn Findings) -> Result<(), Error> {
    let (offset, end) = (mail.range.start, mail.range.end);
    if mail.payload.length() > LARGEST {
        let what = "a mail over 64 MiB is not looked at for attachments";
        return found.strange(mail.flow, offset, mail.time, what);
    }
    let mut bytes = vec![0; mail.payload.length() as usize];
    mail.payload.read_at(0, &mut bytes)?;
    let Some(message) = MessageParser::default().parse(&bytes) else { return Ok(()) };
    for part in message.attachments() {
        let Some(content) = content(&message, part) else { continue };
        let said_type = said_type(part);
        let (name, time) = (part.attachment_name(), mail.time);
        found.begin_object(NewObject { flow: mail.flow, offset, time, name, said_type: said_type.as_deref() })?;
        found.write(&content)?;
        found.end_object(end, mail.stored.complete && !part.is_encoding_problem)?;
    }
    Ok(())
}

fn said_type(part: &MessagePart<'_>) -> Option<String> {
    let said = part.content_type().map(|said| (said.ctype(), said.subtype()));
    let whole = said.map(|(kind, sub)| sub.map_or_else(|| kind.to_owned(), |sub| format!("{kind}/{sub}")));
    whole.or_else(|| part.is_message().then(|| "message/rfc822".to_owned()))
}

/// The bytes of a part. Text is not brought to UTF-8: digests are those of the file that was attached.
fn content<'m>(message: &'m Message<'_>, part: &'m MessagePart<'_>) -> Option<Cow<'m, [u8]>> {
    match &part.body {
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => Some(Cow::Borrowed(bytes)),
        PartType::Message(inner) => Some(Cow::Borrowed(inner.raw_message())),
        PartType::Multipart(_) => None,
        PartType::Text(text) | PartType::Html(text) => {
            let range = part.raw_body_offset() as usize..part.raw_end_offset() as usize;
            let raw = message.raw_message.get(range)?;
            let decoded = match part.encoding {
                Encoding::None => return Some(Cow::Borrowed(raw)),
                Encoding::Base64 => base64_decode(raw),
                Encoding::QuotedPrintable => quoted_printable_decode(raw),
            };
            Some(decoded.map_or(Cow::Borrowed(text.as_bytes()), Cow::Owned))
        }
    }
}
