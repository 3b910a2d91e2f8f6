import {execFileSync} from 'node:child_process'

/** One call of docker; its output by lines. */
export function docker(...args: string[]): string[] {
  const text = execFileSync('docker', args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']})
  return text.split('\n').filter((line) => line !== '')
}

/** Names of the nodes of an environment that have a container, ascending. */
export function nodesKept(environment: string): string[] {
  const filter = `label=dev.shoal.env=${environment}`
  return docker('ps', '--all', '--filter', filter, '--format', '{{.Label "dev.shoal.node"}}').sort()
}
