//! What the operator may set: node_exporter's flags, by collector. `--collector.netdev.device-exclude` is
//! `netdev: { device_exclude: … }`.

use std::time::Duration;

use narthex_sdk::Error;
use serde::Deserialize;

use crate::filter::{Filter, Pattern, exclusive};

/// Everything under `exporter.config`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub(crate) collectors: Option<Vec<String>>,
    pub(crate) arp: Devices,
    pub(crate) bcache: Bcache,
    pub(crate) cpu: Cpu,
    pub(crate) diskstats: Devices,
    pub(crate) filesystem: Filesystem,
    pub(crate) hwmon: Hwmon,
    pub(crate) ipvs: Ipvs,
    pub(crate) netclass: Netclass,
    pub(crate) netdev: Netdev,
    pub(crate) netstat: Fields,
    pub(crate) powersupply: PowerSupply,
    pub(crate) rapl: Rapl,
    pub(crate) stat: Stat,
    pub(crate) tapestats: Tapestats,
    pub(crate) textfile: Textfile,
    pub(crate) vmstat: Fields,
}

/// Which devices to show.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Devices {
    device_exclude: Option<Pattern>,
    device_include: Option<Pattern>,
}

impl Devices {
    pub(crate) fn filter(&self, by_default: fn(&str) -> bool) -> Filter<'_> {
        Filter::new(self.device_exclude.as_ref(), self.device_include.as_ref(), by_default)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Bcache {
    pub(crate) priority_stats: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Cpu {
    pub(crate) guest: bool,
    info: bool,
    pub(crate) info_flags_include: Option<Pattern>,
    pub(crate) info_bugs_include: Option<Pattern>,
}

impl Default for Cpu {
    fn default() -> Self {
        Self { guest: true, info: false, info_flags_include: None, info_bugs_include: None }
    }
}

impl Cpu {
    /// Asking for flags or bugs asks for all of it.
    pub(crate) fn has_info(&self) -> bool {
        self.info || self.info_flags_include.is_some() || self.info_bugs_include.is_some()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Filesystem {
    mount_points_exclude: Option<Pattern>,
    mount_points_include: Option<Pattern>,
    fs_types_exclude: Option<Pattern>,
    fs_types_include: Option<Pattern>,
    #[serde(with = "narthex_sdk::duration")]
    pub(crate) mount_timeout: Duration,
}

impl Default for Filesystem {
    fn default() -> Self {
        Self {
            mount_points_exclude: None,
            mount_points_include: None,
            fs_types_exclude: None,
            fs_types_include: None,
            mount_timeout: Duration::from_secs(5),
        }
    }
}

impl Filesystem {
    pub(crate) fn mount_points(&self, by_default: fn(&str) -> bool) -> Filter<'_> {
        let (exclude, include) = (&self.mount_points_exclude, &self.mount_points_include);
        Filter::new(exclude.as_ref(), include.as_ref(), by_default)
    }

    pub(crate) fn types(&self, by_default: fn(&str) -> bool) -> Filter<'_> {
        let (exclude, include) = (&self.fs_types_exclude, &self.fs_types_include);
        Filter::new(exclude.as_ref(), include.as_ref(), by_default)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Hwmon {
    chip_exclude: Option<Pattern>,
    chip_include: Option<Pattern>,
    sensor_exclude: Option<Pattern>,
    sensor_include: Option<Pattern>,
}

impl Hwmon {
    pub(crate) fn chips(&self) -> Filter<'_> {
        let (exclude, include) = (&self.chip_exclude, &self.chip_include);
        Filter::new(exclude.as_ref(), include.as_ref(), crate::filter::nothing)
    }

    pub(crate) fn sensors(&self) -> Filter<'_> {
        let (exclude, include) = (&self.sensor_exclude, &self.sensor_include);
        Filter::new(exclude.as_ref(), include.as_ref(), crate::filter::nothing)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Ipvs {
    /// Absent for all.
    pub(crate) backend_labels: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Netclass {
    pub(crate) ignored_devices: Option<Pattern>,
    pub(crate) ignore_invalid_speed: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Netdev {
    device_exclude: Option<Pattern>,
    device_include: Option<Pattern>,
    pub(crate) enable_detailed_metrics: bool,
    pub(crate) label_ifalias: bool,
}

impl Netdev {
    pub(crate) fn filter(&self) -> Filter<'_> {
        let (exclude, include) = (&self.device_exclude, &self.device_include);
        Filter::new(exclude.as_ref(), include.as_ref(), crate::filter::nothing)
    }
}

/// Which fields of a long file to show; absent for node_exporter's choice.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Fields {
    fields: Option<Pattern>,
}

impl Fields {
    pub(crate) fn has(&self, field: &str, by_default: fn(&str) -> bool) -> bool {
        self.fields.as_ref().map_or_else(|| by_default(field), |fields| fields.matches(field))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PowerSupply {
    pub(crate) ignored_supplies: Option<Pattern>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rapl {
    pub(crate) enable_zone_label: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Stat {
    pub(crate) softirq: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tapestats {
    pub(crate) ignored_devices: Option<Pattern>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Textfile {
    /// Names of granted roots.
    pub(crate) roots: Vec<String>,
}

impl Default for Textfile {
    fn default() -> Self {
        Self { roots: vec!["textfile".into()] }
    }
}

impl Config {
    /// Refuses what no collector could keep.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let devices = |collector: &str, exclude: &Option<Pattern>, include: &Option<Pattern>| {
            exclusive(collector, "device", exclude.as_ref(), include.as_ref())
        };
        devices("arp", &self.arp.device_exclude, &self.arp.device_include)?;
        devices("diskstats", &self.diskstats.device_exclude, &self.diskstats.device_include)?;
        devices("netdev", &self.netdev.device_exclude, &self.netdev.device_include)?;
        let Filesystem { mount_points_exclude, mount_points_include, .. } = &self.filesystem;
        let (exclude, include) = (mount_points_exclude.as_ref(), mount_points_include.as_ref());
        exclusive("filesystem", "mount_points", exclude, include)?;
        let Filesystem { fs_types_exclude, fs_types_include, .. } = &self.filesystem;
        let (exclude, include) = (fs_types_exclude.as_ref(), fs_types_include.as_ref());
        exclusive("filesystem", "fs_types", exclude, include)?;
        let Hwmon { chip_exclude, chip_include, sensor_exclude, sensor_include } = &self.hwmon;
        exclusive("hwmon", "chip", chip_exclude.as_ref(), chip_include.as_ref())?;
        exclusive("hwmon", "sensor", sensor_exclude.as_ref(), sensor_include.as_ref())
    }
}
