import {KEY, type NeededCommand} from './permissions.js'

/** Every command that a change may take, in the forms in which the right to it is asked for. */

const NOBODY = '0'.repeat(40)

function change(
  name: string,
  words: readonly [string, ...string[]],
  harmless: readonly [string, ...string[]],
): NeededCommand {
  return {name, words, harmless}
}

/** Of a command that changes nothing as it is. */
function sameBothWays(name: string, ...words: [string, ...string[]]): NeededCommand {
  return {name, words, harmless: words}
}

/**
 * Of a command that takes no argument that a node could refuse: a wrong number of them is told before anybody looks at
 * permissions.
 */
function dryRunOnly(name: string, ...words: [string, ...string[]]): NeededCommand {
  return {name, words}
}

/** Functions came with Redis 7.0; a node may have been started without EVAL (`rename-command`). */
function whereThereIs(command: NeededCommand): NeededCommand {
  return {...command, mayLack: true}
}

export const NEEDED = {
  // Of the cluster.
  addSlots: change('cluster|addslots', ['CLUSTER', 'ADDSLOTS', '0'], ['CLUSTER', 'ADDSLOTS', '-1']),
  bumpEpoch: dryRunOnly('cluster|bumpepoch', 'CLUSTER', 'BUMPEPOCH'),
  countKeys: sameBothWays('cluster|countkeysinslot', 'CLUSTER', 'COUNTKEYSINSLOT', '0'),
  delSlots: change('cluster|delslots', ['CLUSTER', 'DELSLOTS', '0'], ['CLUSTER', 'DELSLOTS', '-1']),
  failover: change('cluster|failover', ['CLUSTER', 'FAILOVER'], ['CLUSTER', 'FAILOVER', 'NEVER']),
  forget: sameBothWays('cluster|forget', 'CLUSTER', 'FORGET', NOBODY),
  getKeys: sameBothWays('cluster|getkeysinslot', 'CLUSTER', 'GETKEYSINSLOT', '0', '0'),
  meet: change('cluster|meet', ['CLUSTER', 'MEET', '127.0.0.1', '1'], ['CLUSTER', 'MEET', '127.0.0.1', '0']),
  replicate: sameBothWays('cluster|replicate', 'CLUSTER', 'REPLICATE', NOBODY),
  reset: change('cluster|reset', ['CLUSTER', 'RESET', 'SOFT'], ['CLUSTER', 'RESET', 'NEVER']),
  setConfigEpoch: change(
    'cluster|set-config-epoch',
    ['CLUSTER', 'SET-CONFIG-EPOCH', '1'],
    ['CLUSTER', 'SET-CONFIG-EPOCH', '-1'],
  ),
  setSlot: change('cluster|setslot', ['CLUSTER', 'SETSLOT', '0', 'STABLE'], ['CLUSTER', 'SETSLOT', '-1', 'STABLE']),
  // Of the server.
  aclSave: dryRunOnly('acl|save', 'ACL', 'SAVE'),
  aclSetUser: change(
    'acl|setuser',
    ['ACL', 'SETUSER', 'shoal-preflight', 'off'],
    ['ACL', 'SETUSER', 'shoal-preflight', 'no-such-rule'],
  ),
  // No client has the id 0.
  clientKill: sameBothWays('client|kill', 'CLIENT', 'KILL', 'ID', '0'),
  clientList: sameBothWays('client|list', 'CLIENT', 'LIST', 'ID', '0'),
  clientSetName: sameBothWays('client|setname', 'CLIENT', 'SETNAME', 'shoal'),
  configGet: sameBothWays('config|get', 'CONFIG', 'GET', 'cluster-node-timeout'),
  configRewrite: dryRunOnly('config|rewrite', 'CONFIG', 'REWRITE'),
  configSet: change(
    'config|set',
    ['CONFIG', 'SET', 'cluster-node-timeout', '15000'],
    ['CONFIG', 'SET', 'shoal-preflight', 'no-such-setting'],
  ),
  functionDump: whereThereIs(sameBothWays('function|dump', 'FUNCTION', 'DUMP')),
  functionList: whereThereIs(sameBothWays('function|list', 'FUNCTION', 'LIST', 'LIBRARYNAME', 'shoal-preflight')),
  functionLoad: whereThereIs(sameBothWays('function|load', 'FUNCTION', 'LOAD', 'no-library')),
  functionRestore: whereThereIs(sameBothWays('function|restore', 'FUNCTION', 'RESTORE', 'no-payload')),
  // Of keys.
  asking: sameBothWays('asking', 'ASKING'),
  del: sameBothWays('del', 'DEL', KEY),
  dump: sameBothWays('dump', 'DUMP', KEY),
  eval: whereThereIs(sameBothWays('eval', 'EVAL', 'return 0', '1', KEY)),
  // Outside of a transaction there is nothing to execute.
  exec: sameBothWays('exec', 'EXEC'),
  exists: sameBothWays('exists', 'EXISTS', KEY),
  migrate: change(
    'migrate',
    ['MIGRATE', '127.0.0.1', '1', KEY, '0', '1000'],
    ['MIGRATE', '127.0.0.1', '1', KEY, '0', 'never'],
  ),
  multi: dryRunOnly('multi', 'MULTI'),
  pexpiretime: sameBothWays('pexpiretime', 'PEXPIRETIME', KEY),
  pttl: sameBothWays('pttl', 'PTTL', KEY),
  restore: sameBothWays('restore', 'RESTORE', KEY, '0', 'no-payload'),
  restoreAsking: sameBothWays('restore-asking', 'RESTORE-ASKING', KEY, '0', 'no-payload'),
  scan: sameBothWays('scan', 'SCAN', '0', 'COUNT', '1'),
  select: sameBothWays('select', 'SELECT', '0'),
  type: sameBothWays('type', 'TYPE', KEY),
  unwatch: sameBothWays('unwatch', 'UNWATCH'),
  // A key that is watched stays so on a connection that others go on to use.
  watch: dryRunOnly('watch', 'WATCH', KEY),
} as const satisfies Readonly<Record<string, NeededCommand>>
