import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AccessLogBatch, AccessLogBatcher } from './access-log-batch.ts'
import { AccessLogWriter, type FileSystem } from './access-log-writer.ts'

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'access-log-'))
})
afterEach(() => {
  fs.rmSync(folder, { recursive: true })
})

/** A batcher and a writer joined as a worker and the main thread are, buffers transferred both ways. */
function joined(path: string, options: { fs?: FileSystem; bufferBytes?: number; maxBuffers?: number } = {}) {
  const errors: string[] = []
  const writer = new AccessLogWriter(
    {
      onDone: (batch) => batcher.giveBack(structuredClone(batch.buffer, { transfer: [batch.buffer] })),
      onError: (_path, error) => errors.push(error.message),
    },
    options.fs,
  )
  writer.open(path)
  const batcher = new AccessLogBatcher(
    path,
    (batch, transfer) => writer.write(structuredClone(batch, { transfer })),
    options,
  )
  return { writer, batcher, errors }
}

/** node:fs, with the behaviour of `write` replaced for the first calls. */
function failing(outcomes: ((length: number) => { code?: string; written?: number })[]): FileSystem {
  return {
    open: fs.open,
    openSync: fs.openSync,
    close: fs.close,
    writeSync: (fd, bytes, offset, length) => fs.writeSync(fd, bytes, offset, length),
    write(fd, bytes, offset, length, done) {
      const outcome = outcomes.shift()?.(length) ?? {}
      if (outcome.code === undefined) fs.write(fd, bytes, offset, outcome.written ?? length, null, done)
      else setImmediate(() => done(Object.assign(new Error(outcome.code), { code: outcome.code }), 0))
    },
  }
}

describe('the access log', () => {
  test('writes the lines of a worker in order, over many buffers that are used again', async () => {
    const path = join(folder, 'access.log')
    const { writer, batcher } = joined(path, { bufferBytes: 200, maxBuffers: 4 })
    let expected = ''
    for (let i = 0; i < 500; i++) {
      const line = `${i} GET /ü/${'x'.repeat(i % 40)} 200\n`
      if (batcher.write(line)) expected += line
      else throw new Error('dropped a line though buffers came back')
      if (i % 3 === 0) {
        batcher.flush()
        await writer.drain()
      }
    }
    batcher.flush()
    await writer.drain()
    expect(fs.readFileSync(path, 'latin1')).toBe(expected)
  })

  test('drops and counts lines while all buffers are on their way, and goes on when one is back', () => {
    const sent: AccessLogBatch[] = []
    const batcher = new AccessLogBatcher('p', (batch) => sent.push(batch), { bufferBytes: 15, maxBuffers: 2 })
    // A buffer takes one line of eight bytes before it is sent.
    const line = '1234567\n'
    expect([batcher.write(line), batcher.write(line), batcher.write(line), batcher.write(line)]).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect([batcher.droppedLines, sent.length]).toEqual([2, 2])
    batcher.giveBack(sent[0].buffer)
    expect(batcher.write(line)).toBe(true)
  })

  test('counts a line that is longer than a buffer as dropped and keeps the others', async () => {
    const path = join(folder, 'access.log')
    const { writer, batcher } = joined(path, { bufferBytes: 32 })
    expect([batcher.write('short\n'), batcher.write('x'.repeat(33)), batcher.write('again\n')]).toEqual([
      true,
      false,
      true,
    ])
    expect(batcher.droppedLines).toBe(1)
    batcher.flush()
    await writer.drain()
    expect(fs.readFileSync(path, 'utf8')).toBe('short\nagain\n')
  })

  test('goes on where a short write ended, and tries again when a pipe was full', async () => {
    const path = join(folder, 'access.log')
    const { writer, batcher, errors } = joined(path, {
      fs: failing([() => ({ written: 3 }), () => ({ code: 'EAGAIN' }), () => ({ written: 1 })]),
    })
    batcher.write('first line\n')
    batcher.flush()
    batcher.write('second line\n')
    batcher.flush()
    await writer.drain()
    expect(fs.readFileSync(path, 'utf8')).toBe('first line\nsecond line\n')
    expect([errors, writer.droppedLines]).toEqual([[], 0])
  })

  test('tells of a full disk once, counts the lines, and goes on when there is room', async () => {
    const path = join(folder, 'access.log')
    const full = () => ({ code: 'ENOSPC' })
    const { writer, batcher, errors } = joined(path, { fs: failing([full, full]) })
    for (const line of ['a\n', 'b\n', 'c\n']) {
      batcher.write(line)
      batcher.flush()
    }
    await writer.drain()
    expect(fs.readFileSync(path, 'utf8')).toBe('c\n')
    expect([errors, writer.droppedLines]).toEqual([['ENOSPC'], 2])
  })

  test('continues in a new file after it was renamed and reopened', async () => {
    const path = join(folder, 'access.log')
    const { writer, batcher } = joined(path)
    batcher.write('old\n')
    batcher.flush()
    fs.renameSync(path, `${path}.1`)
    writer.reopen()
    batcher.write('new\n')
    batcher.flush()
    await writer.drain()
    expect([fs.readFileSync(`${path}.1`, 'utf8'), fs.readFileSync(path, 'utf8')]).toEqual(['old\n', 'new\n'])
  })

  test('writes what waits before the process ends, each line once', async () => {
    const path = join(folder, 'access.log')
    const { writer, batcher } = joined(path)
    for (const line of ['a\n', 'b\n', 'c\n']) {
      batcher.write(line)
      batcher.flush()
    }
    writer.flushSync()
    await writer.drain()
    expect(fs.readFileSync(path, 'utf8').trim().split('\n').sort()).toEqual(['a', 'b', 'c'])
  })

  test('refuses a path that cannot be opened', () => {
    expect(() => joined(join(folder, 'missing', 'access.log'))).toThrow('ENOENT')
  })
})
