// What test_dockerode.py runs: one scenario with dockerode against the daemon that the environment
// names (DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH). Throws, and so exits with 1, if an
// expectation does not hold.
//
// usage: node dockerode.js SCENARIO

'use strict';

const assert = require('node:assert');
const { PassThrough } = require('node:stream');
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');
const Docker = require('dockerode');

const docker = new Docker();

async function text(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

// Splits a multiplexed stream; both texts are there when it has ended.
async function demuxed(stream) {
  const out = new PassThrough();
  const err = new PassThrough();
  docker.modem.demuxStream(stream, out, err);
  stream.on('end', () => { out.end(); err.end(); });
  const [stdout, stderr] = await Promise.all([text(out), text(err)]);
  return { stdout, stderr };
}

async function create(options) {
  return docker.createContainer({ Image: 'busybox', HostConfig: { Init: true }, ...options });
}

const scenarios = {
  async ping_and_version() {
    assert.strictEqual((await docker.ping()).toString(), 'OK');
    assert.ok((await docker.version()).ApiVersion);
  },

  async life_of_a_container() {
    const container = await create({ Cmd: ['sh', '-c', 'exit 4'], Labels: { by: 'dockerode' } });
    const waiting = container.wait({ condition: 'next-exit' });
    await container.start();
    assert.strictEqual((await waiting).StatusCode, 4);
    const list = await docker.listContainers({ all: true, filters: { label: ['by=dockerode'] } });
    assert.deepStrictEqual(list.map((each) => [each.Id, each.State]), [[container.id, 'exited']]);
    await container.remove();
    await assert.rejects(container.inspect(), { statusCode: 404 });
  },

  async run_streams_its_output() {
    const out = new PassThrough();
    const err = new PassThrough();
    const command = ['sh', '-c', 'echo through dockerode; echo error >&2; exit 2'];
    const [result] = await docker.run('busybox', command, [out, err], { Tty: false });
    out.end();
    err.end();
    assert.strictEqual(result.StatusCode, 2);
    assert.deepStrictEqual([await text(out), await text(err)], ['through dockerode\n', 'error\n']);
  },

  async attach_hijacked_with_half_close() {
    const container = await create({ Cmd: ['cat'], OpenStdin: true, StdinOnce: true, AttachStdin: true });
    const stream = await container.attach(
      { stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    await container.start();
    const output = demuxed(stream);
    const big = 'x'.repeat(1000000);
    stream.end(big);
    assert.strictEqual((await output).stdout, big);
  },

  async exec_hijacked_with_half_close() {
    const container = await create({ Cmd: ['sleep', '1d'] });
    await container.start();
    const exec = await container.exec(
      { Cmd: ['sh', '-c', 'wc -c; echo error >&2; exit 6'], AttachStdin: true, AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({ hijack: true, stdin: true });
    const output = demuxed(stream);
    stream.end('x'.repeat(123456));
    assert.deepStrictEqual(await output, { stdout: '123456\n', stderr: 'error\n' });
    assert.strictEqual((await exec.inspect()).ExitCode, 6);
  },

  async exec_without_hijack() {
    const container = await create({ Cmd: ['sleep', '1d'] });
    await container.start();
    const exec = await container.exec({ Cmd: ['echo', 'plain'], AttachStdout: true });
    const { stdout } = await demuxed(await exec.start({}));
    assert.strictEqual(stdout, 'plain\n');
  },

  async logs_follow() {
    const container = await create({ Cmd: ['sh', '-c', 'echo one; sleep 0.5; echo two'] });
    await container.start();
    const stream = await container.logs({ follow: true, stdout: true, stderr: true });
    assert.strictEqual((await demuxed(stream)).stdout, 'one\ntwo\n');
  },

  async events_live() {
    const stream = await docker.getEvents({ filters: { type: ['volume'] } });
    await docker.createVolume({ Name: 'eventful' });
    const [line] = await once(stream, 'data');
    assert.strictEqual(JSON.parse(line).Actor.ID, 'eventful');
    stream.destroy();
  },

  async stats_stream() {
    const container = await create({ Cmd: ['sleep', '1d'] });
    await container.start();
    const stream = await container.stats({ stream: true });
    const [line] = await once(stream, 'data');
    assert.ok(JSON.parse(line).read);
    stream.destroy();
  },

  async archives_both_ways() {
    const container = await create({ Cmd: ['sleep', '1d'] });
    const archive = await text(await container.getArchive({ path: '/etc/passwd' }));
    assert.ok(archive.startsWith('passwd\0') && archive.includes('root:x:0:0:'));
    await container.putArchive(Buffer.from(archive), { path: '/tmp' });
    assert.ok((await text(await container.getArchive({ path: '/tmp/passwd' }))).includes('root:x:0:0:'));
  },

  async build_and_save() {
    const pack = require('tar-stream').pack();
    pack.entry({ name: 'Dockerfile' }, 'FROM busybox\nLABEL by=dockerode\n');
    pack.finalize();
    const stream = await docker.buildImage(pack, { t: 'built' });
    await new Promise((resolve, reject) =>
      docker.modem.followProgress(stream, (error, output) => (error ? reject(error) : resolve(output))));
    const image = docker.getImage('built');
    assert.strictEqual((await image.inspect()).Config.Labels.by, 'dockerode');
    assert.ok((await text(await image.get())).includes('manifest.json'));
    await image.remove();
  },

  async a_hundred_calls_at_once() {
    const names = Array.from({ length: 100 }, (_, index) => `many-${index}`);
    await Promise.all(names.map((name) => docker.createVolume({ Name: name })));
    const { Volumes } = await docker.listVolumes();
    assert.strictEqual(Volumes.filter((each) => each.Name.startsWith('many-')).length, 100);
    await Promise.all(names.map((name) => docker.getVolume(name).remove()));
  },

  async an_aborted_stream_leaves_the_rest_alone() {
    const container = await create({ Cmd: ['sleep', '1d'] });
    await container.start();
    const stream = await container.logs({ follow: true, stdout: true });
    stream.destroy();
    await sleep(100);
    assert.strictEqual((await container.inspect()).State.Running, true);
  },
};

if (process.argv[2] === undefined) {
  console.log(Object.keys(scenarios).join('\n'));
} else {
  scenarios[process.argv[2]]().then(() => process.exit(0), (failure) => {
    console.error(failure);
    process.exit(1);
  });
}
