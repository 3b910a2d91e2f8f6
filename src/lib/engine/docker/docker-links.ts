import {createHash, randomBytes} from 'node:crypto'
import {setTimeout as delay} from 'node:timers/promises'
import {CliError} from '../../kernel/errors.js'
import type {Link, LinkEffect, LinkRule} from '../../model/links.js'
import type {Layout, Probe} from '../engine.js'
import type {LinkControl, LinkReading} from '../links.js'
import {type ContainerDocument, findContainers, labelOf, startTokenOf} from './containers.js'
import {probeDelays} from './delay-probe.js'
import {type DockerCli, DockerError, isAbsence, toCliError} from './docker-cli.js'
import {FAILED, faultScript, READY} from './fault-script.js'
import {nettoolsImage} from './image/nettools.js'
import {probeLinks} from './link-probe.js'
import {LABEL, labelArguments, networkNames} from './names.js'
import {type NodePlan, planLinks} from './plan-links.js'

const READY_MS_MAX = 10_000
const POLL_MS = 30
const STOP_SECONDS = '5'

/** A node that runs, and the helpers on its network. */
interface Target {
  readonly name: string
  readonly peerHost: string
  readonly container: ContainerDocument
  readonly helpers: readonly ContainerDocument[]
}

/**
 * Faults on the peer network. A node that is cut from all others is taken off it; all else is done by the node's own
 * firewall and the queue of what it sends, set by a helper: a container that shares the node's network, and may change nothing else. It lives as long as
 * its rules: stopped, or at their time, it takes them away. A node that was restarted has lost its rules, whereas its
 * helper remains; both are seen, and put right by the next `apply`.
 */
export class DockerLinks implements LinkControl {
  /** The kernel stays what it is. */
  private delays: Promise<Probe> | undefined

  constructor(
    private readonly cli: DockerCli,
    private readonly state: string,
  ) {}

  async supports(kind: LinkEffect['kind']): Promise<Probe> {
    try {
      const probe = await this.cli.probe()
      // A node can be cut off from all others without a helper.
      if (!probe.available || kind === 'drop') return probe
      if (kind === 'delay') return await this.probeDelays()
      await nettoolsImage(this.cli, new AbortController().signal)
      return {available: true}
    } catch (error) {
      const {message, suggestions} = toCliError(error)
      return {available: false, reason: message, ...(suggestions[0] !== undefined && {remedy: suggestions[0]})}
    }
  }

  private probeDelays(): Promise<Probe> {
    const probe = this.delays ?? probeDelays(this.cli, new AbortController().signal)
    this.delays = probe
    // What could not be tried may be tried again.
    probe.catch(() => {
      this.delays = undefined
    })
    return probe
  }

  async apply(layout: Layout, rules: readonly LinkRule[], signal: AbortSignal): Promise<void> {
    try {
      if (rules.some(({effect}) => effect.kind === 'delay')) {
        const probe = await this.supports('delay')
        if (!probe.available) {
          const suggestions = probe.remedy === undefined ? [] : [probe.remedy]
          throw new CliError('ENVIRONMENT_LACKS', probe.reason, {suggestions})
        }
      }
      const plans = planLinks(layout.nodes, rules, Date.now())
      // Packets queue at an interface, which a node that is not connected yet has not.
      if (!(await this.bringAll(layout, plans, signal))) await this.bringAll(layout, plans, signal)
    } catch (error) {
      throw error instanceof DockerError ? toCliError(error) : error
    }
  }

  async probe(layout: Layout, links: readonly Link[], withinMs: number, signal: AbortSignal): Promise<LinkReading[]> {
    try {
      const [targets] = await this.findTargets(layout, signal)
      const running = targets.filter(({container}) => !container.State.Paused)
      return await probeLinks(this.cli, layout, links, new Set(running.map(({name}) => name)), withinMs, signal)
    } catch (error) {
      throw error instanceof DockerError ? toCliError(error) : error
    }
  }

  /** @returns false if delays are left to be made, of nodes that were not connected before */
  private async bringAll(layout: Layout, plans: ReadonlyMap<string, NodePlan>, signal: AbortSignal): Promise<boolean> {
    const {environment} = layout
    const [targets, orphans] = await this.findTargets(layout, signal)
    const needsHelper = [...plans.values()].some(({groups}) => groups.length > 0)
    const image = needsHelper ? await nettoolsImage(this.cli, signal) : ''
    const steps = targets.map((target) => {
      const plan = plans.get(target.name) ?? {groups: [], isOff: false}
      const isEarly = hasDelays(plan) && endpointOf(target, environment) === undefined
      return {isEarly, plan: isEarly ? withoutDelays(plan) : plan, target}
    })
    await Promise.all([
      ...steps.map(({plan, target}) => this.bring(target, environment, plan, image, signal)),
      this.remove(orphans),
    ])
    return steps.every(({isEarly}) => !isEarly)
  }

