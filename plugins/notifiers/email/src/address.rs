//! Addresses as people write them: `Ops <ops@example.org>, "Doe, J." <j@example.org>, a@b.example`.

use narthex_sdk::Error;

/// The addresses alone. `key` is where they stand.
pub(crate) fn parse(key: &str, text: &str) -> Result<Vec<String>, Error> {
    let addresses = split(text).into_iter().map(|entry| {
        address(&entry)
            .ok_or_else(|| Error::key(key, format!("not an address of mail: {:?}", entry.trim())))
    });
    addresses.collect()
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
    use super::parse;

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
}
