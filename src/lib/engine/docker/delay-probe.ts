import type {Probe} from '../engine.js'
import {TRY_DELAYS} from './delay-script.js'
import type {DockerCli} from './docker-cli.js'
import {hasTrafficControl, nettoolsImage} from './image/nettools.js'

const WITHOUT_KERNEL = 'nodes of `shoal up --engine embedded` or `--engine process` delay without it'
const NO_PROGRAM = 'packets in Docker are delayed by tc and ip, which are not here'

/**
 * Whether packets can be delayed, by the kernel's own word: it is tried in a network of its own, of which nothing is left.
 *
 * @throws {CliError} @throws {DockerError} if that cannot be tried
 */
export async function probeDelays(cli: DockerCli, signal: AbortSignal): Promise<Probe> {
  const image = await nettoolsImage(cli, signal)
  if (!hasTrafficControl(image)) return {available: false, reason: NO_PROGRAM, remedy: 'apt-get install iproute2'}
  const alone = ['--network', 'none', '--cap-drop', 'ALL', '--cap-add', 'NET_ADMIN']
  const text = await cli.run(['run', '--rm', ...alone, image, 'sh', '-c', TRY_DELAYS], {signal})
  return delaysIn(text)
}

/** What a try says. */
export function delaysIn(text: string): Probe {
  const lines = text.split('\n').filter((line) => line !== '')
  if (lines.at(-1) === 'works') return {available: true}
  const module = /^lacks (\w+)$/.exec(lines.at(-1) ?? '')?.[1] ?? 'sch_netem'
  const [why = 'it said nothing'] = lines
  return {
    available: false,
    reason: `packets in Docker are delayed by the kernel module ${module}, which its kernel lacks (${why}); ${WITHOUT_KERNEL}`,
    remedy: `sudo modprobe ${module}   # from the distribution's kernel modules, such as linux-modules-extra-$(uname -r)`,
  }
}
