/** What a client is told of an error that nobody foresaw; what it was is for the log alone. */
export const FAULT =
  "The server has a fault. The server's log has the cause under this request id.";
