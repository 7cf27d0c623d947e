//! A stub resolver: one question to the nameservers in order, over UDP, and over TCP when the
//! answer does not fit.
//!
//! Invariant: a look-up ends within its time, whatever the servers do; an answer is taken only from
//! the server that was asked, with the number and the question that were sent.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use domain::base::iana::Rcode;
use domain::base::{Message, MessageBuilder, Name, Rtype, ToName};
use domain::rdata::{A, Aaaa, Mx, Ns, Srv, Txt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout_at};

/// How often each server is asked.
const ROUNDS: u32 = 2;

/// How long one server may think, when there is time for others.
const TRY_MAX: Duration = Duration::from_secs(3);

/// A datagram without extensions is not longer.
const DATAGRAM_BYTES_MAX: usize = 4096;

/// A query is not longer than a datagram may be everywhere.
const QUERY_BYTES_MAX: usize = 512;

/// Servers that are used, as in the C library.
const SERVERS_MAX: usize = 3;

/// Search suffixes that are used: as many as a pod of Kubernetes may have.
const SUFFIXES_MAX: usize = 32;

/// As in the C library.
const NDOTS_MAX: usize = 15;

/// The types that can be asked for, for messages.
pub(crate) const KINDS: &str = "A, AAAA, SRV, MX, NS, TXT";

/// The type of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    A,
    Aaaa,
    Srv,
    Mx,
    Ns,
    Txt,
}

impl Kind {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "A" => Self::A,
            "AAAA" => Self::Aaaa,
            "SRV" => Self::Srv,
            "MX" => Self::Mx,
            "NS" => Self::Ns,
            "TXT" => Self::Txt,
            _ => return None,
        })
    }

    fn rtype(self) -> Rtype {
        match self {
            Self::A => Rtype::A,
            Self::Aaaa => Rtype::AAAA,
            Self::Srv => Rtype::SRV,
            Self::Mx => Rtype::MX,
            Self::Ns => Rtype::NS,
            Self::Txt => Rtype::TXT,
        }
    }
}

/// One record in presentation format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) data: String,
    /// Seconds.
    pub(crate) ttl: u32,
}

/// Why a look-up has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    #[error("{name:?} is no name to look up")]
    Name { name: String },
    #[error("look up {name}: no answer within {after:?}")]
    Timeout { name: String, after: Duration },
    #[error("ask {server} for {name}")]
    Unreachable { name: String, server: SocketAddr, source: io::Error },
    #[error("look up {name}: {server} answered {code}")]
    Refused { name: String, server: SocketAddr, code: String },
    #[error("look up {name}: {server} answered something that is no answer")]
    Malformed { name: String, server: SocketAddr },
}

/// What one server says of one name.
enum Said {
    /// None: the name is there and has no such record.
    Records(Vec<Record>),
    NoSuchName,
}

/// Servers and search list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolver {
    servers: Vec<SocketAddr>,
    suffixes: Vec<String>,
    /// From this many dots on a name is tried as it is before the search list.
    ndots: usize,
}

impl Resolver {
    pub(crate) fn new(servers: Vec<SocketAddr>) -> Self {
        Self { servers, suffixes: Vec::new(), ndots: 1 }
    }

