//! The bytes drawn in docs/formats, for the tests that hold them against what is written.

/// The examples of a page or a section, in order: hexadecimal bytes, with remarks behind `#`.
pub(crate) fn examples(page: &str) -> Vec<Vec<u8>> {
    let parts = page.split("```hex\n").skip(1);
    let examples = parts.map(|part| {
        let (drawn, _) = part.split_once("```").expect("its end");
        let hex = drawn.lines().map(|line| line.split_once('#').unwrap_or((line, "")).0);
        let bytes = hex.flat_map(str::split_whitespace);
        bytes.map(|byte| u8::from_str_radix(byte, 16).expect("hex")).collect()
    });
    examples.collect()
}

/// The only, or the first, example of a page or a section.
pub(crate) fn example(page: &str) -> Vec<u8> {
    examples(page).into_iter().next().expect("a drawn example")
}
