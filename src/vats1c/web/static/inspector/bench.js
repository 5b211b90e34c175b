// What the page shows of the staging bench: the user, the addresses for the VATS, and a sample request.

import { byId, descriptions, el } from "../lib/dom.js";
import { words } from "./words.js";

/**
 * @typedef {object} Bench
 * @property {{ name: string, url: string }[]} publications
 * @property {boolean} test_call  whether the page may send a test call and start faults
 * @property {string | null} signed_in  name of the signed-in user
 */

/** @param {Bench} bench */
export function showBench({ publications, test_call: hasTestCall, signed_in: userName }) {
  byId("bench").hidden = false;
  byId("who").textContent = userName ?? "";
  byId("sign-out").hidden = byId("pages").hidden = userName === null;
  byId("test-call").hidden = byId("test-call-empty").hidden = !hasTestCall;
  const { url } = publications[0] ?? { url: `${location.origin}/telephony/ws/VATS` };
  const wsdl = el("a", `${url}?wsdl`);
  wsdl.href = `${url}?wsdl`;
  byId("addresses").replaceChildren(
    ...descriptions([
      [words.address, url],
      [words.wsdl, wsdl],
    ]),
  );
  byId("sample").textContent = sampleRequest(url);
}

/** @param {string} url */
function sampleRequest(url) {
  return `curl -u SOAP:123 -H 'Content-Type: text/xml' ${url} -d '
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
  <soap:Body>
    <SayName xmlns="http://VATS"><number>89235292926</number></SayName>
  </soap:Body>
</soap:Envelope>'`;
}
