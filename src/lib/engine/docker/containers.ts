import {readFile} from 'node:fs/promises'
import type {NodeRef} from '../engine.js'
import type {DockerCli} from './docker-cli.js'
import {LABEL, labelFilters} from './names.js'

/** What `docker container inspect` says, as far as it is used. */
export interface ContainerDocument {
  readonly Id: string
  /** With a slash before it. */
  readonly Name: string
  readonly Config: {readonly Image: string; readonly Labels: Readonly<Record<string, string>> | null}
  readonly State: {
    readonly ExitCode: number
    readonly Paused: boolean
    readonly Pid: number
    readonly Running: boolean
    readonly StartedAt: string
  }
  readonly NetworkSettings: {readonly Networks: Readonly<Record<string, Endpoint>> | null}
}

interface Endpoint {
  /** Another one each time that it is connected. */
  readonly EndpointID: string
  readonly IPAddress: string
  readonly IPAMConfig: {readonly IPv4Address?: string} | null
  readonly NetworkID: string
}

export interface ContainerChoice {
  readonly state: string
  readonly environment?: string
  readonly role?: 'fault' | 'node'
  /** Default: running or paused ones. */
  readonly all?: boolean
}

export async function findContainers(
  cli: DockerCli,
  {all = false, environment, role, state}: ContainerChoice,
): Promise<ContainerDocument[]> {
  return cli.inspect<ContainerDocument>('container', await containerIds(cli, {all, environment, role, state}))
}

export function containerIds(
  cli: DockerCli,
  {all = false, environment, role, state}: {[Key in keyof ContainerChoice]: ContainerChoice[Key] | undefined},
): Promise<string[]> {
  const labels = {[LABEL.environment]: environment, [LABEL.role]: role, [LABEL.state]: state}
  return cli.ids(['ps', '--no-trunc', ...(all ? ['--all'] : []), ...labelFilters(labels)])
}

export function labelOf({Config}: ContainerDocument, name: string): string | undefined {
  return Config.Labels?.[name]
}

/** A container that is started again is another process. */
export function startTokenOf({Id, State}: ContainerDocument): string {
  return `${Id}@${State.StartedAt}`
}

export async function toNodeRef(container: ContainerDocument): Promise<NodeRef> {
  const {Id, State} = container
  const port = Number(labelOf(container, LABEL.port))
  return {
    environment: labelOf(container, LABEL.environment) ?? '',
    memoryBytes: await memoryOf(State.Pid, Id),
    name: labelOf(container, LABEL.node) ?? '',
    paused: State.Paused,
    pid: State.Pid,
    startToken: startTokenOf(container),
    uptimeMs: Math.max(0, Date.now() - Date.parse(State.StartedAt)),
    ...(port > 0 && {address: {host: '127.0.0.1', port}}),
  }
}

/**
 * Resident set of the container's first process, bytes: read from this machine's process table, as `docker stats` takes
 * seconds. 0 where the daemon runs elsewhere, in a virtual machine too.
 */
async function memoryOf(pid: number, id: string): Promise<number> {
  try {
    // The same number may be somebody else's here.
    if (!(await readFile(`/proc/${pid}/cgroup`, 'utf8')).includes(id)) return 0
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
