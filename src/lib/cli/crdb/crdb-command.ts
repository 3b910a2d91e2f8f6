import {randomUUID} from 'node:crypto'
import {launchDetached} from '../../engine/local/launch.js'
import {packageFile} from '../../engine/package-root.js'
import {liveDatabases} from '../../operations/crdb/find-regions.js'
import {changesUnderWay, type HeardDatabase, hearDatabase, mendRecord} from '../../operations/crdb/heard.js'
import {chooseDatabase, type KnownDatabase} from '../../operations/crdb/known.js'
import type {TaskRequest} from '../../operations/crdb/requests.js'
import {logPathOf, TaskFile, type TaskOperation, type TaskStatus} from '../../operations/crdb/task-file.js'
import {
  type CrdbParts,
  NO_OUTCOME,
  recoverTasks,
  runTask,
  type TaskEvents,
  type TaskOutcome,
} from '../../operations/crdb/task-run.js'
import {crdbWork} from '../../operations/crdb/work.js'
import {BaseCommand} from '../base-command.js'
import {crdbParts} from './parts.js'

/** The document of every command that changes a database. */
export interface CrdbChange extends TaskOutcome {
  /** Id of the task; none where there was nothing to do. */
  readonly task?: string
  readonly operation: TaskOperation
  /** `queued`: another process does it. */
  readonly status: TaskStatus
  readonly guid: string
  readonly name: string
}

/** What the `crdb` commands share. */
export abstract class CrdbCommand extends BaseCommand {
  private known: CrdbParts | undefined

  protected get parts(): CrdbParts {
    this.known ??= crdbParts(process.env)
    return this.known
  }

  protected databases(): Promise<KnownDatabase[]> {
    return liveDatabases(this.parts)
  }

  /** @throws {CliError} NOT_FOUND, BAD_FLAG */
  protected async database(word: string | undefined): Promise<KnownDatabase> {
    return chooseDatabase(await this.databases(), word)
  }

  /**
   * A database as its nodes have it, which this machine has on record from now on. What is not as it should be is said.
   *
   * @throws {CliError} LOCKED, INTERRUPTED, ENVIRONMENT_LACKS
   */
  protected async hear(known: KnownDatabase): Promise<HeardDatabase> {
    const {notes, ...found} = await hearDatabase(known, this.signal)
    const heard = {...found, notes: [...(await changesUnderWay(this.parts, known.config.guid)), ...notes]}
    for (const text of heard.notes) this.progress(`warning: ${text}`)
    if (heard.known !== known) await mendRecord(this.parts, heard, this.signal)
    return heard
  }

  /** What a change of a database is made from. @throws {CliError} NOT_FOUND, BAD_FLAG, LOCKED, INTERRUPTED */
  protected async latest(word: string | undefined): Promise<KnownDatabase> {
    await this.recover()
    return (await this.hear(await this.database(word))).known
  }

  /** Brings tasks whose process was killed to an end. */
  protected async recover(): Promise<void> {
    await recoverTasks(this.parts, crdbWork, this.signal, this.events)
  }

  /** Makes a task of it, and carries it out or leaves it to a process that outlives this one. */
  protected async change(
    request: TaskRequest,
    name: string,
    {notes = [], wait}: {readonly wait: boolean; readonly notes?: readonly string[]},
  ): Promise<CrdbChange> {
    const id = randomUUID()
    const {tasks} = this.parts
    const task = await TaskFile.create(tasks, id, request)
    await task.close()
    this.print(`Task ${id} created`)
    const document = {guid: request.guid, name, operation: request.operation, task: id}
    for (const text of notes) this.progress(`note: ${text}`)
    if (!wait) {
      await launchDetached(process.execPath, [packageFile('bin', 'run.js'), 'crdb', 'task', 'run', id], {
        cwd: tasks,
        log: logPathOf(tasks, id),
      })
      return {...document, ...NO_OUTCOME, notes, status: 'queued'}
    }
    const outcome = await runTask(this.parts, crdbWork, id, this.signal, this.events)
    for (const text of outcome.notes) this.progress(`note: ${text}`)
    return {...document, ...outcome, notes: [...notes, ...outcome.notes], status: 'finished'}
  }

  /** In the product's words. */
  protected get events(): TaskEvents {
    return {
      guid: (guid) => this.note(`  ---> CRDB GUID Assigned: crdb:${guid}`),
      progress: (text) => this.progress(text),
      status: (from, to) => this.note(`  ---> Status changed: ${from} -> ${to}`),
    }
  }
}
