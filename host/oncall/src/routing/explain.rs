//! Why an alert goes where it goes: what every route said that was asked.

use narthex_alerting::{Asked, Refusal, Routes, Verdict};
use narthex_model::Labels;

use super::slug;
use super::tree::{self, Branch};

pub(super) fn explain(routes: &Routes, labels: &Labels) -> String {
    let Some(asked) = routes.asked(labels) else { return String::new() };
    let drawn = tree::draw(branch(routes, &asked, true));
    format!("Why:\n{drawn}\n")
}

fn branch(routes: &Routes, asked: &Asked, is_root: bool) -> Branch {
    let name = |index| routes.get(index).map(|route| slug(route, false, false)).unwrap_or_default();
    let Some(route) = routes.get(asked.route) else { return Branch::default() };
    let why = match &asked.verdict {
        Verdict::Taken if is_root => "takes every alert".to_owned(),
        Verdict::Taken if route.continues => "yes, and continues".to_owned(),
        Verdict::Taken => "yes".to_owned(),
        Verdict::Refused(refusals) => {
            let refusals: Vec<String> = refusals.iter().map(Refusal::to_string).collect();
            format!("no: {}", refusals.join("; "))
        }
        Verdict::NotAsked { taker } => {
            format!("not asked: {} took it, without continue", name(*taker))
        }
    };
    let mut text = format!("{}  {why}", name(asked.route));
    let is_taken = |below: &Asked| below.verdict == Verdict::Taken;
    if is_taken(asked) && !asked.below.iter().any(is_taken) {
        text.push_str(&format!("  receiver: {}", route.receiver));
    }
    let below = asked.below.iter().map(|below| branch(routes, below, false)).collect();
    Branch { text, below }
}
