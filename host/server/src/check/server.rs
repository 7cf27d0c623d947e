//! `narthex check healthy` and `ready`.

use std::time::Duration;

use narthex_client::Request;
use narthex_platform::RealDisk;

use super::arguments::ServerArguments;
use super::{Verdict, complain};
use crate::outbound::{base_url, client};

/// A server that is well answers at once.
const TIMEOUT: Duration = Duration::from_secs(10);
/// It says so in a line.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

pub(super) fn check(server: &ServerArguments, endpoint: &str) -> anyhow::Result<Verdict> {
    let client = client(&RealDisk::shared(), server.http_config.as_deref())?;
    let url = format!("{}{endpoint}", base_url(&server.url));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asked = runtime.block_on(client.request(Request::get(&url, TIMEOUT, ANSWER_BYTES_MAX)));
    let response = match asked {
        Ok(response) => response,
        Err(error) => {
            complain(&format!("check failed: {}", narthex_settings::error_chain(&error)));
            return Ok(Verdict::Bad);
        }
    };
    if response.status != 200 {
        complain(&format!("check failed: URL={url}, status={}", response.status));
        return Ok(Verdict::Bad);
    }
    complain(&format!("  SUCCESS:  {}", String::from_utf8_lossy(&response.body)));
    Ok(Verdict::Good)
}
