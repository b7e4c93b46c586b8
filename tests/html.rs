//! `report html` as a person meets it: in a browser.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::load::Load;
use crate::support::Place;
use crate::traffic::talk::{Client, Server, Talk};
use crate::traffic::{Capture, Frame, Link};

const START: i64 = 1_700_000_000_000_000_000;
const SECOND: i64 = 1_000_000_000;
/// Connections of the case, one a second.
const MANY: i64 = 300;
/// What an attacker sends, everywhere where text can be: the page's title would say that it ran.
const ATTACK: &str =
    "</script><script>document.title='owned'</script><!-- <img src=x onerror=\"document.title='owned'\">";
/// A picture of one pixel.
const PIXEL: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
/// Keys, as WebDriver writes them.
const DOWN: &str = "\u{e015}";
const RIGHT: &str = "\u{e014}";
const END: &str = "\u{e010}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

/// Connection `number`, from 0: every third to port 443, the last one with the most bytes, and the first one hostile.
fn connection(number: i64) -> Vec<Frame> {
    let client = format!("10.0.{}.{}:40000", number / 250, number % 250 + 1);
    let server = if number % 3 == 0 { "10.9.9.9:443" } else { "10.9.9.9:80" };
    let talk = Talk::new(&client, server, START + number * SECOND).open();
    let (asked, answer) = match number {
        0 => (format!("GET / {ATTACK}"), format!("{ATTACK}\u{202e}\x1b[2J\0")),
        _ => (format!("question {number}"), "x".repeat(10 * number as usize)),
    };
    let talk = talk.says(Client, asked.as_bytes()).says(Server, answer.as_bytes());
    let talk = if number == 5 { talk.loses(Server, b"lost").says(Server, b"found") } else { talk };
    talk.close().frames()
}

/// A case, what a scanner would have found in it, and its page.
fn page() -> (Place, PathBuf) {
    let place = Place::new();
    let frames = (0..MANY).flat_map(connection);
    let name = "<img src=x onerror=document.title='owned'>.pcap";
    let capture = place.file(name, &Capture::on(Link::Ethernet).frames(frames).pcap());
    place.ingest("case", &[capture]);
    find(&place);
    place.stdout(&["report", "case", "html"]);
    let page = place.path().join("case/report.html");
    (place, page)
}

/// An HTTP transaction with a picture, and a finding, both hostile.
fn find(place: &Place) {
    fs::create_dir_all(place.path().join("case/objects")).unwrap();
    fs::write(place.path().join("case/objects/pixel"), PIXEL).unwrap();
    let index = Connection::open(place.path().join("case/case.sqlite")).unwrap();
    let data = json!({"method": "GET", "host": "a.example", "uri": ATTACK, "status": 200, "response_type": ATTACK,
        "response_bytes": PIXEL.len(), "response_object": 1, "complete": 1});
    let rows = "INSERT INTO scanner (id, name, version, upto) VALUES (1, 'http', '1', 0), (2, 'other', '1', 0);
        INSERT INTO object VALUES (1, 1, 1, 1, 0, 9, NULL, NULL, 'objects/pixel', NULL, NULL, NULL, 9, x'00', 1);";
    index.execute_batch(rows).unwrap();
    let finding = "INSERT INTO finding VALUES (?1, 1, 1, ?2, 1, 0, 9, NULL, ?3, ?4)";
    index.execute(finding, (1, "transaction", "GET", data.to_string())).unwrap();
    index.execute(finding, (2, ATTACK, ATTACK, json!({"more": ATTACK}).to_string())).unwrap();
}

fn first_row(browser: &Browser) -> String {
    browser.text(
        "document.querySelector('.connections .space .row[aria-rowindex=\"2\"]').innerText.split('\\n').join(' ')",
    )
}

fn count(browser: &Browser) -> String {
    browser.text("document.getElementById('count').textContent.split(',')[0]")
}

