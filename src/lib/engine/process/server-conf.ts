import {CliError} from '../../kernel/errors.js'
import {BUS_PORT_OFFSET} from '../../model/address.js'
import type {NodeSpec} from '../engine.js'
import {renderNodeConf} from '../node-conf.js'
import {sourceHostOf} from './addresses.js'
import type {ServerProgram} from './program.js'

/**
 * The start configuration of a redis-server, as `renderNodeConf`, and what keeps the process recognizable and, where peers
 * reach it at an address of their own, apart from clients.
 *
 * @throws {CliError} ENVIRONMENT_LACKS if this server cannot be told a bus port, and another than its own choice is asked for
 */
export function renderServerConf(spec: NodeSpec, folder: string, program: ServerProgram): string {
  const {address, busPort, name, peerHost} = spec
  const lines = [
    // By default the server replaces its command line, by which it is known.
    'set-proc-title no',
    ...(peerHost === undefined
      ? []
      : [
          // It takes 127.0.0.1 alone for this machine. Nobody else reaches where it listens.
          'protected-mode no',
          `bind-source-addr ${sourceHostOf(address.port)}`,
          `replica-announce-ip ${peerHost}`,
          `replica-announce-port ${address.port}`,
        ]),
    ...(peerHost === undefined || !spec.cluster
      ? []
      : [
          `cluster-announce-ip ${peerHost}`,
          // Clients are sent to the node itself, as they are everywhere.
          `cluster-announce-hostname ${address.host}`,
          'cluster-preferred-endpoint-type hostname',
        ]),
  ]
  const text = `${renderNodeConf(spec, folder)}${lines.join('\n')}\n`
  if (program.hasPeerAddresses) return text
  if (busPort !== address.port + BUS_PORT_OFFSET) {
    throw new CliError('ENVIRONMENT_LACKS', `${program.path} ${program.version} knows no bus port but port + 10000`, {
      details: {busPort, node: name},
    })
  }
  return text.replace(/^cluster-port .*\n/m, '')
}