    /// Reads `/etc/resolv.conf`: `nameserver`, `search`, `domain`, `options ndots:`.
    pub(crate) fn from_resolv_conf(text: &str) -> Self {
        let mut resolver = Self::new(Vec::new());
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => {
                    let address = words.next().and_then(|word| word.parse::<IpAddr>().ok());
                    resolver.servers.extend(address.map(|ip| SocketAddr::new(ip, 53)));
                }
                Some(key @ ("search" | "domain")) => {
                    let most = if key == "domain" { 1 } else { SUFFIXES_MAX };
                    resolver.suffixes = words.take(most).map(str::to_owned).collect();
                }
                // A line that says nothing of it leaves what one before it said.
                Some("options") => {
                    let mut all =
                        words.filter_map(|word| word.strip_prefix("ndots:")?.parse().ok());
                    resolver.ndots = all.next_back().unwrap_or(resolver.ndots).min(NDOTS_MAX);
                }
                _ => {}
            }
        }
        resolver.servers.truncate(SERVERS_MAX);
        if resolver.servers.is_empty() {
            // As the C library does.
            resolver.servers.push(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 53));
        }
        resolver
    }

    /// The records of a name. A relative name is completed by the search list until there is such a
    /// name; a name that does not exist has no records. Whether it exists is known only if the
    /// servers said so of each completion: one that they do not know does not keep the next from
    /// being tried, nor takes its time.
    pub(crate) async fn look_up(
        &self,
        name: &str,
        kind: Kind,
        within: Duration,
    ) -> Result<Vec<Record>, LookupError> {
        let deadline = Instant::now() + within;
        let candidates = self.candidates(name);
        let mut failure = None;
        for (candidate, left) in candidates.iter().zip((1..=count(&candidates)).rev()) {
            let share = deadline.saturating_duration_since(Instant::now()) / left;
            match self.ask_all(candidate, kind, share).await {
                Ok(Said::Records(records)) => return Ok(records),
                Ok(Said::NoSuchName) => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(Vec::new()), Err)
    }

    /// The absolute names that a name may stand for, in order.
    fn candidates(&self, name: &str) -> Vec<String> {
        if name.ends_with('.') {
            return vec![name.to_owned()];
        }
        let absolute = format!("{name}.");
        let completed = self.suffixes.iter().map(|suffix| match suffix.trim_matches('.') {
            "" => absolute.clone(),
            suffix => format!("{name}.{suffix}."),
        });
        if name.matches('.').count() >= self.ndots {
            [absolute.clone()].into_iter().chain(completed).collect()
        } else {
            completed.chain([absolute.clone()]).collect()
        }
    }

    /// Asks one server after the other until one knows.
    async fn ask_all(&self, name: &str, kind: Kind, within: Duration) -> Result<Said, LookupError> {
        let deadline = Instant::now() + within;
        let tries = ROUNDS.saturating_mul(count(&self.servers)).max(1);
        let patience = (within / tries).clamp(Duration::from_millis(100), TRY_MAX);
        let mut last = LookupError::Timeout { name: name.to_owned(), after: within };
        for server in self.servers.iter().cycle().take(usize::try_from(tries).unwrap_or(1)) {
            let until = (Instant::now() + patience).min(deadline);
            match timeout_at(until, ask(*server, name, kind)).await {
                Ok(Ok(said)) => return Ok(said),
                Ok(Err(error @ LookupError::Name { .. })) => return Err(error),
                Ok(Err(error)) => last = error,
                // What another server said says more than that this one is silent.
                Err(_) => {}
            }
            if Instant::now() >= deadline {
                break;
            }
        }
        Err(last)
    }
}

async fn ask(server: SocketAddr, name: &str, kind: Kind) -> Result<Said, LookupError> {
    let unreachable = |source| LookupError::Unreachable { name: name.to_owned(), server, source };
    let malformed = || LookupError::Malformed { name: name.to_owned(), server };
    let question = Question::new(name, kind)?;
    let bytes = question.by_datagram(server).await.map_err(unreachable)?;
    let mut answer = Message::from_octets(bytes).map_err(|_| malformed())?;
    if answer.header().tc() {
        let bytes = question.by_stream(server).await.map_err(unreachable)?;
        answer = Message::from_octets(bytes).map_err(|_| malformed())?;
        if !question.is_answered_by(&answer) {
            return Err(malformed());
        }
    }
    match answer.header().rcode() {
        Rcode::NOERROR => {}
        Rcode::NXDOMAIN => return Ok(Said::NoSuchName),
        code => {
            let code = code.to_string();
            return Err(LookupError::Refused { name: name.to_owned(), server, code });
        }
    }
    records(&answer, kind).map(Said::Records).ok_or_else(malformed)
}

fn count<T>(all: &[T]) -> u32 {
    u32::try_from(all.len()).unwrap_or(u32::MAX)
}

/// What a server is asked.
pub(crate) struct Question {
    id: u16,
    bytes: Vec<u8>,
    message: Message<Vec<u8>>,
}

