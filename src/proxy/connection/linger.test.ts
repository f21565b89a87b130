import { describe, expect, test } from '@jest/globals'
import { EventRecorder, pass, run, testDispatcher, testPair } from '../../../test/support/connections.ts'
import { closeGracefully } from './linger.ts'

function open() {
  const dispatcher = testDispatcher()
  const [served, client] = testPair(dispatcher)
  return { dispatcher, served, client, atClient: EventRecorder.on(client) }
}

describe('a graceful close', () => {
  test('sends what was written and an end, and is complete when the client ends too', () => {
    const { dispatcher, served, client, atClient } = open()
    run(dispatcher, () => {
      served.write(Buffer.from('goodbye'))
      closeGracefully(served, dispatcher)
    })
    expect(atClient.text).toBe('goodbye<end>')
    run(dispatcher, () => {
      client.write(Buffer.from('dropped'))
      client.end()
    })
    expect(atClient.text).toBe('goodbye<end><closed: remote>')
    expect(served.isOpen).toBe(false)
  })

  test('hears the end of a client that was paused', () => {
    const { dispatcher, served, client } = open()
    run(dispatcher, () => {
      served.pauseRead()
      client.write(Buffer.from('unread'))
      client.end()
      closeGracefully(served, dispatcher)
    })
    expect(served.isOpen).toBe(false)
  })

  test('resets a client that does not follow within a second', () => {
    const { dispatcher, served, atClient } = open()
    run(dispatcher, () => closeGracefully(served, dispatcher))
    pass(dispatcher, 900)
    expect(served.isOpen).toBe(true)
    pass(dispatcher, 300)
    expect(atClient.text).toBe('<end><closed: remote peer did not follow the end>')
  })

  test('waits for a client that takes some of what waits each second', () => {
    const { dispatcher, served, client, atClient } = open()
    run(dispatcher, () => {
      client.pauseRead()
      served.write(Buffer.from('one '))
      served.write(Buffer.from('two'))
      closeGracefully(served, dispatcher)
    })
    run(dispatcher, () => {
      // Takes the first chunk only.
      const { handler } = client
      client.handler = {
        ...handler,
        onData(chunk: Buffer): void {
          handler.onData(chunk)
          client.pauseRead()
        },
        onEnd: () => handler.onEnd(),
        onClose: (event, reason) => handler.onClose(event, reason),
      }
      client.resumeRead()
    })
    pass(dispatcher, 1100)
    expect(served.isOpen).toBe(true)
    expect(atClient.text).toBe('one ')
    pass(dispatcher, 1100)
    expect(atClient.text).toBe('one two<end><closed: remote peer did not follow the end>')
  })

  test('leaves a connection alone that is closed already', () => {
    const { dispatcher, served } = open()
    const before = EventRecorder.on(served)
    run(dispatcher, () => {
      served.reset('gone')
      closeGracefully(served, dispatcher)
    })
    expect(before.text).toBe('<closed: local gone>')
  })
})
