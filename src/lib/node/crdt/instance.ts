import {existsSync} from 'node:fs'
import {messageOf} from '../../kernel/errors.js'
import type {CrdbConfig} from '../../model/crdb.js'
import {shardSettings} from '../../plan/crdb/node-settings.js'
import {PARAMETERS} from '../../server/config/parameters.js'
import type {CrdtDatabase} from '../../server/crdt/crdt-database.js'
import {BEGIN, FormerData} from '../../server/crdt/durability/former-data.js'
import {openCrdt} from '../../server/crdt/open.js'
import {attachPeers} from '../../server/crdt/peers/attach.js'
import {parseCrdbConfig, withSecretsOf} from '../../server/crdt/peers/config-text.js'
import type {CrdtShell, LeftDatabase} from '../../server/crdt/peers/effects.js'
import {ConfigSpread} from '../../server/crdt/peers/spread.js'
import {TO_AOF} from '../../server/propagation/propagation.js'
import type {Server} from '../../server/server.js'
import {pathInDir} from '../config-file.js'
import {type CrdtConf, readCrdtConf, writeCrdtConf} from './crdt-conf.js'
import {type PeerDials, PeerLinkEffects} from './peer-link-effects.js'

const TICK_MS = 50
const SPREAD_MS = 1000

/**
 * A node as part of an active-active database: its configuration on disk, its timers, its links.
 *
 *     nothing --take--> instance --drop--> nothing, and it remembers which one it has left
 */
export class CrdtInstance implements CrdtShell {
  left: LeftDatabase | undefined
  private timer: NodeJS.Timeout | undefined
  private effects: PeerLinkEffects
  private spread: ConfigSpread | undefined
  private spreadMs = 0
  private hasStarted = false
  private former: FormerData | undefined

  constructor(
    private readonly server: Server,
    private readonly dials: PeerDials,
  ) {
    this.effects = new PeerLinkEffects(dials)
  }

  /** At the start of the node, before its data are loaded. @throws Error if crdt.conf cannot be used */
  load(): void {
    const {left, part} = readCrdtConf(this.server.config)
    this.left = left
    if (part !== undefined) {
      openCrdt(this.server, part)
      this.tune(part.config)
    }
    this.noteFormer()
  }

  /** From now on files are read for what the node is a part of now. */
  private noteFormer(): void {
    this.former = new FormerData(this.server, this.left)
    this.server.former = this.former
  }

  /** The node is in its cluster, its data are loaded: links are made from now on. */
  start(): void {
    this.hasStarted = true
    const {crdt} = this.server
    if (this.former?.hasLeftOut === true) this.forgetFiles()
    // Also if there is nothing: who keeps no files has lost all that it had.
    if (crdt !== undefined) this.link(crdt)
  }

  take(region: number, json: string): void {
    const {server} = this
    let config = parseCrdbConfig(json)
    const before = server.crdt
    this.check(region, config, before)
    if (before !== undefined) {
      if (config.version <= before.config.version) return
      config = withSecretsOf(config, before.config)
      writeCrdtConf(server.config, {part: {config, region}, ...this.leftInConf()})
      before.config = config
      before.peers?.configChanged(config)
      this.tune(config)
      server.effects.log('notice', `Database ${config.name}: configuration ${config.version}`)
      return
    }
    const opened = openCrdt(server, {config, region})
    try {
      writeCrdtConf(server.config, {part: {config, region}, ...this.leftInConf()})
    } catch (error) {
      opened.close()
      throw error
    }
    this.noteFormer()
    const begin = [BEGIN, config.guid, String(region)]
    server.state.propagation.passItems([{argv: begin, database: 0, to: TO_AOF}])
    this.tune(config)
    server.effects.log('notice', `Part of database ${config.name} (${config.guid}) as region ${region} from now on`)
    if (this.hasStarted) this.link(opened)
  }

  /** The memory that the database gives each of its shards, also where an older configuration file says otherwise. */
  private tune({settings}: CrdbConfig): void {
    if (settings.memorySize === 0) return
    const {config, effects} = this.server
    const changed = config.set(Object.entries(shardSettings(settings)))
    if (changed.size > 0) effects.configChanged([...changed].map((key) => PARAMETERS[key].name))
  }

  /** Files may hold something of it until they are written anew. */
  private leftInConf(): Pick<CrdtConf, 'left'> {
    return this.left === undefined ? {} : {left: this.left}
  }

  private check(region: number, config: CrdbConfig, before: CrdtDatabase | undefined): void {
    if (!this.server.isCluster) {
      throw new Error('This node is not in cluster mode: cluster-enabled must be yes in an active-active database')
    }
    if (!config.instances.some(({id}) => id === region)) {
      throw new Error(`There is no region ${region} in this configuration`)
    }
    if (before !== undefined && (before.config.guid !== config.guid || before.region !== region)) {
      const {guid, name} = before.config
      throw new Error(`This node is part of database ${name} (${guid}) as region ${before.region}`)
    }
    if (before === undefined && this.left?.guid === config.guid && this.left.region === region) {
      throw new Error(`This node has left database ${config.name}: to join again it needs another id than ${region}`)
    }
  }

  drop(guid: string | undefined): void {
    const {server} = this
    const {crdt} = server
    if (crdt === undefined) return
    const {config, region} = crdt
    if (guid !== undefined && guid !== config.guid) {
      throw new Error(`This node is part of database ${config.name} (${config.guid})`)
    }
    // From here on the node forgets, whatever happens.
    writeCrdtConf(server.config, {left: {guid: config.guid, region}})
    this.left = {guid: config.guid, region}
    this.unlink()
    crdt.peers?.close()
    crdt.close()
    this.noteFormer()
    for (const db of server.databases) db.flush()
    server.refreshRole()
    this.forgetFiles()
    server.effects.log('notice', `Left database ${config.name} (${config.guid}): its data are deleted`)
  }

  /** What is on disk is of the database: until it has been written anew, starts leave it out (FormerData). */
  private forgetFiles(): void {
    const {appendOnly, config, saving} = this.server
    const {appendonly, dbfilename, save} = config.values
    if (!appendonly) {
      if (save.length > 0 || existsSync(pathInDir(config, dbfilename))) saving.schedule()
    } else appendOnly.isScheduled = true
  }

  private link(crdt: CrdtDatabase): void {
    this.effects = new PeerLinkEffects(this.dials)
    attachPeers(crdt, this.effects, true)
    this.spread = new ConfigSpread(crdt, () => this.effects.chance())
    this.timer = setInterval(() => this.tick(crdt), TICK_MS)
    this.tick(crdt)
  }

  private tick(crdt: CrdtDatabase): void {
    try {
      crdt.peers?.tick()
      const nowMs = performance.now()
      if (nowMs - this.spreadMs < SPREAD_MS) return
      this.spreadMs = nowMs
      this.spread?.tick()
    } catch (error) {
      this.server.effects.log('warning', `Links to other regions: ${messageOf(error)}`)
    }
  }

  private unlink(): void {
    clearInterval(this.timer)
    this.timer = undefined
    this.effects.close()
  }

  /** Nothing of it is left open. Safe to call twice. */
  close(): void {
    this.unlink()
  }
}
