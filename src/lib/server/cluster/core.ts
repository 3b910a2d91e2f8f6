import {NODE_FLAG} from '../../protocol/bus/message.js'
import * as admin from './admin.js'
import type {ClusterCoreApi} from './api.js'
import {cron} from './cron.js'
import {renderInfo, renderNode, renderNodes, renderNodesConf} from './describe.js'
import {countFailureReports} from './failure.js'
import * as handover from './handover.js'
import {onWoke, updateState} from './health.js'
import {closeLink, onLinkAccepted, onLinkClosed, onLinkOpened} from './links.js'
import {claimSlotsWithKeys, loadNodesConf} from './load.js'
import {type FailoverMode, requestFailover, watchManualFailover} from './manual-failover.js'
import {publish} from './messages.js'
import type {ClusterLink, ClusterNode} from './node.js'
import {onPacket} from './receive.js'
import {announceRole} from './roles.js'
import {ClusterState} from './state.js'
import type {ClusterConfig, ClusterCoreOptions, ClusterEffect, ClusterInput} from './types.js'

/** What fits into a header and into nodes.conf. */
const ANNOUNCEABLE = /^[0-9A-Za-z.:_%-]{0,45}$/

/**
 * One cluster node, without sockets, disk or clock. The contract for driving it stands in types.ts.
 *
 * This class is the door only: each topic is a file of functions over `ClusterState`.
 */
export class ClusterCore implements ClusterCoreApi {
  private readonly state: ClusterState
  private readonly isFresh: boolean

  /** @throws {NodesConfError} if the given nodes.conf is damaged */
  constructor(options: ClusterCoreOptions) {
    this.state = new ClusterState(options.config, options.rng, options.ports, options.nowMs)
    this.isFresh = options.nodesConf === undefined
    if (options.nodesConf === undefined) this.state.addNode(this.state.myself)
    else loadNodesConf(this.state, options.nodesConf)
    this.applyConfig()
  }

  start(): ClusterEffect[] {
    const {state} = this
    if (this.isFresh) {
      state.log('notice', `No cluster configuration found, I'm ${state.myself.id}`)
      state.save(true)
    } else state.log('notice', `Node configuration loaded, I'm ${state.myself.id}`)
    if (state.myself.isReplica) announceRole(state)
    updateState(state)
    return state.drain()
  }

  claimSlotsWithKeys(isHidden: (slot: number) => boolean): ClusterEffect[] {
    return this.run(() => claimSlotsWithKeys(this.state, isHidden))
  }

  step(input: ClusterInput, nowMs: number): ClusterEffect[] {
    const {state} = this
    if (nowMs > state.nowMs) state.nowMs = nowMs
    switch (input.kind) {
      case 'tick':
        cron(state)
        break
      case 'woke':
        onWoke(state)
        break
      case 'packet':
        onPacket(state, input.link, input.message)
        break
      case 'link-opened':
        onLinkOpened(state, input.link, input.localIp, input.peerIp)
        break
      case 'link-accepted':
        onLinkAccepted(state, input.link, input.localIp, input.peerIp)
        break
      case 'link-closed':
        onLinkClosed(state, input.link)
        break
      case 'link-buffer': {
        const link = state.links.get(input.link)
        if (link) link.queuedBytes = input.queuedBytes
        break
      }
      case 'config-changed':
        // No longer announced: learnt again from the next MEET or PING.
        if (state.config.announceIp !== '' && input.config.announceIp === '') state.myself.ip = ''
        state.config = input.config
        this.applyConfig()
        state.stateDirty = true
        break
    }
    return this.settle()
  }

  renderNodesConf(): string {
    return renderNodesConf(this.state)
  }

  get serves(): Uint8Array {
    return this.state.serves
  }

  get stateOk(): boolean {
    return this.state.stateOk
  }

  get myself(): ClusterNode {
    return this.state.myself
  }

  get currentEpoch(): number {
    return this.state.currentEpoch
  }

  get lastVoteEpoch(): number {
    return this.state.lastVoteEpoch
  }

  get config(): ClusterConfig {
    return this.state.config
  }

  get nodes(): ReadonlyMap<string, ClusterNode> {
    return this.state.nodes
  }

  get links(): ReadonlyMap<number, ClusterLink> {
    return this.state.links
  }

  get dropPacketFilter(): number {
    return this.state.dropPacketFilter
  }

  set dropPacketFilter(type: number) {
    this.state.dropPacketFilter = type
  }

  ownerOf(slot: number): ClusterNode | undefined {
    return this.state.owners[slot]
  }

  migratingTo(slot: number): ClusterNode | undefined {
    return this.state.migrating.get(slot)
  }

  importingFrom(slot: number): ClusterNode | undefined {
    return this.state.importing.get(slot)
  }

  replicasOf(node: ClusterNode): ClusterNode[] {
    return this.state.replicasOf(node)
  }

  countFailureReports(node: ClusterNode): number {
    return countFailureReports(this.state, node)
  }

  renderNode(node: ClusterNode): string {
    return renderNode(this.state, node)
  }

  renderNodes(): string {
    return renderNodes(this.state)
  }