  /** Nodes of the layout that run, and helpers whose node does not. */
  private async findTargets(
    {environment, nodes}: Layout,
    signal: AbortSignal,
  ): Promise<[Target[], ContainerDocument[]]> {
    if (signal.aborted) throw new CliError('INTERRUPTED', 'interrupted')
    const found = await findContainers(this.cli, {environment, state: this.state})
    const helpers = found.filter((each) => labelOf(each, LABEL.role) === 'fault')
    const targets = nodes.flatMap(({name, peerHost}) => {
      const isOf = (each: ContainerDocument) => labelOf(each, LABEL.node) === name
      const container = found.find((each) => isOf(each) && labelOf(each, LABEL.role) === 'node')
      if (!container?.State.Running || peerHost === undefined) return []
      return [{container, helpers: helpers.filter(isOf), name, peerHost}]
    })
    const known = new Set(targets.flatMap((target) => target.helpers))
    return [targets, helpers.filter((each) => !known.has(each))]
  }

  private async bring(
    target: Target,
    environment: string,
    plan: NodePlan,
    image: string,
    signal: AbortSignal,
  ): Promise<void> {
    const {helpers} = target
    // What is new stands before the old goes: no packet slips through in between.
    if (plan.isOff) await this.setConnected(target, environment, false)
    if (plan.groups.length === 0) {
      await this.stop(helpers)
    } else {
      const place = [startTokenOf(target.container), ...(hasDelays(plan) ? [endpointOf(target, environment)] : [])]
      const hash = createHash('sha256').update(JSON.stringify([plan.groups, ...place]))
      const wanted = hash.digest('hex').slice(0, 16)
      // Of several, the last one has removed the rules of the others.
      const isDone = helpers.length === 1 && helpers.every((each) => labelOf(each, LABEL.fault) === wanted)
      if (!isDone) {
        await this.startHelper(target, environment, plan, {image, wanted}, signal)
        await this.remove(helpers)
      }
    }
    if (!plan.isOff) await this.setConnected(target, environment, true)
  }

  private async setConnected(target: Target, environment: string, wanted: boolean): Promise<void> {
    const {container, name, peerHost} = target
    const {peer} = networkNames(environment)
    if ((endpointOf(target, environment) !== undefined) === wanted) return
    // Its address and its alias are not remembered.
    const how = wanted ? ['connect', '--ip', peerHost, '--alias', name] : ['disconnect']
    await this.cli.run(['network', ...how, peer, container.Id])
  }

  private async startHelper(
    {container, name, peerHost}: Target,
    environment: string,
    {groups}: NodePlan,
    {image, wanted}: {readonly image: string; readonly wanted: string},
    signal: AbortSignal,
  ): Promise<void> {
    const id = randomBytes(4).toString('hex')
    const labels = {
      [LABEL.environment]: environment,
      [LABEL.fault]: wanted,
      [LABEL.node]: name,
      [LABEL.role]: 'fault',
      [LABEL.state]: this.state,
    }
    const helper = await this.cli.run([
      ...['run', '--detach', '--rm', '--name', `shoal-${environment}-${name}-fault-${id}`],
      ...['--network', `container:${container.Id}`, '--cap-drop', 'ALL', '--cap-add', 'NET_ADMIN'],
      ...labelArguments(labels),
      ...[image, 'sh', '-c', faultScript({groups, id, peerHost}, Date.now())],
    ])
    await this.waitUntilReady(helper, name, signal)
  }

  private async waitUntilReady(helper: string, name: string, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + READY_MS_MAX
    for (;;) {
      const text = await this.cli.run(['logs', helper], {signal}).catch((error) => {
        if (isAbsence(error)) return `it ended at once\n${FAILED}`
        throw error
      })
      const lines = text.split('\n')
      if (lines.includes(READY)) return
      if (lines.includes(FAILED) || performance.now() > deadline) {
        const why = lines.find((line) => line !== '' && line !== FAILED) ?? 'no answer'
        throw new CliError('ENVIRONMENT_LACKS', `the rules for node ${name} could not be set: ${why}`)
      }
      await delay(POLL_MS)
    }
  }

  /** They take their rules away first. */
  private async stop(helpers: readonly ContainerDocument[]): Promise<void> {
    if (helpers.length === 0) return
    await this.orGone(['stop', '--time', STOP_SECONDS, ...helpers.map(({Id}) => Id)])
  }

  /** Those whose rules are gone already. */
  private async remove(helpers: readonly ContainerDocument[]): Promise<void> {
    if (helpers.length === 0) return
    await this.orGone(['rm', '--force', ...helpers.map(({Id}) => Id)])
  }

  private async orGone(args: readonly string[]): Promise<void> {
    await this.cli.run(args).catch((error) => {
      if (!isAbsence(error) && !/already in progress/.test(String(error.stderr))) throw error
    })
  }
}

/** Of the node on the network between the nodes; undefined if it is not connected. */
function endpointOf({container}: Target, environment: string): string | undefined {
  return container.NetworkSettings.Networks?.[networkNames(environment).peer]?.EndpointID
}

function hasDelays({groups}: NodePlan): boolean {
  return groups.some(({delays}) => delays.length > 0)
}

function withoutDelays({groups, isOff}: NodePlan): NodePlan {
  const others = groups.map((group) => ({...group, delays: []}))
  return {groups: others.filter(({incoming, outgoing}) => incoming.length + outgoing.length > 0), isOff}
}
