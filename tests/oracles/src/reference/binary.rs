//! Operators.

use narthex_model::Labels;
use narthex_promql::{Binary, BinaryOp, Cardinality, Matching};

use super::{Element, Out, Query, Result, Sample, natives, refuse};

/// What an operator makes of two floats, and whether a comparison holds.
fn floats(op: BinaryOp, lhs: f64, rhs: f64) -> (f64, bool) {
    match op {
        BinaryOp::Add => (lhs + rhs, true),
        BinaryOp::Sub => (lhs - rhs, true),
        BinaryOp::Mul => (lhs * rhs, true),
        BinaryOp::Div => (lhs / rhs, true),
        BinaryOp::Mod => (lhs % rhs, true),
        BinaryOp::Pow => (lhs.powf(rhs), true),
        BinaryOp::Atan2 => (lhs.atan2(rhs), true),
        BinaryOp::Equal => (lhs, lhs == rhs),
        BinaryOp::NotEqual => (lhs, lhs != rhs),
        BinaryOp::Greater => (lhs, lhs > rhs),
        BinaryOp::Less => (lhs, lhs < rhs),
        BinaryOp::GreaterEqual => (lhs, lhs >= rhs),
        BinaryOp::LessEqual => (lhs, lhs <= rhs),
        BinaryOp::TrimUpper
        | BinaryOp::TrimLower
        | BinaryOp::And
        | BinaryOp::Or
        | BinaryOp::Unless => (0.0, false),
    }
}

/// The same for samples of either kind; `None` where the kinds do not go together.
fn samples(op: BinaryOp, lhs: &Sample, rhs: &Sample) -> Option<(Sample, bool)> {
    match (lhs, rhs) {
        (Sample::Float(_), Sample::Float(_))
            if matches!(op, BinaryOp::TrimLower | BinaryOp::TrimUpper) =>
        {
            None
        }
        (Sample::Float(lhs), Sample::Float(rhs)) => {
            let (value, holds) = floats(op, *lhs, *rhs);
            Some((Sample::Float(value), holds))
        }
        (Sample::Float(number), Sample::Histogram(histogram)) if op == BinaryOp::Mul => {
            natives::with_number(op, histogram, *number).map(|value| (value, true))
        }
        (Sample::Float(_), Sample::Histogram(_)) => None,
        (Sample::Histogram(histogram), Sample::Float(number)) => {
            natives::with_number(op, histogram, *number).map(|value| (value, true))
        }
        (Sample::Histogram(lhs), Sample::Histogram(rhs)) => natives::of_two(op, lhs, rhs),
    }
}

