//! A connection to a server: logging in, and questions in SQL.

use narthex_sdk::{Error, clock, log, tcp::Connection};

use crate::{
    Config,
    packet::{Cursor, Packets},
    password,
};

/// Of what is left of the call, how much a server may take for an answer: the rest is for telling that it did not.
const TIME_SHARE: f64 = 0.9;

/// What this side can, in the protocol's bits: passwords longer than eight bytes, the protocol of 4.1, answers to
/// challenges, and their methods by name.
const CAPABILITIES: u32 = 0x0000_0001 | 0x0000_0200 | 0x0000_8000 | 0x0008_0000;
/// TLS.
const CAN_TLS: u32 = 0x0000_0800;

/// The longest packet of this side; it has no meaning for what is asked here.
const PACKET_BYTES_MAX: u32 = 1 << 24;
/// `utf8mb4_general_ci`
const CHARACTERS: u8 = 45;

/// The challenge has 20 bytes and a 0.
const CHALLENGE_BYTES: usize = 20;

/// Columns that an answer may have; the state of a replica has some ninety.
const COLUMNS_MAX: u64 = 1000;

/// Values that an answer may have, as one takes more memory than it has bytes. A server has some thousand variables.
const VALUES_MAX: u64 = 200_000;

/// A connection that is logged in.
#[derive(Debug)]
pub(crate) struct Client {
    packets: Packets,
}

/// The answer to a question.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// The names of columns.
    pub(crate) columns: Vec<String>,
    /// Rows of as many values; none for `NULL`.
    pub(crate) rows: Vec<Vec<Option<String>>>,
}

impl Table {
    /// Rows as texts, empty for `NULL`; those with fewer columns are left out.
    pub(crate) fn texts<const N: usize>(&self) -> impl Iterator<Item = [&str; N]> {
        self.rows.iter().filter_map(|row| {
            let texts: Vec<&str> =
                row.iter().take(N).map(|value| value.as_deref().unwrap_or_default()).collect();
            texts.try_into().ok()
        })
    }
}

/// What a server says before all else.
struct Greeting {
    capabilities: u32,
    challenge: Vec<u8>,
    method: String,
}

impl Client {
    /// Connects and logs in.
    pub(crate) fn connect(address: &str, config: &Config) -> Result<Self, Error> {
        let connection = Connection::to(address, None, clock::deadline().mul_f64(TIME_SHARE))?;
        let mut packets = Packets::new(connection);
        let greeting = Greeting::read(&packets.read()?)?;
        let mut capabilities = CAPABILITIES;
        if let Some(profile) = &config.tls {
            if greeting.capabilities & CAN_TLS == 0 {
                return Err(Error::protocol("the server offers no TLS"));
            }
            capabilities |= CAN_TLS;
            packets.write(&introduction(capabilities))?;
            packets.start_tls(profile)?;
        }
        let mut client = Self { packets };
        client.log_in(config, capabilities, &greeting).map_err(|error| error.context("log in"))?;
        Ok(client)
    }

    fn log_in(
        &mut self,
        config: &Config,
        capabilities: u32,
        greeting: &Greeting,
    ) -> Result<(), Error> {
        // A method that is not known here may be another user's: the server then says this one's.
        let known = password::answer(&greeting.method, &config.password, &greeting.challenge);
        let method = if known.is_some() { greeting.method.as_str() } else { password::NATIVE };
        let answer = known.unwrap_or_default();
        let mut response = introduction(capabilities);
        response.extend_from_slice(config.user.as_bytes());
        response.push(0);
        // The answers of all methods are shorter than 256 bytes.
        response.push(u8::try_from(answer.len()).unwrap_or_default());
        response.extend_from_slice(&answer);
        response.extend_from_slice(method.as_bytes());
        response.push(0);
        self.packets.write(&response)?;
        loop {
            let packet = self.packets.read()?;
            let mut rest = Cursor(&packet);
            match rest.byte()? {
                0x00 => return Ok(()),
                0xff => return Err(refusal(rest)),
                // Another method: its name and its challenge.
                0xfe => {
                    let method = rest.text();
                    let challenge = rest.0.get(..CHALLENGE_BYTES).unwrap_or(rest.0);
                    let answer = password::answer(&method, &config.password, challenge);
                    let answer = answer.ok_or_else(|| {
                        let (native, sha2) = (password::NATIVE, password::CACHING_SHA2);
                        Error::protocol(format!(
                            "the user has the method {method:?}; known are {native} and {sha2}"
                        ))
                    })?;
                    self.packets.write(&answer)?;
                }
                // More of the same method.
                0x01 => match rest.byte()? {
                    // The answer was right.
                    0x03 => {}
                    // The server has forgotten the password's digest, and wants the password itself.
                    0x04 if config.tls.is_some() => {
                        let mut clear = config.password.clone().into_bytes();
                        clear.push(0);
                        self.packets.write(&clear)?;
                    }
                    0x04 => {
                        return Err(Error::protocol(
                            "the server wants the password itself, which is sent over TLS alone; \
                             set `tls`, or let another client log in first",
                        ));
                    }
                    _ => return Err(not_understood()),
                },
                _ => return Err(not_understood()),
            }
        }
    }

