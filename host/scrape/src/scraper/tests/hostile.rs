//! Targets that mean harm, over real connections and on the real clock: each is down for its own
//! reason, and its neighbor does not notice.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

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

fn head(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n")
}

/// Waits until the other side has had enough.
fn hold(mut stream: TcpStream) -> std::io::Result<()> {
    stream.read(&mut [0]).map(|_| ())
}

/// Sends the same forever.
fn endless(mut stream: TcpStream, part: &[u8]) -> std::io::Result<()> {
    head(&mut stream)?;
    loop {
        stream.write_all(part)?;
    }
}

struct Bench {
    scraper: Scraper,
    store: MemoryStore,
    senders: Vec<watch::Sender<Arc<TargetSet>>>,
    #[expect(dead_code, reason = "ends the room with the test")]
    stop: watch::Sender<bool>,
}

impl Bench {
    /// A job for each target.
    #[expect(clippy::disallowed_methods, reason = "the test is the owner of the task")]
    fn start(targets: &[(&str, &str, SocketAddr)], settings: ScrapeSettings) -> Self {
        let store = MemoryStore::new();
        let scraper = Scraper::new(ScrapeParts {
            store: Arc::new(store.clone()),
            exporters: Arc::new(Script::default()),
            clock: Clock::real(),
            metrics: Metrics::new(),
            client: ClientOptions::default(),
            offset_seed: 0,
            settings,
            external_host: None,
        });
        let mut senders = Vec::new();
        let jobs = targets.iter().map(|(name, extra, address)| {
            let text =
                format!("job_name: {name}\nscrape_interval: 300ms\nscrape_timeout: 300ms\n{extra}");
            let spec: JobSpec = Document::parse("f.yml", &text).unwrap().read().unwrap();
            let job = spec.resolve(&GlobalScrape::default()).unwrap();
            assert_eq!(job.source, Source::Http(Box::<HttpConfig>::default()));
            let (sender, receiver) = watch::channel(set(&[&address.to_string()]));
            senders.push(sender);
            (job, receiver)
        });
        let prepared = scraper.prepare(jobs.collect()).unwrap();
        scraper.commit(prepared);
        let (stop, stopped) = Stop::pair();
        tokio::spawn(scraper.clone().run(stopped));
        Self { scraper, store, senders, stop }
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

#[track_caller]
fn neighbor() -> SocketAddr {
    serve(|mut stream| {
        head(&mut stream)?;
        stream.write_all(b"x 1\n")
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_means_harm_harms_itself() {
    let silent = serve(hold);
    let slow = serve(|mut stream| {
        head(&mut stream)?;
        stream.write_all(b"x")?;
        hold(stream)
    });
    let endless_line = serve(|stream| endless(stream, &[b'a'; 4096]));
    let bomb = serve(|stream| endless(stream, b"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"));
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
    for (job, reasons) in [
        ("silent", &["within the scrape timeout"][..]),
        ("slow", &["within the scrape timeout"]),
        // A busy machine may not get to a megabyte in time.
        ("line", &["body size limit of 1048576 bytes exceeded", "within the scrape timeout"]),
        ("bomb", &["body size limit of 1048576 bytes exceeded", "within the scrape timeout"]),
        ("headers", &["127.0.0.1", "read the answer", "within the scrape timeout"]),
    ] {
        let target = bench.when(job, |target| target.health == TargetHealth::Down).await;
        let error = &target.last_error;
        assert!(reasons.iter().any(|reason| error.contains(reason)), "{job}: {error}");
    }
    bench.when("good", |target| target.health == TargetHealth::Up).await;
    assert_eq!(bench.senders.len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_with_too_many_series_is_stopped_before_the_store_has_them() {
    let mut text = String::new();
    for line in 0..100_000 {
        text.push_str(&format!("x{{n=\"{line}\"}} 1\n"));
    }
    let many = serve(move |mut stream| {
        head(&mut stream)?;
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
    assert!(of_x.count() <= 100);
}
