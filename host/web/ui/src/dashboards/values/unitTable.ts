/** The units that Grafana has, by how they are written. Flat data; units.ts knows what it means. */

/** A number and what follows it. */
export const FIXED: Readonly<Record<string, string>> = {
  humidity: "%H", dB: "dB", pixel: "px", accMS2: "m/sec²", accFS2: "f/sec²", accG: "g", degree: "°", radian: "rad",
  grad: "grad", arcmin: "arcmin", arcsec: "arcsec", areaM2: "m²", areaF2: "ft²", areaMI2: "mi²", acres: "ac",
  hectares: "ha", ppm: "ppm", conppb: "ppb", conngm3: "ng/m³", conngNm3: "ng/Nm³",
  conμgm3: "μg/m³", conμgNm3: "μg/Nm³", conmgm3: "mg/m³", conmgNm3: "mg/Nm³", congm3: "g/m³", congNm3: "g/Nm³",
  conmgdL: "mg/dL", conmmolL: "mmol/L", dBm: "dbm", flowgpm: "gpm", flowcms: "cms", flowcfs: "cfs", flowcfm: "cfm",
  litreh: "L/h", flowlpm: "L/min", flowmlpm: "mL/min", lux: "lux", masslb: "lb", masst: "t", lengthcm: "cm",
  lengthin: "in", lengthft: "ft", lengthmi: "mi", pressurehpa: "hPa", pressurekpa: "kPa", pressurehg: "\"Hg",
  rotrpm: "rpm", rotrads: "rad/s", rotdegs: "°/s", celsius: "°C", fahrenheit: "°F", kelvin: "K", velocityms: "m/s",
  velocitykmh: "km/h", velocitymph: "mph", velocityknot: "kn", m3: "m³", Nm3: "Nm³", dm3: "dm³", gallons: "gal",
};

/** A decimal prefix that the value already has, and the unit: "k:W" counts kilowatts. */
export const SI: Readonly<Record<string, string>> = {
  sishort: ":", candela: ":cd", flops: ":FLOPS", mflops: "M:FLOPS", gflops: "G:FLOPS", tflops: "T:FLOPS",
  pflops: "P:FLOPS", eflops: "E:FLOPS", zflops: "Z:FLOPS", yflops: "Y:FLOPS", decbytes: ":B", decbits: ":b", deckbytes: "k:B",
  decmbytes: "M:B", decgbytes: "G:B", dectbytes: "T:B", decpbytes: "P:B", pps: ":p/s", Bps: ":B/s", bps: ":b/s",
  KBs: "k:B/s", Kbits: "k:b/s", MBs: "M:B/s", Mbits: "M:b/s", GBs: "G:B/s", Gbits: "G:b/s", TBs: "T:B/s",
  Tbits: "T:b/s", PBs: "P:B/s", Pbits: "P:b/s", watt: ":W", kwatt: "k:W", megwatt: "M:W", gwatt: "G:W",
  mwatt: "m:W", Wm2: ":W/m²", voltamp: ":VA", kvoltamp: "k:VA", voltampreact: ":VAr", kvoltampreact: "k:VAr",
  watth: ":Wh", watthperkg: ":Wh/kg", kwatth: "k:Wh", kwattm: "k:W-Min", mwatth: "M:Wh", amph: ":Ah", kamph: "k:Ah",
  mamph: "m:Ah", joule: ":J", ev: ":eV", amp: ":A", kamp: "k:A", mamp: "m:A", volt: ":V", kvolt: "k:V",
  mvolt: "m:V", mohm: "m:Ω", ohm: ":Ω", kohm: "k:Ω", Mohm: "M:Ω", farad: ":F", "µfarad": "µ:F", nfarad: "n:F",
  pfarad: "p:F", ffarad: "f:F", henry: ":H", mhenry: "m:H", "µhenry": "µ:H", lumens: ":Lm", forceNm: ":Nm",
  forcekNm: "k:Nm", forceN: ":N", forcekN: "k:N", Hs: ":H/s", KHs: "k:H/s", MHs: "M:H/s", GHs: "G:H/s",
  THs: "T:H/s", PHs: "P:H/s", EHs: "E:H/s", massmg: "m:g", massg: ":g", masskg: "k:g", lengthmm: "m:m",
  lengthm: ":m", lengthkm: "k:m", pressurembar: "m:bar", pressurebar: ":bar", pressurekbar: "k:bar",
  pressurepa: ":Pa", radbq: ":Bq", radci: ":Ci", radgy: ":Gy", radrad: ":rad", radsv: ":Sv", radmsv: "m:Sv",
  radusv: "µ:Sv", radrem: ":rem", radexpckg: ":C/kg", radr: ":R", radsvh: ":Sv/h", radmsvh: "m:Sv/h",
  radusvh: "µ:Sv/h", rothz: ":Hz", rotkhz: "k:Hz", rotmhz: "M:Hz", rotghz: "G:Hz", hertz: ":Hz", mlitre: "m:L",
  litre: ":L",
};

/** A binary prefix that the value already has, and the unit: "K:B" counts kibibytes. */
export const BINARY: Readonly<Record<string, string>> = {
  bytes: ":B", bits: ":b", kbytes: "K:B", mbytes: "M:B", gbytes: "G:B", tbytes: "T:B", pbytes: "P:B",
  binBps: ":B/s", binbps: ":b/s", KiBs: "K:B/s", Kibits: "K:b/s", MiBs: "M:B/s", Mibits: "M:b/s", GiBs: "G:B/s",
  Gibits: "G:b/s", TiBs: "T:B/s", Tibits: "T:b/s", PiBs: "P:B/s", Pibits: "P:b/s",
};

/** Counts: shortened by K, M, B, T, with the unit behind. */
export const COUNT: Readonly<Record<string, string>> = {
  cps: "c/s", ops: "ops/s", reqps: "req/s", rps: "rd/s", wps: "wr/s", iops: "io/s", eps: "evt/s", mps: "msg/s",
  recps: "rec/s", rowsps: "rows/s", cpm: "c/m", opm: "ops/m", reqpm: "req/m", rpm: "rd/m", wpm: "wr/m",
  epm: "evts/m", mpm: "msgs/m", recpm: "rec/m", rowspm: "rows/m",
};

/** Currencies: the symbol before the number, or behind it. */
export const CURRENCY: Readonly<Record<string, string>> = {
  currencyUSD: "$|", currencyGBP: "£|", currencyEUR: "€|", currencyJPY: "¥|", currencyRUB: "₽|", currencyUAH: "₴|",
  currencyBRL: "R$|", currencyDKK: "|kr", currencyISK: "|kr", currencyNOK: "|kr", currencySEK: "|kr",
  currencyCZK: "czk|", currencyCHF: "CHF|", currencyPLN: "PLN|", currencyBTC: "฿|", currencymBTC: "mBTC|",
  currencyμBTC: "μBTC|", currencyZAR: "R|", currencyINR: "₹|", currencyKRW: "₩|", currencyIDR: "Rp|",
  currencyPHP: "PHP|", currencyVND: "|đ", currencyTRY: "|₺", currencyMYR: "RM|", currencyXPF: "XPF|",
  currencyBGN: "BGN|", currencyPYG: "₲|", currencyUYU: "UYU|", currencyILS: "₪|",
};
