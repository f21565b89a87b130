import { createServer } from 'node:http'
export async function startAdmin(p: any): Promise<{ address: string; close(): Promise<void> }> {
  const a = p.state.bootstrap?.admin?.address?.address?.value
  const s = createServer((q, r) => {
    if (q.url === '/quitquitquit') p.state.quit()
    r.end('LIVE\n')
  })
  const port = p.options.admin?.port ?? a?.portSpecifier?.value ?? 15000
  const host = p.options.admin?.host ?? a?.address ?? '127.0.0.1'
  await new Promise<void>((res) => s.listen(port, host, () => res()))
  return {
    address: `${host}:${port}`,
    close: async () => {
      s.close()
      s.closeAllConnections()
    },
  }
}
