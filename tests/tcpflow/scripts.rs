//! What tcpflow's own test scripts do with its sample captures, done to our program. The captures are not ours to carry:
//! `FLOWCASE_CAPTURES=DIRECTORY` names where they lie, `tcpflow-test2.pcap` and so on; without them nothing is tested, and that is said.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};

use crate::support::{Place, captures, files};

/// By sample: the names of its flows, and the MD5 of their payload.
const FLOWS: &[(&str, &[(&str, &str)])] = &[
    ("test1-80-50955", &[("074.125.019.104.00080-192.168.001.102.50955", "61051e417d34e1354559e3a8901d19d3")]),
    (
        "test2",
        &[
            ("010.000.000.001.09999-010.000.000.002.36559--42", "b7d0b9ee8a7c1ea94b6b43b5a3e0da83"),
            ("010.000.000.002.36559-010.000.000.001.09999--42", "c4b95c552616bda3e21d063e8ee2e332"),
        ],
    ),
    (
        "test3",
        &[
            ("2001:6f8:102d:0:2d0:9ff:fee3:e8de.59201-2001:6f8:900:7c0::2.00080", "372d2509fc79c1722e10dfe5642df3eb"),
            ("2001:6f8:900:7c0::2.00080-2001:6f8:102d:0:2d0:9ff:fee3:e8de.59201", "b432c47f1e268cb406d48307736cf0f7"),
        ],
    ),
    (
        "test5-lines-randomized",
        &[
            ("069.163.156.173.00080-192.168.010.105.49392", "9028a8087c146069592c6234c656a439"),
            ("192.168.010.105.49392-069.163.156.173.00080", "4efc87d2ed413f00ebe629e27aab804a"),
        ],
    ),
    (
        "test5-lines-randomized2",
        &[
            ("069.163.156.173.00080-192.168.010.105.49392", "9028a8087c146069592c6234c656a439"),
            ("192.168.010.105.49392-069.163.156.173.00080", "4efc87d2ed413f00ebe629e27aab804a"),
        ],
    ),
];

/// The flows of `test4`: port of the client, MD5 of what it said, of what the server said.
const TEST4: [(u16, &str, &str); 6] = [
    (51391, "2600d38f9524c66f190212bbdb6f3c96", "2a8f64558ad7a1731e4950a3f7f16913"),
    (51392, "ea4d328b4c831f6cb54772bcaa206ad1", "92e4df1f268a7f7b1244b4ddc67120d3"),
    (51393, "775823553ec206c97c079ab054869c80", "873ce29539afc9bd72d65c11d9aef2f7"),
    (51394, "4b12431fb1403ed45a0cdd264c555c21", "c043c19025e6ba8278b7ddb6f08d68d3"),
    (51395, "3a2c8438a3e42e617b0d134ae9bb2f0a", "ca32de2d5504c6f8dc32610d94046106"),
    (51396, "547bdc57f5ac3bac3b6620afc19d5a00", "b4772e037e05aaf315aaad911a59650d"),
];
const TEST4_CLIENT: &str = "2001:0:53aa:64c:422:2ece:a29c:9cf6";
const TEST4_SERVER: &str = "2001:67c:1220:809::93e5:916.00080";

/// The bodies in the flows of `bug8`.
const BUG8_BODIES: &[(&str, &str)] = &[
    ("2001:618:1:8000::5.00080-2001:618:400::5199:cc70.35995-HTTPBODY-001.html", "0757c012ec1738e6fd0cbfc3da47b9ce"),
    ("2001:618:1:8000::5.00080-2001:618:400::5199:cc70.35995-HTTPBODY-002.html", "ef1ae0729aa6aeb9c6d73b6d5284a05c"),
    ("2001:618:1:8000::5.00080-2001:618:400::5199:cc70.35995-HTTPBODY-003.jpg", "4a50734258339e9d57d5877572df3d3d"),
    ("2001:618:1:8000::5.00080-2001:618:400::5199:cc70.35997-HTTPBODY-001.css", "870f4ca6ed1dc1c5d37f37504e5aac51"),
    ("2001:618:1:8000::5.00080-2001:618:400::5199:cc70.35997-HTTPBODY-002.html", "4ad5106930b34f8869b49782d3bc2530"),
    ("2001:618:1:8000::5.00080-2001:618:400::5199:cc70.35997-HTTPBODY-003.css", "0f8d11eb2456b8b8bd91b663d03cdb44"),
    ("2001:618:1:8000::5.00080-2001:618:400::5199:cc70.35997-HTTPBODY-004.jpg", "64fbddaa3b95df04dcfb1ddaf018d958"),
    ("2001:618:1:8000::5.00080-2001:618:400::5199:cc70.35999-HTTPBODY-001.jpg", "71114137265e5483c544438bc3bf8042"),
    (
        "2001:638:902:1:202:b3ff:feee:5dc2.00080-2001:618:400::5199:cc70.40426-HTTPBODY-001.gif",
        "534605dae06e88ebd615e3920d2b3a4d",
    ),
];

