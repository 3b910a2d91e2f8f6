import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import type {EngineKind} from '../../../src/lib/engine/engine.js'
import {diagnose} from '../../../src/lib/environment/doctor/doctor.js'
import {type Machine, thisMachine} from '../../../src/lib/environment/doctor/machine.js'
import {fakeParts} from '../../support/env-fake-parts.js'
import {temporaryFolder} from '../../support/processes.js'

/** A machine that has everything. */
const whole: Machine = {
  clockDriftMs: async () => 0,
  findProgram: async (name) => `/usr/bin/${name}`,
  hasAddress: async () => true,
  nodeVersion: '22.1.0',
  nowMs: Date.UTC(2026, 1, 1),
  platform: 'linux',
  readText: async (path) => (path.endsWith('iptables') ? '1\n' : 'kernel/net/sched/sch_netem.ko.xz:\n'),
  release: '6.1.0',
  run: async () => ({ok: true, text: '24.0.5'}),
  takenPorts: async () => [],
}

async function findingsOf(lacking: Partial<Machine>, engine: EngineKind = 'embedded') {
  const parts = fakeParts(join(temporaryFolder('doctor'), 'state'))
  const {findings, ok} = await diagnose(parts, engine, {...whole, ...lacking})
  return {bad: findings.filter((finding) => !finding.ok), ok}
}

describe('doctor', () => {
  it('finds nothing where everything is there', async () => {
    for (const engine of ['embedded', 'process', 'docker'] as const)
      expect(await findingsOf({}, engine)).toEqual({bad: [], ok: true})
  })

  it.each<[string, Partial<Machine>, EngineKind, RegExp]>([
    ['node', {nodeVersion: '20.16.0'}, 'embedded', /20\.17/],
    [
      'server-program',
      {findProgram: async (name) => (/server/.test(name) ? undefined : name)},
      'process',
      /--server PATH/,
    ],
    ['loopback-addresses', {hasAddress: async () => false, platform: 'darwin'}, 'process', /ifconfig lo0 alias/],
    ['docker-cli', {findProgram: async (name) => (name === 'docker' ? undefined : name)}, 'docker', /docker\.io/],
    [
      'docker-daemon',
      {run: async () => ({ok: false, text: 'permission denied while trying'})},
      'docker',
      /usermod -aG docker/,
    ],
    [
      'docker-daemon',
      {run: async () => ({ok: false, text: 'Cannot connect to the daemon'})},
      'docker',
      /systemctl start/,
    ],
    [
      'docker-daemon',
      {run: async () => ({ok: false, text: 'Cannot connect to the Docker daemon at tcp://127.0.0.1:1.'})},
      'docker',
      /unset DOCKER_HOST/,
    ],
  ])('names what an engine cannot do without, and the remedy: %s', async (id, lacking, engine, remedy) => {
    const {bad, ok} = await findingsOf(lacking, engine)
    expect([ok, bad.filter(({needed}) => needed)]).toEqual([
      false,
      [expect.objectContaining({id, remedy: expect.stringMatching(remedy)})],
    ])
  })

  it.each<[string, Partial<Machine>]>([
    ['netem', {readText: async () => '1'}],
    ['br-netfilter', {readText: async (path) => (path.endsWith('iptables') ? '0\n' : 'sch_netem 16384 0\n')}],
    ['ports', {takenPorts: async () => [17_001]}],
    ['clock', {clockDriftMs: async () => -3_600_000}],
    ['clock', {nowMs: 0}],
    ['redis-cli', {findProgram: async (name) => (name === 'redis-cli' ? undefined : name)}],
    ['docker-cli', {findProgram: async (name) => (name === 'docker' ? undefined : name)}],
  ])('tells of what can be done without: %s', async (id, lacking) => {
    const {bad, ok} = await findingsOf(lacking)
    expect([ok, bad.map((finding) => finding.id)]).toEqual([true, [id]])
  })

  it('asks a real machine without changing it', async () => {
    const machine = thisMachine({PATH: process.env['PATH']})
    expect(await machine.findProgram('no-such-program')).toBeUndefined()
    expect(await machine.findProgram('sh')).toMatch(/\/sh$/)
    expect(await machine.run('/no/such/program', [])).toMatchObject({ok: false})
    expect(await machine.run('/bin/sh', ['-c', 'echo yes'])).toEqual({ok: true, text: 'yes'})
    expect(await machine.readText('/no/such/file')).toBeUndefined()
    expect(Math.abs(await machine.clockDriftMs())).toBeLessThan(1000)
  })
})
