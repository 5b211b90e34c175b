<?php
// PHP's SoapServer behind PHP's own server.
if (($_SERVER['PHP_AUTH_USER'] ?? '') !== 'SOAP' || ($_SERVER['PHP_AUTH_PW'] ?? '') !== '123') {
    header('WWW-Authenticate: Basic realm="peer"');
    http_response_code(401);
    return;
}
class Service {
    public function SayName($asked) {
        // A constant array of a file that opcache keeps.
        $callers = include getenv('CALLERS');
        return ['return' => $callers[(string) $asked->number] ?? ''];
    }
}
$server = new SoapServer(getenv('WSDL'));
$server->setClass('Service');
$server->handle();