#[test]
fn connections_are_filtered_sorted_and_opened() {
    let (_place, page) = page();
    let browser = Browser::start();
    browser.open(&page);
    assert_eq!(count(&browser), "300 of 300 connections");
    let rows = browser.value("document.querySelectorAll('.connections .space .row').length").as_i64().unwrap();
    assert!((10..100).contains(&rows), "only what is in sight is made: {rows}");
    assert_eq!(browser.text("document.querySelector('.grid').getAttribute('aria-rowcount')"), "301");

    browser.keys("#filter", "port:443 -10.0.0.1:");
    browser.wait("document.getElementById('count').textContent.startsWith('99 of')");
    assert!(first_row(&browser).starts_with("4 "), "{}", first_row(&browser));
    browser.click("#clear");
    browser.click("#filter-gaps");
    assert_eq!(count(&browser), "1 of 300 connections");
    browser.click("#clear");

    browser.click(".connections .head [aria-colindex='9'] button");
    assert!(first_row(&browser).starts_with("300 "), "largest first: {}", first_row(&browser));
    browser.click(".connections .head [aria-colindex='9'] button");
    assert!(first_row(&browser).starts_with("2 "), "smallest first: {}", first_row(&browser));
    assert_eq!(browser.text("document.querySelector('[aria-sort]').getAttribute('aria-sort')"), "ascending");
    browser.click(".connections .space .row[aria-rowindex='2']");
    assert_eq!(browser.text("document.getElementById('dialog-title').textContent"), "Connection 2");
    assert_eq!(browser.text("document.querySelector('.pane.orig pre').textContent"), "question 1");
    browser.click("input[value=hex]");
    let hex = browser.text("document.querySelector('.pane.orig pre').textContent");
    assert!(hex.starts_with("000000  71 75 65 73 74 69 6f 6e  20 31 ") && hex.ends_with("question 1\n"), "{hex}");
}

#[test]
fn a_keyboard_reaches_everything() {
    let (_place, page) = page();
    let browser = Browser::start();
    browser.open(&page);
    browser.keys(".connections .space .row[tabindex='0']", DOWN);
    browser.type_keys(DOWN);
    browser.type_keys(ENTER);
    assert_eq!(browser.text("document.getElementById('dialog-title').textContent"), "Connection 3");
    browser.click("#next");
    assert_eq!(browser.text("document.getElementById('dialog-title').textContent"), "Connection 4");
    browser.type_keys(ESCAPE);
    assert_eq!(browser.text("document.activeElement.getAttribute('aria-rowindex')"), "5", "back on the row");
    browser.type_keys(END);
    assert_eq!(browser.text("document.activeElement.getAttribute('aria-rowindex')"), "301");

    // the timeline has one stretch a second
    browser.keys(".handle", &RIGHT.repeat(200));
    assert_eq!(count(&browser), "100 of 300 connections");
    browser.click("#zoom");
    assert_eq!(count(&browser), "100 of 300 connections");
    browser.click("#whole");
    assert_eq!(count(&browser), "300 of 300 connections");
}

#[test]
fn a_gap_is_not_shown_as_data() {
    let (_place, page) = page();
    let browser = Browser::start();
    browser.open(&page);
    browser.keys("#filter", "id:6");
    browser.wait("document.getElementById('count').textContent.startsWith('1 of')");
    browser.click(".connections .space .row[aria-rowindex='2']");
    let text = browser.text("document.querySelector('.pane.resp pre').textContent");
    assert!(text.ends_with("xx4 bytes never capturedfound"), "{text}");
    browser.click("input[value=hex]");
    let hex = browser.text("document.querySelector('.pane.resp pre').textContent");
    assert!(hex.contains(" 78 78 -- -- -- -- 66 6f"), "{hex}");
}

