/** Bundled for a page: hands it the connection of a call. */
import { CallPeer } from "../../lib/client/ui/page/state/call_peer.io.ts";

Object.assign(globalThis, { CallPeer });
