//! The prober `tcp`: connects, and holds a conversation if the module says one.

use narthex_sdk::{Error, tcp::Connection};
use regex_small::bytes::Captures;

use crate::{
    certificate,
    module::{QueryResponse, Tcp, Tls},
    probe::{Failure, Probe, failed},
};

/// The longest line that is waited for.
const LINE_BYTES_MAX: usize = 64 << 10;

pub(crate) fn probe(
    module: &Tcp,
    target: &str,
    hostname: Option<&str>,
    probe: &mut Probe,
) -> Result<(), Failure> {
    let Some((host, port)) = host_and_port(target) else {
        return failed(format!("{target:?} is not host:port"));
    };
    let versions = module.preferred_ip_protocol.versions(module.ip_protocol_fallback);
    let server = module.tls_config.server_name.as_deref().or(hostname);
    let mut talk = Talk::new();
    let tls = module.tls.then_some(&module.tls_config);
    talk.open((host, port), versions, tls, server, probe)?;
    let gauge = |name: &str, probe: &mut Probe, value: bool| {
        let help = "Whether the probe failed because of what the other side said.";
        probe.gauge(&format!("probe_failed_due_to_{name}"), help, value);
    };
    let outcome = module.query_response.iter().try_for_each(|step| {
        let said = talk.wait_for(step, probe)?;
        talk.answer(step, &said, probe)?;
        if step.starttls {
            talk.start_tls(&module.tls_config, server, probe)?;
        }
        Ok(())
    });
    let (by_regex, by_bytes) = match &outcome {
        Err(Step::Regex(_)) => (true, false),
        Err(Step::Bytes(_)) => (false, true),
        Ok(()) | Err(Step::Other(_)) => (false, false),
    };
    gauge("regex", probe, by_regex);
    gauge("bytes", probe, by_bytes);
    outcome.map_err(|step| match step {
        Step::Regex(reason) | Step::Bytes(reason) => Failure::Theirs(reason),
        Step::Other(failure) => failure,
    })
}

/// `host:port`, the host without brackets.
pub(crate) fn host_and_port(target: &str) -> Option<(&str, u16)> {
    let (host, port) = target.rsplit_once(':')?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if bare.is_none() && host.contains(':') {
        return None;
    }
    Some((bare.unwrap_or(host), port.parse().ok()?))
}

/// Why a step of a conversation failed.
enum Step {
    /// No line was as it should be.
    Regex(String),
    /// Other bytes came.
    Bytes(String),
    Other(Failure),
}

impl From<Error> for Step {
    fn from(error: Error) -> Self {
        Self::Other(error.into())
    }
}

/// A conversation.
pub(crate) struct Talk {
    /// What came and was not looked at yet.
    unread: Vec<u8>,
    connection: Option<Connection>,
}

impl Talk {
    pub(crate) fn new() -> Self {
        Self { unread: Vec::new(), connection: None }
    }

    /// Connects, with TLS if the module says so.
    pub(crate) fn open(
        &mut self,
        (host, port): (&str, u16),
        versions: &str,
        tls: Option<&Tls>,
        server: Option<&str>,
        probe: &mut Probe,
    ) -> Result<(), Failure> {
        let mut options = vec![("ip", versions)];
        if let Some(tls) = tls {
            options.push(("tls", tls.profile()));
            options.extend(server.map(|server| ("server-name", server)));
        }
        match Connection::open_with(host, port, &options, probe.left()) {
            Ok(connection) => {
                probe.add_address(&connection.facts());
                certificate::add(probe, &connection.facts(), &connection.certificates(), false);
                self.connection = Some(connection);
                Ok(())
            }
            Err(error) => {
                probe.add_address(&error.details);
                Err(error.into())
            }
        }
    }

    pub(crate) fn connection(&self) -> Result<&Connection, Error> {
        self.connection.as_ref().ok_or_else(|| Error::internal("nothing is connected"))
    }

