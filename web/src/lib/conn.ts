import { create } from 'zustand';

interface Conn {
  /** `ready` came on this connection. */
  online: boolean;
  /** When the connection was lost, or first sought; undefined while online. */
  since: number | undefined;
}

/** The state of the one socket. */
export const useConn = create<Conn>(() => ({ online: false, since: undefined }));

export const setOnline = (): void => useConn.setState({ online: true, since: undefined });

export const setOffline = (): void => useConn.setState(({ since }) => ({ online: false, since: since ?? Date.now() }));

/** Nobody is logged in: there is no connection to miss. */
export const setUnsought = (): void => useConn.setState({ online: false, since: undefined });
