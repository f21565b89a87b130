// A real gRPC authorization server (grpc-js), which hands the bytes of each check to the test and sends what the test answers.

import { Server, ServerCredentials, type handleUnaryCall } from '@grpc/grpc-js'

/** The response's bytes; a promise that never settles leaves the caller waiting. */
export type AnswerCheck = (request: Buffer, isCancelled: Promise<void>) => Buffer | Promise<Buffer>

export class AuthorizationServer {
  readonly port: number
  private readonly server: Server

  private constructor(server: Server, port: number) {
    this.server = server
    this.port = port
  }

  static start(answer: AnswerCheck): Promise<AuthorizationServer> {
    const server = new Server()
    const check: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
      const isCancelled = new Promise<void>((resolve) => call.on('cancelled', () => resolve()))
      void Promise.resolve(answer(call.request, isCancelled)).then((response) => callback(null, response))
    }
    const bytes = (value: Buffer): Buffer => value
    server.addService(
      {
        Check: {
          path: '/envoy.service.auth.v3.Authorization/Check',
          requestStream: false,
          responseStream: false,
          requestSerialize: bytes,
          requestDeserialize: bytes,
          responseSerialize: bytes,
          responseDeserialize: bytes,
        },
      },
      { Check: check },
    )
    return new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(new AuthorizationServer(server, port)) : reject(error),
      )
    })
  }

  stop(): void {
    this.server.forceShutdown()
  }
}
