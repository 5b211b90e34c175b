// The exchanges of a search as a feed follows them.

/**
 * @param {Record<string, string>} query  the search: only the exchanges that match it are followed
 * @returns {import("../lib/event-feed.js").FeedSource}
 */
export function exchangeEvents(query) {
  const parameters = (/** @type {Record<string, string>} */ more) =>
    new URLSearchParams({ ...query, ...more });
  return {
    eventName: "exchanges",
    streamUrl: (cursor) => `/api/v1/exchanges/events?${parameters({ after: `${cursor}` })}`,
    pollUrl: (cursor) => `/api/v1/exchanges?${parameters({ wait: "10", after: `${cursor}` })}`,
    eventsOf: (answer) => [answer],
    // A journal that has replaced another counts from the start: the cursor may go back.
    nextCursor: (cursor, data) => data.cursor ?? cursor,
  };
}
