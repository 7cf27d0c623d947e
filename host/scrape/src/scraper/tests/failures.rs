//! The log of failed scrapes.

use narthex_platform::Disk;

use super::*;

/// What the log at a path says: job, target and reason.
fn logged(world: &World, path: &str) -> Vec<String> {
    let bytes = world.disk.read(path.into(), 1 << 20).unwrap_or_default();
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let values = lines.map(|line| serde_json::from_slice::<serde_json::Value>(line).unwrap());
    let field = |line: &serde_json::Value, name: &str| line[name].as_str().unwrap().to_owned();
    values
        .map(|line| ["job_name", "target", "msg"].map(|name| field(&line, name)).join(" "))
        .collect()
}

/// Writes what waits.
async fn write(world: &World) {
    let writer = world.scraper.0.failure_writer.lock().take().unwrap();
    let (stop, stopped) = Stop::pair();
    stop.send_replace(true);
    writer.run(stopped).await;
}

#[tokio::test]
async fn failed_scrapes_are_written_where_the_job_says() {
    let mut world = World::new();
    let (one, two) = ("scrape_failure_log_file: /one.log", "scrape_failure_log_file: /two.log");
    world.load(&[job("a", one), job("b", one), job("c", two), job("d", "")]);
    for name in ["a", "b", "c", "d"] {
        world.find(name, &[name]).await;
        world.answer(name, Answer::Error("gone"));
    }
    world.answer("b", Answer::Text("x {"));
    world.advance(INTERVAL).await;
    world.answer("a", Answer::Text("x 1\n"));
    write(&world).await;
    let mut first = logged(&world, "/one.log");
    first.sort();
    assert_eq!(
        first,
        [
            "a plugin://script/a exporter plugin script: gone",
            "b plugin://script/b line 1, column 4: expected a label name, found the end",
        ]
    );
    assert_eq!(logged(&world, "/two.log"), ["c plugin://script/c exporter plugin script: gone"]);
    let text = String::from_utf8(world.disk.read("/two.log".into(), 1 << 20).unwrap()).unwrap();
    let start = r#"{"time":"1970-01-12T13:46:4"#;
    assert!(text.starts_with(start) && text.contains(r#"Z","level":"ERROR","msg":""#), "{text}");
}

#[tokio::test]
async fn a_reload_opens_the_file_anew() {
    let mut world = World::with("scrape_failure_log_file: /f.log").await;
    world.answer("a", Answer::Error("first"));
    world.advance(INTERVAL).await;
    world.disk.rename("/f.log".into(), "/f.log.1".into()).unwrap();
    world.load(&[job("j", "scrape_failure_log_file: /f.log")]);
    world.answer("a", Answer::Error("second"));
    world.advance(INTERVAL).await;
    write(&world).await;
    assert!(logged(&world, "/f.log.1")[0].ends_with("first"));
    assert!(logged(&world, "/f.log")[0].ends_with("second"));
}

#[tokio::test]
async fn a_reload_that_is_refused_leaves_no_file() {
    let world = World::with("").await;
    let channel = || watch::channel(Arc::default()).1;
    let new = job("new", "scrape_failure_log_file: /f.log");
    let other = job("j", "");
    let refused = world.prepare(vec![
        (new.clone(), channel()),
        (other.clone(), channel()),
        (other, channel()),
    ]);
    refused.unwrap_err();
    assert!(world.disk.files().is_empty());
    let nowhere = job("new", "scrape_failure_log_file: /no/such/f.log");
    let error = world.prepare(vec![(nowhere, channel())]).unwrap_err();
    let expected = "job \"new\": scrape_failure_log_file: open /no/such/f.log";
    assert_eq!(error.to_string(), expected);
}
