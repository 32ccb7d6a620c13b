// Loaded before the conformance suite, which can send no headers of its own: adds the bearer token to every
// request, so that the suite comes in by the same door as any client. It sends with fetch, undici and node:http.
import http from "node:http";
import { createRequire } from "node:module";

const authorization = `Bearer ${process.env.SUITE_TOKEN}`;
const require = createRequire(process.env.SUITE_MAIN);
const { getGlobalDispatcher, setGlobalDispatcher } = require("undici");

setGlobalDispatcher(
  getGlobalDispatcher().compose((dispatch) => (options, handler) => {
    const headers = Array.isArray(options.headers)
      ? [...options.headers, "authorization", authorization]
      : { ...options.headers, authorization };
    return dispatch({ ...options, headers }, handler);
  }),
);

const send = http.request;
http.request = (options, answer) =>
  send({ ...options, headers: { ...options.headers, authorization } }, answer);
