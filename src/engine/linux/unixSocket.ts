/** Unix sockets (unix(7)) whose other end is asked who it is. */
import { SidestepError } from '../../base/errors';
import { systemCallError } from './errno';
import { errno, libc } from './libc';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** struct sockaddr_un: a u16, and a path that ends with a NUL. */
const PATH_AT = 2;
const ADDRESS_BYTES = 110;
/** struct ucred: pid, uid and gid, 32 bits each. */
const CREDENTIALS_BYTES = 12;

export interface Peer {
  readonly pid: number;
  readonly uid: number;
}

/** Connects; the descriptor. Throws `system-call`. */
export function connectTo(path: string): number {
  const bytes = Buffer.from(path);
  if (bytes.length >= ADDRESS_BYTES - PATH_AT) {
    throw new SidestepError('system-call', `the path of the socket is too long: ${path}`);
  }
  const address = Buffer.alloc(ADDRESS_BYTES);
  address.writeUInt16LE(AF_UNIX, 0);
  bytes.copy(address, PATH_AT);
  const fd = libc.socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) throw systemCallError('socket', errno());
  if (libc.connect(fd, address, address.length) < 0) throw systemCallError(`connect to ${path}`, errno());
  return fd;
}

/**
 * Who is at the other end: the process that called listen(2) there, or connect(2), and its effective user then. Throws
 * `system-call`.
 */
export function peerOf(fd: number): Peer {
  const credentials = Buffer.alloc(CREDENTIALS_BYTES);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(CREDENTIALS_BYTES);
  if (libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, size) < 0)
    throw systemCallError('SO_PEERCRED', errno());
  return { pid: credentials.readInt32LE(0), uid: credentials.readUInt32LE(4) };
}
