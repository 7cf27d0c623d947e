//! Logging in: the first way that the server offers and there is a secret for, as in Alertmanager.

use narthex_sdk::{Error, base64, secrets};

use crate::{
    config::Config,
    smtp::{Client, Reply, refused},
};

/// Who may see a password that is not encrypted.
const THIS_MACHINE: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The block of MD5, in bytes.
const BLOCK_BYTES: usize = 64;

/// Logs in, where there is somebody to log in and the server knows how.
pub(crate) fn log_in(client: &mut Client, config: &Config) -> Result<(), Error> {
    let Some(ways) = client.extension("AUTH").map(str::to_owned) else { return Ok(()) };
    if config.auth_username.is_empty() {
        return Ok(());
    }
    for way in ways.split(' ') {
        match way {
            "CRAM-MD5" if !config.auth_secret.is_empty() => return cram_md5(client, config),
            "PLAIN" if !config.auth_password.is_empty() => return plain(client, config),
            "LOGIN" if !config.auth_password.is_empty() => return login(client, config),
            _ => {}
        }
    }
    let why = format!(
        "log in: the smarthost offers {ways:?}; PLAIN and LOGIN need auth_password, CRAM-MD5 needs auth_secret"
    );
    Err(Error::protocol(why).retryable(true))
}

fn done(reply: &Reply) -> Result<(), Error> {
    if reply.code == 235 { Ok(()) } else { Err(refused("log in", reply)) }
}

fn plain(client: &mut Client, config: &Config) -> Result<(), Error> {
    if !client.is_encrypted && !THIS_MACHINE.contains(&client.host.as_str()) {
        let why = "log in: PLAIN would show the password; set require_tls: true";
        return Err(Error::config(why).retryable(true));
    }
    let Config { auth_identity, auth_username, auth_password, .. } = config;
    let credentials = format!("{auth_identity}\0{auth_username}\0{auth_password}");
    done(&client.ask(&format!("AUTH PLAIN {}", base64::encode(credentials.as_bytes())))?)
}

fn login(client: &mut Client, config: &Config) -> Result<(), Error> {
    let mut reply = client.ask("AUTH LOGIN")?;
    for (asked, said) in
        [("username:", config.auth_username.as_str()), ("password:", config.auth_password.as_str())]
    {
        if reply.code != 334 {
            return Err(refused("log in", &reply));
        }
        if !challenge(&reply)?.eq_ignore_ascii_case(asked.as_bytes()) {
            return Err(refused(&format!("log in: not asked for {asked}"), &reply));
        }
        reply = client.ask(&base64::encode(said.as_bytes()))?;
    }
    done(&reply)
}

fn cram_md5(client: &mut Client, config: &Config) -> Result<(), Error> {
    let secret = secrets::revealed("email", "auth_secret", &config.auth_secret)?;
    let reply = client.ask("AUTH CRAM-MD5")?;
    if reply.code != 334 {
        return Err(refused("log in", &reply));
    }
    let digest = hmac_md5(secret.as_bytes(), &challenge(&reply)?);
    let answer = format!("{} {digest:x}", config.auth_username);
    done(&client.ask(&base64::encode(answer.as_bytes()))?)
}

/// What the server asks.
fn challenge(reply: &Reply) -> Result<Vec<u8>, Error> {
    let text = reply.lines.first().map_or("", |line| line.trim());
    base64::decode(text).ok_or_else(|| refused("log in: not Base64", reply))
}

/// RFC 2104.
fn hmac_md5(key: &[u8], text: &[u8]) -> md5::Digest {
    let mut block = [0; BLOCK_BYTES];
    let hashed = md5::compute(key);
    let key = if key.len() > BLOCK_BYTES { hashed.as_slice() } else { key };
    block.iter_mut().zip(key).for_each(|(block, key)| *block = *key);
    let inner = [&block.map(|byte| byte ^ 0x36), text].concat();
    let outer = [&block.map(|byte| byte ^ 0x5c), md5::compute(inner).as_slice()].concat();
    md5::compute(outer)
}

#[cfg(test)]
mod tests {
    use super::hmac_md5;

    /// The example of RFC 2195, and case 6 of RFC 2202.
    #[test]
    fn secrets_are_hashed_as_the_rfcs_say() {
        let digest = hmac_md5(b"tanstaaftanstaaf", b"<1896.697170952@postoffice.reston.mci.net>");
        assert_eq!(format!("{digest:x}"), "b913a602c7eda7a495b4e6e7334d3890");
        let digest =
            hmac_md5(&[0xaa; 80], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(format!("{digest:x}"), "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
    }
}
