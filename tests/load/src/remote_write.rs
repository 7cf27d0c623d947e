//! Remote write 1.0 as bytes: protobuf by hand, since three messages need no library, in snappy's block format.

use anyhow::Context as _;

/// Appends a field with a length before it.
fn delimited(field: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(field << 3 | 2);
    varint(u64::try_from(content.len()).unwrap_or(u64::MAX), out);
    out.extend_from_slice(content);
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// `labels` of a `TimeSeries`, ascending by name; made once for each series.
pub(crate) fn labels<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut pair = Vec::new();
    for (name, value) in pairs {
        pair.clear();
        delimited(1, name.as_bytes(), &mut pair);
        delimited(2, value.as_bytes(), &mut pair);
        delimited(1, &pair, &mut out);
    }
    out
}

/// A `WriteRequest` in the making.
#[derive(Debug, Default)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    series: Vec<u8>,
}

impl Request {
    /// Adds a series with its samples: time in milliseconds, value.
    #[expect(clippy::cast_sign_loss, reason = "protobuf writes an int64 by its bits")]
    pub(crate) fn add(&mut self, labels: &[u8], samples: impl Iterator<Item = (i64, f64)>) {
        self.series.clear();
        self.series.extend_from_slice(labels);
        let mut sample = Vec::with_capacity(24);
        for (at, value) in samples {
            sample.clear();
            sample.push(1 << 3 | 1);
            sample.extend_from_slice(&value.to_le_bytes());
            sample.push(2 << 3);
            varint(at as u64, &mut sample);
            delimited(2, &sample, &mut self.series);
        }
        delimited(1, &self.series, &mut self.bytes);
    }

    /// The compressed body; the request is empty again.
    pub(crate) fn finish(&mut self) -> anyhow::Result<Vec<u8>> {
        let body =
            snap::raw::Encoder::new().compress_vec(&self.bytes).context("compress a request")?;
        self.bytes.clear();
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_bytes_of_the_protocol() {
        let mut request = Request::default();
        request.add(&labels([("__name__", "up")]), [(300, 1.0)].into_iter());
        let body = request.finish().unwrap();
        let bytes = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
        let label = b"\x0a\x0e\x0a\x08__name__\x12\x02up";
        let sample = b"\x12\x0c\x09\0\0\0\0\0\0\xf0\x3f\x10\xac\x02";
        let series = [&label[..], sample].concat();
        let expected = [&[0x0a, u8::try_from(series.len()).unwrap()][..], &series].concat();
        assert_eq!(bytes, expected);
    }
}
