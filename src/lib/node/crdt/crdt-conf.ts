import {messageOf} from '../../kernel/errors.js'
import type {CrdbConfig} from '../../model/crdb.js'
import type {Config} from '../../server/config/config.js'
import {parseCrdbConfig} from '../../server/crdt/peers/config-text.js'
import type {LeftDatabase} from '../../server/crdt/peers/effects.js'
import {pathInDir, readText, replaceFile} from '../config-file.js'

/** Beside nodes.conf, in the node's `dir`. It has passwords in it. */
const CRDT_CONF = 'crdt.conf'

const OWNER_ONLY = 0o600
const FORMAT = 1

export interface CrdtConf {
  readonly part?: {readonly region: number; readonly config: CrdbConfig}
  /** The one before, if there was one. */
  readonly left?: LeftDatabase
}

/** @throws Error: a node that forgot what it is must not serve anybody */
export function readCrdtConf(config: Config): CrdtConf {
  const path = pathInDir(config, CRDT_CONF)
  try {
    const {format, left, part} = JSON.parse(readText(path))
    if (format !== FORMAT) throw new Error(`it is of format ${format}`)
    return {
      ...(part === undefined
        ? {}
        : {part: {config: parseCrdbConfig(JSON.stringify(part.config)), region: part.region}}),
      ...(left === undefined ? {} : {left: {guid: String(left.guid), region: Number(left.region)}}),
    }
  } catch (error) {
    throw new Error(`Cannot read ${path}: ${messageOf(error)}`)
  }
}

/** Durable on return. @throws Error with the system's message */
export function writeCrdtConf(config: Config, conf: CrdtConf): void {
  replaceFile(pathInDir(config, CRDT_CONF), `${JSON.stringify({format: FORMAT, ...conf}, undefined, 1)}\n`, OWNER_ONLY)
}
