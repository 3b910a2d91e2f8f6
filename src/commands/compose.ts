import {resolve} from 'node:path'
import {Flags} from '@oclif/core'
import {BaseCommand} from '../lib/cli/base-command.js'
import {environmentParts} from '../lib/cli/environment/parts.js'
import {environmentFlags, requestWithFile} from '../lib/cli/environment/up-request.js'
import {renderCompose, renderComposeNext} from '../lib/cli/render/compose.js'
import type {WrittenFile} from '../lib/environment/compose/write.js'

interface ComposeDocument {
  /** Name of the project, which is that of the environment. */
  readonly project: string
  /** Absolute. */
  readonly folder: string
  readonly files: readonly WrittenFile[]
  readonly image: string
  /** A command line to be run in the folder. */
  readonly start: string
}

const {engine: _engine, image: _image, password, server: _server, subnet: _subnet, ...shape} = environmentFlags

export default class Compose extends BaseCommand {
  static override summary = 'Write a docker-compose project that brings up the same environment without Shoal.'
  static override description =
    'Exports an environment that `up` made, on whichever engine, or, with flags that say how it is to be, one that need not ' +
    'exist. The project has health checks, fixed addresses, ports on 127.0.0.1 that cluster clients are redirected to, and ' +
    'split.sh and restore.sh, which cut nodes or regions off and connect them again. Data is not exported. Run again, it ' +
    'overwrites nothing that has other content, unless --force is given.'

  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --name blue --output ./blue --image redis:7.0',
    '<%= config.bin %> <%= command.id %> --file environment.yaml',
    '<%= config.bin %> <%= command.id %> --name geo --primaries 3 --replicas 2 --regions eu,us,asia',
  ]

  static override flags = {
    output: Flags.string({helpValue: 'DIR', summary: 'Folder to write to. Default: ./NAME.'}),
    force: Flags.boolean({summary: 'Overwrite files that have other content.'}),
    image: Flags.string({
      helpValue: 'TAG',
      summary: "Image of the nodes, with redis-server 7.0 or later. Default: the environment's own, or redis:7.2.",
    }),
    subnet: Flags.string({
      helpValue: 'A.B.C.D/BITS',
      summary: "Of the network between the nodes, or of the first region's. Default: a /24 of 172.30.0.0/16.",
    }),
    ...shape,
    password,
  }

  async run(): Promise<ComposeDocument> {
    const {flags} = await this.parse(Compose)
    const {force = false, image, subnet, ...asked} = flags
    const [{imageOf, specToExport}, {composeProject}, {writeProject}] = await Promise.all([
      import('../lib/environment/compose/export.js'),
      import('../lib/environment/compose/project.js'),
      import('../lib/environment/compose/write.js'),
    ])
    const spec = await specToExport(environmentParts(process.env).store, await requestWithFile(asked))
    const options = {...imageOf(spec), ...(image !== undefined && {image}), ...(subnet !== undefined && {subnet})}
    const {files, ...project} = composeProject(spec, options)
    const folder = flags.output ?? `./${spec.name}`
    const written = await writeProject(folder, files, force)
    this.print(renderCompose({...project, files: written, folder}, this.style))
    this.note(`\n${renderComposeNext(folder, project.start, this.style)}`)
    return {...project, files: written, folder: resolve(folder)}
  }
}
