//! The state of a connection as Zeek's conn.log names it (`conn_state`), judged from the flags that count.

use super::Direction;

/// Zeek's `conn_state` of a connection with this originator and responder. Timers play no part.
pub fn judge(orig: &Direction, resp: &Direction) -> &'static str {
    let answered = resp.syn_ack() || (resp.is_heard() && !resp.rst());
    match (orig.syn(), answered) {
        (true, true) => established(orig, resp),
        (true, false) if resp.rst() => "REJ",
        (true, false) if orig.rst() => "RSTOS0",
        (true, false) if orig.fin() => "SH",
        (true, false) => "S0",
        (false, _) if resp.syn_ack() && resp.rst() => "RSTRH",
        (false, _) if resp.syn_ack() && resp.fin() && !orig.is_heard() => "SHR",
        (false, _) => "OTH",
    }
}

/// Zeek's `conn_state` of a conversation of datagrams: whether both sides spoke.
pub fn of_datagrams(orig: &Direction, resp: &Direction) -> &'static str {
    if orig.is_heard() && resp.is_heard() { "SF" } else { "S0" }
}

fn established(orig: &Direction, resp: &Direction) -> &'static str {
    match (orig, resp) {
        (orig, resp) if orig.rst() && !resp.rst() => "RSTO",
        (orig, resp) if resp.rst() && !resp.syn_ack() && resp.stored_bytes() == 0 => {
            if orig.rst() {
                "RSTO"
            } else {
                "REJ"
            }
        }
        (_, resp) if resp.rst() => "RSTR",
        (orig, resp) if orig.fin() && resp.fin() => "SF",
        (orig, _) if orig.fin() => "S2",
        (_, resp) if resp.fin() => "S3",
        _ => "S1",
    }
}
