//! The layout of buckets at the head of a chunk: zero threshold, schema, spans, custom bounds.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "widths of integers are those of the format, and thousandths are below 2^53"
)]

use std::ops::RangeInclusive;

use narthex_model::{BucketLayout, CUSTOM_BUCKETS_SCHEMA, Span};

use crate::encoding::Damage;
use crate::encoding::bits::{BitReader, BitWriter};
use crate::encoding::varbit;

/// Zero thresholds 2^-243 ... 2^10 are one byte: their exponent plus this.
const THRESHOLD_BIAS: i32 = 244;
/// The zero threshold follows in eight bytes.
const THRESHOLD_RAW: u8 = 255;
/// Custom bounds of whole thousandths up to this fit a short code.
const THOUSANDTHS_MAX: f64 = 33_554_430.0;
/// Exponential schemas that a chunk may have. Those that targets may have lie within; the others are
/// kept free for a later Prometheus.
const SCHEMAS: RangeInclusive<i32> = -9..=52;

pub(super) fn write(out: &mut BitWriter<'_>, layout: &BucketLayout) {
    write_threshold(out, layout.zero_threshold);
    varbit::write_signed(out, i64::from(layout.schema));
    for spans in [&layout.positive_spans, &layout.negative_spans] {
        varbit::write_unsigned(out, spans.len() as u64);
        for span in spans {
            varbit::write_unsigned(out, u64::from(span.length));
            varbit::write_signed(out, i64::from(span.offset));
        }
    }
    if layout.is_custom() {
        varbit::write_unsigned(out, layout.custom_bounds.len() as u64);
        for bound in &layout.custom_bounds {
            write_bound(out, *bound);
        }
    }
}

pub(super) fn read(bits: &mut BitReader<'_>) -> Result<BucketLayout, Damage> {
    let zero_threshold = read_threshold(bits)?;
    let schema = varbit::read_signed(bits)? as i32;
    let positive_spans = read_spans(bits)?;
    let negative_spans = read_spans(bits)?;
    let mut custom_bounds = Vec::new();
    if schema == CUSTOM_BUCKETS_SCHEMA {
        for _ in 0..varbit::read_unsigned(bits)? {
            custom_bounds.push(read_bound(bits)?);
        }
    } else if !SCHEMAS.contains(&schema) {
        return Err(Damage);
    }
    Ok(BucketLayout { schema, zero_threshold, positive_spans, negative_spans, custom_bounds })
}

/// Each span takes bits, so damaged counts end with the bytes.
fn read_spans(bits: &mut BitReader<'_>) -> Result<Vec<Span>, Damage> {
    let mut spans = Vec::new();
    for _ in 0..varbit::read_unsigned(bits)? {
        let length = varbit::read_unsigned(bits)? as u32;
        let offset = varbit::read_signed(bits)? as i32;
        spans.push(Span { offset, length });
    }
    Ok(spans)
}

/// Powers of two, which thresholds usually are, take a byte.
fn write_threshold(out: &mut BitWriter<'_>, threshold: f64) {
    if threshold == 0.0 {
        out.write_byte(0);
        return;
    }
    let bits = threshold.to_bits();
    let exponent = (bits >> 52) as i32 - 1023;
    let is_power = bits & ((1 << 52) - 1) == 0 && (-243..=10).contains(&exponent);
    if is_power {
        out.write_byte((exponent + THRESHOLD_BIAS) as u8);
    } else {
        out.write_byte(THRESHOLD_RAW);
        out.write(bits, 64);
    }
}

fn read_threshold(bits: &mut BitReader<'_>) -> Result<f64, Damage> {
    Ok(match bits.read(8)? as u8 {
        0 => 0.0,
        THRESHOLD_RAW => f64::from_bits(bits.read(64)?),
        code => {
            let exponent = i32::from(code) - THRESHOLD_BIAS;
            f64::from_bits(((exponent + 1023) as u64) << 52)
        }
    })
}

fn write_bound(out: &mut BitWriter<'_>, bound: f64) {
    let thousandths = bound * 1000.0;
    let whole = thousandths.round();
    if (0.0..=THOUSANDTHS_MAX).contains(&thousandths) && whole / 1000.0 == bound {
        varbit::write_unsigned(out, whole as u64 + 1);
    } else {
        out.write(0, 1);
        out.write(bound.to_bits(), 64);
    }
}

fn read_bound(bits: &mut BitReader<'_>) -> Result<f64, Damage> {
    Ok(match varbit::read_unsigned(bits)? {
        0 => f64::from_bits(bits.read(64)?),
        code => (code - 1) as f64 / 1000.0,
    })
}
