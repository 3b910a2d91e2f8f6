import type {Engine, EngineKind} from '../../engine/engine.js'
import type {EnvironmentParts} from '../parts.js'
import {DEFAULTS, HOST, planEnvironment, portsOf} from '../spec.js'
import {dockerFindings, kernelFindings} from './linux.js'
import type {Machine} from './machine.js'

/** One thing that this machine has or lacks. */
export interface MachineFinding {
  readonly id: string
  readonly ok: boolean
  /** Whether the engine that was asked for cannot do without. */
  readonly needed: boolean
  /** What is there, or what is not and what that means. */
  readonly text: string
  /** A command line to paste, or one sentence. */
  readonly remedy?: string
}

export interface Diagnosis {
  readonly engine: EngineKind
  /** Whether all that this engine needs is there. */
  readonly ok: boolean
  readonly findings: readonly MachineFinding[]
}

const NODE_LEAST = [20, 17] as const
/** 2024-01-01: an earlier date was never set. */
const CLOCK_LEAST_MS = Date.UTC(2024, 0, 1)
const CLOCK_DRIFT_MS_MAX = 20
const EFFECTS = ['drop', 'reset', 'delay', 'loss'] as const

/** Finds out what this machine can do for environments. Changes nothing, and never throws. */
export async function diagnose(
  {engines, store}: Pick<EnvironmentParts, 'engines' | 'store'>,
  engine: EngineKind,
  machine: Machine,
): Promise<Diagnosis> {
  const groups = await Promise.all([
    nodeFinding(machine),
    stateFinding(store),
    portFinding(machine),
    clockFinding(machine),
    programFindings(machine, engine),
    addressFinding(machine, engine),
    dockerFindings(machine, engine),
    kernelFindings(machine),
    ...engines.all.map((each) => engineFindings(each, engine)),
  ])
  const findings = groups.flat()
  return {engine, findings, ok: findings.every(({needed, ok}) => ok || !needed)}
}

async function nodeFinding({nodeVersion}: Machine): Promise<MachineFinding> {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number)
  const ok = major > NODE_LEAST[0] || (major === NODE_LEAST[0] && minor >= NODE_LEAST[1])
  const text = `Node.js ${nodeVersion}`
  if (ok) return {id: 'node', needed: true, ok, text}
  return {id: 'node', needed: true, ok, remedy: 'Install Node.js 20.17 or newer.', text: `${text} is too old`}
}

async function stateFinding(store: EnvironmentParts['store']): Promise<MachineFinding> {
  const finding = {id: 'state-folder', needed: true}
  try {
    await store.prune(await store.makeFolder())
    return {...finding, ok: true, text: `${store.folder} can be written`}
  } catch {
    const text = `${store.folder} cannot be written`
    return {...finding, ok: false, remedy: 'Set SHOAL_STATE_DIR to a folder that can be written.', text}
  }
}

/** The ports of `up` without flags. */
async function portFinding(machine: Machine): Promise<MachineFinding> {
  const taken = await machine.takenPorts(HOST, portsOf(planEnvironment({name: DEFAULTS.name})))
  const finding = {id: 'ports', needed: false}
  if (taken.length === 0) return {...finding, ok: true, text: `from ${DEFAULTS.basePort} they are free`}
  return {
    ...finding,
    ok: false,
    remedy: `shoal up --base-port ${DEFAULTS.basePort + 100}`,
    text: `${taken.join(', ')} taken, by an environment (see shoal list) or others`,
  }
}

async function clockFinding(machine: Machine): Promise<MachineFinding> {
  const drift = await machine.clockDriftMs()
  const finding = {id: 'clock', needed: false}
  const date = new Date(machine.nowMs).toISOString().slice(0, 10)
  if (machine.nowMs < CLOCK_LEAST_MS)
    return {...finding, ok: false, remedy: 'Set the clock.', text: `it is ${date}? The clock was never set`}
  if (Math.abs(drift) <= CLOCK_DRIFT_MS_MAX) return {...finding, ok: true, text: 'is set and goes evenly'}
  const text = `jumped by ${Math.round(drift)} ms: keys may expire and faults may end too soon or too late`
  return {...finding, ok: false, remedy: 'Wait until the system has set its clock.', text}
}

async function programFindings(machine: Machine, engine: EngineKind): Promise<MachineFinding[]> {
  const [redis, valkey, cli] = await Promise.all(
    ['redis-server', 'valkey-server', 'redis-cli'].map((name) => machine.findProgram(name)),
  )
  const server = redis ?? valkey
  const version = server && (await machine.run(server, ['--version'])).text.split('\n')[0]
  return [
    {
      id: 'server-program',
      needed: engine === 'process',
      ok: server !== undefined,
      text: server ? `${server}: ${version}` : 'neither redis-server nor valkey-server is on PATH',
      ...(!server && {remedy: 'Install redis-server or valkey-server, or name one with: shoal up --server PATH'}),
    },
    {
      id: 'redis-cli',
      needed: false,
      ok: cli !== undefined,
      text: cli ?? 'is not on PATH: shoal cli has a prompt of its own',
    },
  ]
}

/** Nodes of processes know each other by addresses of their own. */
async function addressFinding(machine: Machine, engine: EngineKind): Promise<MachineFinding> {
  const ok = await machine.hasAddress('127.0.2.11')
  const finding = {id: 'loopback-addresses', needed: engine === 'process', ok}
  if (ok) return {...finding, text: 'all of 127.0.0.0/8'}
  const remedy =
    machine.platform === 'darwin' ? 'sudo ifconfig lo0 alias 127.0.2.11 up' : 'ip addr add 127.0.0.1/8 dev lo'
  return {...finding, remedy, text: '127.0.0.1 alone: links between processes cannot be told apart'}
}

/** What engines say of themselves, and of the faults that they can make here. */
async function engineFindings(engine: Engine, wanted: EngineKind): Promise<MachineFinding[]> {
  const {kind} = engine
  const needed = kind === wanted
  const probe = await engine.probe()
  if (!probe.available) {
    const {reason, remedy} = probe
    return [{id: `engine-${kind}`, needed, ok: false, text: reason, ...(remedy !== undefined && {remedy})}]
  }
  const effects = await Promise.all(
    EFFECTS.map(async (effect) => ({effect, probe: await engine.links.supports(effect)})),
  )
  const lacking = effects.flatMap(({effect, probe: each}) => (each.available ? [] : [{effect, ...each}]))
  const able = effects.filter(({probe: each}) => each.available).map(({effect}) => effect)
  const [first] = lacking
  return [
    {id: `engine-${kind}`, needed, ok: true, text: 'can be used'},
    {
      id: `faults-${kind}`,
      needed: false,
      ok: lacking.length === 0,
      text: [
        able.length > 0 ? able.join(', ') : 'none',
        ...(first ? [`not ${lacking.map(({effect}) => effect).join(', ')}: ${first.reason}`] : []),
      ].join('; '),
      ...(first?.remedy !== undefined && {remedy: first.remedy}),
    },
  ]
}
