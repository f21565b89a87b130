import { expect, test } from '@jest/globals'
import { portHandling, portProtocol } from './port-protocol.ts'

test.each([
  [{ port: 80, name: 'http' }, 'HTTP', 'http'],
  [{ port: 80, name: 'HTTP2-x' }, 'HTTP2', 'http'],
  [{ port: 80, name: 'grpc-web-x' }, 'gRPC-Web', 'http'],
  [{ port: 80, name: 'grpc-x' }, 'gRPC', 'http'],
  [{ port: 80, name: 'tcp', appProtocol: 'kubernetes.io/h2c' }, 'HTTP2', 'http'],
  [{ port: 80, name: 'kubernetes.io/ws' }, 'unknown', 'detect'],
  [{ port: 443, appProtocol: 'kubernetes.io/wss' }, 'HTTPS', 'tcp'],
  [{ port: 80, name: 'http', appProtocol: 'tls' }, 'TLS', 'tcp'],
  [{ port: 80, name: 'http', appProtocol: 'example.com/own' }, 'unknown', 'detect'],
  [{ port: 80 }, 'unknown', 'detect'],
  [{ port: 3306 }, 'TCP', 'tcp'],
  [{ port: 3306, name: 'http' }, 'HTTP', 'http'],
  [{ port: 53, name: 'http', protocol: 'UDP' }, 'UDP', 'none'],
  [{ port: 80, name: 'constructor' }, 'unknown', 'detect'],
] as const)('%j carries %s: %s', (port, protocol, handling) => {
  expect(portProtocol(port)).toBe(protocol)
  expect(portHandling(portProtocol(port))).toBe(handling)
})
