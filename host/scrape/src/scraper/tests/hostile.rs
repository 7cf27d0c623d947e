//! Targets that mean harm, over real connections and on the real clock: each is down for its own
//! reason, and its neighbor does not notice.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use flate2::Compression;
use flate2::write::GzEncoder;
use narthex_client::HttpConfig;

use super::*;
use crate::view::{TargetHealth, TargetView};

/// A server that does the same to each who asks, until the test ends.
fn serve(answer: impl Fn(TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                let mut stream = stream;
                // A request is one packet, and its answer ends with the connection.
                if stream.read(&mut buffer).is_ok_and(|read| read > 0) {
                    answer(stream).ok();
                }
            });
        }
    });
    address
}

fn head(stream: &mut TcpStream, more: &str) -> std::io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n";
    stream.write_all(format!("{head}{more}\r\n").as_bytes())
}

/// Waits until the other side has had enough.
fn hold(mut stream: TcpStream) -> std::io::Result<()> {
    stream.read(&mut [0]).map(|_| ())
}

struct Bench {
    scraper: Scraper,
    store: MemoryStore,
    #[expect(dead_code, reason = "targets come from them")]
    senders: Vec<watch::Sender<Arc<TargetSet>>>,
    #[expect(dead_code, reason = "ends the room with the test")]
    stop: watch::Sender<bool>,
}

impl Bench {
    /// A job for each target.
    #[expect(clippy::disallowed_methods, reason = "the test is the owner of the task")]
    fn start(targets: &[(&str, &str, SocketAddr)], settings: ScrapeSettings) -> Self {
        let (store, script) = (MemoryStore::new(), Arc::new(Script::default()));
        let scraper = Scraper::new(ScrapeParts {
            store: Arc::new(store.clone()),
            exporters: Arc::clone(&script) as Arc<dyn Exporters>,
            clock: Clock::real(),
            metrics: Metrics::new(),
            client: ClientOptions::default(),
            settings,
            external_host: None,
        });
        let mut senders = Vec::new();
        let jobs = targets.iter().map(|(name, extra, address)| {
            let text =
                format!("job_name: {name}\nscrape_interval: 1s\nscrape_timeout: 1s\n{extra}");
            let spec: JobSpec = Document::parse("f.yml", &text).unwrap().read().unwrap();
            let job = spec.resolve(&GlobalScrape::default()).unwrap();
            assert_eq!(job.source, Source::Http(Box::<HttpConfig>::default()));
            let (sender, receiver) = watch::channel(set(&[&address.to_string()]));
            senders.push(sender);
            (job, receiver)
        });
        let reload = Reload { jobs: jobs.collect(), exporters: &*script, offset_seed: 0 };
        let prepared = scraper.prepare(reload).unwrap();
        scraper.commit(prepared);
        let (stop, stopped) = Stop::pair();
        tokio::spawn(scraper.clone().run(stopped));
        Self { scraper, store, senders, stop }
    }

    /// Samples of the neighbor.
    fn good_samples(&self) -> usize {
        let querier = self.store.querier(TimeRange::ALL).unwrap();
        let mut columns = Columns::default();
        for series in querier.select(&[]).unwrap() {
            if series.labels().metric_name() == Some("x") {
                series.read(TimeRange::ALL, &mut columns).unwrap();
            }
        }
        columns.times.len()
    }

    /// The target of a job once this holds.
    async fn when(&self, job: &str, holds: impl Fn(&TargetView) -> bool) -> TargetView {
        loop {
            let pools = self.scraper.targets();
            let pool = pools.iter().find(|pool| pool.job == job);
            if let Some(target) = pool.and_then(|pool| pool.active.first())
                && holds(target)
            {
                return target.clone();
            }
            tokio::task::yield_now().await;
        }
    }
}

fn neighbor() -> SocketAddr {
    serve(|mut stream| {
        head(&mut stream, "")?;
        stream.write_all(b"x 1\n")
    })
}

/// Four megabytes in four kilobytes.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&vec![b'\n'; 4 << 20]).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_means_harm_harms_itself() {
    let silent = serve(hold);
    let slow = serve(|mut stream| {
        head(&mut stream, "")?;
        stream.write_all(b"x")?;
        hold(stream)
    });
    let endless_line = serve(|mut stream| {
        head(&mut stream, "")?;
        loop {
            stream.write_all(&[b'a'; 4096])?;
        }
    });
    let bomb = bomb();
    let bomb = serve(move |mut stream| {
        head(&mut stream, "Content-Encoding: gzip\r\n")?;
        stream.write_all(&bomb)
    });
    let headers = serve(|mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        loop {
            stream.write_all(b"X-More: and more\r\n")?;
        }
    });
    let limit = "body_size_limit: 1MB";
    let bench = Bench::start(
        &[
            ("good", "", neighbor()),
            ("silent", "", silent),
            ("slow", "", slow),
            ("line", limit, endless_line),
            ("bomb", limit, bomb),
            ("headers", "", headers),
        ],
        ScrapeSettings::default(),
    );
    for (job, reason) in [
        ("silent", "no complete answer within the scrape timeout of 1s"),
        ("slow", "no complete answer within the scrape timeout of 1s"),
        ("line", "body size limit of 1048576 bytes exceeded"),
        ("bomb", "body size limit of 1048576 bytes exceeded"),
        ("headers", "message head is too large"),
    ] {
        // On a machine that is busy some scrapes may be too slow to get that far.
        bench.when(job, |target| target.last_error.contains(reason)).await;
    }
    let before = bench.good_samples();
    while bench.good_samples() < before + 3 {
        tokio::task::yield_now().await;
    }
    let good = bench.when("good", |target| target.health == TargetHealth::Up).await;
    assert!(good.failures.is_empty(), "{:?}", good.failures);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_with_too_many_series_is_stopped_before_the_store_has_one() {
    let mut text = String::new();
    for line in 0..100_000 {
        text.push_str(&format!("x{{n=\"{line}\"}} 1\n"));
    }
    let many = serve(move |mut stream| {
        head(&mut stream, "")?;
        stream.write_all(text.as_bytes())
    });
    let settings = ScrapeSettings { series_max: 100, ..ScrapeSettings::default() };
    let bench = Bench::start(&[("good", "", neighbor()), ("many", "", many)], settings);
    let is_limited = |target: &TargetView| target.last_error.starts_with("series limit exceeded");
    bench.when("many", is_limited).await;
    bench.when("good", |target| target.health == TargetHealth::Up).await;
    let querier = bench.store.querier(TimeRange::ALL).unwrap();
    let series = querier.select(&[]).unwrap();
    let of_x = series.iter().filter(|one| one.labels().get("n").is_some());
    assert_eq!(of_x.count(), 0);
}
