//! Addresses as people write them: `Ops <ops@example.org>, "Doe, J." <j@example.org>, a@b.example`.

use narthex_sdk::Error;

use crate::quoted;

/// The addresses alone. `key` is where they stand.
pub(crate) fn parse(key: &str, text: &str) -> Result<Vec<String>, Error> {
    let addresses = split(text).into_iter().map(|entry| {
        address(&entry)
            .ok_or_else(|| Error::key(key, format!("not an address of mail: {:?}", entry.trim())))
    });
    addresses.collect()
}

/// The value of a header that holds addresses: names are encoded, addresses are not, for servers look for them.
pub(crate) fn header(text: &str) -> String {
    if text.is_ascii() {
        return quoted::header(text);
    }
    let entries = split(text);
    let encoded: Option<Vec<String>> = entries.iter().map(|entry| named(entry)).collect();
    encoded.map_or_else(|| quoted::header(text), |entries| entries.join(",\r\n "))
}

/// An entry with its name encoded.
fn named(entry: &str) -> Option<String> {
    let address = address(entry)?;
    let Some((name, _)) = entry.rsplit_once('<') else { return Some(address) };
    let name = name.trim();
    let name = if name.is_ascii() { name } else { name.trim_matches('"') };
    Some(format!("{} <{address}>", quoted::header(name)))
}

/// At the commas that stand neither in quotes nor in angle brackets.
fn split(text: &str) -> Vec<String> {
    let mut entries = vec![String::new()];
    let (mut is_quoted, mut is_escaped, mut is_in_brackets) = (false, false, false);
    for letter in text.chars() {
        match letter {
            '"' if !is_escaped => is_quoted = !is_quoted,
            '<' if !is_quoted => is_in_brackets = true,
            '>' if !is_quoted => is_in_brackets = false,
            ',' if !is_quoted && !is_in_brackets => {
                entries.push(String::new());
                continue;
            }
            _ => {}
        }
        is_escaped = is_quoted && letter == '\\' && !is_escaped;
        if let Some(entry) = entries.last_mut() {
            entry.push(letter);
        }
    }
    entries
}

/// What stands in angle brackets at the end, or the whole.
fn address(entry: &str) -> Option<String> {
    let entry = entry.trim();
    let address = match entry.strip_suffix('>') {
        Some(rest) => rest.rsplit_once('<')?.1,
        None => entry,
    };
    let (local, domain) = address.rsplit_once('@')?;
    // What could end the command, or the brackets in it, is no part of an address.
    let is_plain = |text: &str| {
        !text.is_empty()
            && !text
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || "<>()\",;\\@".contains(c))
    };
    (is_plain(local) && is_plain(domain)).then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{header, parse};

    #[test]
    fn addresses_are_found_beside_names() {
        let parsed = |text| parse("to", text).unwrap();
        assert_eq!(parsed("a@x.org"), ["a@x.org"]);
        assert_eq!(
            parsed(r#"Ops <ops+1@x.org>, "Doe, \"J.\" <" <j@y.org> ,jürgen@müller.example"#),
            ["ops+1@x.org", "j@y.org", "jürgen@müller.example"]
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "a",
            "a@",
            "@x",
            "a@x,",
            "a b@x",
            "<a@x",
            "a@x>",
            "a@x\r\nDATA",
            "a@b@x",
            "A <a@x> b",
        ] {
            let error = parse("to", bad).unwrap_err();
            assert!(
                error.message.starts_with("to: not an address of mail: "),
                "{bad:?}: {error:?}"
            );
        }
    }

    #[test]
    fn in_headers_the_names_are_encoded_and_the_addresses_are_not() {
        assert_eq!(header(r#"a@x.org, "B, C" <b@y.org>"#), r#"a@x.org, "B, C" <b@y.org>"#);
        assert_eq!(
            header(r#""Jürgen, X" <j@x.org>, "B, C" <b@y.org>,c@z.org"#),
            "=?utf-8?q?J=C3=BCrgen,_X?= <j@x.org>,\r\n \"B, C\" <b@y.org>,\r\n c@z.org"
        );
        assert_eq!(header("ü\r\nBcc: <a@x>"), "=?utf-8?q?=C3=BC=0D=0ABcc:?= <a@x>");
        assert_eq!(header("ü\r\nBcc: a@x"), "=?utf-8?q?=C3=BC=0D=0ABcc:_a@x?=");
    }
}
