//! Sizes on the command line: plain bytes, or with a binary suffix.

/// Reads `512`, `16K`, `16KiB`, `2M`, `2MiB`, `1G`, `1GiB`, `1T`, `1TiB`; a K is 1024. For clap: the error is a sentence.
pub fn parse(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, suffix) = text.split_at(digits);
    let shift = match suffix {
        "" | "B" => 0,
        "K" | "k" | "KiB" => 10,
        "M" | "m" | "MiB" => 20,
        "G" | "g" | "GiB" => 30,
        "T" | "t" | "TiB" => 40,
        _ => return Err("expected a number of bytes, such as 4096, 16M or 2GiB".into()),
    };
    let number: u64 = number.parse().map_err(|_| "expected a number of bytes, such as 4096, 16M or 2GiB")?;
    number.checked_mul(1 << shift).ok_or_else(|| "more bytes than any file has".into())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("0", 0), ("512", 512), ("16K", 16 << 10), ("2MiB", 2 << 20), ("3g", 3 << 30), ("1T", 1 << 40)]
        {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for bad in ["", "M", "-1", "1.5M", "1 M", "1X", "99999999999999999999", "18446744073709551615K"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