  renderInfo(): string {
    return renderInfo(this.state)
  }

  primaryLinkUp(): boolean {
    return this.state.ports.primaryLinkUp()
  }

  replicationOffset(): number {
    return this.state.ports.replicationOffset()
  }

  meet(ip: string, port: number, busPort: number): ClusterEffect[] {
    return this.run(() => admin.meet(this.state, ip, port, busPort))
  }

  forget(id: string): ClusterEffect[] {
    return this.run(() => admin.forget(this.state, id))
  }

  addSlots(slots: readonly number[]): ClusterEffect[] {
    return this.run(() => admin.addSlots(this.state, slots))
  }

  delSlots(slots: readonly number[]): ClusterEffect[] {
    return this.run(() => admin.delSlots(this.state, slots))
  }

  flushSlots(): ClusterEffect[] {
    return this.run(() => admin.flushSlots(this.state))
  }

  setSlotMigrating(slot: number, to: string): ClusterEffect[] {
    return this.run(() => admin.setSlotMigrating(this.state, slot, to))
  }

  setSlotImporting(slot: number, from: string): ClusterEffect[] {
    return this.run(() => admin.setSlotImporting(this.state, slot, from))
  }

  setSlotStable(slot: number): ClusterEffect[] {
    return this.run(() => admin.setSlotStable(this.state, slot))
  }

  setSlotNode(slot: number, id: string): ClusterEffect[] {
    return this.run(() => admin.setSlotNode(this.state, slot, id))
  }

  bumpEpoch(): {readonly bumped: boolean; readonly epoch: number; readonly effects: ClusterEffect[]} {
    const bumped = admin.bumpEpoch(this.state)
    return {bumped, epoch: this.state.myself.configEpoch, effects: this.settle()}
  }

  setConfigEpoch(epoch: number): ClusterEffect[] {
    return this.run(() => admin.setConfigEpoch(this.state, epoch))
  }

  replicate(id: string): ClusterEffect[] {
    return this.run(() => admin.replicate(this.state, id))
  }

  get awaitsStream(): boolean {
    const {manual} = this.state
    return manual?.primaryOffset !== undefined && !manual.canStart
  }

  streamApplied(): ClusterEffect[] {
    return this.run(() => watchManualFailover(this.state))
  }

  failover(mode: FailoverMode): ClusterEffect[] {
    return this.run(() => requestFailover(this.state, mode))
  }

  reset(hard: boolean): ClusterEffect[] {
    return this.run(() => admin.reset(this.state, hard))
  }

  takeOverSlots(slots: readonly number[], from: string, above: number): {epoch: number; effects: ClusterEffect[]} {
    const epoch = handover.takeOverSlots(this.state, slots, from, above)
    return {epoch, effects: this.settle()}
  }

  yieldSlots(slots: readonly number[], to: string, epoch: number): ClusterEffect[] {
    return this.run(() => handover.yieldSlots(this.state, slots, to, epoch))
  }

  noteTakeover(slots: readonly number[], epoch: number): ClusterEffect[] {
    return this.run(() => handover.noteTakeover(this.state, slots, epoch))
  }

  keepSlots(granted: number): ClusterEffect[] {
    return this.run(() => handover.keepSlots(this.state, granted))
  }

  get isHandingOver(): boolean {
    return this.state.isHandingOver
  }

  set isHandingOver(value: boolean) {
    this.state.isHandingOver = value
  }

  get hasImporting(): boolean {
    return this.state.importing.size > 0
  }

  get hasMigrating(): boolean {
    return this.state.migrating.size > 0
  }

  saveConfig(): ClusterEffect[] {
    return this.run(() => this.state.save(true))
  }

  publish(channel: string, message: string, sharded: boolean): ClusterEffect[] {
    return this.run(() => publish(this.state, channel, message, sharded))
  }

  killLinks(direction: 'to' | 'from' | 'all', id: string): ClusterEffect[] | undefined {
    const node = this.state.nodes.get(id)
    if (!node) return undefined
    return this.run(() => {
      if (direction !== 'from') closeLink(this.state, node.link)
      if (direction !== 'to') closeLink(this.state, node.inboundLink)
    })
  }

  private run(change: () => void): ClusterEffect[] {
    change()
    return this.settle()
  }

  private settle(): ClusterEffect[] {
    if (this.state.stateDirty) updateState(this.state)
    return this.state.drain()
  }

  /** Our own line of the table follows the settings. */
  private applyConfig(): void {
    const {state} = this
    if (!ANNOUNCEABLE.test(state.config.announceIp)) {
      state.log('warning', `cluster-announce-ip ${JSON.stringify(state.config.announceIp)} is no address, ignored.`)
      state.config = {...state.config, announceIp: ''}
    }
    const {config, myself} = state
    if (config.announceIp !== '') myself.ip = config.announceIp
    myself.port = config.announcePort || config.port
    myself.busPort = config.announceBusPort || config.busPort
    myself.hostname = config.announceHostname
    if (config.replicaNoFailover) myself.set(NODE_FLAG.nofailover)
    else myself.clear(NODE_FLAG.nofailover)
  }
}
