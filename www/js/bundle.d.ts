/** Size of the module with TCP/IP stacks. The bundler writes the number in its place: a compressed response names another. */
declare const PACKETS_BYTES: number;
