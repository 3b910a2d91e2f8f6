import {NodeLog} from '../../src/lib/node/log.js'
import {Node} from '../../src/lib/node/start-node.js'
import {Config} from '../../src/lib/server/config/config.js'
import {callRedis} from '../support/peers.js'
import {claimPorts} from '../support/ports.js'
import {temporaryFolder} from '../support/processes.js'

export interface TestNode {
  readonly port: number
  call(...command: (string | number)[]): Promise<unknown>
  stop(): Promise<void>
}

/** An embedded node inside the test's process. @param settings - by the names of `Config.values` */
export async function startTestNode(settings: object = {}): Promise<TestNode> {
  const config = new Config()
  const port = await claimPorts()
  const dir = temporaryFolder('migrate')
  Object.assign(config.values, {dir, port, ...settings})
  const node = new Node(config, new NodeLog({file: `${dir}/node.log`, level: 'notice', pid: process.pid}))
  await node.start()
  return {port, call: (...command) => callRedis(port, command), stop: () => node.stop()}
}
