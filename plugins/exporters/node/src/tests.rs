//! Collectors over the files of a small machine. The expected lines are node_exporter's for the same files.

use expect_test::{Expect, expect};
use narthex_sdk::{Label, Target, files::FsUsage, log::Level, testing::FakeHost};

use crate::Node;

mod machines;

/// What `collect` answers for one collector, without comments and without the words about the scrape itself.
#[track_caller]
fn check(host: &FakeHost, collector: &str, expected: &Expect) {
    let answer =
        host.collect::<Node>(&format!(r#"{{"collectors":["{collector}"]}}"#)).unwrap().text();
    let wanted =
        |line: &&str| !line.starts_with('#') && !line.starts_with("node_scrape_collector_duration");
    let lines: Vec<_> = answer.lines().filter(wanted).collect();
    expected.assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn a_disk_without_udev_is_shown_too() {
    let host = FakeHost::new().file("proc", "diskstats", "254 0 vda 1 2 3 4 5 6 7 8 9 10 11\n");
    let text = host.collect::<Node>(r#"{"collectors":["diskstats"]}"#).unwrap().text();
    assert!(
        text.contains(r#"node_disk_info{device="vda",major="254",minor="0",model="""#),
        "{text}"
    );
}

#[test]
fn text_files_are_told_with_the_time_of_their_last_change() {
    let host = FakeHost::new()
        .file("textfile", "a.prom", "backup_bytes 5\n")
        .modified("textfile", "a.prom", 1_767_225_600_250_000_000)
        .file("textfile", "broken.prom", "backup_bytes {\n");
    check(
        &host,
        "textfile",
        &expect![[r#"
            backup_bytes 5
            node_scrape_collector_success{collector="textfile"} 1
            node_textfile_mtime_seconds{file="textfile/a.prom"} 1767225600
            node_textfile_scrape_error 1
        "#]],
    );
}

#[test]
fn the_kernels_clock_is_told_in_seconds() {
    let told = |state: i64, status: i64| {
        FakeHost::new().discipline(&[
            ("state", state),
            ("offset", -2_500_000),
            ("freq", 65_536_000_000),
            ("maxerror", 16_000_000),
            ("esterror", 1_000),
            ("status", status),
            ("constant", 7),
            ("tick", 10_000),
            ("ppsfreq", 65_536),
            ("jitter", 500),
            ("shift", 2),
            ("stabil", 0),
            ("jitcnt", 3),
            ("calcnt", 4),
            ("errcnt", 5),
            ("stbcnt", 6),
            ("tai", 37),
        ])
    };
    check(
        &told(0, 0x2001),
        "timex",
        &expect![[r#"
            node_scrape_collector_success{collector="timex"} 1
            node_timex_estimated_error_seconds 0.001
            node_timex_frequency_adjustment_ratio 2
            node_timex_loop_time_constant 7
            node_timex_maxerror_seconds 16
            node_timex_offset_seconds -0.0025
            node_timex_pps_calibration_total 4
            node_timex_pps_error_total 5
            node_timex_pps_frequency_hertz 1e-6
            node_timex_pps_jitter_seconds 5e-7
            node_timex_pps_jitter_total 3
            node_timex_pps_shift_seconds 2
            node_timex_pps_stability_exceeded_total 6
            node_timex_pps_stability_hertz 0
            node_timex_status 8193
            node_timex_sync_status 1
            node_timex_tai_offset_seconds 37
            node_timex_tick_seconds 0.01
        "#]],
    );
    let unkept = told(5, 0x40).collect::<Node>(r#"{"collectors":["timex"]}"#).unwrap().text();
    assert!(unkept.contains("\nnode_timex_sync_status 0\n"), "{unkept}");
    assert!(unkept.contains("\nnode_timex_offset_seconds -2.5\n"), "{unkept}");

    let silent = FakeHost::new().collect::<Node>(r#"{"collectors":["timex"]}"#).unwrap().text();
    assert!(silent.contains("node_scrape_collector_success{collector=\"timex\"} 0\n"), "{silent}");
}

#[test]
fn file_systems_that_cannot_be_asked_say_why() {
    let usage = FsUsage {
        block_size: 4096,
        blocks: 1000,
        free: 500,
        available: 400,
        files: 100,
        files_free: 50,
        fs_type: 0xef53,
    };
    let host = FakeHost::new()
        .file(
            "proc",
            "1/mountinfo",
            "1 0 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
             1 0 254:0 /twice / rw,relatime - ext4 /dev/vda rw\n\
             2 1 0:5 / /proc rw - proc proc rw\n\
             3 1 8:1 / /srv/usb\\040stick ro - vfat /dev/sda1 ro\n",
        )
        .usage("root", "", usage);
    check(
        &host,
        "filesystem",
        &expect![[r#"
        node_filesystem_avail_bytes{device="/dev/vda",device_error="",fstype="ext4",mountpoint="/"} 1638400
        node_filesystem_device_error{device="/dev/vda",device_error="",fstype="ext4",mountpoint="/"} 0
        node_filesystem_device_error{device="/dev/sda1",device_error="no such file or directory",fstype="vfat",mountpoint="/srv/usb stick"} 1
        node_filesystem_files{device="/dev/vda",device_error="",fstype="ext4",mountpoint="/"} 100
        node_filesystem_files_free{device="/dev/vda",device_error="",fstype="ext4",mountpoint="/"} 50
        node_filesystem_free_bytes{device="/dev/vda",device_error="",fstype="ext4",mountpoint="/"} 2048000
        node_filesystem_mount_info{device="/dev/vda",major="254",minor="0",mountpoint="/"} 1
        node_filesystem_purgeable_bytes{device="/dev/vda",device_error="",fstype="ext4",mountpoint="/"} 0
        node_filesystem_readonly{device="/dev/vda",device_error="",fstype="ext4",mountpoint="/"} 0
        node_filesystem_readonly{device="/dev/sda1",device_error="no such file or directory",fstype="vfat",mountpoint="/srv/usb stick"} 1
        node_filesystem_size_bytes{device="/dev/vda",device_error="",fstype="ext4",mountpoint="/"} 4096000
        node_scrape_collector_success{collector="filesystem"} 1
    "#]],
    );
}

#[test]
fn a_kernel_without_pressure_information_fails_that_collector_alone() {
    let host = FakeHost::new()
        .file("proc", "loadavg", "0.31 0.25 0.15 1/99 1234\n")
        .file("proc", "pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=75208281\n")
        .file("proc", "pressure/irq", "full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n");
    check(
        &host,
        "pressure",
        &expect![[r#"
        node_pressure_cpu_waiting_seconds_total 75.208281
        node_pressure_irq_stalled_seconds_total 5e-6
        node_scrape_collector_success{collector="pressure"} 1
    "#]],
    );
    let host = FakeHost::new().file("proc", "loadavg", "0.31 0.25 0.15 1/99 1234\n");
    let text = host.collect::<Node>(r#"{"collectors":["pressure","loadavg"]}"#).unwrap().text();
    assert!(text.contains("node_scrape_collector_success{collector=\"pressure\"} 0\n"), "{text}");
    assert!(text.contains("node_scrape_collector_success{collector=\"loadavg\"} 1\n"), "{text}");
    let logs = host.logs();
    let levels: Vec<_> = logs.iter().map(|line| (line.level, line.message.as_str())).collect();
    assert_eq!(levels, [(Level::Debug, "nothing to collect")], "no news for the operator");
}

#[test]
fn sockets_are_counted_by_protocol_and_state() {
    let auxv: Vec<u8> =
        [33_u64, 1, 6, 16_384, 0, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
    let host = FakeHost::new()
        .file(
            "proc",
            "net/sockstat",
            "sockets: used 229\nTCP: inuse 4 orphan 0 tw 4 alloc 17 mem 1\nUDP: inuse 0 mem 0\n",
        )
        .file("proc", "net/sockstat6", "FRAG6: inuse 0 memory 0\n")
        .file("proc", "self/auxv", auxv);
    check(
        &host,
        "sockstat",
        &expect![[r#"
        node_scrape_collector_success{collector="sockstat"} 1
        node_sockstat_FRAG6_inuse 0
        node_sockstat_FRAG6_memory 0
        node_sockstat_TCP_alloc 17
        node_sockstat_TCP_inuse 4
        node_sockstat_TCP_mem 1
        node_sockstat_TCP_mem_bytes 16384
        node_sockstat_TCP_orphan 0
        node_sockstat_TCP_tw 4
        node_sockstat_UDP_inuse 0
        node_sockstat_UDP_mem 0
        node_sockstat_UDP_mem_bytes 0
        node_sockstat_sockets_used 229
    "#]],
    );
}

#[test]
fn uname_is_known_on_old_kernels_too() {
    let host = FakeHost::new()
        .file("proc", "sys/kernel/ostype", "Linux\n")
        .file("proc", "sys/kernel/osrelease", "5.10.0\n")
        .file("proc", "sys/kernel/version", "#1 SMP\n")
        .file("proc", "sys/kernel/hostname", "vm\n")
        .file("proc", "sys/kernel/domainname", "(none)\n")
        .file("proc", "cpuinfo", "processor\t: 0\nflags\t\t: fpu lm sse\n");
    check(
        &host,
        "uname",
        &expect![[r##"
        node_scrape_collector_success{collector="uname"} 1
        node_uname_info{domainname="(none)",machine="x86_64",nodename="vm",release="5.10.0",sysname="Linux",version="#1 SMP"} 1
    "##]],
    );
    let host = host.file("proc", "sys/kernel/arch", "riscv64\n");
    let text = host.collect::<Node>(r#"{"collectors":["uname"]}"#).unwrap().text();
    assert!(text.contains(r#"machine="riscv64""#), "{text}");
}

#[test]
fn collectors_are_chosen_by_configuration_and_by_the_scrape() {
    let host = FakeHost::new().file("proc", "loadavg", "0 0 0");
    let names = |config: &str, params: &[(&str, &str)]| {
        let target = Target {
            address: "localhost".into(),
            labels: Vec::new(),
            params: params.iter().map(|(name, value)| Label::new(name, *value)).collect(),
            timeout_ms: 1000,
        };
        let text = host.collect_from::<Node>(config, &target)?.text();
        let names = text
            .lines()
            .filter_map(|line| line.strip_prefix("node_scrape_collector_success{collector=\""));
        Ok::<_, narthex_sdk::Error>(
            names.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect::<Vec<_>>(),
        )
    };
    assert_eq!(names("{}", &[]).unwrap().len(), crate::COLLECTORS.len());
    assert_eq!(
        names("{}", &[("collect[]", "cpu"), ("collect[]", "stat")]).unwrap(),
        ["cpu", "stat"]
    );
    assert_eq!(
        names(r#"{"collectors":["cpu","stat"]}"#, &[("exclude[]", "cpu")]).unwrap(),
        ["stat"]
    );
    let refused = names(r#"{"collectors":["cpus"]}"#, &[]).unwrap_err();
    assert!(
        refused.message.starts_with("no collector \"cpus\"; there are arp, bcache"),
        "{refused:?}"
    );
}

#[test]
fn the_schema_knows_every_collector() {
    use narthex_sdk::Exporter as _;
    let schema: narthex_sdk::Json =
        narthex_sdk::json::from_str(&Node::describe().config_schema).unwrap();
    let known = schema["properties"]["collectors"]["items"]["enum"].as_array().unwrap();
    let mut names: Vec<_> = crate::COLLECTORS.iter().map(|collector| collector.name).collect();
    names.sort_unstable();
    assert_eq!(known.iter().filter_map(|name| name.as_str()).collect::<Vec<_>>(), names);
}

#[test]
fn the_clock_tells_its_zone_and_its_sources() {
    let folder = "devices/system/clocksource/clocksource0";
    let host = FakeHost::new()
        .now_ms(1_795_366_486_042)
        .file("sys", &format!("{folder}/available_clocksource"), "kvm-clock tsc \n")
        .file("sys", &format!("{folder}/current_clocksource"), "tsc\n");
    check(
        &host,
        "time",
        &expect![[r#"
            node_scrape_collector_success{collector="time"} 1
            node_time_clocksource_available_info{clocksource="kvm-clock",device="0"} 1
            node_time_clocksource_available_info{clocksource="tsc",device="0"} 1
            node_time_clocksource_current_info{clocksource="tsc",device="0"} 1
            node_time_seconds 1795366486.042
            node_time_zone_offset_seconds{time_zone="UTC"} 0
        "#]],
    );
}

/// Ten mounts of a server that is gone.
fn hung_mounts() -> FakeHost {
    let mounts: String = (0..10)
        .map(|index| format!("{index} 1 0:{index} / /srv/{index} rw - nfs4 server:/{index} rw\n"))
        .collect();
    FakeHost::new()
        .file("proc", "1/mountinfo", mounts)
        .file("proc", "loadavg", "0 0 0 1/1 1\n")
        .file("root", "x", "")
        .usages_take_ms(2_000)
}

#[test]
fn mounts_that_hang_take_half_of_the_time_and_the_rest_is_answered() {
    let host = hung_mounts().deadline_ms(9_000);
    let text = host.collect::<Node>(r#"{"collectors":["filesystem","loadavg"]}"#).unwrap().text();
    // Three were asked in 4.5 s; whether they answered after 2 s is the host's to say.
    assert_eq!(host.slept_ms(), 6_000);
    assert_eq!(text.matches("device_error=\"mountpoint timeout\"").count(), 2 * 7, "{text}");
    assert!(text.contains("node_scrape_collector_success{collector=\"loadavg\"} 1\n"), "{text}");

    let host = hung_mounts().deadline_ms(9_000);
    let config = r#"{"collectors":["filesystem"],"filesystem":{"mount_timeout":"1s"}}"#;
    host.collect::<Node>(config).unwrap();
    assert_eq!(host.slept_ms(), 2_000, "one is asked before the time is over");
}

#[test]
fn a_collector_for_which_no_time_is_left_says_so() {
    let host = FakeHost::new().file("proc", "loadavg", "0 0 0 1/1 1\n").deadline_ms(40);
    let text = host.collect::<Node>(r#"{"collectors":["loadavg"]}"#).unwrap().text();
    assert!(text.contains("node_scrape_collector_success{collector=\"loadavg\"} 0\n"), "{text}");
    assert_eq!(host.logs()[0].fields[1].value, "the other collectors took all the time");
}

#[test]
fn what_is_not_granted_is_remarked_on_when_the_configuration_is_loaded() {
    use narthex_sdk::Exporter as _;
    let remarks = |host: FakeHost, config: &str| {
        let config = narthex_sdk::json::from_str(config).unwrap();
        host.run(|| Node::validate(&config)).unwrap().join("\n")
    };
    let all = remarks(FakeHost::new(), "{}");
    assert!(all.contains("the collector filesystem fails: files: root \"root\""), "{all}");
    assert!(all.contains("the collector os fails: files: root \"os\""), "{all}");
    assert_eq!(remarks(FakeHost::new(), r#"{"collectors":["cpu"]}"#), "");
    let granted = FakeHost::new().file("root", "x", "").file("os", "os-release", "ID=x\n");
    assert_eq!(remarks(granted, "{}"), "");
}

#[test]
fn options_that_exclude_each_other_and_names_that_there_are_not_are_refused() {
    use narthex_sdk::Exporter as _;
    let refused = |config: &str| {
        let config = narthex_sdk::json::from_str(config).unwrap();
        FakeHost::new().run(|| Node::validate(&config)).unwrap_err().message
    };
    assert_eq!(
        refused(r#"{"netdev":{"device_exclude":"a","device_include":"b"}}"#),
        "netdev: device_exclude and device_include exclude each other"
    );
    assert_eq!(
        refused(r#"{"ipvs":{"backend_labels":["port"]}}"#),
        "no label \"port\"; there are local_address, local_port, remote_address, remote_port, proto, local_mark"
    );
    let error = FakeHost::new().collect::<Node>(r#"{"vmstat":{"fields":"("}}"#).unwrap_err();
    assert!(error.message.contains("vmstat.fields"), "{error:?}");
}

#[test]
fn options_choose_devices_fields_and_labels() {
    let dev = "a\nb\n eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n veth1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n";
    let host = FakeHost::new()
        .file("proc", "net/dev", dev)
        .file("sys", "class/net/eth0/statistics/rx_packets", "5\n")
        .file("sys", "class/net/eth0/ifalias", "uplink\n")
        .file("proc", "vmstat", "pgfault 1\nnr_free_pages 2\n")
        .file("proc", "stat", "cpu0 1 2 3 4 5 6 7 8 9 10\nsoftirq 3 1 2\n")
        .file(
            "proc",
            "cpuinfo",
            "processor\t: 0\nvendor_id\t: V\nflags\t\t: aes avx\nbugs\t\t: mds\n",
        );
    let says = |config: &str| host.collect::<Node>(config).unwrap().text();
    let text = says(
        r#"{"collectors":["netdev"],"netdev":{"device_exclude":"^veth","label_ifalias":true}}"#,
    );
    assert!(
        text.contains("node_network_receive_bytes_total{device=\"eth0\",ifalias=\"uplink\"} 1\n"),
        "{text}"
    );
    assert!(!text.contains("veth1"), "{text}");
    let text = says(r#"{"collectors":["netdev"],"netdev":{"enable_detailed_metrics":true}}"#);
    assert!(text.contains("node_network_receive_packets_total{device=\"eth0\"} 5\n"), "{text}");
    let text = says(r#"{"collectors":["vmstat"],"vmstat":{"fields":"^nr_"}}"#);
    assert!(text.contains("node_vmstat_nr_free_pages 2\n") && !text.contains("pgfault"), "{text}");
    let text = says(
        r#"{"collectors":["stat","cpu"],"stat":{"softirq":true},"cpu":{"guest":false,"info_flags_include":"^a"}}"#,
    );
    assert!(text.contains("node_softirqs_total{vector=\"timer\"} 2\n"), "{text}");
    assert!(text.contains("node_cpu_flag_info{flag=\"avx\"} 1\n"), "{text}");
    assert!(text.contains("node_cpu_info{package=\"\",core=\"\",cpu=\"0\",vendor=\"V\""), "{text}");
    assert!(!text.contains("node_cpu_guest") && !text.contains("node_cpu_bug_info"), "{text}");
}
