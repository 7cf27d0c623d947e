//! Collectors over the files of a small machine. The expected lines are node_exporter's for the same files.

use expect_test::{Expect, expect};
use narthex_sdk::{Label, Target, files::FsUsage, testing::FakeHost};

use crate::Node;

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
fn cpu_time_is_in_seconds_by_cpu_and_mode() {
    let host = FakeHost::new()
        .file(
            "proc",
            "stat",
            "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 57016 0 3448 41974 151 0 37 1385 5 0\nintr 1 2\n",
        )
        .file("sys", "devices/system/cpu/isolated", "1-2\n")
        .file("sys", "devices/system/cpu/cpu0/topology/physical_package_id", "0\n")
        .file("sys", "devices/system/cpu/cpu0/topology/core_id", "3\n")
        .file("sys", "devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "5\n")
        .file("sys", "devices/system/cpu/cpu0/thermal_throttle/package_throttle_count", "6\n")
        .file("sys", "devices/system/cpu/cpu0/online", "1\n")
        .file("sys", "devices/system/cpu/cpu1/online", "0\n")
        .file("sys", "devices/system/cpu/cpufreq/x", "");
    check(
        &host,
        "cpu",
        &expect![[r#"
        node_cpu_core_throttles_total{package="0",core="3"} 5
        node_cpu_guest_seconds_total{cpu="0",mode="user"} 0.05
        node_cpu_guest_seconds_total{cpu="0",mode="nice"} 0
        node_cpu_isolated{cpu="1"} 1
        node_cpu_isolated{cpu="2"} 1
        node_cpu_online{cpu="0"} 1
        node_cpu_online{cpu="1"} 0
        node_cpu_package_throttles_total{package="0"} 6
        node_cpu_seconds_total{cpu="0",mode="user"} 570.16
        node_cpu_seconds_total{cpu="0",mode="nice"} 0
        node_cpu_seconds_total{cpu="0",mode="system"} 34.48
        node_cpu_seconds_total{cpu="0",mode="idle"} 419.74
        node_cpu_seconds_total{cpu="0",mode="iowait"} 1.51
        node_cpu_seconds_total{cpu="0",mode="irq"} 0
        node_cpu_seconds_total{cpu="0",mode="softirq"} 0.37
        node_cpu_seconds_total{cpu="0",mode="steal"} 13.85
        node_scrape_collector_success{collector="cpu"} 1
    "#]],
    );
}

#[test]
fn disks_are_shown_with_what_udev_knows() {
    let host = FakeHost::new()
        .file(
            "proc",
            "diskstats",
            "   7  0 loop0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\n 254  0 vda 10 20 30 40 50 60 70 80 90 100 110\n",
        )
        .file("sys", "block/vda/queue/rotational", "1\n")
        .file("udev", "b254:0", "S:disk/x\nE:ID_SERIAL=abc\nE:ID_FS_TYPE=ext4\nE:ID_ATA=1\nE:ID_ATA_WRITE_CACHE=1\n");
    check(
        &host,
        "diskstats",
        &expect![[r#"
        node_disk_ata_write_cache{device="vda"} 1
        node_disk_filesystem_info{device="vda",type="ext4",usage="",uuid="",version=""} 1
        node_disk_info{device="vda",major="254",minor="0",model="",path="",revision="",rotational="1",serial="abc",wwn=""} 1
        node_disk_io_now{device="vda"} 90
        node_disk_io_time_seconds_total{device="vda"} 0.1
        node_disk_io_time_weighted_seconds_total{device="vda"} 0.11
        node_disk_read_bytes_total{device="vda"} 15360
        node_disk_read_time_seconds_total{device="vda"} 0.04
        node_disk_reads_completed_total{device="vda"} 10
        node_disk_reads_merged_total{device="vda"} 20
        node_disk_write_time_seconds_total{device="vda"} 0.08
        node_disk_writes_completed_total{device="vda"} 50
        node_disk_writes_merged_total{device="vda"} 60
        node_disk_written_bytes_total{device="vda"} 35840
        node_scrape_collector_success{collector="diskstats"} 1
    "#]],
    );
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
fn memory_is_in_bytes_except_for_counts_of_pages() {
    let host = FakeHost::new().file(
        "proc",
        "meminfo",
        "MemTotal:        2048 kB\nActive(anon):       3 kB\nHugePages_Total:       4\nSecPageTables:  9 kB\n",
    );
    check(
        &host,
        "meminfo",
        &expect![[r#"
        node_memory_Active_anon_bytes 3072
        node_memory_HugePages_Total 4
        node_memory_MemTotal_bytes 2097152
        node_scrape_collector_success{collector="meminfo"} 1
    "#]],
    );
}

#[test]
fn counters_of_a_network_device_are_added_up_to_the_known_names() {
    let mut host = FakeHost::new().file("sys", "class/net/bonding_masters", "bond0\n");
    for (index, name) in [
        "collisions",
        "multicast",
        "rx_bytes",
        "rx_compressed",
        "rx_crc_errors",
        "rx_dropped",
        "rx_errors",
        "rx_fifo_errors",
        "rx_frame_errors",
        "rx_length_errors",
        "rx_missed_errors",
        "rx_nohandler",
        "rx_over_errors",
        "rx_packets",
        "tx_aborted_errors",
        "tx_bytes",
        "tx_carrier_errors",
        "tx_compressed",
        "tx_dropped",
        "tx_errors",
        "tx_fifo_errors",
        "tx_heartbeat_errors",
        "tx_packets",
        "tx_window_errors",
    ]
    .iter()
    .enumerate()
    {
        host = host.file(
            "sys",
            &format!("class/net/eth0/statistics/{name}"),
            format!("{}\n", index + 1),
        );
    }
    check(
        &host,
        "netdev",
        &expect![[r#"
        node_network_receive_bytes_total{device="eth0"} 3
        node_network_receive_compressed_total{device="eth0"} 4
        node_network_receive_drop_total{device="eth0"} 17
        node_network_receive_errs_total{device="eth0"} 7
        node_network_receive_fifo_total{device="eth0"} 8
        node_network_receive_frame_total{device="eth0"} 37
        node_network_receive_multicast_total{device="eth0"} 2
        node_network_receive_nohandler_total{device="eth0"} 12
        node_network_receive_packets_total{device="eth0"} 14
        node_network_transmit_bytes_total{device="eth0"} 16
        node_network_transmit_carrier_total{device="eth0"} 78
        node_network_transmit_colls_total{device="eth0"} 1
        node_network_transmit_compressed_total{device="eth0"} 18
        node_network_transmit_drop_total{device="eth0"} 19
        node_network_transmit_errs_total{device="eth0"} 20
        node_network_transmit_fifo_total{device="eth0"} 21
        node_network_transmit_packets_total{device="eth0"} 23
        node_scrape_collector_success{collector="netdev"} 1
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
        node_pressure_irq_stalled_seconds_total 0.000005
        node_scrape_collector_success{collector="pressure"} 1
    "#]],
    );
    let host = FakeHost::new().file("proc", "loadavg", "0.31 0.25 0.15 1/99 1234\n");
    let text = host.collect::<Node>(r#"{"collectors":["pressure","loadavg"]}"#).unwrap().text();
    assert!(text.contains("node_scrape_collector_success{collector=\"pressure\"} 0\n"), "{text}");
    assert!(text.contains("node_scrape_collector_success{collector=\"loadavg\"} 1\n"), "{text}");
    assert_eq!(host.logs()[0].message, "collector failed");
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
fn the_rest_is_read_word_by_word() {
    let host = FakeHost::new()
        .now_ms(1_795_366_486_042)
        .file("proc", "stat", "cpu0 1 2 3\nintr 6652 1 2\nctxt 77\nbtime 1795365485\nprocesses 9\nprocs_running 2\nprocs_blocked 0\n")
        .file("proc", "loadavg", "0.31 0.25 0.15 1/99 1234\n")
        .file("proc", "sys/fs/file-nr", "1024\t0\t9223372036854775807\n")
        .file("proc", "vmstat", "nr_free_pages 5\npgpgin 1\npgfault 2\npgmajfault 3\noom_kill 0\npgscan_direct 4\n")
        .file("sys", "devices/system/clocksource/clocksource0/available_clocksource", "kvm-clock tsc \n")
        .file("sys", "devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
    for collector in ["stat", "loadavg", "filefd", "vmstat", "time"] {
        let expected = match collector {
            "stat" => expect![[r#"
                node_boot_time_seconds 1795365485
                node_context_switches_total 77
                node_forks_total 9
                node_intr_total 6652
                node_procs_blocked 0
                node_procs_running 2
                node_scrape_collector_success{collector="stat"} 1
            "#]],
            "loadavg" => expect![[r#"
                node_load1 0.31
                node_load15 0.15
                node_load5 0.25
                node_scrape_collector_success{collector="loadavg"} 1
            "#]],
            "filefd" => expect![[r#"
                node_filefd_allocated 1024
                node_filefd_maximum 9223372036854776000
                node_scrape_collector_success{collector="filefd"} 1
            "#]],
            "vmstat" => expect![[r#"
                node_scrape_collector_success{collector="vmstat"} 1
                node_vmstat_oom_kill 0
                node_vmstat_pgfault 2
                node_vmstat_pgmajfault 3
                node_vmstat_pgpgin 1
            "#]],
            _ => expect![[r#"
                node_scrape_collector_success{collector="time"} 1
                node_time_clocksource_available_info{clocksource="kvm-clock",device="0"} 1
                node_time_clocksource_available_info{clocksource="tsc",device="0"} 1
                node_time_clocksource_current_info{clocksource="tsc",device="0"} 1
                node_time_seconds 1795366486.042
                node_time_zone_offset_seconds{time_zone="UTC"} 0
            "#]],
        };
        check(&host, collector, &expected);
    }
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
    assert_eq!(names("{}", &[]).unwrap().len(), 13);
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
        refused.message.starts_with("no collector \"cpus\"; there are cpu, diskstats"),
        "{refused:?}"
    );
}

#[test]
fn the_schema_knows_every_collector() {
    use narthex_sdk::Exporter as _;
    let schema: narthex_sdk::Json =
        narthex_sdk::json::from_str(&Node::describe().config_schema).unwrap();
    let known = schema["properties"]["collectors"]["items"]["enum"].as_array().unwrap();
    let names: Vec<_> = crate::COLLECTORS.iter().map(|collector| collector.name).collect();
    assert_eq!(known.iter().filter_map(|name| name.as_str()).collect::<Vec<_>>(), names);
}
