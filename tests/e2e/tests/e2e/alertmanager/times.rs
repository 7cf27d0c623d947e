//! When whom is told of what: the same as by Alertmanager, tick by tick.

use narthex_harness::{Peer, peer};

use super::story::{Scenario, TEAM, play};

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "alerts of one time are told together, by group",
        route: "",
        receivers: TEAM,
        alerts: &[("c", "group=other")],
        story: "
            fire a b c
            told team: a b
            told team: c
            end c
            told team: | c @1
        ",
    },
    Scenario {
        name: "what has fired for long does not wait",
        route: "group_wait: 1h",
        receivers: TEAM,
        alerts: &[],
        story: "
            long a
            told team: a
            fire b
            told team: a b @1
        ",
    },
    Scenario {
        name: "what has fired for long hurries no group that waits",
        route: "group_wait: 1h",
        receivers: TEAM,
        alerts: &[("c", "group=other")],
        story: "
            fire a
            long b c
            told team: c
            pass 2
        ",
    },
    Scenario {
        name: "news of a group are told at its next tick",
        route: "",
        receivers: TEAM,
        alerts: &[],
        story: "
            fire a
            told team: a
            fire b c
            told team: a b c @1
            end a
            told team: b c | a @1
            end b c
            told team: | b c @1
            fire a
            told team: a
        ",
    },
    Scenario {
        name: "what is over before it was told is never told alone",
        route: "group_wait: 6s",
        receivers: TEAM,
        alerts: &[("c", "group=other")],
        story: "
            fire a b c
            end a c
            told team: b | a
            end b
            told team: | b @1
        ",
    },
    Scenario {
        name: "ends are not told where nobody wants them",
        route: "",
        receivers: &[("team", &["send_resolved: false"])],
        alerts: &[],
        story: "
            fire a b
            told team: a b
            end a
            pass 2
            end b
            pass 2
            fire a
            told team: a
        ",
    },
    Scenario {
        name: "a repeat waits for a tick",
        route: "repeat_interval: 4s",
        receivers: TEAM,
        alerts: &[],
        story: "
            fire a
            told team: a
            told team: a @2
            told team: a @2
            end a
            told team: | a @1
        ",
    },
    Scenario {
        name: "a route that continues, and one that does not",
        route: "routes: [
            { receiver: '@first', matchers: [severity=high], continue: true },
            { receiver: '@second', matchers: ['name=~\".+\"'] },
            { receiver: '@third', matchers: ['name=~\".+\"'] }]",
        receivers: &[("team", &[""]), ("first", &[""]), ("second", &[""]), ("third", &[""])],
        alerts: &[("a", "severity=high")],
        story: "
            fire a b
            told first: a
            told second: a b
            end a
            told first: | a @1
            told second: b | a @1
        ",
    },
    Scenario {
        name: "routes within routes",
        route: "routes: [
            { matchers: [severity=high], group_by: ['...'], routes: [
                { receiver: '@deep', matchers: [host=x], repeat_interval: 1ms } ] }]",
        receivers: &[("team", &[""]), ("deep", &[""])],
        alerts: &[
            ("a", "severity=high,host=x"),
            ("b", "severity=high,host=y"),
            ("c", "severity=high,host=y"),
        ],
        story: "
            fire a b c d e
            told deep: a
            told team: b
            told team: c
            told team: d e
            told deep: a @1
            end a
            told deep: | a @1
        ",
    },
    Scenario {
        name: "one alert says more than another",
        route: "",
        receivers: TEAM,
        alerts: &[
            ("page", "group=page,severity=page,host=x"),
            ("info", "group=info,severity=info,host=x"),
            ("else", "group=info,severity=info,host=y"),
        ],
        story: "
            fire page info else
            told team: page
            told team: else
            pass 1
            end page
            told team: | page
            told team: info else
            end info
            told team: else | info @1
        ",
    },
    Scenario {
        name: "an alert that ends while another says more",
        route: "",
        receivers: TEAM,
        alerts: &[
            ("page", "group=page,severity=page,host=x"),
            ("info", "group=info,severity=info,host=x"),
        ],
        story: "
            fire info
            told team: info
            fire page
            told team: page
            end info
            pass 2
            end page
            told team: | page
        ",
    },
    Scenario {
        name: "a silence that is made and ended while the alert fires",
        route: "repeat_interval: 1ms",
        receivers: TEAM,
        alerts: &[],
        story: "
            fire a
            told team: a
            told team: a @1
            silence a
            pass 2
            unsilence a
            told team: a
            end a
            told team: | a @1
        ",
    },
    Scenario {
        name: "an alert that is silenced before it is told",
        route: "",
        receivers: TEAM,
        alerts: &[],
        story: "
            silence a
            fire a b
            told team: b
            unsilence a
            told team: a b @1
        ",
    },
    Scenario {
        name: "an alert that ends while it is silenced",
        route: "",
        receivers: TEAM,
        alerts: &[],
        story: "
            fire a b
            told team: a b
            silence a
            end a
            pass 2
            unsilence a
            pass 2
            end b
            told team: | b
        ",
    },
    Scenario {
        name: "routes out of their time",
        route: "routes: [
            { receiver: '@muted', matchers: [name=a], mute_time_intervals: [always] },
            { receiver: '@out', matchers: [name=b], active_time_intervals: [never] },
            { receiver: '@in', matchers: [name=c], active_time_intervals: [never, always], mute_time_intervals: [never] }]",
        receivers: &[("team", &[""]), ("muted", &[""]), ("out", &[""]), ("in", &[""])],
        alerts: &[],
        story: "
            fire a b c
            told in: c
            pass 2
            end a b c
            told in: | c
        ",
    },
    Scenario {
        name: "an alert that fires again before its end is told",
        route: "",
        receivers: TEAM,
        alerts: &[],
        story: "
            fire a
            told team: a
            end a
            fire a
            pass 2
            end a
            told team: | a
        ",
    },
    Scenario {
        name: "an alert of which nobody speaks any more",
        route: "",
        receivers: TEAM,
        alerts: &[],
        story: "
            lapse a
            told team: a
            told team: | a @1
        ",
    },
    Scenario {
        name: "other words are no news",
        route: "",
        receivers: TEAM,
        alerts: &[],
        story: "
            fire a
            told team: a
            change a
            pass 2
            fire b
            told team: a b
        ",
    },
    Scenario {
        name: "a receiver that is overloaded is asked again",
        route: "",
        receivers: TEAM,
        alerts: &[],
        story: "
            refuse team 503
            fire a
            tried team 2
            accept team
            told team: a
            pass 2
            end a
            told team: | a
        ",
    },
    Scenario {
        name: "one of two is told again, as it refused",
        route: "",
        receivers: &[("team", &["", ""])],
        alerts: &[],
        story: "
            refuse team.1 400
            fire a
            told team: a
            tried team.1 2
            accept team.1
            told team.1: a
            pass 2
            end a
            told team: | a
            told team.1: | a
        ",
    },
];

#[test]
fn the_same_is_told_at_the_same_ticks() {
    let Some(program) = peer(Peer::Alertmanager) else { return };
    play(&program, SCENARIOS);
}
