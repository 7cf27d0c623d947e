//! Version 1, which nobody writes any more: a writer for the test alone.

use std::collections::BTreeMap;

use narthex_model::Labels;

use super::*;
use crate::encoding::varint::{push_bytes, push_signed, push_unsigned};

fn section(out: &mut Vec<u8>, content: &[u8]) -> u64 {
    let offset = out.len() as u64;
    out.extend_from_slice(&u32::try_from(content.len()).unwrap().to_be_bytes());
    out.extend_from_slice(content);
    out.extend_from_slice(&crc32c::crc32c(content).to_be_bytes());
    offset
}

fn count(len: usize) -> Vec<u8> {
    u32::try_from(len).unwrap().to_be_bytes().to_vec()
}

/// Symbols and series are referred to by their place in the file; lists are in no order.
fn write_v1(series: &[Labels]) -> Vec<u8> {
    let mut out = vec![0xba, 0xaa, 0xd7, 0, 1];
    let mut toc = Toc { symbols: out.len() as u64, ..Toc::default() };
    let texts: BTreeSet<&str> =
        series.iter().flat_map(|labels| labels.iter()).flat_map(|(n, v)| [n, v]).collect();
    let mut content = count(texts.len());
    let mut places = BTreeMap::new();
    for text in texts {
        places.insert(text, (out.len() + 4 + content.len()) as u64);
        push_bytes(&mut content, text.as_bytes());
    }
    section(&mut out, &content);

    toc.series = out.len() as u64;
    let mut lists: BTreeMap<(&str, &str), Vec<u32>> = BTreeMap::new();
    for labels in series {
        let id = u32::try_from(out.len()).unwrap();
        lists.entry(("", "")).or_default().push(id);
        let mut content = Vec::new();
        push_unsigned(&mut content, labels.len() as u64);
        for (name, value) in labels {
            lists.entry((name, value)).or_default().push(id);
            push_unsigned(&mut content, places[name]);
            push_unsigned(&mut content, places[value]);
        }
        push_unsigned(&mut content, 1);
        push_signed(&mut content, 1_000);
        push_unsigned(&mut content, 500);
        push_unsigned(&mut content, u64::from(id));
        push_unsigned(&mut out, content.len() as u64);
        out.extend_from_slice(&content);
        out.extend_from_slice(&crc32c::crc32c(&content).to_be_bytes());
    }

    toc.postings = out.len() as u64;
    let mut lines: Vec<((&str, &str), u64)> = Vec::new();
    for (label, ids) in lists {
        let mut content = count(ids.len());
        ids.iter().for_each(|id| content.extend_from_slice(&id.to_be_bytes()));
        lines.push((label, section(&mut out, &content)));
    }
    lines.sort_by_key(|((_, value), _)| std::cmp::Reverse(*value));
    let mut table = count(lines.len());
    for ((name, value), offset) in lines {
        push_unsigned(&mut table, 2);
        push_bytes(&mut table, name.as_bytes());
        push_bytes(&mut table, value.as_bytes());
        push_unsigned(&mut table, offset);
    }
    toc.postings_table = section(&mut out, &table);
    out.extend_from_slice(&toc.to_bytes());
    out
}

#[test]
fn version_1_is_read() {
    let series: BTreeSet<Labels> = (0..200)
        .map(|n| {
            Labels::from_pairs([("__name__", format!("m{}", n % 3)), ("pod", format!("p{n}"))])
        })
        .collect();
    let series: Vec<Labels> = series.into_iter().collect();
    let bytes = write_v1(&series);
    let index = open(FileBytes::from_bytes(bytes.clone())).unwrap();
    let ids = index.all().unwrap().to_vec();
    let labels: Vec<Labels> = ids
        .iter()
        .map(|id| index.series(*id).unwrap().labels(&mut Texts::default()).unwrap())
        .collect();
    assert_eq!(labels, series);
    let mut chunks = Vec::new();
    index.series(ids[7]).unwrap().chunks(&mut chunks).unwrap();
    let expected = ChunkPlace { reference: u64::from(ids[7]), first_at: 1_000, last_at: 1_500 };
    assert_eq!(chunks, [expected]);
    let names: Vec<&str> = index.table().names().collect();
    assert_eq!(names, ["", "__name__", "pod"]);
    let values = index.table().values_from(index.bytes(), "pod", "p97").unwrap();
    let values: Vec<&str> = values.map(|line| line.unwrap().0).collect();
    assert_eq!(values, ["p97", "p98", "p99"]);
    for (id, labels) in ids.iter().zip(&series) {
        let found = index.postings("pod", labels.get("pod").unwrap()).unwrap().to_vec();
        assert_eq!(found, [*id]);
        let symbol = index.symbol("pod").unwrap().unwrap();
        let value = index.value_of(*id, symbol).unwrap().unwrap();
        assert_eq!(Some(index.text(value).unwrap()), labels.get("pod"));
    }
    assert_eq!(index.postings("__name__", "m1").unwrap().len(), 67);
    read_all(bytes);
}
