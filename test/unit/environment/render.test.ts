import {describe, expect, it} from 'vitest'
import {
  renderEnvironment,
  renderEnvironments,
  renderTryThis,
  renderUptime,
} from '../../../src/lib/cli/render/environment.js'
import {stripStyle, styleOf} from '../../../src/lib/cli/render/style.js'
import {planEnvironment} from '../../../src/lib/environment/spec.js'
import type {EnvironmentStatus} from '../../../src/lib/environment/status.js'

const plain = styleOf(false)
const environment: EnvironmentStatus = {
  faults: [],
  name: 'blue',
  nodes: [
    {
      address: {host: '127.0.0.1', port: 17001},
      memoryBytes: 61 * 1024 * 1024,
      name: 'n1',
      pid: 4711,
      role: 'primary',
      slots: [0, 10, 20, 30].map((first) => ({first, last: first + 4})),
      state: 'running',
      uptimeMs: 65_000,
    },
    {address: {host: '127.0.0.1', port: 17002}, name: 'n2', state: 'stopped'},
  ],
  state: 'degraded',
}

describe('environments as text', () => {
  it('has a headline and a line per node, and shortens confetti', () => {
    expect(renderEnvironment(environment, plain).split('\n')).toEqual([
      'blue: degraded',
      'NODE  ADDRESS           PID  ROLE     SLOTS                     STATE    UPTIME  MEMORY',
      'n1    127.0.0.1:17001  4711  primary  0-4,10-14,20-24,... (20)  running   1m 5s   61 MB',
      'n2    127.0.0.1:17002     -  -        -                         stopped       -       -',
    ])
  })

  it('says of replicas whom they follow, how, and how far', () => {
    const [primary, other] = environment.nodes
    const nodes = [
      primary!,
      {...other!, lagBytes: 2048, link: 'up', replicaOf: 'n1', role: 'replica', slots: [], state: 'running'} as const,
      {...other!, link: 'down', name: 'n3', role: 'replica', slots: [], state: 'running'} as const,
    ]
    expect(renderEnvironment({...environment, nodes}, plain).split('\n')).toEqual([
      'blue: degraded',
      'NODE  ADDRESS           PID  ROLE           SLOTS                     STATE    LINK     LAG  UPTIME  MEMORY',
      'n1    127.0.0.1:17001  4711  primary        0-4,10-14,20-24,... (20)  running  -          -   1m 5s   61 MB',
      'n2    127.0.0.1:17002     -  replica of n1  -                         running  up    2.0 KB       -       -',
      'n3    127.0.0.1:17002     -  replica        -                         running  down       -       -       -',
    ])
  })

  it('names faults, and where they are in force no more', () => {
    const fault = {appliedAtMs: 1, id: 'f1', kind: 'partition', text: 'n1 / n2'} as const
    const lostLinks = ['n2', 'n3'].map((to) => ({from: 'n1', to}))
    const [, ...lines] = renderEnvironment(
      {...environment, faults: [fault, {...fault, id: 'f2', lostLinks}]},
      plain,
    ).split('\n')
    expect(lines.slice(0, 3)).toEqual([
      'fault f1: n1 / n2',
      'fault f2: n1 / n2',
      '  not in force on n1 -> n2 and 1 more. In force again: shoal start --all --name blue',
    ])
  })

  it('says the same in colour', () => {
    const colored = renderEnvironment(environment, styleOf(true))
    expect(colored).not.toBe(stripStyle(colored))
    expect(stripStyle(colored)).toBe(renderEnvironment(environment, plain))
  })

  it('says how to begin where there is none', () => {
    expect(renderEnvironments([], plain)).toContain('shoal up')
  })

  it('names the password in the example only where there is one, and never prints it', () => {
    expect(renderTryThis(planEnvironment({name: 'x'}), plain)).not.toMatch(/password/i)
    expect(renderTryThis(planEnvironment({name: 'x', password: 'p'}), plain)).toContain('$SHOAL_PASSWORD')
  })

  it.each([
    [0, '0s'],
    [999, '0s'],
    [59_000, '59s'],
    [60_000, '1m'],
    [3_725_000, '1h 2m'],
    [3_605_000, '1h'],
    [90_061_000, '1d 1h'],
  ])('%i ms is %s', (ms, text) => {
    expect(renderUptime(ms)).toBe(text)
  })
})
