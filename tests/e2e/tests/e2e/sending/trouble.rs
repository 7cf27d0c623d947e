//! Alertmanagers that fail, hang, are away or refuse.

use narthex_harness::{Answer, Host, SECONDS, WebhookReceiver, wait_until};

use super::{WITHOUT_LABELS, Watch, address, to, url, wait_until_told};
use crate::support::config;

const CANNOT: &str = "alerts cannot be sent";

#[test]
fn what_failed_is_sent_again_and_what_ended_meanwhile_is_told_as_ended() {
    let (failing, good) = (WebhookReceiver::start(), WebhookReceiver::start());
    failing.answer_with(Answer::status(500, "not today"));
    let watch =
        Watch::start(&to(&[address(&failing), address(&good)], ""), |it| it.expect_log(CANNOT));
    watch.are(&[("attic", 70), ("cellar", 80), ("hall", 20)]);
    wait_until_told(&good, 0, &[("attic", "firing"), ("cellar", "firing")]);
    // Together at first, then each alone.
    wait_until("each failed twice", 30 * SECONDS, || {
        watch.counted("errors_total", &url(&failing)) >= Some(4.0)
    });
    watch.are(&[("attic", 70), ("cellar", 20), ("hall", 20)]);
    wait_until_told(&good, 0, &[("attic", "firing"), ("cellar", "resolved")]);

    let before = failing.requests().len();
    failing.answer_with(Answer::status(200, ""));
    wait_until_told(&failing, before, &[("attic", "firing"), ("cellar", "resolved")]);
    watch.wait_until_counted("sent_total", &url(&failing), 2.0);
    watch.wait_until_counted("sent_total", &url(&good), 3.0);
    watch.wait_until_counted("dropped_total", &url(&failing), 0.0);
    watch.wait_until_counted("queue_length", &url(&failing), 0.0);
    watch.host.stop();
}

#[test]
fn one_that_hangs_delays_no_other_and_no_end() {
    let (hanging, good) = (WebhookReceiver::start(), WebhookReceiver::start());
    hanging.answer_with(Answer::never());
    let watch = Watch::start(&to(&[address(&hanging), address(&good)], ", timeout: 1h"), |it| {
        it.expect_log("alerts were not sent before the end")
    });
    watch.are(&[("attic", 70)]);
    wait_until("it hangs", 30 * SECONDS, || hanging.requests().len() == 1);
    wait_until_told(&good, 0, &[("attic", "firing")]);
    watch.are(&[("attic", 20)]);
    wait_until_told(&good, 0, &[("attic", "resolved")]);
    assert_eq!(hanging.requests().len(), 1);
    watch.host.stop();
}

#[test]
fn one_that_is_down_for_a_while_hears_everything_when_it_is_back() {
    let mut other = Host::with_config(&config("")).start();
    let watch = Watch::start(&to(&[other.address()], ""), |it| it.expect_log(CANNOT));
    let url = other.url("/api/v2/alerts");
    watch.are(&[("attic", 70)]);
    watch.wait_until_counted("sent_total", &url, 1.0);
    let known = other.json("/api/v2/alerts");
    assert_eq!(known[0]["labels"]["room"], "attic", "{known}");
    assert_eq!(known[0]["annotations"]["summary"], "attic has 70 degrees");

    other.process().kill();
    watch.are(&[("attic", 70), ("cellar", 80)]);
    watch.wait_until_counted("queue_length", &url, 1.0);
    other.kill_and_restart();
    watch.wait_until_counted("sent_total", &url, 2.0);
    let known = other.json("/api/v2/alerts");
    let mut rooms = known.as_array().into_iter().flatten().map(|it| &it["labels"]["room"]);
    assert!(rooms.any(|room| room == "cellar"), "{known}");
    watch.host.stop();
}

#[test]
fn one_alert_that_is_refused_takes_no_other_with_it() {
    let other = Host::with_config(&config("")).start();
    let watch = Watch::start(&to(&[other.address()], WITHOUT_LABELS), |it| {
        it.expect_log("an alert was refused and is given up")
    });
    let url = other.url("/api/v2/alerts");
    watch.are(&[("attic", 70), ("cellar", 80), ("hall", 90)]);
    watch.wait_until_counted("dropped_total", &url, 1.0);
    watch.wait_until_counted("sent_total", &url, 2.0);
    let known = other.json("/api/v2/alerts");
    assert_eq!(known.as_array().map(Vec::len), Some(2), "{known}");
    watch.host.stop();
}
