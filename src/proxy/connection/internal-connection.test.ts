import { describe, expect, test } from '@jest/globals'
import { EventRecorder, run, testDispatcher, testPair } from '../../../test/support/connections.ts'
import { Dispatcher } from './dispatcher.ts'
import type { InternalConnection } from './internal-connection.ts'

function open() {
  const dispatcher = testDispatcher()
  const [near, far] = testPair(dispatcher)
  return { dispatcher, near, far, atNear: EventRecorder.on(near), atFar: EventRecorder.on(far) }
}

describe('an internal connection', () => {
  test('closes at both ends when both have ended, and not before', () => {
    const { dispatcher, near, far, atNear, atFar } = open()
    run(dispatcher, () => {
      near.write(Buffer.from('request'))
      near.end()
    })
    expect(atFar.text).toBe('request<end>')
    expect(far.isOpen).toBe(true)
    run(dispatcher, () => {
      far.write(Buffer.from('answer'))
      far.end()
    })
    expect(atNear.text).toBe('answer<end><closed: remote>')
    expect(atFar.text).toBe('request<end><closed: remote>')
  })

  test('tells a reset from an end', () => {
    const { dispatcher, near, atNear, atFar } = open()
    run(dispatcher, () => near.reset('gone'))
    expect(atNear.text).toBe('<closed: local gone>')
    expect(atFar.text).toBe('<closed: remote gone>')
  })

  test('delivers what was sent to a paused end before the reset, its end included', () => {
    const { dispatcher, near, far, atFar } = open()
    run(dispatcher, () => {
      far.pauseRead()
      near.write(Buffer.from('the last bytes'))
      near.end()
    })
    expect(atFar.text).toBe('')
    run(dispatcher, () => near.reset('closed'))
    expect(atFar.text).toBe('the last bytes<end><closed: remote closed>')
  })

  test('does not report an end that was not sent, nor one twice', () => {
    const { dispatcher, near, far, atNear, atFar } = open()
    run(dispatcher, () => near.end())
    run(dispatcher, () => far.reset('cut'))
    expect(atFar.text).toBe('<end><closed: local cut>')
    expect(atNear.text).toBe('<closed: remote cut>')
  })

  test('drops what is written after it closed', () => {
    const { dispatcher, near, far, atFar } = open()
    run(dispatcher, () => {
      far.reset('refused')
      near.write(Buffer.from('late'))
    })
    expect(atFar.text).toBe('<closed: local refused>')
    expect(near.isOpen).toBe(false)
  })
})

