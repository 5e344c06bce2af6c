// Takes secrets out of what Node logs, with `stanch filter` as the engine.
//
//   pino({ transport: { target: 'stanch-pino', options: { destination: '/var/log/app.log' } } })
//   await redact('some text')
//
// One `stanch filter -z` answers record by record. What could not be judged is withheld: a line says so in its place.
// Start with the default export, the pino transport; Engine is the part that both share.

import { spawn } from 'node:child_process'
import { closeSync, openSync, write } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { Writable } from 'node:stream'

const WITHHELD = 'stanch: line withheld, the filter did not answer'
const PAUSE = 1000

/** The filter could not be run, or did not answer. Holds nothing of the text. */
export class StanchError extends Error {
  name = 'StanchError'
}

/** One `stanch filter -z`: asked one record at a time, in order. */
export class Engine {
  #command
  #timeout
  #child = null
  #last = Promise.resolve()
  #notBefore = 0

  constructor({ binary, args = [], timeout = 5000 } = {}) {
    if (args.some((word) => word.includes('drop-line'))) {
      throw new TypeError('--mode drop-line leaves records out, and each needs an answer')
    }
    this.#command = [binary ?? (process.env.STANCH || 'stanch'), 'filter', '--null-data', '--quiet', ...args]
    this.#timeout = timeout
  }

  /** What a record without zero bytes becomes. Rejects with StanchError if that can't be known. */
  ask(record) {
    const answer = this.#last.then(() => this.#withOneRestart(record))
    this.#last = answer.catch(() => {})
    return answer
  }

  /** Ends the filter when all that was asked is answered. */
  async close() {
    await this.#last
    const child = this.#child
    this.#child = null
    if (!child) return
    child.ref()
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.stdin.end()
    const timer = setTimeout(() => child.kill('SIGKILL'), 1000)
    await ended
    clearTimeout(timer)
  }

  async #withOneRestart(record) {
    if (!this.#child && Date.now() < this.#notBefore) throw new StanchError('the filter failed a moment ago')
    try {
      return await this.#once(record).catch(() => this.#once(record))
    } catch (error) {
      this.#notBefore = Date.now() + PAUSE
      throw error
    }
  }

  #once(record) {
    this.#child ??= this.#start()
    const child = this.#child
    return new Promise((resolve, reject) => {
      const parts = []
      const done = (settle, value) => {
        clearTimeout(timer)
        child.stdout.off('data', onData)
        child.off('error', onError)
        child.off('close', onClose)
        // An idle filter keeps no process alive.
        hold(child, 'unref')
        settle(value)
      }
      const fail = (why) => {
        if (this.#child === child) this.#child = null
        child.kill('SIGKILL')
        done(reject, new StanchError(why))
      }
      const onData = (chunk) => {
        parts.push(chunk)
        const end = chunk.indexOf(0)
        if (end < 0) return
        if (end !== chunk.length - 1) return fail('the filter answered more than was asked')
        done(resolve, Buffer.concat(parts).subarray(0, -1))
      }
      const onError = (error) => fail(`cannot run the filter: ${error.code ?? 'unknown error'}`)
      const onClose = () => fail('the filter ended')
      const timer = setTimeout(() => fail('the filter did not answer in time'), this.#timeout)
      hold(child, 'ref')
      child.stdout.on('data', onData)
      child.once('error', onError)
      child.once('close', onClose)
      child.stdin.write(Buffer.concat([record, Buffer.of(0)]))
    })
  }

  #start() {
    const [program, ...args] = this.#command
    // A group of its own: a Ctrl-C means the program, not its filter.
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true })
    // Whoever waits is told by 'error' or 'close'; when nobody does, the next record finds out.
    child.on('error', () => {})
    child.stdin.on('error', () => {})
    child.once('close', () => {
      if (this.#child === child) this.#child = null
    })
    return child
  }
}

function hold(child, how) {
  for (const one of [child, child.stdin, child.stdout]) one[how]?.()
}

let shared = null

/** The text without its secrets. Rejects with StanchError if that can't be known. */
export async function redact(text, options) {
  const engine = options ? new Engine(options) : (shared ??= new Engine())
  try {
    const parts = String(text).split('\0')
    const answers = []
    // A zero byte ends a record, so those of the text stay here.
    for (const part of parts) answers.push(part && (await engine.ask(Buffer.from(part))).toString())
    return answers.join('\0')
  } finally {
    if (options) await engine.close()
  }
}

/**
 * The transport: lines of pino in, the same lines without secrets out, in order.
 *
 * destination  a file to append to, or a file descriptor: 1, standard output, if nothing is said
 * binary       path of stanch; else the environment's STANCH, else `stanch` of the search path
 * args         more options of `stanch filter`: ['--mode', 'tag']
 * timeout      milliseconds to wait for an answer
 */
export default async function stanchPino({ destination = 1, binary, args, timeout } = {}) {
  const engine = new Engine({ binary, args, timeout })
  const opened = typeof destination === 'number' ? null : openSync(destination, 'a')
  const file = opened ?? destination
  let rest = Buffer.alloc(0)
  let told = false

  const line = async (record) => {
    try {
      const answer = await engine.ask(record)
      told = false
      return answer.equals(record) || isLine(answer) ? answer : withheld(record)
    } catch (error) {
      if (!told) await writeAll(2, Buffer.from(`stanch-pino: lines are withheld: ${error.message}\n`)).catch(() => {})
      told = true
      return withheld(record)
    }
  }
  const pass = async (records) => {
    const lines = []
    for (const record of records) lines.push(await line(record), Buffer.from('\n'))
    await writeAll(file, Buffer.concat(lines))
  }

  return new Writable({
    // The next chunk is taken when this one is written: a slow destination slows the writer down.
    write(chunk, _encoding, callback) {
      const lines = split(Buffer.concat([rest, chunk]))
      rest = lines.pop()
      pass(lines).then(() => callback(), callback)
    },
    final(callback) {
      const last = rest.length > 0 ? [rest] : []
      pass(last).then(() => engine.close()).then(() => callback(), callback)
    },
    destroy(error, callback) {
      engine.close().finally(() => {
        if (opened !== null) closeSync(opened)
        callback(error)
      })
    },
  })
}

function split(bytes) {
  const lines = []
  let from = 0
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
    lines.push(bytes.subarray(from, end))
    from = end + 1
  }
  lines.push(bytes.subarray(from))
  return lines
}

function isLine(answer) {
  try {
    JSON.parse(answer.toString())
    return !answer.includes(10)
  } catch {
    return false
  }
}

/** In the place of a line: its level and time, if they are numbers, and that it is not there. */
function withheld(record) {
  const kept = { level: 50, time: Date.now() }
  try {
    const { level, time } = JSON.parse(record.toString())
    if (typeof level === 'number') kept.level = level
    if (typeof time === 'number') kept.time = time
  } catch {
    // What is no JSON had neither.
  }
  return Buffer.from(JSON.stringify({ ...kept, msg: WITHHELD }))
}

async function writeAll(file, bytes) {
  let done = 0
  while (done < bytes.length) {
    try {
      done += await new Promise((resolve, reject) => {
        write(file, bytes, done, bytes.length - done, null, (error, n) => (error ? reject(error) : resolve(n)))
      })
    } catch (error) {
      // A pipe that takes nothing just now.
      if (error.code !== 'EAGAIN') throw error
      await pause(5)
    }
  }
}
