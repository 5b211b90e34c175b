// The receipts of cards: the service learns which calls were shown, seen and closed.

// After a failure the receipt is sent again with the first tick after this time.
const RETRY_MS = 10_000;

/** @typedef {"shown" | "seen" | "closed"} ReceiptState */

export class Receipts {
  #api;
  /** The receipts sent: `${id} ${state}`. @type {Set<string>} */
  #sent = new Set();

  /** @param {Pick<import("../lib/api.js").Api, "request">} api */
  constructor(api) {
    this.#api = api;
  }

  /**
   * @param {import("./card-model.js").Call} call
   * @param {ReceiptState} state
   */
  has({ id }, state) {
    return this.#sent.has(`${id} ${state}`);
  }

  /**
   * Send a receipt once. A call that is not in the journal has none.
   * @param {import("./card-model.js").Call} call
   * @param {ReceiptState} state
   */
  send(call, state) {
    if (call.id === null || this.has(call, state)) {
      return;
    }
    const receipt = `${call.id} ${state}`;
    this.#sent.add(receipt);
    this.#api.request("POST", `/api/v1/calls/${call.id}/receipt`, { json: { state } }).catch(() => {
      setTimeout(() => this.#sent.delete(receipt), RETRY_MS);
    });
  }
}