describe('bytes through an internal connection', () => {
  test('what is written before anybody handles the other end is delivered to its first handler', () => {
    const dispatcher = testDispatcher()
    const [near, far] = testPair(dispatcher)
    run(dispatcher, () => {
      far.write(Buffer.from('greeting'))
      far.end()
    })
    const atNear = new EventRecorder()
    run(dispatcher, () => (near.handler = atNear))
    expect(atNear.text).toBe('greeting<end>')
  })

  test('what comes back while a chunk is being handled does not overtake the rest of what was sent', () => {
    const dispatcher = testDispatcher()
    const [near, far] = testPair(dispatcher)
    const order: string[] = []
    far.handler = recording((chunk) => {
      for (const byte of chunk.toString()) far.write(Buffer.from(`answer to ${byte}`))
    })
    near.handler = recording((chunk) => {
      order.push(`begin ${chunk.toString()}`)
      if (chunk.toString() === 'answer to a') near.write(Buffer.from('c'))
      order.push(`end ${chunk.toString()}`)
    })
    run(dispatcher, () => near.write(Buffer.from('ab')))
    expect(order).toEqual(['a', 'b', 'c'].flatMap((byte) => [`begin answer to ${byte}`, `end answer to ${byte}`]))
  })

  test('a chunk is copied when it has to wait, and only then', () => {
    const { dispatcher, near, far } = open()
    const seen: Buffer[] = []
    far.handler = recording((chunk) => seen.push(chunk))
    const chunk = Buffer.from('borrowed')
    run(dispatcher, () => near.write(chunk))
    expect(seen[0]).toBe(chunk)
    run(dispatcher, () => {
      far.pauseRead()
      near.write(chunk)
      chunk.fill(0)
      far.resumeRead()
    })
    expect(seen[1]?.toString()).toBe('borrowed')
  })

  test('reserved bytes arrive in order, also when the receiver answers through a sink of its own', () => {
    const { dispatcher, near, far, atNear } = open()
    far.handler = recording((chunk) => commit(far, `<${chunk.toString()}>`))
    run(dispatcher, () => {
      commit(near, 'one')
      commit(near, 'two')
    })
    expect(atNear.text).toBe('<one><two>')
  })

  test.each(['near', 'far'] as const)(
    'a writer is stopped and started again by its reader, written from %s',
    (from) => {
      const { dispatcher, near, far, atNear, atFar } = open()
      const [writer, reader] = from === 'near' ? [near, far] : [far, near]
      const [atWriter, atReader] = from === 'near' ? [atNear, atFar] : [atFar, atNear]
      run(dispatcher, () => reader.pauseRead())
      run(dispatcher, () => writer.write(Buffer.from('abc')))
      expect(writer.isWritable).toBe(false)
      expect(writer.bufferedBytes).toBe(3)
      run(dispatcher, () => {
        reader.resumeRead()
        expect(atReader.text).toBe('')
      })
      expect(atReader.text).toBe('abc')
      expect(atWriter.text).toBe('<writable>')
      expect(writer.isWritable).toBe(true)
    },
  )

  test('a reader that pauses within its last waiting chunk does not leave the writer waiting', () => {
    const { dispatcher, near, far, atNear } = open()
    let pauses = true
    far.handler = recording(() => {
      if (pauses) far.pauseRead()
    })
    run(dispatcher, () => near.write(Buffer.from('first')))
    run(dispatcher, () => near.write(Buffer.from('last')))
    expect(near.isWritable).toBe(false)
    run(dispatcher, () => far.resumeRead())
    expect(atNear.text).toBe('')
    pauses = false
    run(dispatcher, () => far.resumeRead())
    expect(atNear.text).toBe('<writable>')
  })

  test('what was only looked at can be given back, its end included, and comes first', () => {
    const { dispatcher, near, far } = open()
    let first = true
    const later = new EventRecorder()
    far.handler = recording((chunk) => {
      if (!first) return
      first = false
      far.handler = later
      far.pushBack(Buffer.from(chunk), false)
    })
    run(dispatcher, () => {
      near.write(Buffer.from('looked at, '))
      near.write(Buffer.from('more'))
      near.end()
    })
    expect(later.text).toBe('looked at, more<end>')
    run(dispatcher, () => far.pushBack(Buffer.from('again'), true))
    expect(later.text).toBe('looked at, more<end>again<end>')
  })

  test('nothing is delivered to a paused end that takes over, until it resumes', () => {
    const { dispatcher, near, far } = open()
    const later = new EventRecorder()
    far.handler = recording((chunk) => {
      far.handler = later
      far.pauseRead()
      far.pushBack(Buffer.from(chunk), false)
    })
    run(dispatcher, () => near.write(Buffer.from('early')))
    expect(later.text).toBe('')
    run(dispatcher, () => far.resumeRead())
    expect(later.text).toBe('early')
  })
})

describe('the end of an internal connection', () => {
  test('nothing can be written after the end', () => {
    const { dispatcher, near, atFar } = open()
    run(dispatcher, () => {
      near.end()
      near.write(Buffer.from('late'))
      commit(near, 'later')
      near.end()
    })
    expect(atFar.text).toBe('<end>')
  })

  test('the end waits behind what a paused reader has not taken', () => {
    const { dispatcher, near, far, atFar } = open()
    run(dispatcher, () => far.pauseRead())
    run(dispatcher, () => {
      near.write(Buffer.from('x'))
      near.end()
    })
    expect(atFar.text).toBe('')
    run(dispatcher, () => far.resumeRead())
    expect(atFar.text).toBe('x<end>')
  })

  test('close is reported once to each end, and never within the call that closes', () => {
    const { dispatcher, near, far, atNear, atFar } = open()
    run(dispatcher, () => {
      near.reset('first')
      far.reset('second')
      near.end()
      expect(atNear.text + atFar.text).toBe('')
    })
    expect(atNear.text).toBe('<closed: local first>')
    expect(atFar.text).toBe('<closed: remote first>')
  })

  test('a defect in the reader closes this connection and not what its writer is part of', () => {
    const defects: string[] = []
    const dispatcher = new Dispatcher((error) => defects.push((error as Error).message))
    const [near, far] = testPair(dispatcher)
    const atNear = EventRecorder.on(near)
    far.handler = recording(() => {
      throw new Error('a bug')
    })
    let writerWentOn = false
    run(dispatcher, () => {
      near.write(Buffer.from('x'))
      writerWentOn = true
    })
    expect(defects).toEqual(['a bug'])
    expect(writerWentOn).toBe(true)
    expect(atNear.text).toBe('<closed: remote internal error>')
  })
})

function recording(onData: (chunk: Buffer) => void): EventRecorder {
  const recorder = new EventRecorder()
  recorder.onData = onData
  return recorder
}

function commit(connection: InternalConnection, text: string): void {
  const offset = connection.reserve(text.length)
  connection.buffer.write(text, offset, 'latin1')
  connection.commit(text.length)
}
