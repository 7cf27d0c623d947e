import assert from "node:assert/strict";
import { test } from "node:test";

import { PluginError, clock, delta, discovery, dns, exporter, files, full, http, kv, log, tcp, Metrics, decodeUtf8 } from "@narthex/sdk";
import { FakeHost } from "@narthex/sdk/testing";

const card = { name: "t", version: "1.0.0", description: "" };

test("what a test does not provide is not granted", () => {
  new FakeHost().run(() => {
    const denied = { kind: "denied" };
    assert.throws(() => http.get("http://x/"), denied);
    assert.throws(() => files.read("proc", "stat"), denied);
    assert.throws(() => dns.lookup("x", "A"), denied);
    assert.throws(() => tcp.Connection.open("x", 1, 100), denied);
  });
});

test("outside of a host, asking says what to do", () => {
  assert.throws(() => clock.nowMs(), /call the plugin through a FakeHost/);
});

test("files are listed by directory, and a missing one is told as such", () => {
  const host = new FakeHost().file("sys", "net/eth0/mtu", "1500\n").link("sys", "net/lo", "../lo");
  host.run(() => {
    assert.deepEqual(files.list("sys", "net"), [
      { name: "eth0", kind: "directory" },
      { name: "lo", kind: "symlink" },
    ]);
    assert.equal(files.readText("sys", "net/eth0/mtu"), "1500\n");
    assert.throws(() => files.read("sys", "net/eth1/mtu"), (error: PluginError) => error.isNotFound);
  });
});

test("many requests are answered in order, failures among them", () => {
  const host = new FakeHost().http("http://a/", { body: "1" }).http("http://b/", PluginError.timeout("late"));
  const answers = host.run(() => http.sendAll([{ url: "http://b/" }, { url: "http://a/", bodyBytesMax: 0 }]));
  assert.ok(answers[0] instanceof PluginError && answers[0].retryable);
  assert.ok(answers[1] instanceof http.Response && answers[1].truncated);
});

test("keys vanish after their time, and are exchanged in one step", () => {
  const host = new FakeHost();
  host.run(() => {
    kv.set("a", "1", 1_000);
    assert.equal(kv.getText("a"), "1");
    clock.sleepMs(1_000);
    assert.equal(kv.get("a"), null);
    assert.ok(kv.compareAndSet("b", null, "1"));
    assert.ok(!kv.compareAndSet("b", "2", "3"));
    assert.deepEqual(kv.keys(""), ["b"]);
  });
  assert.equal(host.sleptMs, 1_000);
});

test("a connection reads until its peer closes, and no more than it may", () => {
  const host = new FakeHost().tcp("x:1", ["ab", "cd"]);
  host.run(() => {
    const connection = tcp.Connection.open("x", 1, 100);
    connection.writeAll("hello");
    assert.equal(decodeUtf8(connection.readToEnd(4)), "abcd");
    assert.throws(() => tcp.Connection.open("x", 1, 100).readToEnd(3), { kind: "exhausted" });
  });
  assert.equal(decodeUtf8(host.sent), "hello");
});

test("a server is watched: an answer, how it came, and its certificates", () => {
  const leaf = Uint8Array.of(0x30);
  const host = new FakeHost().http("https://x/", { status: 301, body: "gone" }).certificates([leaf]);
  const probed = host.run(() => http.probe({ url: "https://x/" }, { ip: "6,4", "server-name": "y" }));
  assert.equal(probed.response.status, 301);
  const known = ["address", "resolve-ns", "connect-ns", "tls-ns", "tls-version", "http-version", "body-bytes"];
  for (const name of known) assert.ok(probed.facts[name], name);
  assert.deepEqual(probed.certificates, [leaf]);
  assert.deepEqual(host.options, [{ name: "ip", value: "6,4" }, { name: "server-name", value: "y" }]);
});

test("a connection with options tells how it came, and certificates only with TLS", () => {
  const host = new FakeHost().tcp("x:1", ["ab"]).certificates([Uint8Array.of(0x30)]);
  host.run(() => {
    const plain = tcp.Connection.openWith("x", 1, { ip: "4" }, 100);
    assert.deepEqual([plain.certificates(), plain.facts()["tls-version"]], [[], undefined]);
    assert.equal(plain.facts()["connect-ns"], "1000000");
    plain.startTls();
    assert.equal(plain.certificates().length, 1);
    assert.equal(tcp.Connection.openWith("x", 1, { tls: "default" }, 100).facts()["tls-version"], "TLS 1.3");
  });
});

test("a nameserver is asked once, and is a grant of its own", () => {
  const host = new FakeHost().nameServer("ns:53", (query) => query.toReversed());
  host.run(() => {
    const { message, facts } = dns.exchange("ns", 53, Uint8Array.of(1, 2), { ip: "4" });
    assert.deepEqual([[...message], facts["address"]], [[2, 1], "ns:53"]);
    assert.throws(() => dns.exchange("other", 53, Uint8Array.of(1)), { kind: "denied" });
  });
});

test("the time of a change and the discipline of the clock are told", () => {
  const host = new FakeHost().file("sys", "a", "1").modified("sys", "a", 1_767_225_600_000.5);
  host.run(() => {
    assert.equal(files.modified("sys", "a"), 1_767_225_600_000.5);
    assert.throws(() => files.modified("sys", "b"), (error: PluginError) => error.isNotFound);
    assert.throws(() => clock.discipline(), (error: PluginError) => error.errno === "ENOSYS");
  });
  assert.deepEqual(host.discipline({ state: 0, tick: 10_000 }).run(() => clock.discipline()), { state: "0", tick: "10000" });
});

test("absent properties have the defaults of the schema", () => {
  const plugin = exporter<{ path: string; tls: { on?: boolean } }>({
    ...card,
    schema: { properties: { path: { default: "/" }, tls: { default: {}, properties: { on: { default: true } } } } },
    collect(config) {
      log.info("asked", { path: config.path });
      const metrics = new Metrics();
      metrics.gauge("on", "").set(config.tls.on ?? false);
      return metrics.text();
    },
  });
  const host = new FakeHost();
  for (const config of [{ tls: {} }, {}]) assert.match(host.collect(plugin, config).text(), /^on 1$/m);
  assert.deepEqual(host.logs[0], { level: "info", message: "asked", fields: [{ name: "path", value: "/" }] });
});

test("answers of discoveries that the host would refuse are refused", () => {
  const answering = (refreshed: ReturnType<typeof full>) => discovery({ ...card, refresh: () => refreshed });
  const refused = (refreshed: ReturnType<typeof full>, why: RegExp) =>
    assert.throws(() => new FakeHost().refresh(answering(refreshed)), why);
  refused(delta([], []), /differences, where everything was asked for/);
  refused(full([], { cursor: "x".repeat((64 << 10) + 1) }), /a cursor of more than 64 KiB/);
  refused(full([], { more: true }), /more follows, and there is no cursor/);
  new FakeHost().refresh(answering(full([], { cursor: "1", more: true })));
});
