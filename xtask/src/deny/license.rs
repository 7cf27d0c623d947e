//! License expressions of crates: `MIT OR (Apache-2.0 AND ISC)`, also in the old spelling `MIT/Apache-2.0`.

use anyhow::{Context as _, bail};

/// Whether the expression can be satisfied by licenses of the list alone.
pub(super) fn is_allowed(expression: &str, allowed: &[String]) -> anyhow::Result<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { words: &words, allowed };
    let verdict = parser.any().with_context(|| format!("license `{expression}`"))?;
    if !parser.words.is_empty() {
        bail!("license `{expression}`: unexpected `{}`", parser.words.join(" "));
    }
    Ok(verdict)
}

/// `any = all {"OR" all}`, `all = one {"AND" one}`, `one = "(" any ")" | id ["WITH" id]`.
struct Parser<'a> {
    words: &'a [&'a str],
    allowed: &'a [String],
}

impl Parser<'_> {
    fn any(&mut self) -> anyhow::Result<bool> {
        let mut verdict = self.all()?;
        while self.takes("OR") {
            verdict |= self.all()?;
        }
        Ok(verdict)
    }

    fn all(&mut self) -> anyhow::Result<bool> {
        let mut verdict = self.one()?;
        while self.takes("AND") {
            verdict &= self.one()?;
        }
        Ok(verdict)
    }

    fn one(&mut self) -> anyhow::Result<bool> {
        if self.takes("(") {
            let verdict = self.any()?;
            if !self.takes(")") {
                bail!("a parenthesis is not closed");
            }
            return Ok(verdict);
        }
        let mut id = self.next().context("ends too early")?.to_owned();
        if self.takes("WITH") {
            id = format!("{id} WITH {}", self.next().context("ends after WITH")?);
        }
        Ok(self.allowed.contains(&id))
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.next();
        }
        found
    }

    fn next(&mut self) -> Option<&str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expression: &str, expected: bool) {
        let allowed =
            ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "ISC"].map(str::to_owned);
        assert_eq!(is_allowed(expression, &allowed).unwrap(), expected, "{expression}");
    }

    #[test]
    fn one_allowed_choice_is_enough_and_every_part_is_needed() {
        check("MIT", true);
        check("GPL-3.0", false);
        check("GPL-3.0 OR MIT", true);
        check("Unlicense/MIT", true);
        check("Apache-2.0 AND ISC", true);
        check("MIT AND GPL-3.0", false);
        check("(MIT OR GPL-3.0) AND BSD-3-Clause", false);
        check("Apache-2.0 WITH LLVM-exception", true);
        check("Apache-2.0 WITH Other-exception", false);
    }

    #[test]
    fn broken_expressions_are_refused() {
        for broken in ["", "MIT OR", "(MIT", "MIT MIT"] {
            assert!(is_allowed(broken, &[]).is_err(), "{broken}");
        }
    }
}
