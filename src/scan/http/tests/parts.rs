//! Bodies of several parts.

use super::told;

/// What is found of an upload, its transaction left out.
fn upload(said: &str, body: &[u8]) -> Vec<String> {
    let head = format!("POST /up HTTP/1.1\r\nContent-Type: {said}\r\nContent-Length: {}\r\n\r\n", body.len());
    let lines = told(&[head.as_bytes(), body].concat(), b"");
    lines.into_iter().filter(|line| !line.contains("POST /up") && !line.starts_with("object 1 ")).collect()
}

const FORM: &str = "multipart/form-data; boundary=XyZ";

#[test]
fn a_form_is_split() {
    let body = b"preamble\r\n--XyZ\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\nAilsa\r\n\
        --XyZ  \r\nContent-Disposition: form-data; name=\"f\"; filename=\"../../t.txt\"\r\nContent-Type: text/plain\r\n\r\n\
        line\r\n--XyY\r\n\r\r\n--XyZ\r\n\r\nbare\r\n--XyZ--\r\nepilogue --XyZ";
    assert_eq!(
        upload(FORM, body),
        [
            r#"object 2 1 168..173 Some("who") None 5 true "Ailsa""#,
            r#"object 3 1 282..297 Some("../../t.txt") Some("text/plain") 14 true "line\r\n--XyY\r\n\r""#
                .replace("297", "296")
                .as_str(),
            r#"object 4 1 307..311 None None 4 true "bare""#,
        ]
    );
}

#[test]
fn parts_go_through_the_window() {
    for size in [65_520, 65_530, 65_536, 65_540, 200_000] {
        let content = b"\r\n--Xy\r".repeat(size / 7);
        let body = [b"--XyZ\r\n\r\n".as_slice(), &content, b"\r\n--XyZ--"].concat();
        let lines = upload(FORM, &body);
        assert!(lines.len() == 1 && lines[0].contains(&format!(" {} true ", content.len())), "{size}: {lines:?}");
    }
}

#[test]
fn parts_that_do_not_end_are_incomplete() {
    let lines = upload(FORM, b"--XyZ\r\n\r\nopen");
    assert!(lines[0].contains(r#" 4 false "open""#) && lines[1].ends_with("the last part does not end"), "{lines:?}");
    let lines = upload(FORM, b"--XyZ\r\nno end of head");
    assert!(lines.len() == 1 && lines[0].ends_with("the head of a part does not end"), "{lines:?}");
    assert_eq!(upload(FORM, b"no part at all"), [""; 0]);
    assert_eq!(upload("multipart/form-data", b"--\r\n\r\nx\r\n----"), [""; 0]);
    assert_eq!(upload("text/plain; boundary=XyZ", b"--XyZ\r\n\r\nx\r\n--XyZ--"), [""; 0]);
    let long = format!("multipart/mixed; boundary={}", "x".repeat(300));
    assert!(upload(&long, b"x")[0].ends_with("a boundary is longer than the limit"));
}

#[test]
fn parts_within_parts_are_split() {
    let inner = "--b\r\nContent-Disposition: attachment; filename=x\r\n\r\nin\r\n--b--";
    let body = format!("--XyZ\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{inner}\r\n--XyZ--");
    let lines = upload(FORM, body.as_bytes());
    assert!(lines[1].starts_with("object 3 1 ") && lines[1].contains(r#"Some("x") None 2 true "in""#), "{lines:?}");
}
