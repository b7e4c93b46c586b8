//! States and histories of classic exchanges, as Zeek's documentation of `conn.log` defines them.

use super::*;

/// The judgement of the connections a script leads to, whatever the events.
#[track_caller]
fn judge(script: &str, expected: &str) {
    let mut tracker = Tracker::new(Limits::default(), 1, 1);
    let mut events = Vec::new();
    for (frame, text) in (1..).zip(script.lines().map(str::trim)) {
        let line = Line::parse(text, Timestamp::new(frame, 0).unwrap());
        let at = Stamp { time: Some(line.time), capture: 1, frame: frame as u64 };
        tracker.observe(at, &line.segment(), &mut events);
    }
    let left = tracker.finish();
    let judged: Vec<String> = left.map(|(connection, _)| judged(&connection)).collect();
    assert_eq!(judged.join(" / "), expected, "{script}");
}

const OPEN: &str = "1>2 S 100\n2>1 SA 500 ack=101\n1>2 A 101 ack=501";

#[track_caller]
fn judge_opened(rest: &str, expected: &str) {
    judge(&format!("{OPEN}\n{rest}"), expected);
}

#[test]
fn normal_establishment_and_termination_is_sf() {
    judge_opened(
        "1>2 PA 101 ack=501 =ask
         2>1 A 501 ack=104
         2>1 PA 501 ack=104 =answer
         1>2 FA 104 ack=507
         2>1 FA 507 ack=105
         1>2 A 105 ack=508",
        "c1 SF ShADadFf",
    );
}

#[test]
fn attempts_that_lead_to_nothing() {
    judge("1>2 S 100", "c1 S0 S");
    judge("1>2 S 100\n1>2 S 100", "c1 S0 S");
    judge("1>2 S 100\n2>1 RA 0 ack=101 win=0", "c1 REJ Sr");
    judge("1>2 S 100\n1>2 R 101", "c1 RSTOS0 SR");
    judge("1>2 S 100\n1>2 FA 101", "c1 SH SF");
}

#[test]
fn established_and_not_ended_or_half() {
    judge(OPEN, "c1 S1 ShA");
    judge_opened("1>2 FA 101 ack=501\n2>1 A 501 ack=102", "c1 S2 ShAFa");
    judge_opened("2>1 FA 501 ack=101", "c1 S3 ShAf");
}

#[test]
fn established_and_aborted() {
    judge_opened("1>2 PA 101 ack=501 =ask\n1>2 R 104", "c1 RSTO ShADR");
    judge_opened("1>2 PA 101 ack=501 =ask\n2>1 R 501", "c1 RSTR ShADr");
    // the last word is a RST after both FINs
    judge_opened("1>2 FA 101 ack=501\n2>1 FA 501 ack=102\n1>2 R 102", "c1 RSTO ShAFfR");
}

#[test]
fn the_syn_was_not_captured() {
    judge("2>1 SA 500 ack=101", "c1 OTH ^h");
    judge("2>1 SA 500 ack=101\n2>1 R 501", "c1 RSTRH ^hr");
    judge("2>1 SA 500 ack=101\n2>1 FA 501 ack=101", "c1 SHR ^hf");
    judge("1>2 PA 101 ack=501 =ask\n2>1 PA 501 ack=104 =answer", "c1 OTH Dd");
    // the SYN comes late and turns the roles
    judge("2>1 PA 501 ack=101 =hello\n1>2 S 100", "c1 S1 ^dS");
}

#[test]
fn letters_for_what_goes_wrong() {
    judge_opened("1>2 PA 101 ack=501 =ask\n1>2 PA 101 ack=501 =ask", "c1 S1 ShADT");
    judge_opened("1>2 PA 101 ack=501 =ask\n1>2 PA 111 ack=501 =ask", "c1 S1 ShADG");
    judge_opened("1>2 PA 101 ack=501 =ask bad", "c1 S1 ShACD");
    judge_opened("2>1 A 501 ack=101 win=0", "c1 S1 ShAaw");
    judge_opened("1>2 FRA 101 ack=501", "c1 RSTO ShAIFR");
    judge("1>2 SF 100", "c1 S0 QS f1 syn_with_fin_or_rst");
}

#[test]
fn repeated_letters_come_again_at_powers_of_ten() {
    let again = "1>2 PA 101 ack=501 =ask\n".repeat(11);
    judge_opened(again.trim(), "c1 S1 ShADTT");
}
