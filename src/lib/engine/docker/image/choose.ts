import {CliError} from '../../../kernel/errors.js'
import {type DockerCli, DockerError, isAbsence, reasonOf} from '../docker-cli.js'
import {LABEL} from '../names.js'
import {buildServerImage, type ImageServer} from './build.js'
import {findProgram} from './elf.js'

interface ImageLine {
  readonly Repository: string
  readonly Tag: string
}

interface ImageDocument {
  readonly Config: {
    readonly Cmd: readonly string[] | null
    readonly Env: readonly string[] | null
    readonly Labels: Readonly<Record<string, string>> | null
  }
}

export interface ImageTraits {
  /** What starts the server, to be followed by the path of its configuration. */
  readonly command: readonly string[]
  /** Whether the server knows hostnames of nodes: since 7.0. One that does not say how old it is, does. */
  readonly hasHostnames: boolean
}

/** The image's own, read from it. @returns undefined if there is no such image here */
export async function traitsOf(cli: DockerCli, reference: string): Promise<ImageTraits | undefined> {
  const [image] = await cli.inspect<ImageDocument>('image', [reference])
  if (!image) return undefined
  const {Cmd, Env, Labels} = image.Config
  const command = Cmd?.some((word) => /server(?:\.js)?$/.test(word)) ? Cmd : ['redis-server']
  const told = (Env ?? []).find((each) => /^REDIS_VERSION=|^VALKEY_VERSION=/.test(each))?.split('=')[1]
  const isShoal = Labels?.[LABEL.server] === 'shoal'
  const version = Number.parseInt(told ?? Labels?.[LABEL.serverVersion] ?? '', 10)
  return {command, hasHostnames: isShoal || !(version < 7)}
}

/**
 * The image that nodes run if none is asked for: a redis:7 or valkey that is here; else one of a server on PATH, else of Shoal's
 * own node, made now if need be.
 *
 * @throws {CliError} ENVIRONMENT_LACKS where none is here and none can be made
 */
export async function chooseImage(
  cli: DockerCli,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<string> {
  const images = await cli.lines<ImageLine>(['images'], {signal})
  const official = bestOf(images, rankOf)
  if (official !== undefined) return official
  const onPath = await serverOnPath()
  const own = onPath === undefined ? bestOf(images, ({Repository}) => OWN.indexOf(Repository) + 1) : undefined
  if (own !== undefined) return own
  const server = onPath ?? 'shoal'
  const {built, reference, serverVersion} = await buildServerImage(cli, server, signal)
  const what = server === 'shoal' ? "Shoal's own node" : `${server} ${serverVersion} of this machine`
  if (built) onProgress(`no image of redis or valkey is here: made ${reference} from ${what}`)
  return reference
}

/** The image of Shoal's own node, made now if need be. @throws {CliError} ENVIRONMENT_LACKS where none can be made */
export async function ownImage(
  cli: DockerCli,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<string> {
  const {built, reference} = await buildServerImage(cli, 'shoal', signal)
  if (built) onProgress(`made image ${reference} of Shoal's own node`)
  return reference
}

/** @throws {CliError} BAD_FLAG if another server is in the image */
export async function requireOwnNode(cli: DockerCli, reference: string): Promise<void> {
  const [image] = await cli.inspect<ImageDocument>('image', [reference])
  if (image?.Config.Labels?.[LABEL.server] === 'shoal') return
  throw new CliError('BAD_FLAG', `image ${reference} holds no node of Shoal: others know no active-active databases`, {
    suggestions: ['shoal image build --server shoal', 'shoal up --topology crdb --engine docker'],
  })
}

/** The one asked for, pulled if it is not here. @throws {CliError} ENVIRONMENT_LACKS */
export async function fetchImage(
  cli: DockerCli,
  reference: string,
  signal: AbortSignal,
  onProgress: (text: string) => void,
): Promise<void> {
  if ((await cli.inspect('image', [reference], {signal})).length > 0) return
  onProgress(`pulling ${reference}`)
  try {
    await cli.run(['pull', '--quiet', reference], {signal, timeoutMs: 600_000})
  } catch (error) {
    if (!(error instanceof DockerError)) throw error
    const why = isAbsence(error) ? 'there is no such image' : reasonOf(error.stderr)
    throw new CliError('ENVIRONMENT_LACKS', `image ${reference} is not here and could not be pulled: ${why}`, {
      cause: error,
      suggestions: ['docker load --input FILE', 'shoal image build'],
    })
  }
}

/** Images that `buildServerImage` makes, the better one last. */
const OWN = ['shoal-valkey', 'shoal-redis']

function bestOf(images: readonly ImageLine[], rank: (image: ImageLine) => number): string | undefined {
  const ranked = images.map((image) => ({image, rank: rank(image)})).filter((each) => each.rank > 0)
  const [best] = ranked.sort((a, b) => b.rank - a.rank || (a.image.Tag < b.image.Tag ? 1 : -1))
  return best && `${best.image.Repository}:${best.image.Tag}`
}

/** Official images of what runs here, 7 first: the version that Shoal is compared with. */
function rankOf({Repository, Tag}: ImageLine): number {
  const version = Number.parseInt(Tag, 10)
  if (Tag === '<none>' || version < 7) return 0
  const repository = Repository.replace(/^docker\.io\/(?:library\/)?/, '')
  if (repository === 'redis') return version === 7 ? 4 : 3
  return repository === 'valkey/valkey' ? 2 : 0
}

async function serverOnPath(): Promise<ImageServer | undefined> {
  for (const server of ['redis-server', 'valkey-server'] as const) {
    if ((await findProgram(server)) !== undefined) return server
  }
  return undefined
}
