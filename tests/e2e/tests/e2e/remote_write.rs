//! Just enough of remote write 1.0 to give samples of all kinds to a peer: a hand-rolled protobuf.

use narthex_harness::http;

/// A native histogram of whole or of fractional counts with two positive buckets and one negative.
#[derive(Clone, Copy)]
pub(crate) struct Buckets {
    pub(crate) is_float: bool,
    pub(crate) counts: [u32; 3],
}

#[derive(Clone, Copy)]
pub(crate) enum Value {
    Float(f64),
    Histogram(Buckets),
}

/// Samples of one series, and the time of an exemplar.
pub(crate) struct TimeSeries {
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) samples: Vec<(i64, Value)>,
    pub(crate) exemplar_at: Option<i64>,
}

impl TimeSeries {
    pub(crate) fn new(name: &str, instance: usize, samples: Vec<(i64, Value)>) -> Self {
        let labels = [("__name__", name.to_owned()), ("instance", instance.to_string())];
        let labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { labels, samples, exemplar_at: None }
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, value) in &self.labels {
            push_bytes(&mut out, 1, &label(name, value));
        }
        for (at, value) in &self.samples {
            if let Value::Float(value) = value {
                let mut sample = Vec::new();
                push_double(&mut sample, 1, *value);
                push_varint(&mut sample, 2, at.cast_unsigned());
                push_bytes(&mut out, 2, &sample);
            }
        }
        if let Some(at) = self.exemplar_at {
            let mut exemplar = Vec::new();
            push_bytes(&mut exemplar, 1, &label("trace_id", "abc"));
            push_double(&mut exemplar, 2, 0.25);
            push_varint(&mut exemplar, 3, at.cast_unsigned());
            push_bytes(&mut out, 3, &exemplar);
        }
        for (at, value) in &self.samples {
            if let Value::Histogram(buckets) = value {
                push_bytes(&mut out, 4, &histogram(*at, *buckets));
            }
        }
        out
    }
}

/// Sends one request; all of it must be accepted.
#[track_caller]
pub(crate) fn send(address: &str, series: &[TimeSeries]) {
    let mut body = Vec::new();
    series.iter().for_each(|one| push_bytes(&mut body, 1, &one.encode()));
    let body = snap::raw::Encoder::new().compress_vec(&body).expect("a request can be compressed");
    let headers = [
        ("Content-Type", "application/x-protobuf"),
        ("Content-Encoding", "snappy"),
        ("X-Prometheus-Remote-Write-Version", "0.1.0"),
    ];
    let url = format!("http://{address}/api/v1/write");
    let answer = http::send("POST", &url, &headers, &body).expect("the peer answers");
    answer.expect_success();
}

fn label(name: &str, value: &str) -> Vec<u8> {
    let mut out = Vec::new();
    push_bytes(&mut out, 1, name.as_bytes());
    push_bytes(&mut out, 2, value.as_bytes());
    out
}

fn histogram(at: i64, buckets: Buckets) -> Vec<u8> {
    let [low, high, negative] = buckets.counts;
    let count = low + high + negative;
    let mut out = Vec::new();
    if buckets.is_float {
        push_double(&mut out, 2, f64::from(count));
    } else {
        push_varint(&mut out, 1, u64::from(count));
    }
    push_double(&mut out, 3, f64::from(count) * 1.5);
    push_varint(&mut out, 4, zigzag(1));
    push_double(&mut out, 5, 0.001);
    push_bytes(&mut out, 8, &span(1, 1));
    if buckets.is_float {
        push_bytes(&mut out, 10, &f64::from(negative).to_le_bytes());
    } else {
        push_bytes(&mut out, 9, &varint(zigzag(i64::from(negative))));
    }
    push_bytes(&mut out, 11, &span(-1, 2));
    if buckets.is_float {
        let counts = [f64::from(low), f64::from(high)];
        push_bytes(&mut out, 13, &counts.map(f64::to_le_bytes).concat());
    } else {
        let deltas = [i64::from(low), i64::from(high) - i64::from(low)];
        push_bytes(&mut out, 12, &deltas.map(|delta| varint(zigzag(delta))).concat());
    }
    push_varint(&mut out, 15, at.cast_unsigned());
    out
}

fn span(offset: i64, length: u64) -> Vec<u8> {
    let mut out = Vec::new();
    push_varint(&mut out, 1, zigzag(offset));
    push_varint(&mut out, 2, length);
    out
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let [byte, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(byte & 0x7f);
            return out;
        }
        out.push(byte | 0x80);
    }
}

fn push_varint(out: &mut Vec<u8>, field: u64, value: u64) {
    out.extend(varint(field << 3));
    out.extend(varint(value));
}

fn push_double(out: &mut Vec<u8>, field: u64, value: f64) {
    out.extend(varint(field << 3 | 1));
    out.extend(value.to_le_bytes());
}

fn push_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    out.extend(varint(field << 3 | 2));
    out.extend(varint(bytes.len() as u64));
    out.extend(bytes);
}
