/** Why a node cannot listen, and what to do about it; undefined when the error is of another kind. */
export function listenProblem(error: unknown, host: string, port: number): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EADDRINUSE':
      return (
        `Port ${port} of ${host} is taken by another program. \`ss -ltnp 'sport = :${port}'\` says by which.\n` +
        'Choose another port with --port, or let one be chosen with --free-port.'
      );
    case 'EACCES':
      return `This user may not listen on port ${port} of ${host}. Choose a port from 1024 on with --port.`;
    case 'EADDRNOTAVAIL':
      return `${host} is no address of this machine. \`ip -brief address\` lists those; choose one with --host.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} stands for no address. Give an address, such as 127.0.0.1, with --host.`;
    default:
      return undefined;
  }
}
