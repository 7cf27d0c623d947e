//! Text in the letters that every mail server hands on: quoted-printable for bodies (RFC 2045), encoded words for headers
//! (RFC 2047). Both as Go's packages write them.

use std::fmt::Write as _;

/// Of a line, with the `=` that continues it.
const LINE_BYTES_MAX: usize = 76;

/// Of the letters in an encoded word, which is 75 with what stands around them.
const WORD_BYTES_MAX: usize = 75 - "=?utf-8?q?".len() - "?=".len();

/// A body. Lines end in CR LF, whatever they ended in.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let is_last = lines.peek().is_none();
        let line = if is_last { line } else { line.strip_suffix('\r').unwrap_or(line) };
        print_line(line, &mut out);
        if !is_last {
            out.push_str("\r\n");
        }
    }
    out
}

fn print_line(line: &str, out: &mut String) {
    let mut used = 0;
    for (at, byte) in line.bytes().enumerate() {
        let is_last = at + 1 == line.len();
        let is_blank = matches!(byte, b' ' | b'\t');
        // A blank at the end of a line may get lost on the way.
        let is_plain = is_blank && !is_last || byte.is_ascii_graphic() && byte != b'=';
        let bytes = if is_plain { 1 } else { 3 };
        if used + bytes > LINE_BYTES_MAX - 1 {
            out.push_str("=\r\n");
            used = 0;
        }
        push(byte, is_plain, out);
        used += bytes;
    }
}

fn push(byte: u8, is_plain: bool, out: &mut String) {
    if is_plain {
        out.push(char::from(byte));
    } else {
        write!(out, "={byte:02X}").expect("a text takes all that is written");
    }
}

/// The value of a header: as it is where that is plain text, else as encoded words, each on a line of its own.
pub(crate) fn header(value: &str) -> String {
    if value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        return value.to_owned();
    }
    let mut words = vec![String::new()];
    for letter in value.chars() {
        let mut encoded = String::new();
        for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
            let is_plain = byte.is_ascii_graphic() && !matches!(byte, b'=' | b'?' | b'_');
            let byte = if byte == b' ' { b'_' } else { byte };
            push(byte, is_plain || byte == b'_' && letter == ' ', &mut encoded);
        }
        match words.last_mut() {
            Some(word) if word.len() + encoded.len() <= WORD_BYTES_MAX => word.push_str(&encoded),
            _ => words.push(encoded),
        }
    }
    let words: Vec<String> = words.iter().map(|word| format!("=?utf-8?q?{word}?=")).collect();
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::{header, printable};

    /// The expected texts are those of a real Alertmanager.
    #[test]
    fn bodies_are_quoted_as_alertmanager_quotes_them() {
        let (fits, rest) = ("x".repeat(70), "x".repeat(10));
        assert_eq!(
            printable(&format!("long {fits}{rest} é trailing \n.dot line\n=eq\ttab\t\nspaces ")),
            format!(
                "long {fits}=\r\n{rest} =C3=A9 trailing=20\r\n.dot line\r\n=3Deq\ttab=09\r\nspaces=20"
            )
        );
        assert_eq!(printable("a\r\nb\n\n"), "a\r\nb\r\n\r\n");
        assert_eq!(printable("a\rb"), "a=0Db");
        assert_eq!(printable(""), "");
    }

    #[test]
    fn no_line_is_too_long() {
        for unit in ["é", "x", "= ", " "] {
            for line in printable(&unit.repeat(300)).split("\r\n") {
                assert!(line.len() <= 76, "{line}");
            }
            let words = header(&(unit.repeat(300) + "ü"));
            assert!(words.split("\r\n ").all(|word| word.len() <= 75), "{words}");
        }
    }

    #[test]
    fn headers_are_encoded_as_alertmanager_encodes_them() {
        assert_eq!(header("plain value: x?=_"), "plain value: x?=_");
        assert_eq!(header("a\nb"), "=?utf-8?q?a=0Ab?=");
        assert_eq!(
            header(&format!("Sübject ünd {}", "long wörd ".repeat(4))),
            "=?utf-8?q?S=C3=BCbject_=C3=BCnd_long_w=C3=B6rd_long_w=C3=B6rd_long_w?=\r\n \
             =?utf-8?q?=C3=B6rd_long_w=C3=B6rd_?="
        );
        assert_eq!(header("ü_=?"), "=?utf-8?q?=C3=BC=5F=3D=3F?=");
    }
}