impl Question {
    fn new(name: &str, kind: Kind) -> Result<Self, LookupError> {
        let wrong = || LookupError::Name { name: name.to_owned() };
        let parsed = Name::<Vec<u8>>::vec_from_str(name).map_err(|_| wrong())?;
        // Keys of the standard library's hash maps are random; together with the random port this
        // number is what an attacker has to guess.
        let [low, high, ..] = RandomState::new().hash_one(name).to_le_bytes();
        let id = u16::from_le_bytes([low, high]);
        let mut builder = MessageBuilder::new_vec();
        builder.header_mut().set_id(id);
        builder.header_mut().set_rd(true);
        let mut builder = builder.question();
        builder.push((parsed, kind.rtype())).map_err(|_| wrong())?;
        let bytes = builder.finish();
        let message = Message::from_octets(bytes.clone()).map_err(|_| wrong())?;
        Ok(Self { id, bytes, message })
    }

    /// A question that somebody else wrote; `None`: it is none, or more than one, or longer than a datagram
    /// without extensions.
    pub(crate) fn read(bytes: Vec<u8>) -> Option<Self> {
        if bytes.len() > QUERY_BYTES_MAX {
            return None;
        }
        let message = Message::from_octets(bytes.clone()).ok()?;
        let header = message.header();
        message.sole_question().ok()?;
        (!header.qr()).then_some(Self { id: header.id(), bytes, message })
    }

    fn is_answered_by(&self, answer: &Message<Vec<u8>>) -> bool {
        answer.header().id() == self.id && answer.is_answer(&self.message)
    }

    pub(crate) async fn by_datagram(&self, server: SocketAddr) -> io::Result<Vec<u8>> {
        let any = match server {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
        // A connected socket takes datagrams from this server alone.
        socket.connect(server).await?;
        socket.send(&self.bytes).await?;
        let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
        loop {
            let count = socket.recv(&mut buffer).await?;
            let bytes = buffer.get(..count).unwrap_or_default().to_vec();
            if let Ok(answer) = Message::from_octets(bytes)
                && self.is_answered_by(&answer)
            {
                return Ok(answer.into_octets());
            }
            // A late or forged answer: the right one may still come.
        }
    }

    async fn by_stream(&self, server: SocketAddr) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(server).await?;
        let len = u16::try_from(self.bytes.len()).map_err(io::Error::other)?;
        stream.write_all(&[&len.to_be_bytes(), self.bytes.as_slice()].concat()).await?;
        let len = stream.read_u16().await?;
        let mut bytes = vec![0; usize::from(len)];
        stream.read_exact(&mut bytes).await?;
        Ok(bytes)
    }
}

/// The records of one type, in the order of the answer; aliases were followed by the server.
fn records(answer: &Message<Vec<u8>>, kind: Kind) -> Option<Vec<Record>> {
    let section = answer.answer().ok()?;
    let mut records = Vec::new();
    macro_rules! collect {
        ($data:ty, $show:expr) => {
            for record in section.limit_to::<$data>() {
                let record = record.ok()?;
                let show: fn(&$data) -> String = $show;
                records.push(Record { data: show(record.data()), ttl: record.ttl().as_secs() });
            }
        };
    }
    type Parsed<'a> = domain::base::ParsedName<&'a [u8]>;
    match kind {
        Kind::A => collect!(A, |data| data.addr().to_string()),
        Kind::Aaaa => collect!(Aaaa, |data| data.addr().to_string()),
        Kind::Srv => collect!(Srv<Parsed<'_>>, |data| {
            let target = absolute(data.target());
            format!("{} {} {} {target}", data.priority(), data.weight(), data.port())
        }),
        Kind::Mx => collect!(Mx<Parsed<'_>>, |data| {
            format!("{} {}", data.preference(), absolute(data.exchange()))
        }),
        Kind::Ns => collect!(Ns<Parsed<'_>>, |data| absolute(data.nsdname())),
        Kind::Txt => collect!(Txt<&[u8]>, |data| {
            let texts: Vec<String> = data.iter().map(quoted).collect();
            texts.join(" ")
        }),
    }
    Some(records)
}

/// A name with a dot at its end.
fn absolute(name: &impl ToName) -> String {
    name.to_vec().fmt_with_dot().to_string()
}

/// A text in quotation marks, as in a zone file.
fn quoted(text: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for byte in text {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => quoted.push(char::from(*byte)),
            other => quoted.push_str(&format!("\\{other:03}")),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
