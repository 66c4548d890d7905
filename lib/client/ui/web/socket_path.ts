/** Where the WebSocket is. */
export const socketPath = "/socket";