impl Query<'_> {
    pub(super) fn binary(&self, binary: &Binary, at: i64) -> Result<Out> {
        let (lhs, rhs) = (self.node(&binary.lhs, at)?, self.node(&binary.rhs, at)?);
        match (lhs, rhs) {
            (Out::Scalar(lhs), Out::Scalar(rhs)) => {
                let (value, holds) = floats(binary.op, lhs, rhs);
                let is_comparison = binary.op.is_comparison();
                Ok(Out::Scalar(if is_comparison { f64::from(u8::from(holds)) } else { value }))
            }
            (Out::Vector(elements), Out::Scalar(scalar)) => {
                self.with_scalar(binary, elements, scalar, false)
            }
            (Out::Scalar(scalar), Out::Vector(elements)) => {
                self.with_scalar(binary, elements, scalar, true)
            }
            (Out::Vector(lhs), Out::Vector(rhs)) if binary.op.is_set() => {
                self.checked(set(binary, lhs, &rhs))
            }
            (Out::Vector(lhs), Out::Vector(rhs)) => {
                let joined = self.join(binary, lhs, rhs)?;
                self.checked(joined)
            }
            _ => refuse("operands of these types"),
        }
    }

    /// What is found wrong with the vector that an operator or a plain function made.
    pub(super) fn checked(&self, elements: Vec<Element>) -> Result<Out> {
        let is_late = self.reference.is_name_removal_delayed && !self.is_range;
        Ok(Out::Vector(if is_late { elements } else { self.unique(elements)? }))
    }

    fn with_scalar(
        &self,
        binary: &Binary,
        elements: Vec<Element>,
        scalar: f64,
        is_scalar_left: bool,
    ) -> Result<Out> {
        let op = binary.op;
        let scalar = Sample::Float(scalar);
        let mut out = Vec::new();
        for element in elements {
            let (lhs, rhs) =
                if is_scalar_left { (&scalar, &element.value) } else { (&element.value, &scalar) };
            let Some((value, holds)) = samples(op, lhs, rhs) else { continue };
            let value = if binary.return_bool {
                Sample::Float(f64::from(u8::from(holds)))
            } else if op.is_comparison() {
                element.value.clone()
            } else {
                value
            };
            if !holds && !binary.return_bool {
                continue;
            }
            let is_kept = (op.is_comparison() && !binary.return_bool)
                || matches!(op, BinaryOp::TrimLower | BinaryOp::TrimUpper);
            out.push(if is_kept {
                Element { value, ..element }
            } else {
                self.dropping_name(element, value)
            });
        }
        self.checked(out)
    }

    fn join(&self, binary: &Binary, lhs: Vec<Element>, rhs: Vec<Element>) -> Result<Vec<Element>> {
        let matching = &binary.matching;
        let nobody_fills = matching.fill_left.is_none() && matching.fill_right.is_none();
        if lhs.is_empty() && rhs.is_empty() || (lhs.is_empty() || rhs.is_empty()) && nobody_fills {
            return Ok(Vec::new());
        }
        let is_swapped = matching.cardinality == Cardinality::OneToMany;
        let (many, one) = if is_swapped { (rhs, lhs) } else { (lhs, rhs) };
        // Fills are named by the sides of the text in any case of one to one and many to one.
        let (fill_many, fill_one) = (matching.fill_left, matching.fill_right);
        for (index, element) in one.iter().enumerate() {
            let key = key(matching, &element.labels);
            if one.iter().skip(index + 1).any(|other| self::key(matching, &other.labels) == key) {
                return refuse("found duplicate series on the side of one");
            }
        }
        let mut out: Vec<Element> = Vec::new();
        let mut matched: Vec<(Labels, Labels)> = Vec::new();
        for element in &many {
            let key = key(matching, &element.labels);
            let partner = one.iter().find(|other| self::key(matching, &other.labels) == key);
            let partner = partner.cloned().or_else(|| fill_one.map(|fill| filled(key, fill)));
            if let Some(partner) = partner {
                out.extend(self.pair(binary, element, &partner, &mut matched)?);
            }
        }
        if let Some(fill) = fill_many {
            for element in &one {
                let key = key(matching, &element.labels);
                if !matched.iter().any(|(group, _)| *group == key) {
                    let partner = filled(key, fill);
                    out.extend(self.pair(binary, &partner, element, &mut matched)?);
                }
            }
        }
        Ok(out)
    }

    /// What two partners make, and that they did.
    fn pair(
        &self,
        binary: &Binary,
        many: &Element,
        one: &Element,
        matched: &mut Vec<(Labels, Labels)>,
    ) -> Result<Option<Element>> {
        let cardinality = binary.matching.cardinality;
        let (lhs, rhs) = if cardinality == Cardinality::OneToMany {
            (&one.value, &many.value)
        } else {
            (&many.value, &one.value)
        };
        let Some((value, holds)) = samples(binary.op, lhs, rhs) else { return Ok(None) };
        let labels = self.joined_labels(binary, &many.labels, &one.labels);
        let group = key(&binary.matching, &many.labels);
        let is_taken = matched.iter().any(|(other, result)| {
            *other == group && (cardinality == Cardinality::OneToOne || *result == labels)
        });
        if is_taken {
            return refuse("multiple matches for labels");
        }
        matched.push((group, labels.clone()));
        Ok(if binary.return_bool {
            let value = Sample::Float(f64::from(u8::from(holds)));
            Some(Element { labels, value, is_nameless: true })
        } else if holds {
            Some(Element { labels, value, is_nameless: false })
        } else {
            None
        })
    }

    fn joined_labels(&self, binary: &Binary, many: &Labels, one: &Labels) -> Labels {
        let matching = &binary.matching;
        let is_computed = !binary.op.is_comparison()
            && !matches!(binary.op, BinaryOp::TrimLower | BinaryOp::TrimUpper);
        let is_early = binary.return_bool && !self.reference.is_name_removal_delayed;
        let mut labels =
            if is_computed || is_early { many.without_metric_name() } else { many.clone() };
        if matching.cardinality == Cardinality::OneToOne {
            labels = labels
                .filtered(|name| matching.on == matching.labels.iter().any(|other| other == name));
        }
        let mut labels = labels.to_builder();
        for name in &matching.include {
            labels.set(name.as_str(), one.get(name).unwrap_or_default());
        }
        labels.finish()
    }
}

/// What two elements must have in common to be partners.
fn key(matching: &Matching, labels: &Labels) -> Labels {
    let is_listed = |name: &str| matching.labels.iter().any(|other| other == name);
    if matching.on {
        labels.filtered(is_listed)
    } else {
        labels.without_metric_name().filtered(|name| !is_listed(name))
    }
}

fn filled(labels: Labels, fill: f64) -> Element {
    Element { labels, value: Sample::Float(fill), is_nameless: false }
}

fn set(binary: &Binary, lhs: Vec<Element>, rhs: &[Element]) -> Vec<Element> {
    let matching = &binary.matching;
    let has = |side: &[Element], element: &Element| {
        let key = key(matching, &element.labels);
        side.iter().any(|other| self::key(matching, &other.labels) == key)
    };
    if binary.op == BinaryOp::Or {
        let more: Vec<Element> =
            rhs.iter().filter(|element| !has(&lhs, element)).cloned().collect();
        return lhs.into_iter().chain(more).collect();
    }
    let is_and = binary.op == BinaryOp::And;
    lhs.into_iter().filter(|element| has(rhs, element) == is_and).collect()
}
