//! How far scanners have come, and what of their findings is shown.

use super::super::fixture::{Case, connection, finding, object};
use super::super::{FindingRow, Writer};
use super::rows;

/// A case in which a scanner has seen connections up to 5, and found something in 1 and 2.
fn scanned() -> (Case, Writer) {
    let (case, mut writer) = Case::new();
    let state = writer.begin_scanner("one", "1").unwrap();
    assert_eq!((state.id, state.upto, &state.again[..]), (1, 0, &[][..]));
    for connection in [1, 2] {
        writer.put_finding(&finding(1, connection, "word")).unwrap();
        writer.put_object(&object(1, connection)).unwrap();
    }
    writer.scanned_upto(1, 5).unwrap();
    writer.commit().unwrap();
    (case, writer)
}

const SHOWN: &str = "SELECT connection_id FROM findings UNION ALL SELECT -connection_id FROM objects ORDER BY 1";

#[test]
fn what_was_found_in_a_connection_that_went_on_is_not_shown_until_it_was_scanned_again() {
    let (case, mut writer) = scanned();
    assert_eq!(rows(&case, SHOWN), ["-2", "-1", "1", "2"]);
    for connection in [2, 2, 4, 6] {
        writer.forget(connection).unwrap();
    }
    writer.commit().unwrap();
    assert_eq!(rows(&case, SHOWN), ["-1", "1"]);
    let state = writer.begin_scanner("one", "1").unwrap();
    assert_eq!((state.upto, &state.again[..]), (5, &[2, 4][..]), "6 it has not seen yet");
    state.again.iter().for_each(|connection| writer.forget_scan(1, *connection).unwrap());
    writer.put_finding(&finding(1, 4, "word")).unwrap();
    writer.commit().unwrap();
    assert_eq!(rows(&case, SHOWN), ["-1", "1", "4"]);
    assert!(writer.begin_scanner("one", "1").unwrap().again.is_empty());
    writer.finish().unwrap();
    assert_eq!(case.reader().check_seals().unwrap(), [""; 0]);
}

#[test]
fn another_version_begins_anew() {
    let (case, mut writer) = scanned();
    assert_eq!(writer.begin_scanner("two", "1").unwrap().id, 2);
    let state = writer.begin_scanner("one", "2").unwrap();
    assert_eq!((state.id, state.upto), (1, 0));
    writer.commit().unwrap();
    assert_eq!(rows(&case, SHOWN), [""; 0]);
    assert_eq!(rows(&case, "SELECT count(*) FROM objects"), ["0"]);
    writer.finish().unwrap();
    assert_eq!(case.reader().check_seals().unwrap(), [""; 0]);
}

/// Transfers of a case with connections 1 and 2, one for each address and port given.
fn data_connections(ends: &[&str]) -> Vec<String> {
    let (case, mut writer) = Case::new();
    [1, 2].into_iter().for_each(|id| writer.put(connection(id)).unwrap());
    let scanner = writer.begin_scanner("ftp", "1").unwrap().id;
    for (number, end) in (1..).zip(ends) {
        let (ip, port) = end.split_once(' ').unwrap();
        let data = Some(format!(r#"{{"command":"RETR","data_ip":"{ip}","data_port":{port}}}"#));
        writer.put_finding(&FindingRow { number, data, ..finding(scanner, 1, "transfer") }).unwrap();
    }
    writer.commit().unwrap();
    rows(&case, "SELECT number, name, data_port, data_connection_id FROM transfers ORDER BY number")
}

#[test]
fn transfers_lead_to_their_data_connections() {
    // the originator's end, the responder's, that of a server which says another address, one that is not there, and the
    // control connection's own
    let ends = ["10.0.0.1 1002", "2001:db8::1 80", "192.168.1.1 80", "10.0.0.1 9", "10.0.0.1 1001"];
    assert_eq!(data_connections(&ends), ["1|it|1002|2", "2|it|80|2", "3|it|80|2", "4|it|9|", "5|it|1001|"]);
}
