//! From the first to the last: spans of capture time.

use crate::model::Timestamp;

/// Time of the first and the last frame.
pub type Span = (Timestamp, Timestamp);

/// Stretches a span to contain `time`.
pub fn extend(span: &mut Option<Span>, time: Option<Timestamp>) {
    if let Some(time) = time {
        let (first, last) = span.get_or_insert((time, time));
        *first = time.min(*first);
        *last = time.max(*last);
    }
}

/// The span of all.
pub fn union(spans: impl IntoIterator<Item = Option<Span>>) -> Option<Span> {
    spans.into_iter().flatten().reduce(|all, span| (all.0.min(span.0), all.1.max(span.1)))
}
