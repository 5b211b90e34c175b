// node-soap as its documentation has it.
const fs = require("fs");
const http = require("http");
const soap = require("soap");

const [port, file, wsdl] = process.argv.slice(2);
const lines = fs.readFileSync(file, "utf-8").split("\n").slice(1);
const callers = new Map(lines.map((line) => [line.slice(0, line.indexOf(",")), line.slice(line.indexOf(",") + 1)]));
const login = `Basic ${Buffer.from("SOAP:123").toString("base64")}`;
const SayName = ({ number }) => ({ return: callers.get(number) ?? "" });
const server = http.createServer((_request, response) => response.writeHead(404).end());
server.listen(Number(port), "127.0.0.1", () => {
  const service = { VATS: { VATSSoap: { SayName } } };
  const listener = soap.listen(server, "/", service, fs.readFileSync(wsdl, "utf-8"));
  listener.authorizeConnection = (request, response) => {
    const known = request.headers.authorization === login;
    response.statusCode = known ? 200 : 401;
    return known;
  };
});
