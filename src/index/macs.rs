//! Link addresses of both sides of a connection in one value, as the view `flows` takes it apart.
//!
//! | bytes | what |
//! |---|---|
//! | 12 | source and destination of the originator; the responder has them the other way round |
//! | 24 | those of the originator, those of the responder |
//! | 13 | those of the originator, a zero: the responder has none |
//! | 14 | those of the responder, two zeros: the originator has none |

/// Source and destination of the first frame of a side.
type Pair = [[u8; 6]; 2];

/// Both sides' addresses, in `buffer`; `None` if neither has any.
pub fn together<'a>(buffer: &'a mut [u8; 24], orig: Option<&Pair>, resp: Option<&Pair>) -> Option<&'a [u8]> {
    buffer.fill(0);
    let length = match (orig, resp) {
        (None, None) => return None,
        (Some(orig), Some(resp)) if [resp[1], resp[0]] == *orig => 12,
        (Some(_), Some(resp)) => {
            buffer[12..].copy_from_slice(resp.as_flattened());
            24
        }
        (Some(_), None) => 13,
        (None, Some(_)) => 14,
    };
    buffer[..12].copy_from_slice(orig.or(resp)?.as_flattened());
    Some(&buffer[..length])
}
