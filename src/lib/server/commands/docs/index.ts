import type {CommandDocs} from '../command.js'
import {aclDocs} from './acl.js'
import {bitmapDocs} from './bitmap.js'
import {clusterDocs} from './cluster.js'
import {connectionDocs} from './connection.js'
import {genericDocs} from './generic.js'
import {geoDocs} from './geo.js'
import {hashDocs} from './hash.js'
import {hyperloglogDocs} from './hyperloglog.js'
import {listDocs} from './list.js'
import {pubsubDocs} from './pubsub.js'
import {scriptingDocs} from './scripting.js'
import {serverDocs} from './server.js'
import {setDocs} from './set.js'
import {sortedSetDocs} from './sorted-set.js'
import {streamDocs} from './stream.js'
import {stringDocs} from './string.js'
import {transactionsDocs} from './transactions.js'

/**
 * What COMMAND DOCS says beyond the command table, as redis-server 7.0 answers it, by full name (`config|get`).
 * test/interop/command-table.test.ts compares every entry with a real server.
 */
const DOCS: Readonly<Record<string, CommandDocs>> = {
  ...bitmapDocs,
  ...aclDocs,
  ...clusterDocs,
  ...connectionDocs,
  ...genericDocs,
  ...listDocs,
  ...geoDocs,
  ...hashDocs,
  ...hyperloglogDocs,
  ...pubsubDocs,
  ...scriptingDocs,
  ...serverDocs,
  ...setDocs,
  ...sortedSetDocs,
  ...streamDocs,
  ...stringDocs,
  ...transactionsDocs,
}

export function docsOf(fullName: string): CommandDocs | undefined {
  return DOCS[fullName]
}

/** Every full name that has docs. */
export function documentedNames(): string[] {
  return Object.keys(DOCS)
}
