//! Functions of labels.

use narthex_model::{AnchoredRegex, expand_match};
use narthex_promql::Node;

use super::{Element, Out, Query, Result, refuse};

impl Query<'_> {
    pub(super) fn label_replace(&self, args: &[Node], at: i64) -> Result<Out> {
        let [of, target, replacement, source, pattern] = args else { return refuse("arguments") };
        let (target, replacement) = (self.text(target, at)?, self.text(replacement, at)?);
        let (source, pattern) = (self.text(source, at)?, self.text(pattern, at)?);
        let Ok(pattern) = AnchoredRegex::new(&pattern) else { return refuse("a pattern") };
        let elements = self.vector(of, at)?.into_iter().map(|element| {
            let text = element.labels.get(&source).unwrap_or_default();
            let Some(captures) = pattern.regex().captures(text) else { return element };
            let mut value = String::new();
            expand_match(&captures, &replacement, &mut value);
            relabeled(&element, &target, value)
        });
        Ok(Out::Vector(self.unique(elements.collect())?))
    }

    pub(super) fn label_join(&self, args: &[Node], at: i64) -> Result<Out> {
        let [of, target, separator, sources @ ..] = args else { return refuse("arguments") };
        let (target, separator) = (self.text(target, at)?, self.text(separator, at)?);
        let sources: Vec<String> =
            sources.iter().map(|source| self.text(source, at)).collect::<Result<_>>()?;
        let elements = self.vector(of, at)?.into_iter().map(|element| {
            let values: Vec<&str> =
                sources.iter().map(|name| element.labels.get(name).unwrap_or_default()).collect();
            relabeled(&element, &target, values.join(&separator))
        });
        Ok(Out::Vector(self.unique(elements.collect())?))
    }
}

fn relabeled(element: &Element, target: &str, value: String) -> Element {
    let mut labels = element.labels.to_builder();
    labels.set(target, value);
    Element {
        labels: labels.finish(),
        value: element.value.clone(),
        // A name that was just given is not one that was to go.
        is_nameless: element.is_nameless && target != "__name__",
    }
}
