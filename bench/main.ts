import {parseArgs} from 'node:util'
import {benchCrdb} from './crdb.js'
import {benchEnvironments} from './environments.js'
import {benchLongCommands} from './long-commands.js'
import {benchNode} from './node.js'
import {benchPersistence} from './persistence.js'
import {guard} from './processes.js'
import {benchRebalance} from './rebalance.js'
import {benchReplication} from './replication.js'
import {describeMachine, machineLine} from './report.js'
import {benchReshard} from './reshard.js'
import {benchScale} from './scale.js'

const USAGE = `usage: npm run bench -- TOPIC [options]

  reshard   redis-cli and shoal move the same slots between redis-servers in turn
  rebalance redis-cli and shoal give a node that joined three its quarter, in turn
  replication  full syncs and failovers, the embedded node and redis-server in turn
  scale     observing 100 redis-servers; planning for 1000 nodes
  node      the embedded node and redis-server under redis-benchmark in turn; start, check, up, memory
  persistence    SET with an append-only file, the embedded node and redis-server in turn; start on a million keys
  environments   up, partition, heal and down on each engine; up beside redis-servers and redis-cli
  crdb      an active-active database of three regions: throughput, visibility, memory, catch-up, verify
  long-commands  commands on values and keyspaces of a million, the embedded node and redis-server in turn

  --rounds N      rounds of each comparison (default 5; over the delaying links of reshard 2)
  --quick         a tenth of the work, one round: does it run at all?
  --only TEXT     of reshard, only the links and scenarios with TEXT in their name, of scale only planning or observing,
                  of long-commands only the values, of node only throughput, stalls or processes,
                  of replication only full-sync or failovers,
                  of crdb only memory, throughput, visible, catch-up or verify;
                  writes no report
  --base-port N   first of 300 ports to use (default 22000; the cluster bus uses 10000 more)
`

const TOPICS = {
  crdb: benchCrdb,
  environments: benchEnvironments,
  'long-commands': benchLongCommands,
  node: benchNode,
  persistence: benchPersistence,
  rebalance: benchRebalance,
  replication: benchReplication,
  reshard: benchReshard,
  scale: benchScale,
}
const LIMIT_MS = 60 * 60_000

const {positionals, values} = parseArgs({
  allowPositionals: true,
  options: {
    'base-port': {type: 'string', default: '22000'},
    only: {type: 'string'},
    quick: {type: 'boolean', default: false},
    rounds: {type: 'string'},
  },
})
const topic = positionals[0] as keyof typeof TOPICS
if (positionals.length !== 1 || !Object.hasOwn(TOPICS, topic)) {
  console.error(USAGE)
  process.exit(2)
}
guard(LIMIT_MS)
console.log(`${machineLine(describeMachine())}\n`)
await TOPICS[topic]({
  basePort: Number(values['base-port']),
  only: values.only,
  quick: values.quick,
  rounds: values.rounds === undefined ? undefined : Number(values.rounds),
})
process.exit(0)
