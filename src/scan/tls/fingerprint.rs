//! Fingerprints of hellos: JA3 and JA3S (<https://github.com/salesforce/ja3>) and JA4 of clients
//! (<https://github.com/FoxIO-LLC/ja4>). Values that only try what servers do with the unknown (GREASE, RFC 8701) are left out.

use md5::Md5;
use sha2::{Digest, Sha256};

use super::hello::{ClientHello, ServerHello};
use crate::model::digest::hex;

/// Reserved to be offered and ignored.
pub fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

/// Version, ciphers, extensions, groups and point formats, in the client's order.
pub fn ja3(hello: &ClientHello) -> String {
    let formats: Vec<u16> = hello.point_formats.iter().map(|format| (*format).into()).collect();
    let lists = [&hello.ciphers, &hello.extensions, &hello.groups].map(|list| decimal(list));
    format!("{},{},{}", hello.version, lists.join(","), decimal(&formats))
}

/// Version, cipher and extensions, in the server's order.
pub fn ja3s(hello: &ServerHello) -> String {
    let extensions: Vec<String> = hello.extensions.iter().map(u16::to_string).collect();
    format!("{},{},{}", hello.version, hello.cipher, extensions.join("-"))
}

/// What the lists hold, their order, and digests of them sorted.
pub fn ja4(hello: &ClientHello) -> String {
    let (ciphers, extensions) = (without_grease(&hello.ciphers), without_grease(&hello.extensions));
    let name = if hello.extensions.contains(&0) { 'd' } else { 'i' };
    let (ciphers_count, extensions_count) = (ciphers.len().min(99), extensions.len().min(99));
    let head = format!("t{}{name}{ciphers_count:02}{extensions_count:02}{}", version(hello), protocol(hello));
    let mut listed: Vec<u16> = extensions.into_iter().filter(|kind| !matches!(kind, 0 | 16)).collect();
    let mut sorted = ciphers;
    sorted.sort_unstable();
    listed.sort_unstable();
    let mut extensions = hexadecimal(&listed);
    if !hello.signatures.is_empty() {
        extensions = format!("{extensions}_{}", hexadecimal(&without_grease(&hello.signatures)));
    }
    format!(
        "{head}_{}_{}",
        short(&hexadecimal(&sorted)),
        if listed.is_empty() { ZEROS.into() } else { short(&extensions) }
    )
}

/// MD5 of a text, lower case hex.
pub fn md5(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

const ZEROS: &str = "000000000000";

/// The first twelve digits of SHA-256; zeros for nothing.
fn short(text: &str) -> String {
    if text.is_empty() {
        return ZEROS.into();
    }
    hex(&Sha256::digest(text.as_bytes())[..6])
}

fn version(hello: &ClientHello) -> &'static str {
    match hello.best_version() {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    }
}

/// The first and the last character of the protocol it wants most.
fn protocol(hello: &ClientHello) -> String {
    let Some((first, last)) = hello.protocols.first().and_then(|one| one.first().zip(one.last())) else {
        return "00".into();
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(*first), char::from(*last)].iter().collect();
    }
    format!("{:x}{:x}", first >> 4, last & 15)
}

fn without_grease(list: &[u16]) -> Vec<u16> {
    list.iter().copied().filter(|value| !is_grease(*value)).collect()
}

fn decimal(list: &[u16]) -> String {
    without_grease(list).iter().map(u16::to_string).collect::<Vec<_>>().join("-")
}

fn hexadecimal(list: &[u16]) -> String {
    list.iter().map(|value| format!("{value:04x}")).collect::<Vec<_>>().join(",")
}
