import {Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.js'
import {DockerCli} from '../../lib/engine/docker/docker-cli.js'
import {type BuiltImage, buildServerImage, IMAGE_SERVERS, planServerImage} from '../../lib/engine/docker/image/build.js'

/** The `--json` document. */
interface ImageBuildResult extends BuiltImage {
  readonly tag?: string
}

export default class ImageBuild extends BaseCommand {
  static override summary = 'Make a Docker image of a server, without a registry.'
  static override description =
    'Puts a program of this machine, and the libraries it needs, into an image: redis-server or valkey-server as found on ' +
    'PATH, or the node that is built into Shoal. `up --engine docker` does it by itself where there is no image. Its tag says ' +
    'what is in it; an image that is there already is not made again. Linux only.'

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --server shoal --tag my-node:1',
  ]

  static override flags = {
    'dry-run': Flags.boolean({summary: 'Say what would be in it, and make nothing.'}),
    server: Flags.option({
      default: 'redis-server' as const,
      options: IMAGE_SERVERS,
      summary: 'Which server.',
    })(),
    tag: Flags.string({helpValue: 'NAME:TAG', summary: 'A further name for the image.'}),
  }

  async run(): Promise<ImageBuildResult> {
    const {flags} = await this.parse(ImageBuild)
    const {server, tag} = flags
    const image = flags['dry-run']
      ? {...(await planServerImage(server)), built: false}
      : await buildServerImage(new DockerCli(), server, this.signal, tag)
    const done = flags['dry-run'] ? 'would be made' : image.built ? 'made' : 'is there already'
    const size = `${image.fileCount} files, ${Math.ceil(image.bytes / 1e6)} MB`
    this.print(`${image.reference} ${done}: ${server} ${image.serverVersion}, ${size}`)
    if (!flags['dry-run']) this.note(`shoal up --engine docker --image ${tag ?? image.reference}`)
    return {...image, ...(tag !== undefined && {tag})}
  }
}
