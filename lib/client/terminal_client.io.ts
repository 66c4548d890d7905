/**
 * The client with what it needs on a terminal over TLS, loaded as one: it is
 * ready to ask sooner than where each part is asked for when it is needed.
 */
import "./ui/terminal_interface.io.ts";
import "../security/tls_socket.io.ts";

export { runClient } from "./client_app.io.ts";
