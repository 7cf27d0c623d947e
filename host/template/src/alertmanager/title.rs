//! Words with a capital letter first.

/// The first letter of each word in upper case, the others in lower case.
///
/// Words end where Unicode's annex 29 ends them, as far as letters with a case are concerned: not
/// at a digit or an underscore, and not at a mark that stands between two letters, as in `it's`.
pub(super) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_word, mut after_mark) = (false, false);
    for c in text.chars() {
        let is_mark = MARKS.contains(&c);
        if !has_case(c) {
            out.push(c);
            in_word &= continues_word(c) || (is_mark && !after_mark);
        } else if in_word {
            out.extend(c.to_lowercase());
        } else {
            push_title(c, &mut out);
            in_word = true;
        }
        after_mark = is_mark;
    }
    out
}

/// What may stand between two letters of one word.
const MARKS: [char; 8] = ['\'', '.', ':', '\u{b7}', '\u{2018}', '\u{2019}', '\u{2024}', '\u{2027}'];

fn continues_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || ('\u{300}'..='\u{36f}').contains(&c)
}

fn has_case(c: char) -> bool {
    c.is_lowercase() || c.is_uppercase() || is_digraph(c)
}

/// The letters that are two in one, and have a form of their own before small letters.
fn is_digraph(c: char) -> bool {
    matches!(c, '\u{1c4}'..='\u{1cc}' | '\u{1f1}'..='\u{1f3}')
}

fn push_title(c: char, out: &mut String) {
    let of_two = |first: u32| char::from_u32((u32::from(c) - first) / 3 * 3 + first + 1);
    let digraph = match c {
        '\u{1c4}'..='\u{1cc}' => of_two(0x1c4),
        '\u{1f1}'..='\u{1f3}' => of_two(0x1f1),
        _ => None,
    };
    let mut upper = c.to_uppercase();
    match digraph {
        Some(c) => out.push(c),
        None => {
            out.extend(upper.next());
            // Of `SS` for a sharp s only the first is a capital.
            out.extend(upper.flat_map(char::to_lowercase));
        }
    }
}