/// tcpflow's samples by their name, where they are.
fn samples() -> BTreeMap<String, PathBuf> {
    let all = std::env::var("FLOWCASE_CAPTURES").map_or(Vec::new(), |directory| captures(Path::new(&directory)));
    let named = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.strip_prefix("tcpflow-")?.strip_suffix(".pcap")?.to_owned();
        Some((name, path))
    };
    all.into_iter().filter_map(named).collect()
}

/// The sample of a name; says so if it is not there.
fn sample(name: &str) -> Option<PathBuf> {
    let found = samples().remove(name);
    if found.is_none() {
        println!("skipped: FLOWCASE_CAPTURES names no directory with tcpflow-{name}.pcap");
    }
    found
}

/// Runs ours in a place of its own, its output in `out`; MD5 of each payload file and body by name.
fn run(place: &Place, options: &[&str], capture: &Path) -> BTreeMap<String, String> {
    place.stdout(&[&["tcpflow", "-o", "out"], options, &["-r", capture.to_str().unwrap()]].concat());
    let out = place.path().join("out");
    let digest = |path: &Path| -> String {
        Md5::digest(std::fs::read(path).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let name = |path: &Path| path.strip_prefix(&out).unwrap().to_str().unwrap().to_owned();
    let ours = |name: &String| ["case.sqlite", "report"].iter().any(|start| name.starts_with(start));
    let made = files(&out).into_iter().map(|path| (name(&path), digest(&path)));
    made.filter(|(name, _)| !ours(name) && !name.starts_with("objects/")).collect()
}

fn named(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    of.iter().map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned())).collect()
}

fn test4() -> BTreeMap<String, String> {
    let flows = |(port, said, answered): &(u16, &str, &str)| {
        let client = format!("{TEST4_CLIENT}.{port}");
        let [there, back] = [format!("{client}-{TEST4_SERVER}"), format!("{TEST4_SERVER}-{client}")];
        [(there, (*said).to_owned()), (back, (*answered).to_owned())]
    };
    TEST4.iter().flat_map(flows).collect()
}

#[test]
fn samples_give_the_flows_they_are_known_for() {
    let known = FLOWS.iter().map(|(name, flows)| (*name, named(flows))).chain([("test4", test4())]);
    for (name, flows) in known {
        let Some(capture) = sample(name) else { continue };
        let place = Place::new();
        assert_eq!(run(&place, &["-X", "out/report.xml"], &capture), flows, "{name}");
        assert!(place.path().join("out/report.xml").exists(), "{name}");
    }
}

#[test]
fn files_have_the_time_of_their_flow() {
    let Some(capture) = sample("test1-80-50955") else { return };
    let place = Place::new();
    run(&place, &[], &capture);
    let flow = place.path().join("out").join(FLOWS[0].1[0].0);
    // in the year 2008
    assert_eq!(flow.metadata().unwrap().mtime(), 1_223_315_694);
}

#[test]
fn every_sample_makes_a_page_of_pictures() {
    if !cfg!(feature = "pictures") {
        return;
    }
    let samples = samples();
    if samples.is_empty() {
        println!("skipped: FLOWCASE_CAPTURES names no directory with samples of tcpflow");
    }
    for (name, capture) in samples {
        let place = Place::new();
        assert_eq!(run(&place, &["-Fg", "-E", "netviz"], &capture), BTreeMap::new(), "{name}: no payload");
        let page = std::fs::read(place.path().join("out/report.pdf")).unwrap();
        assert!(page.starts_with(b"%PDF-"), "{name}");
    }
}

#[test]
fn few_open_files_change_nothing() {
    let Some(capture) = sample("bug8") else { return };
    for open in ["1", "2", "3", "4", "10", "100"] {
        let place = Place::new();
        let mut made = run(&place, &["-f", open, "-X", "out/report.xml", "-a"], &capture);
        let flows = made.len() - BUG8_BODIES.len();
        made.retain(|name, _| name.contains("HTTPBODY"));
        assert_eq!((flows, made), (8, named(BUG8_BODIES)), "-f {open}");
    }
}

#[test]
fn histograms_of_addresses_have_a_size() {
    let Some(capture) = sample("test2") else { return };
    let settings = ["-S", "netviz_max_histogram_size=1000", "-S", "netviz_histogram_dump=1"];
    assert_eq!(run(&Place::new(), &settings, &capture), named(FLOWS[1].1));
}