    /// Asks and reads the whole answer.
    pub(crate) fn query(&mut self, sql: &str) -> Result<Table, Error> {
        self.packets.begin();
        self.packets.write(&[&[0x03], sql.as_bytes()].concat())?;
        let packet = self.packets.read()?;
        let mut head = Cursor(&packet);
        let count = match packet.first() {
            // Done, without a table.
            Some(0x00) => return Ok(Table::default()),
            Some(0xff) => return Err(refusal(Cursor(packet.get(1..).unwrap_or_default()))),
            _ => head.number()?,
        };
        if count > COLUMNS_MAX {
            return Err(not_understood());
        }
        let mut table = Table::default();
        for _ in 0..count {
            let packet = self.packets.read()?;
            let mut column = Cursor(&packet);
            // Catalog, schema, and the names of the table.
            for _ in 0..4 {
                column.counted_text()?;
            }
            table.columns.push(column.counted_text()?);
        }
        if !is_end(&self.packets.read()?) {
            return Err(not_understood());
        }
        let mut left = VALUES_MAX;
        loop {
            let packet = self.packets.read()?;
            if is_end(&packet) {
                return Ok(table);
            }
            let mut row = Cursor(&packet);
            if packet.first() == Some(&0xff) {
                row.byte()?;
                return Err(refusal(row));
            }
            // A row without columns would be for nothing.
            left = left.checked_sub(count.max(1)).ok_or_else(|| {
                Error::exhausted(format!("the answer has more than {VALUES_MAX} values"))
            })?;
            let values: Result<Vec<_>, Error> = (0..count).map(|_| row.value()).collect();
            table.rows.push(values?);
        }
    }

    /// Says that this was all; a server counts, and logs, who goes without it.
    pub(crate) fn quit(mut self) {
        self.packets.begin();
        if let Err(error) = self.packets.write(&[0x01]) {
            log::debug("no farewell", &[("error", &error.message)]);
        }
    }
}

impl Greeting {
    fn read(packet: &[u8]) -> Result<Self, Error> {
        let mut rest = Cursor(packet);
        match rest.byte()? {
            10 => {}
            0xff => return Err(refusal(rest)),
            _ => return Err(not_understood()),
        }
        let _version = rest.text();
        let _thread: [u8; 4] = rest.array()?;
        let mut challenge = rest.bytes(8)?.to_vec();
        let _zero = rest.byte()?;
        let [a, b]: [u8; 2] = rest.array()?;
        let _characters_and_status: [u8; 3] = rest.array()?;
        let [c, d]: [u8; 2] = rest.array()?;
        let _length_and_reserved: [u8; 11] = rest.array()?;
        challenge.extend_from_slice(rest.bytes(CHALLENGE_BYTES - challenge.len())?);
        let _zero = rest.byte()?;
        let method = if rest.is_empty() { password::NATIVE.into() } else { rest.text() };
        Ok(Self { capabilities: u32::from_le_bytes([a, b, c, d]), challenge, method })
    }
}

/// How this side introduces itself; alone it asks for TLS.
fn introduction(capabilities: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&capabilities.to_le_bytes());
    bytes.extend_from_slice(&PACKET_BYTES_MAX.to_le_bytes());
    bytes.push(CHARACTERS);
    bytes.extend_from_slice(&[0; 23]);
    bytes
}

/// The packet after columns and after rows. A row that begins with this byte is longer.
fn is_end(packet: &[u8]) -> bool {
    packet.first() == Some(&0xfe) && packet.len() < 9
}

/// `1045 28000 Access denied for user …`
fn refusal(mut rest: Cursor<'_>) -> Error {
    let code = rest.array().map(u16::from_le_bytes).unwrap_or_default();
    if rest.0.first() == Some(&b'#') {
        rest.0 = rest.0.get(6..).unwrap_or_default();
    }
    Error::protocol(format!("the server says: {} ({code})", rest.text()))
}

fn not_understood() -> Error {
    Error::protocol("the other side does not speak the protocol of MySQL")
}
