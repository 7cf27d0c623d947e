//! Who is told, as discovery and reloads change it.

use super::*;

#[tokio::test]
async fn who_is_gone_is_told_nothing_more_and_counted_no_more() {
    let (stays, goes) = (Receiver::start(|_| Some(200)), Receiver::start(|_| Some(500)));
    let world = World::new(Settings::default());
    let (told, discovered) = discovery(found(&[&stays, &goes]));
    world.reload("{}", &discovered);
    world.submit(&["a"]);
    world
        .until("both are asked, and one pauses", || {
            stays.taken() == ["a"] && goes.requests() > 0 && world.clock.sleepers() > 0
        })
        .await;
    assert!(world.number("prometheus_notifications_errors_total", &goes.url()).is_some());
    told.targets.send_replace(found(&[&stays]));
    world.until("it is gone", || world.room.view().active == [stays.url()]).await;
    for name in ["errors_total", "queue_length", "dropped_total"] {
        let name = format!("prometheus_notifications_{name}");
        assert_eq!(world.number(&name, &goes.url()), None, "{name}");
        assert!(world.number(&name, &stays.url()).is_some(), "{name}");
    }
    let asked = goes.requests();
    world.submit(&["b"]);
    world.until("the other hears more", || stays.taken() == ["a", "b"]).await;
    world.clock.advance(Duration::from_secs(60));
    world.submit(&["c"]);
    world.until("and more", || stays.taken().len() == 3).await;
    assert_eq!(goes.requests(), asked);
}

#[tokio::test]
async fn a_reload_keeps_what_waits_for_those_who_stay() {
    let receiver = Receiver::start(|_| Some(503));
    let world = World::new(Settings::default());
    let (_told, discovered) = discovery(found(&[&receiver]));
    world.reload("{}", &discovered);
    world.submit(&["a"]);
    world.until("it failed", || receiver.requests() > 0).await;
    world.reload("timeout: 5s", &discovered);
    world.reload("timeout: 5s", &discovered);
    receiver.answers(200);
    world.until("it is taken", || receiver.taken() == ["a"]).await;
}

#[tokio::test]
async fn who_is_there_is_told_until_another_discovery_has_answered() {
    for text in ["{}", "timeout: 5s"] {
        let (stays, goes) = (Receiver::start(|_| Some(503)), Receiver::start(|_| Some(200)));
        let comes = Receiver::start(|_| Some(200));
        let world = World::new(Settings::default());
        let (_told, discovered) = discovery(found(&[&stays, &goes]));
        world.reload("{}", &discovered);
        world.submit(&["a"]);
        world.until("both are asked", || stays.requests() > 0 && goes.taken() == ["a"]).await;
        let (told, discovered) = silent_discovery();
        world.reload(text, &discovered);
        world.reload(text, &discovered);
        world.submit(&["b"]);
        world.until("the other is told", || goes.taken() == ["a", "b"]).await;
        told.targets.send_replace(found(&[&comes]));
        let active = || world.room.view().active.into_iter().collect::<BTreeSet<_>>();
        let urls = |of: &[&Receiver]| of.iter().map(|it| it.url()).collect::<BTreeSet<_>>();
        world.until("a new one is found", || active().contains(&comes.url())).await;
        assert_eq!(active(), urls(&[&stays, &goes, &comes]), "the others may still be found");
        told.targets.send_replace(found(&[&comes, &stays]));
        told.has_answered.send_replace(true);
        world.until("one is gone", || active() == urls(&[&stays, &comes])).await;
        assert_eq!(world.number("prometheus_notifications_queue_length", &goes.url()), None);
        stays.answers(200);
        world.until("it has what waited", || stays.taken().len() == 2).await;
    }
}

#[tokio::test]
async fn discovery_that_never_answers_is_not_waited_for_forever() {
    let receiver = Receiver::start(|_| Some(200));
    let world = World::new(Settings::default());
    let (_told, discovered) = discovery(found(&[&receiver]));
    world.reload("{}", &discovered);
    let (_told, discovered) = silent_discovery();
    world.reload("{}", &discovered);
    // The clock moves on while it is waited for, by less than what is left.
    world.clock.advance(Duration::from_secs(200));
    world.submit(&["a"]);
    world.until("it is told", || receiver.taken() == ["a"]).await;
    assert_eq!(world.room.view().active, [receiver.url()]);
    world.clock.advance(Duration::from_secs(99));
    world.until("it is gone", || world.room.view().active.is_empty()).await;
}

#[tokio::test]
async fn what_rules_have_made_of_alerts_is_not_mixed_up_by_a_reload() {
    let receiver = Receiver::start(|_| Some(503));
    let world = World::new(Settings::default());
    let item = |timeout: &str, name: &str| {
        let text = format!(
            "timeout: {timeout}\nalert_relabel_configs: [{{target_label: alertname, replacement: {name}}}]"
        );
        let keys: AlertmanagerKeys = Document::parse("f.yml", &text).unwrap().read().unwrap();
        keys.resolve(HttpConfig::default(), false, NameScheme::Utf8).unwrap()
    };
    let (_told, one) = discovery(found(&[&receiver]));
    let (_told, other) = discovery(found(&[&receiver]));
    let reload = |alertmanagers| {
        let config = Config { alert_relabel: Vec::new(), alertmanagers };
        let found = vec![one.clone(), other.clone()];
        world.room.commit(world.room.prepare(config, found).unwrap());
    };
    reload(vec![item("1s", "a"), item("1s", "b")]);
    world.submit(&["x"]);
    world.until("both are asked", || receiver.requests() >= 2 && world.clock.sleepers() > 1).await;
    reload(vec![item("2s", "b"), item("2s", "a")]);
    world.submit(&["x"]);
    let waiting = || world.number("prometheus_notifications_queue_length", &receiver.url());
    world.until("each has its own", || waiting() == Some(2.0)).await;
    receiver.answers(200);
    world.until("both are taken", || receiver.taken().len() == 2).await;
    let taken: BTreeSet<String> = receiver.taken().into_iter().collect();
    assert_eq!(taken, ["a", "b"].map(str::to_owned).into());
}

#[tokio::test]
async fn rules_say_who_hears_what() {
    let (one, other) = (Receiver::start(|_| Some(200)), Receiver::start(|_| Some(200)));
    let world = World::new(Settings::default());
    let keys = |text: &str| {
        let keys: AlertmanagerKeys = Document::parse("f.yml", text).unwrap().read().unwrap();
        keys.resolve(HttpConfig::default(), false, NameScheme::Utf8).unwrap()
    };
    let all = keys("alert_relabel_configs: [{source_labels: [alertname], regex: b, action: drop}]");
    let renamed = keys("alert_relabel_configs: [{target_label: alertname, replacement: x}]");
    let config =
        Config { alert_relabel: all.alert_relabel, alertmanagers: vec![renamed, keys("{}")] };
    let (_told, of_one) = discovery(found(&[&one]));
    let (_told, of_other) = discovery(found(&[&other]));
    world.room.commit(world.room.prepare(config, vec![of_one, of_other]).unwrap());
    let batch = AlertBatch { alerts: vec![alert("a"), alert("b")] };
    world.room.submit(world.room.relabel(batch));
    world.until("both hear", || one.taken() == ["x"] && other.taken() == ["a"]).await;
}
