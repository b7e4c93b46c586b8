//! Names as the wire says them.

use super::super::head::Headers;
use super::super::names::{of_body, parameter, said};

/// The name that a Content-Disposition says.
fn disposition(value: &str) -> Option<String> {
    said(&Headers::parse(format!("Content-Disposition: {value}\r\n").as_bytes()))
}

#[test]
fn content_disposition_says_a_name() {
    let names = [
        (r#"attachment; filename="a b.txt""#, "a b.txt"),
        (r"attachment; filename=plain.txt; size=3", "plain.txt"),
        (r#"form-data; name="f"; filename="semi;colon=.txt""#, "semi;colon=.txt"),
        (r#"attachment; filename="say \"hi\".txt""#, r#"say "hi".txt"#),
        (r#"attachment; filename="C:\temp\x.exe""#, r"C:\temp\x.exe"),
        (r"attachment; filename*=UTF-8''na%C3%AFve.txt; filename=naive.txt", "naïve.txt"),
        (r"attachment; filename*=iso-8859-1'en'%A3.txt", "£.txt"),
        (r#"attachment; filename="../../etc/passwd""#, "../../etc/passwd"),
        ("attachment; filename=\"n\0l\"", r"n\x00l"),
        (r#"attachment; filename="never closed"#, "never closed"),
        (r#"attachment;;; FileName = x"#, "x"),
    ];
    for (value, name) in names {
        assert_eq!(disposition(value).as_deref(), Some(name), "{value}");
    }
    for none in ["inline", "attachment; filename=", "attachment; filename", "filename=x", ""] {
        assert_eq!(disposition(none), None, "{none}");
    }
}

#[test]
fn the_path_says_a_name() {
    let of = |uri: &str| of_body(&Headers::default(), Some(uri.as_bytes()));
    assert_eq!(of("/a/b%20c.txt?x=/y#/z").as_deref(), Some("b c.txt"));
    assert_eq!(of("http://h/x").as_deref(), Some("x"));
    assert_eq!(of("/%2e%2e%2fx%00%ff").as_deref(), Some(r"../x\x00\xff"));
    assert_eq!((of("/"), of("http://h"), of("*"), of("h:443")), (None, None, None, None));
    assert_eq!(of(&format!("/{}", "x".repeat(9999))).unwrap().len(), 4096);
}

#[test]
fn parameters_are_found() {
    let value = br#"multipart/form-data; a="boundary=no"; Boundary="x;y" ; z=1"#;
    assert_eq!(parameter(value, "boundary").unwrap(), b"x;y");
    assert_eq!(parameter(value, "z").unwrap(), b"1");
    assert_eq!(parameter(value, "q"), None);
}