#[test]
fn nothing_from_the_wire_runs_and_nothing_is_loaded() {
    let (place, page) = page();
    let browser = Browser::start();
    browser.open(&page);
    browser.click(".connections .space .row[aria-rowindex='2']");
    let shown = browser.text("document.querySelector('.pane.orig pre').textContent");
    assert_eq!(shown, format!("GET / {ATTACK}"));
    let shown = browser.text("document.querySelector('.pane.resp pre').textContent");
    assert_eq!(shown, format!("{ATTACK}··[2J·"));
    browser.type_keys(ESCAPE);
    assert!(browser.text("document.getElementById('findings').textContent").contains(ATTACK));
    browser.wait("document.querySelector('.http img').naturalWidth === 1");
    assert_eq!(browser.text("document.title"), "Case report");
    assert_eq!(
        browser.value("[...document.images].filter(image => !image.src.startsWith('data:image/gif')).length"),
        json!(0)
    );
    assert_eq!(
        browser.value("performance.getEntriesByType('resource').filter(one => !one.name.startsWith('data:')).length"),
        json!(0)
    );
    assert_eq!(requests(&browser), [format!("file://{}", page.display())]);
    assert_eq!(browser.log("browser"), json!([]), "no error, no breach of the policy");
    drop(place);
}

/// Addresses that were asked for; `data:` and the browser's own first page aside.
fn requests(browser: &Browser) -> Vec<String> {
    let log = browser.log("performance");
    let events = log
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| -> Value { serde_json::from_str(entry["message"].as_str().unwrap()).unwrap() });
    let sent = events.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
    let addresses = sent.map(|event| event["message"]["params"]["request"]["url"].as_str().unwrap().to_owned());
    addresses.filter(|address| !["data:", "chrome:"].iter().any(|own| address.starts_with(own))).collect()
}

#[test]
fn the_policy_stops_what_escaping_would_miss() {
    let (_place, page) = page();
    let browser = Browser::start();
    browser.open(&page);
    let tried = |code: &str| {
        browser.value(&format!("(() => {{ try {{ {code}; return 'done' }} catch (error) {{ return error.name }} }})()"))
    };
    assert_eq!(tried("document.body.innerHTML = '<p>'"), json!("TypeError"));
    assert_eq!(
        tried("const s = document.createElement('script'); s.text = 'document.title = 1'; document.body.append(s)"),
        json!("TypeError")
    );
    browser.value(
        "(() => { const i = new Image(); i.src = 'file:///dev/null'; i.onerror = () => { window.refused = true }; })()",
    );
    browser.wait("window.refused");
    browser.value("(() => { fetch('http://127.0.0.1:9/').catch(() => { window.fetched = 'refused' }) })()");
    browser.wait("window.fetched");
    let log = browser.log("browser").to_string();
    assert!(log.contains("img-src data:") && log.contains("default-src 'none'"), "{log}");
    assert_eq!(browser.text("document.title"), "Case report");
}

#[test]
fn the_same_case_gives_the_same_page() {
    let (place, page) = page();
    let first = fs::read(&page).unwrap();
    place.stdout(&["report", "case", "html", "-o", "again.html"]);
    assert!(first == fs::read(place.path().join("again.html")).unwrap());
}

/// `FLOWCASE_CONNECTIONS=100000` asks with so many.
#[test]
fn a_page_is_there_within_three_seconds() {
    let many = std::env::var("FLOWCASE_CONNECTIONS").map_or(500, |many| many.parse().unwrap());
    let place = Place::new();
    let capture = fs::File::create(place.path().join("load.pcap")).unwrap();
    let load = Load::new("small", many).unwrap();
    load.write(1, std::io::BufWriter::new(capture)).unwrap();
    place.ingest("case", &["load.pcap", "--store", "packed"]);
    place.stdout(&["report", "case", "html"]);
    let page = place.path().join("case/report.html");
    let browser = Browser::start();
    browser.open(&page);
    let ready = browser.value("performance.getEntriesByType('mark').find(mark => mark.name === 'ready').startTime");
    let bytes = page.metadata().unwrap().len();
    println!("{many} connections: {bytes} bytes, ready after {ready} ms");
    assert!(ready.as_f64().unwrap() < 3000.0 && bytes < 60 << 20, "{ready} ms, {bytes} bytes");
    let shown = browser.text("document.getElementById('count').textContent.replaceAll(',', '')");
    assert!(shown.starts_with(&format!("{many} of {many} connections")), "{shown}");
}
