//! Certificates (RFC 5280) as far as they say who is who, and until when.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::{oid_registry, oid2sn};
use x509_parser::oid_registry::Oid;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;

use super::super::Fields;

/// Names a certificate is for that are listed.
const NAMES: usize = 200;

/// What a certificate says.
pub struct Known {
    /// Whose it is.
    pub subject: String,
    /// All of it.
    pub fields: Fields,
    /// What a session says of it.
    pub leaf: Fields,
}

/// The certificates of a message, the first that of its sender, and whether they end where it says.
pub fn chain(body: &[u8]) -> (Vec<&[u8]>, bool) {
    let (mut rest, mut all) = (body.get(3..).unwrap_or_default(), Vec::new());
    while let Some(one) = counted24(&mut rest) {
        all.push(one);
    }
    (all, rest.is_empty() && counted24(&mut &*body).is_some_and(|list| list.len() + 3 == body.len()))
}

fn counted24<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (&[a, b, c], after) = rest.split_first_chunk()?;
    let (taken, after) = after.split_at_checked(u32::from_be_bytes([0, a, b, c]) as usize)?;
    *rest = after;
    Some(taken)
}

/// What a certificate says; `None` if it cannot be parsed.
pub fn fields(der: &[u8]) -> Option<Known> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let (subject, issuer) = (certificate.subject().to_string(), certificate.issuer().to_string());
    let validity = certificate.validity();
    let mut leaf = Fields::new();
    leaf.text("subject", &subject).text("issuer", &issuer);
    leaf.some_text("not_before", time(&validity.not_before).as_deref());
    leaf.some_text("not_after", time(&validity.not_after).as_deref());
    let mut fields = leaf.clone();
    fields.text("serial", &certificate.raw_serial_as_string());
    let names = names(&certificate);
    if !names.is_empty() {
        fields.list("names", names.iter().map(String::as_str));
    }
    fields.text("key", &key(&certificate)).text("signature", &object(&certificate.signature_algorithm.algorithm));
    fields.flag("self_signed", certificate.subject().as_raw() == certificate.issuer().as_raw());
    Some(Known { subject, fields, leaf })
}

/// `2031-05-01T12:00:00Z`; years may lie past what nanoseconds can count.
fn time(time: &ASN1Time) -> Option<String> {
    Some(jiff::Timestamp::from_second(time.timestamp()).ok()?.to_string())
}

/// Hosts and addresses of the subject's other names.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.into_iter().flat_map(|names| &names.value.general_names);
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    };
    names.filter_map(text).take(NAMES).collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(bytes).ok().map(|four| std::net::IpAddr::from(four).to_string());
    four.or_else(|| <[u8; 16]>::try_from(bytes).ok().map(|all| std::net::IpAddr::from(all).to_string()))
}

/// `RSA 2048`, `EC 256`, …
fn key(certificate: &X509Certificate<'_>) -> String {
    let info = certificate.public_key();
    match info.parsed() {
        Ok(key @ PublicKey::RSA(_)) => format!("RSA {}", key.key_size()),
        Ok(key @ PublicKey::EC(_)) => format!("EC {}", key.key_size()),
        _ => object(&info.algorithm.algorithm),
    }
}

/// The short name of an object identifier, or else its numbers.
fn object(oid: &Oid<'_>) -> String {
    oid2sn(oid, oid_registry()).map_or_else(|_| oid.to_id_string(), str::to_owned)
}