    fn start_tls(&self, tls: &Tls, server: Option<&str>, probe: &mut Probe) -> Result<(), Error> {
        let connection = self.connection()?;
        connection.start_tls(tls.profile(), server)?;
        certificate::add(probe, &connection.facts(), &connection.certificates(), false);
        Ok(())
    }

    /// Waits for what the step expects: a line, or bytes. The line, if it was one.
    fn wait_for(&mut self, step: &QueryResponse, probe: &Probe) -> Result<Vec<u8>, Step> {
        if let Some(pattern) = &step.expect {
            loop {
                let Some(line) = self.line(probe)? else {
                    let reason = format!("no line matched {}", pattern.0);
                    return Err(Step::Regex(reason));
                };
                if pattern.0.is_match(&line) {
                    return Ok(line);
                }
            }
        }
        let expected = step.expect_bytes.as_bytes();
        if expected.is_empty() {
            return Ok(Vec::new());
        }
        while self.unread.len() < expected.len() && self.more(probe)? {}
        let came: Vec<u8> = self.unread.drain(..expected.len().min(self.unread.len())).collect();
        if came != expected {
            let (expected, came) = (&step.expect_bytes, String::from_utf8_lossy(&came));
            return Err(Step::Bytes(format!("{expected:?} was expected, and {came:?} came")));
        }
        Ok(Vec::new())
    }

    /// Sends what the step says, with what was found in the line put in.
    fn answer(&self, step: &QueryResponse, line: &[u8], probe: &mut Probe) -> Result<(), Error> {
        let found = step.expect.as_ref().and_then(|pattern| pattern.0.captures(line));
        if let Some(found) = found.as_ref().filter(|_| !step.labels.is_empty()) {
            let values: Vec<(&str, String)> = step
                .labels
                .iter()
                .map(|label| (&*label.name, expanded(found, &label.value)))
                .collect();
            let labels: Vec<(&str, &str)> =
                values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let help = "What was found in the answers.";
            probe.metrics.gauge("probe_expect_info", help).sample(&labels, 1);
        }
        let send = found.map_or_else(|| step.send.clone(), |found| expanded(&found, &step.send));
        if send.is_empty() {
            return Ok(());
        }
        self.connection()?.write_all(format!("{send}\n").as_bytes())
    }

    /// The next line without its end; `None` when there is no more.
    fn line(&mut self, probe: &Probe) -> Result<Option<Vec<u8>>, Step> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.unread.drain(..=end).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Some(line));
            }
            if self.unread.len() > LINE_BYTES_MAX {
                let reason = format!("a line is longer than {LINE_BYTES_MAX} bytes");
                return Err(Step::Other(Failure::Theirs(reason)));
            }
            if !self.more(probe)? {
                // What is left is a line too.
                let last = std::mem::take(&mut self.unread);
                return Ok(Some(last).filter(|last| !last.is_empty()));
            }
        }
    }

    /// Reads on; false when the other side has closed.
    pub(crate) fn more(&mut self, probe: &Probe) -> Result<bool, Error> {
        let more = self.connection()?.read_within(probe.left())?;
        let is_open = more.is_some();
        self.unread.extend(more.unwrap_or_default());
        Ok(is_open)
    }

    /// Takes so many bytes; `None` when they did not come.
    pub(crate) fn take(&mut self, count: usize, probe: &Probe) -> Result<Option<Vec<u8>>, Error> {
        while self.unread.len() < count {
            if !self.more(probe)? {
                return Ok(None);
            }
        }
        Ok(Some(self.unread.drain(..count).collect()))
    }
}

/// A text with the groups of a match put in: `$1`, `${name}`.
fn expanded(found: &Captures<'_>, template: &str) -> String {
    let mut expanded = Vec::new();
    found.expand(template.as_bytes(), &mut expanded);
    String::from_utf8_lossy(&expanded).into_owned()
}
