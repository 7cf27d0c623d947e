use std::sync::Arc;

use narthex_platform::{Metrics, SimulatedClock};
use narthex_state::StateStore;

use super::AcknowledgeError;
use crate::alerts::Acknowledgement;
use crate::config::Config;
use crate::matchers::parse_matchers;
use crate::service::{Alerting, Parts};
use crate::testing::{Recorder, alert, at, batch};

fn opened(state: &StateStore) -> Alerting {
    let parts = Parts {
        notifiers: Arc::new(Recorder::default()),
        state: state.clone(),
        clock: SimulatedClock::at(1_000).clock(),
        metrics: Metrics::new(),
        external_url: String::new(),
    };
    Alerting::new(Config::default(), parts).unwrap()
}

fn acknowledgement(comment: &str, ends_at: Option<i64>) -> Acknowledgement {
    Acknowledgement {
        created_by: "ada".to_owned(),
        comment: comment.to_owned(),
        created_at: at(1_000),
        ends_at: ends_at.map(at),
    }
}

/// Which alerts there are, and what is said of them.
fn comments(alerting: &Alerting) -> Vec<(String, String)> {
    let said = |view: crate::AlertView| {
        let comment = view.acknowledgement.map(|it| it.comment.clone()).unwrap_or_default();
        (view.alert.labels.get("alertname").unwrap().to_owned(), comment)
    };
    alerting.alerts().into_iter().map(said).collect()
}

fn pairs(expected: [(&str, &str); 2]) -> Vec<(String, String)> {
    expected.map(|(one, two)| (one.to_owned(), two.to_owned())).to_vec()
}

#[tokio::test]
async fn alerts_and_their_acknowledgements_survive_a_restart() {
    let state = StateStore::in_memory().unwrap();
    let alerting = opened(&state);
    alerting.submit(batch(&[
        alert(&[("alertname", "A"), ("team", "db")], 0),
        alert(&[("alertname", "B")], 0),
    ]));
    let matchers = parse_matchers("team=db").unwrap();
    let held = alerting.acknowledge(&matchers, acknowledgement("on it", None)).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(comments(&alerting), pairs([("A", "on it"), ("B", "")]));
    drop(alerting);

    let alerting = opened(&state);
    assert_eq!(comments(&alerting), pairs([("A", "on it"), ("B", "")]));
    assert_eq!(alerting.groups().len(), 1, "they are in their groups");
    let fingerprint = format!("{:016x}", held[0].alert.fingerprint());
    alerting.unacknowledge(&fingerprint).await.unwrap();
    let again = alerting.unacknowledge(&fingerprint).await;
    assert!(matches!(again, Err(AcknowledgeError::NotAcknowledged)), "{again:?}");
    drop(alerting);
    assert_eq!(comments(&opened(&state)), pairs([("A", ""), ("B", "")]));
}

#[tokio::test]
async fn an_acknowledgement_that_cannot_be_is_refused() {
    let alerting = opened(&StateStore::in_memory().unwrap());
    alerting.submit(batch(&[alert(&[("alertname", "A")], 0)]));
    let refused = async |matchers: &str, wanted: Acknowledgement| {
        let matchers = parse_matchers(matchers).unwrap();
        alerting.acknowledge(&matchers, wanted).await.unwrap_err().to_string()
    };
    assert_eq!(
        refused("alertname=~.*", acknowledgement("", None)).await,
        "invalid acknowledgement: at least one matcher must not match the empty string"
    );
    assert_eq!(
        refused("alertname=B", acknowledgement("", None)).await,
        "no alert fires that matches"
    );
    assert_eq!(
        refused("alertname=A", acknowledgement("", Some(1_000))).await,
        "invalid acknowledgement: it ends before it begins"
    );
    assert!(
        refused("alertname=A", acknowledgement(&"x".repeat(20_000), None))
            .await
            .starts_with("invalid acknowledgement: comment and createdBy have at most")
    );
}
