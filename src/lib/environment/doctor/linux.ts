import {daemonRemedy} from '../../engine/docker/docker-cli.js'
import type {EngineKind} from '../../engine/engine.js'
import type {MachineFinding} from './doctor.js'
import type {Machine} from './machine.js'

/** The docker CLI, and whether this user may speak to a daemon that runs. */
export async function dockerFindings(machine: Machine, engine: EngineKind): Promise<MachineFinding[]> {
  const needed = engine === 'docker'
  const cli = await machine.findProgram('docker')
  if (cli === undefined) {
    const remedy = machine.platform === 'linux' ? 'apt-get install docker.io' : 'Install Docker Desktop or colima.'
    return [{id: 'docker-cli', needed, ok: false, remedy, text: 'docker is not on PATH'}]
  }
  const {ok, text} = await machine.run(cli, ['version', '--format', '{{.Server.Version}}'])
  return [
    {id: 'docker-cli', needed, ok: true, text: cli},
    ok
      ? {id: 'docker-daemon', needed, ok, text: `version ${text}`}
      : {id: 'docker-daemon', needed, ok, ...refusalIn(text, machine)},
  ]
}

/** Who is not allowed needs something else than who has no daemon. */
function refusalIn(text: string, {platform}: Machine): Pick<MachineFinding, 'remedy' | 'text'> {
  const last = text.split('\n').at(-1) ?? ''
  if (/permission denied/i.test(text)) {
    return {remedy: 'sudo usermod -aG docker $USER   # then log in again', text: `this user may not use it: ${last}`}
  }
  return {remedy: daemonRemedy(text, platform), text: last || 'does not answer'}
}

const NETEM = /(^|\/)sch_netem(\.ko\S*|\s|$)/m

/** What the kernel has for faults between containers; elsewhere Docker's own machine has the kernel. */
export async function kernelFindings(machine: Machine): Promise<MachineFinding[]> {
  if (machine.platform !== 'linux') return []
  const modules = `/lib/modules/${machine.release}`
  const [loaded = '', files = '', builtin = '', bridge] = await Promise.all(
    [
      '/proc/modules',
      `${modules}/modules.dep`,
      `${modules}/modules.builtin`,
      '/proc/sys/net/bridge/bridge-nf-call-iptables',
    ].map((path) => machine.readText(path)),
  )
  const hasNetem = [loaded, files, builtin].some((text) => NETEM.test(text))
  return [
    {
      id: 'netem',
      needed: false,
      ok: hasNetem,
      text: hasNetem
        ? 'the kernel can delay packets'
        : 'the kernel has no sch_netem: nodes in Docker cannot be slow, nodes of other engines can',
      ...(!hasNetem && {remedy: 'Install the kernel modules of your distribution, such as linux-modules-extra.'}),
    },
    {
      id: 'br-netfilter',
      needed: false,
      ok: bridge?.trim() === '1',
      text:
        bridge?.trim() === '1'
          ? 'host rules see what flows between containers'
          : 'host rules do not see what flows between containers; Shoal uses none',
    },
  ]
}
