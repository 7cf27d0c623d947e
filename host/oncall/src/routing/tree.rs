//! A tree of lines.

/// A line and what hangs on it.
#[derive(Debug, Default)]
pub(super) struct Branch {
    pub(super) text: String,
    pub(super) below: Vec<Branch>,
}

/// The tree below a dot.
pub(super) fn draw(root: Branch) -> String {
    let mut out = String::from(".\n");
    // Routes are at most 64 levels deep.
    add(&[root], "", &mut out);
    out
}

fn add(branches: &[Branch], indent: &str, out: &mut String) {
    for (place, branch) in branches.iter().enumerate() {
        let is_last = place + 1 == branches.len();
        let (edge, space) = if is_last { ("└── ", "    ") } else { ("├── ", "│   ") };
        out.push_str(&format!("{indent}{edge}{}\n", branch.text));
        add(&branch.below, &format!("{indent}{space}"), out);
    }
}
